import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Predict } from "@unroll/core/plugin";
import { counting } from "@unroll/tasks";
import { attentionWalk } from "./attention_walk.ts";
import { RECIPES } from "./mod.ts";

const TASK = { ...RECIPES["count-rnn"].taskOptions, training: 96, validation: 20, testDigits: 0 };

/** Adds 1, and forgets the carry after so many nines. */
function adder(keeps: number): Predict {
  return ({ length, size = 1, inputs }) => {
    const outputs = new Float32Array(length * size * 10);
    for (let i = 0; i < size; i++) {
      let carry = 1;
      let nines = 0;
      for (let t = 0; t < length; t++) {
        const digit = Number(inputs?.[t * size + i]);
        const sum = digit + (nines <= keeps ? carry : 0);
        outputs[(t * size + i) * 10 + sum % 10] = 1;
        carry = sum === 10 ? 1 : 0;
        nines = digit === 9 ? nines + 1 : 0;
      }
    }
    return Promise.resolve({ outputs });
  };
}

async function walkOf(changes: readonly string[]) {
  const recipe = { ...RECIPES["count-rnn"], taskOptions: TASK, measure: undefined };
  const walk = await attentionWalk({
    task: await counting(TASK).create(),
    predict: adder(12),
    validations: [{
      step: 3,
      validation: { loss: 1, error: 0.25 },
      best: true,
      trainingLoss: 1,
      measured: {},
    }],
    smoothed: new Map(),
    samples: new Map(),
    seed: 0,
    changes,
    name: "runs/x",
    depth: "none",
    columns: 80,
  }, ["location", "rnn", "lstm", "stack-rnn"].map((name) => ({ name, recipe })));
  for (const { lines } of walk.parts) {
    for (const line of lines) assert([...line].length <= 80, line);
  }
  return walk;
}

Deno.test("[long] attentionWalk() sets networks side by side, by nines and by digits", async () => {
  const { parts: [nines, digits], sentences, beside = [] } = await walkOf([]);
  assertMatch(nines.title, /of 40 by the number of nines .* up to 10 digits/);
  assertMatch(nines.lines[0], /^9s at the end +content +location +rnn +lstm +stack-rnn$/);
  // Trained for three steps, the others add nothing.
  const rows = nines.lines.slice(1).map((line) => line.trim().split(/ {2,}/));
  assertEquals(rows.map(([, content]) => content), ["40", "0"]);
  assert(rows.every(([, , ...others]) => others.every((right) => Number(right) < 40)));
  assertMatch(digits.lines[0], /^ *digits +content/);
  assertMatch(sentences[0], /content 75.0 %/);
  assertMatch(sentences[1], /content loses the carry from 13 nines on/);
  assertEquals(beside[1], [
    "beyond, content",
    "fail, same carry problem",
    "loses the carry from 13 nines on",
  ]);
});

Deno.test("attentionWalk() calls a network that is not the recipe's by no name of another", async () => {
  const { parts: [nines] } = await walkOf(["--attention location where the recipe has content"]);
  assertMatch(nines.lines[0], /^9s at the end +this run +location/);
});
