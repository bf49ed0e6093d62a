import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as z from "zod";
import type { MealyMachine } from "../automata/machine.ts";
import { defineTask, type Task, type TaskInstance } from "../plugin/task.ts";
import { checkTask } from "./check_task.ts";
import { dummyPredict } from "./dummy_predict.ts";

const SPEC = {
  inputs: { kind: "symbol", vocabulary: 3 },
  outputs: { kind: "class", classes: 3, at: "every" },
  length: 2,
  loss: { kind: "cross-entropy", reduction: "mean" },
  weighted: false,
  stateful: false,
} as const;

/** A task without fault, of which one part is replaced. */
function taskWith(part: Partial<TaskInstance>): Task {
  return defineTask({
    name: "echo",
    summary: "Say what you hear",
    options: z.object({ size: z.int().min(1).default(2) }),
    create: ({ size }): TaskInstance => ({
      spec: SPEC,
      batch({ random }) {
        const inputs = Int32Array.from({ length: 2 * size }, () => Math.floor(3 * random()));
        return { length: 2, size, inputs, targets: inputs };
      },
      async validate(predict) {
        const { outputs } = await predict({ length: 2, inputs: Int32Array.of(0, 1) });
        const right = outputs[0] > outputs[1] && outputs[4] > outputs[3];
        return { loss: 1 - Number(right), error: Number(!right) };
      },
      defaults: () => ({ steps: 10 }),
      ...part,
    }),
  })();
}

const ARRAY = new Int32Array(4);

const ECHO: MealyMachine<number> = {
  kind: "mealy",
  alphabet: ["a", "b", "c"],
  start: 0,
  next: [[0, 0, 0]],
  outputs: [[0, 1, 2]],
};

/** What is wrong with a task, and what is said of it. */
const FAULTS: readonly (readonly [string, Partial<TaskInstance>, string])[] = [
  [
    "a machine that says something else",
    {
      machine: () => ({
        machine: { ...ECHO, outputs: [[1, 1, 1]] },
        classes: ["a", "b", "c"],
      }),
      batch: () => ({ length: 2, size: 2, inputs: ARRAY, targets: ARRAY }),
    },
    "the batch of seed 0, step 0 must have the answer 1 of its machine as target 0, found 0",
  ],
  [
    "a target out of range",
    { batch: () => ({ length: 2, size: 2, inputs: ARRAY, targets: new Int32Array(4).fill(3) }) },
    "targets from 0 to 2, found 3",
  ],
  [
    "a word that its machine says nobody asks",
    {
      machine: () => ({
        machine: ECHO,
        asked: {
          kind: "moore",
          alphabet: ECHO.alphabet,
          start: 0,
          next: [[1, 0, 0], [1, 0, 0]],
          outputs: [true, false],
        },
        classes: ["a", "b", "c"],
      }),
      batch: () => ({ length: 2, size: 2, inputs: ARRAY, targets: ARRAY }),
    },
    "the batch of seed 0, step 0 must have words that its machine says are asked, found another",
  ],
  [
    "inputs of another type",
    {
      batch: () => ({ length: 2, size: 2, inputs: new Float32Array(4), targets: ARRAY }),
    },
    "inputs of i32[2,2], found Float32Array of 4 numbers",
  ],
  [
    "another length",
    { batch: () => ({ length: 1, size: 4, inputs: ARRAY, targets: ARRAY }) },
    "length 2, found 1",
  ],
  [
    "batches that depend on what was asked before",
    {
      batch: ((calls = 0) => () => {
        const targets = new Int32Array(4).fill(calls++ % 3);
        return { length: 2, size: 2, inputs: ARRAY, targets };
      })(),
    },
    "the same numbers whenever it is asked for, found others",
  ],
  [
    "one array for all batches",
    {
      batch: ((inputs = new Int32Array(4)) => ({ step }: { readonly step: number }) => {
        inputs.fill(step % 3);
        return { length: 2, size: 2, inputs, targets: ARRAY };
      })(),
    },
    "its own arrays, found arrays written to for another",
  ],
  [
    "weights that nobody asked for",
    {
      batch: () => ({
        length: 2,
        size: 2,
        inputs: ARRAY,
        targets: ARRAY,
        weights: new Float32Array(4),
      }),
    },
    "no weights, found some",
  ],
  [
    "an unknown optimizer",
    { defaults: () => ({ steps: 1, optimizer: "best" as "adam" }) },
    "known",
  ],
  ["half a step", { defaults: () => ({ steps: 0.5 }) }, "whole numbers of steps from 1, found 0.5"],
  ["a loss of NaN", { validate: () => Promise.resolve({ loss: NaN }) }, "a finite loss, found NaN"],
  [
    "NaN taken for right",
    { validate: () => Promise.resolve({ loss: 1, error: 0 }) },
    "error 1 where all is NaN, found 0",
  ],
  [
    "a state left behind",
    {
      async validate(predict) {
        await predict({ length: 2, inputs: Int32Array.of(0, 1), keepState: true });
        return { loss: 1 };
      },
    },
    "no state left, found 2",
  ],
  [
    "a question of the wrong size",
    {
      async validate(predict) {
        await predict({ length: 3, inputs: Int32Array.of(0, 1) });
        return { loss: 1 };
      },
    },
    "inputs of i32[3,1] are needed, found Int32Array of 2 numbers",
  ],
  [
    "lines with line ends",
    { show: () => Promise.resolve(["a\nb"]) },
    "lines of text, found a\nb",
  ],
  [
    "too few annotations",
    { annotate: () => [{ name: "n", values: new Int32Array(1) }] },
    '4 values of annotation "n", found 1',
  ],
  ["kept options that make nothing", { options: { sizes: 2 } }, "comes back as"],
];

Deno.test("checkTask() accepts a task without fault", async () => {
  await checkTask(taskWith({}));
  await checkTask(taskWith({ options: { size: 2 } }));
  const none = { clip: 0, clipNorm: 0, l2: 0, warmup: 0 };
  await checkTask(taskWith({ defaults: () => ({ steps: 10, ...none }) }));
});

for (const [name, part, message] of FAULTS) {
  Deno.test(`checkTask() refuses ${name}`, async () => {
    await assertRejects(() => checkTask(taskWith(part)), Error, message);
  });
}

Deno.test("dummyPredict() depends on all that a sequence has read, and on no other", async () => {
  const predict = dummyPredict(SPEC);
  const two = await predict({ length: 2, size: 2, inputs: Int32Array.of(0, 1, 2, 0) });
  const one = await predict({ length: 2, inputs: Int32Array.of(1, 0) });
  assertEquals(two.outputs.subarray(3, 6), one.outputs.subarray(0, 3));
  assertEquals(two.outputs.subarray(9, 12), one.outputs.subarray(3, 6));
  const other = await predict({ length: 2, inputs: Int32Array.of(2, 0) });
  assertEquals(other.outputs.every((x, i) => x !== one.outputs[i]), true);
});

Deno.test("dummyPredict() refuses a state that was used up, and symbols out of range", async () => {
  const predict = dummyPredict(SPEC);
  const inputs = Int32Array.of(1);
  const { state } = await predict({ length: 1, inputs, keepState: true });
  assertEquals(predict.states(), 1);
  await predict({ length: 1, inputs, state });
  assertEquals(predict.states(), 0);
  assertThrows(() => predict({ length: 1, inputs, state }), TypeError, "used up");
  assertThrows(
    () => predict({ length: 1, inputs: Int32Array.of(3) }),
    TypeError,
    "symbols from 0 to 2 are needed, found 3",
  );
});
