import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import type { Predict } from "@unroll/core/plugin";
import { counting } from "@unroll/tasks";
import { countingWalk, fitLine, trainingAccuracy } from "./counting_walk.ts";
import { checkNext } from "../test_support/check_next.ts";
import { RECIPES, runRecipe } from "./mod.ts";
import type { Walk, WalkValidation } from "./walk.ts";

const TASK = {
  digits: 10,
  length: 11,
  training: 200,
  validation: 20,
  carries: 0,
  testDigits: 0,
  batch: 16,
};

/** What of a run is the same in all walks here. */
const SHOWN = {
  smoothed: new Map(),
  samples: new Map(),
  seed: 0,
  name: "runs/x",
  depth: "none",
  columns: 80,
} as const;

/** A model that adds 1, and loses a carry after so many nines. */
function adder(keeps: number): Predict {
  return ({ length, size = 1, inputs = new Int32Array() }) => {
    const outputs = new Float32Array(length * size * 10);
    for (let i = 0; i < size; i++) {
      let carry = 1;
      for (let t = 0; t < length; t++) {
        const sum = inputs[t * size + i] + (t > keeps ? 0 : carry);
        outputs[(t * size + i) * 10 + sum % 10] = 9;
        carry = sum > 9 ? 1 : 0;
      }
    }
    return Promise.resolve({ outputs });
  };
}

function validation(step: number, share: number): WalkValidation {
  return {
    step,
    validation: { loss: 1, metrics: { number_accuracy: share } },
    best: true,
    trainingLoss: 1,
    measured: { training_accuracy: share },
  };
}

async function walkOf(keeps: number): Promise<Walk & { readonly text: string }> {
  const task = await counting(TASK).create();
  const walk = await countingWalk({
    task,
    predict: adder(keeps),
    validations: [validation(12, 0.5), validation(24, 1), validation(36, 1)],
    ...SHOWN,
  }, []);
  await checkNext(walk.next);
  for (const { lines } of walk.parts) {
    for (const line of lines) assert([...line].length <= 80, line);
  }
  const texts = walk.parts.flatMap(({ title, lines }) => [title, ...lines]);
  return { ...walk, text: [...texts, ...walk.sentences].join("\n") };
}

Deno.test("countingWalk() finds the nine at which the carry is lost", async () => {
  const { text, next, beside = [] } = await walkOf(21);
  assertMatch(text, /right through 21, wrong from 22: 0 of 40 right/);
  assertMatch(text, /^ {3}22 +9{22}|^ {3}22 .* wrong$/m);
  assertMatch(text, /From epoch 2 on it is right for all numbers/);
  assertMatch(text, /40 of 40 random numbers of 20 digits/);
  assertMatch(text, /1 to 100, then 101, 102, … 110: all right/);
  assertEquals(beside.map(([, , ours]) => ours), ["epoch 2", "40 of 40", "fails from 22"]);
  // What is asked next is the number that is answered wrongly.
  assertEquals(next[1].words, `inspect runs/x --input 1${"9".repeat(22)}`);
  // Bars are full to 21 nines, and gone after them.
  const bars = text.split("\n").find((line) => line.startsWith(" 100 %")) ?? "";
  assertEquals(bars, ` 100 % ${"█".repeat(22)}`);
});

Deno.test("countingWalk() says that nothing is lost where nothing is, and where counting fails", async () => {
  const keeps = await walkOf(Infinity);
  assertMatch(keeps.text, /it carries through 1,000 nines, the most that were tried/);
  assertEquals(keeps.beside?.at(-1)?.[2], "right through 1,000");
  const never = await walkOf(1);
  assertMatch(never.text, /1 to 98 are right, and then 0 where 99 is right|1 to 9\d? are right/);
  assertMatch(never.text, /!\d+!/);
});

Deno.test("countingWalk() of numbers of two digits is about what follows 100, and a line does it", async () => {
  const task = await counting({ ...TASK, digits: 2, length: 3, training: 90, validation: 10 })
    .create();
  const run = {
    task,
    predict: adder(1),
    validations: [validation(5, 1)],
    ...SHOWN,
  } as const;
  const { beside, sentences, parts } = await countingWalk(run, []);
  assertEquals(parts.length, 2);
  assertEquals(beside, [
    ["101, 102, …", "too few examples", "wrong at 100 already"],
    ["y = a·x + b", "a = 1 and b = 1, done", "a = 1, b = 1"],
  ]);
  assertMatch(sentences[2], /says 1476234000 to 1476233999/);
});

Deno.test("fitLine() is the line through x + 1, whatever numbers it is shown", () => {
  for (const xs of [[1, 2, 3], [5, 50, 500, 7]]) {
    const { a, b } = fitLine(xs);
    assertAlmostEquals(a, 1, 1e-12);
    assertAlmostEquals(b, 1, 1e-9);
  }
});

Deno.test("trainingAccuracy() counts numbers whose digits are all right", async () => {
  const task = await counting(TASK).create();
  const moment = { task, step: 12, seed: 3 };
  assertEquals(await trainingAccuracy({ ...moment, predict: adder(Infinity) }), {
    training_accuracy: 1,
  });
  const { training_accuracy: share } = await trainingAccuracy({ ...moment, predict: adder(0) });
  // One number in ten ends with a nine.
  assertAlmostEquals(share, 0.9, 0.08);
});

Deno.test("all recipes that count end with commands that work", async () => {
  for (const name of ["count-100", "count-rnn", "count-lstm", "counting-1000"]) {
    const task = await counting(TASK).create();
    const walk = await RECIPES[name].walk?.({
      task: { ...task, options: TASK },
      predict: adder(5),
      validations: [validation(12, 1)],
      ...SHOWN,
    });
    assert(walk !== undefined && walk.next.length >= 2, name);
    await checkNext(walk.next);
    // This task is without carries already.
    assert(walk.next.every(({ words }) => !words.includes("--carries 0")), name);
  }
});

Deno.test("count-rnn loses the carry from its own seed, about where the post's network does", async () => {
  using run = await runRecipe(RECIPES["count-rnn"], { training: { device: "cpu" } });
  assertEquals(run.comparisons.map(({ passes }) => passes), [true, true, true]);
});
