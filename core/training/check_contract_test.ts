/** Nonsense of a plugin is told in a sentence before it is trained on. */
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import * as z from "zod";
import { referenceBackend } from "../backends/reference.ts";
import { broadcastTo } from "../language/ops/layout.ts";
import { zeros } from "../language/ops/creation.ts";
import type { Tensor } from "../language/tensor.ts";
import { defineModel, type Model } from "../plugin/model.ts";
import { defineTask, type Task, type TaskInstance, type Validation } from "../plugin/task.ts";
import type { Batch, TaskSpec } from "../plugin/task_spec.ts";
import { train } from "./train.ts";

const SPEC: TaskSpec = {
  inputs: { kind: "symbol", vocabulary: 3 },
  outputs: { kind: "class", classes: 2, at: "every" },
  length: 2,
  loss: { kind: "cross-entropy", reduction: "mean" },
  weighted: false,
  stateful: false,
};
const GOOD = { length: 2, size: 2, inputs: Int32Array.of(0, 1, 2, 0), targets: new Int32Array(4) };

/** A task that gives good batches up to step 2, and then others. */
function task(bad: object | undefined, part: Partial<TaskInstance> = {}): Task {
  const kind = defineTask({
    name: "nonsense",
    summary: "Good at first",
    options: z.object({}),
    create: (): TaskInstance => ({
      spec: SPEC,
      batch: ({ step }) => step < 2 ? GOOD : (bad && { ...GOOD, ...bad }) as Batch,
      validate: () => Promise.resolve({ loss: 0 }),
      defaults: () => ({ steps: 4 }),
      ...part,
    }),
  });
  return kind();
}

/** A model that answers its bias, or something else. */
function model(answer?: (b: Tensor, length: number, batch: number) => object): Model {
  const kind = defineModel({
    name: "bias",
    summary: "Always the same",
    options: z.object({}),
    create: () => ({
      parameters: () => ({ b: zeros([2]) }),
      initialState: (_, batch) => zeros([batch, 1]),
      apply: ({ b }: { readonly b: Tensor }, _, { length, batch, state }) => ({
        outputs: broadcastTo(b, [length, batch, 2]),
        state,
        ...answer?.(b, length, batch),
      }),
      layers: [],
    }),
  });
  return kind();
}

const STEP = "Cannot train on the batch of step 2: ";
const TASK = "; checkTask of @unroll/core/testing says more";

const BATCHES: readonly (readonly [string, object | undefined, string])[] = [
  ["no batch", undefined, "2 steps of at least one sequence are needed, found length undefined"],
  ["a batch of another length", { length: 3 }, "2 steps of at least one sequence are needed"],
  ["a batch of no sequences", { size: 0 }, "2 steps of at least one sequence are needed"],
  [
    "missing targets",
    { targets: undefined },
    "targets of i32[2,2] are 4 numbers in an Int32Array, found none",
  ],
  [
    "missing inputs",
    { inputs: undefined },
    "inputs of i32[2,2] are 4 numbers in an Int32Array, found none",
  ],
  [
    "floats for symbols",
    { inputs: new Float32Array(4) },
    "inputs of i32[2,2] are 4 numbers in an Int32Array, found 4 in a Float32Array",
  ],
  ["a plain array", { targets: [0, 1, 0, 1] }, "targets of i32[2,2] are 4 numbers"],
  [
    "symbols out of range",
    { inputs: Int32Array.of(0, 1, 3, 0) },
    "inputs of i32[2,2] are from 0 to 2, found 3",
  ],
  [
    "targets out of range",
    { targets: Int32Array.of(0, 1, -1, 0) },
    "targets of i32[2,2] are from 0 to 1, found -1",
  ],
];

for (const [what, bad, message] of BATCHES) {
  Deno.test(`train() refuses ${what}`, async () => {
    using device = referenceBackend();
    const error = await assertRejects(
      () => train({ model: model(), task: task(bad), device }),
      Error,
      STEP + message,
    );
    assertStrictEquals(error.message.endsWith(TASK), true, error.message);
  });
}

Deno.test("train() refuses such a batch at the first step, too", async () => {
  using device = referenceBackend();
  const promise = (() => Promise.resolve(GOOD)) as unknown as () => Batch;
  await assertRejects(
    () => train({ model: model(), task: task({}, { batch: promise }), device }),
    TypeError,
    `Cannot train on the batch of step 0: 2 steps of at least one sequence are needed, found a promise${TASK}`,
  );
});

Deno.test("train() takes any target whose answer has weight 0", async () => {
  using device = referenceBackend();
  const weights = Float32Array.of(1, 0, 1, 1);
  const batch = () => ({ ...GOOD, targets: Int32Array.of(0, -1, 1, 1), weights });
  const weighted = task({}, { spec: { ...SPEC, weighted: true }, batch });
  using trained = await train({ model: model(), task: weighted, device });
  assertEquals(trained.steps, 4);
});

Deno.test("train() refuses answers of another shape, and a state that changes", async () => {
  using device = referenceBackend();
  const stateful = task({}, { spec: { ...SPEC, stateful: true } });
  const cases: readonly (readonly [Model, Task, string])[] = [
    [
      model((b, length, batch) => ({ outputs: broadcastTo(b, [batch, length, 1, 2]) })),
      task({}),
      "Cannot use what the model answers: outputs of f32[2,2,2] are needed, found f32[2,2,1,2]",
    ],
    [
      model(() => ({ outputs: undefined })),
      task({}),
      "Cannot use what the model answers: outputs of f32[2,2,2] are needed, found none",
    ],
    [
      model(() => ({ state: zeros([2, 3]) })),
      stateful,
      "Cannot go on from the model's state: { f32[2,1]} is needed, found { f32[2,3]}",
    ],
  ];
  for (const [model, task, message] of cases) {
    await assertRejects(
      () => train({ model, task, device }),
      TypeError,
      `${message}; checkModel of @unroll/core/testing says more`,
    );
  }
});

Deno.test("a prediction refuses symbols out of range and numbers of another type", async () => {
  using device = referenceBackend();
  using trained = await train({ model: model(), task: task({}), device });
  const cases = [
    [Int32Array.of(0, 3), "inputs of i32[2,1] are from 0 to 2, found 3"],
    [Float32Array.of(0, 1), "inputs of i32[2,1] are 2 numbers in an Int32Array, found 2 in a"],
    [undefined, "inputs of i32[2,1] are 2 numbers in an Int32Array, found none"],
  ] as const;
  for (const [inputs, message] of cases) {
    await assertRejects(
      () => trained.predict({ length: 2, inputs }),
      Error,
      `Cannot predict: ${message}`,
    );
  }
});

Deno.test("train() refuses a measure without a loss", async () => {
  using device = referenceBackend();
  for (const measured of [undefined, {}, { loss: "0" }, { loss: 0, error: "none" }]) {
    const validate = () => Promise.resolve(measured as unknown as Validation);
    await assertRejects(
      () => train({ model: model(), task: task({}, { validate }), device }),
      TypeError,
      "Cannot validate: a loss is needed, and an error or none, found ",
    );
  }
});
