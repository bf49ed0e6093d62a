import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Predict, PredictState } from "@unroll/core/plugin";
import { fizzbuzz } from "@unroll/tasks";
import { checkNext } from "../test_support/check_next.ts";
import { captureStudy } from "../reporting/hidden_states.ts";
import { RECIPES, runRecipe } from "./mod.ts";
import { codeOf, machineOf, pairTexts, theanoWalk, weakUnits } from "./theano_walk.ts";
import type { Walk, WalkRun } from "./walk.ts";

const CLASSES = 4;

/** A model of a formula: what is in its units and what it says to each number. */
function modelOf(units: (n: number) => readonly number[], says: (n: number) => number): Predict {
  const hiddenSize = units(0).length;
  return ({ length, state }) => {
    const first = (state as (PredictState & { readonly at: number }) | undefined)?.at ?? 0;
    const outputs = new Float32Array(length * CLASSES);
    const hidden = new Float32Array(length * hiddenSize);
    for (let t = 0; t < length; t++) {
      outputs[t * CLASSES + says(first + t)] = 9;
      // Nobody looks at the states on the way to a million.
      if (first + t < 1000) hidden.set(units(first + t), t * hiddenSize);
    }
    const next = { at: first + length, dispose() {}, [Symbol.dispose]() {} };
    return Promise.resolve({ outputs, hidden, hiddenSize, state: next });
  };
}

const classOf = (n: number) => n % 15 === 0 ? 3 : n % 5 === 0 ? 2 : n % 3 === 0 ? 1 : 0;

/** A machine of 3 states in units 1 and 2, one of 5 in units 3 to 5. */
const SIDE_BY_SIDE = (n: number) => [
  n % 3 === 1 ? 0.9 : 0.1,
  n % 3 === 2 ? 0.9 : 0.1,
  // Where the post finds states alike, n mod 5 is 1 or 2; once the unit is weak.
  n % 5 === 1 ? 0.9 : n % 5 === 2 ? 0.6 : 0.1,
  n % 5 === 3 ? 0.9 : 0.1,
  n % 5 === 4 ? 0.9 : 0.1,
];

async function walkOf(predict: Predict, columns = 80): Promise<Walk> {
  const task = await fizzbuzz({ encoding: "none", last: 300 }).create();
  const run: WalkRun = {
    task,
    predict,
    validations: [],
    smoothed: new Map(),
    samples: new Map(),
    seed: 0,
    name: "runs/x",
    depth: "none",
    columns,
  };
  const walk = await theanoWalk(run);
  assert(walk !== undefined);
  await checkNext(walk.next);
  for (const { lines } of walk.parts) {
    for (const line of lines) assert(line.length <= columns, line);
  }
  return walk;
}

Deno.test("theanoWalk() reads two machines side by side out of the units", async () => {
  const predict = modelOf(SIDE_BY_SIDE, classOf);
  const { sentences, next, parts, beside = [] } = await walkOf(predict);
  const text = sentences.join("\n");
  assertMatch(
    text,
    /Units 1, 2 turn over every 3 steps, units 3, 4, 5 every 5: together 15 states/,
  );
  assertMatch(text, /Units 1, 2 are a machine of 3 states .*units 3, 4, 5 one of 5/);
  assertMatch(
    text,
    /\(6, 12\) 00100, \(21, 27\) 00100, \(36, 42\) 00100; unit 3 is not strongly so/,
  );
  assertMatch(text, /right for every number to 999,999/);
  assertEquals(beside.map(([, , ours]) => ours), [
    "units 1, 2",
    "units 3, 4, 5",
    "yes, on and off",
    "right to 999,999",
  ]);
  assertEquals(next[1].words, "inspect runs/x --unit 1");
  const [, , states] = parts;
  assertEquals(states.lines.length, 16);
  assertMatch(states.lines[7], /^21 .* 00100 .* fizz +as 27$/);
});

Deno.test("theanoWalk() says otherwise of a model that has found nothing out", async () => {
  // A unit that goes round in 4 steps, and always the same word.
  const { sentences, next, beside = [] } = await walkOf(
    modelOf((n) => [(n % 4) / 4, 0.5], () => 0),
  );
  const text = sentences.join("\n");
  assertMatch(text, /No unit is a machine of 3 or of 5 states\./);
  assertMatch(text, /Of the pairs that the post finds alike, 2 of 3 have the same units on/);
  assertMatch(text, /Its first mistake is at 0: it says 0 where fizzbuzz is right\./);
  assertEquals(beside.slice(0, 3).map(([, , ours]) => ours), [
    "no unit alone",
    "no unit alone",
    "no",
  ]);
  assert(!next.some(({ words }) => words.includes("--unit")));
});

Deno.test("theanoWalk() finds the first mistake, however late in the picture", async () => {
  const { sentences } = await walkOf(modelOf(SIDE_BY_SIDE, (n) => n === 37 ? 1 : classOf(n)));
  assertMatch(sentences.join("\n"), /Its first mistake is at 37: it says fizz where 37 is right\./);
});

Deno.test("theanoWalk() keeps to the width of the terminal with many units", async () => {
  for (const count of [12, 64]) {
    const units = (n: number) => Array.from({ length: count }, (_, i) => n % (i + 2) / (i + 2));
    const { parts } = await walkOf(modelOf(units, classOf));
    assertMatch(parts[2].lines[0], /^ n {2}mod 3 {2}mod 5 {2}on\/off +says$/);
  }
});

Deno.test("codeOf(), pairTexts() and weakUnits() look at units above one half", () => {
  const time = 46;
  const values = new Float32Array(time * 2).fill(0.9);
  const states = { values, time, units: 2 };
  assertEquals(codeOf(states, 6), "11");
  assertEquals(weakUnits(states), []);
  values[12 * 2 + 1] = 0.25;
  assertEquals(pairTexts(states).map(({ isSame }) => isSame), [false, true, true]);
  assertEquals(pairTexts(states)[0].text, "(6, 12) 11/10");
  values[27 * 2] = 0.5625;
  assertEquals(weakUnits(states), [{ unit: 1, value: 0.5625 }]);
});

Deno.test("[long] theano-fizzbuzz gets there from its own seed, with machines of 3 and of 5 states", async () => {
  using run = await runRecipe(RECIPES["theano-fizzbuzz"], { training: { device: "cpu" } });
  assertEquals(run.comparisons.map(({ passes }) => passes), [true]);
  const study = await captureStudy(run.trained.task, run.trained.predict);
  assert(study !== undefined);
  const { threes, fives, cycle } = machineOf(study);
  assert(threes.length > 0 && fives.length > 0, JSON.stringify([threes, fives]));
  assertEquals(cycle?.states, 15);
});
