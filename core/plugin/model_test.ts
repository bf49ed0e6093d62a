import { assertEquals, assertThrows } from "@std/assert";
import * as z from "zod";
import { zeros } from "../language/ops/mod.ts";
import type { Tensor } from "../language/tensor.ts";
import { defineModel, type ModelPlugin } from "./model.ts";
import type { OptionsSchema } from "./options.ts";
import { isPlugin } from "./plugin.ts";
import { defineTask, type TaskPlugin } from "./task.ts";
import { inputType, outputType, targetType, type TaskSpec, weightType } from "./task_spec.ts";

interface BiasOptions {
  readonly scale: number;
}

const SCHEMA: OptionsSchema<BiasOptions> = z.object({ scale: z.number().positive().default(2) });

const bias: ModelPlugin<BiasOptions> = defineModel({
  name: "bias",
  summary: "One number",
  options: SCHEMA,
  unsupportedReason: ({ inputs }, { scale }) =>
    inputs.kind === "none" ? undefined : `it reads nothing at scale ${scale}`,
  create: ({ scale }) => ({
    parameters: () => ({ b: zeros([1]) }),
    initialState: () => undefined,
    apply: ({ b }: { readonly b: Tensor }) => ({ outputs: b.mul(scale), state: undefined }),
    layers: [],
  }),
});

const SPEC: TaskSpec = {
  inputs: { kind: "none" },
  outputs: { kind: "class", classes: 4, at: "every" },
  length: "variable",
  loss: { kind: "cross-entropy", reduction: "mean" },
  weighted: false,
  stateful: false,
};

Deno.test("defineModel() makes a function that is a plugin", () => {
  assertEquals(isPlugin(bias), true);
  assertEquals(bias.name, "bias");
  assertEquals(bias({ scale: 3 }).options, { scale: 3 });
  assertEquals(bias().options, { scale: 2 });
  assertEquals(bias().plugin === bias, true);
  // A table of models of different options is a table of models.
  const table: Readonly<Record<string, ModelPlugin>> = { bias };
  assertEquals(table.bias({ scale: 5 } as Record<string, unknown>).options, { scale: 5 });
});

Deno.test("defineModel() refuses options and tasks in a sentence", () => {
  assertThrows(
    () => bias({ scale: 0 }),
    RangeError,
    "Cannot use scale 0: a number above 0 is needed",
  );
  const symbols: TaskSpec = { ...SPEC, inputs: { kind: "symbol", vocabulary: 3 } };
  assertEquals(bias().unsupportedReason(SPEC), undefined);
  assertEquals(bias({ scale: 3 }).unsupportedReason(symbols), "it reads nothing at scale 3");
  assertThrows(
    () => bias().create(symbols),
    TypeError,
    "Cannot build bias for this task: it reads nothing at scale 2",
  );
});

Deno.test("defineTask() makes a function that is a plugin", async () => {
  const count: TaskPlugin<{ readonly length: number }> = defineTask({
    name: "count",
    summary: "Zeros",
    options: z.object({ length: z.int().min(1).default(3) }),
    create: ({ length }) => ({
      spec: SPEC,
      batch: () => ({ length, size: 1, targets: new Int32Array(length) }),
      validate: () => Promise.resolve({ loss: 0 }),
      defaults: () => ({ steps: 1 }),
    }),
  });
  assertEquals(isPlugin(count), true);
  const instance = await count({ length: 7 }).create();
  assertEquals(instance.batch({ step: 0, seed: 0, random: Math.random }).targets.length, 7);
});

Deno.test("the types of a batch follow from the specification", () => {
  assertEquals(inputType(SPEC, 5, 2), undefined);
  assertEquals(outputType(SPEC, 5, 2), { dtype: "f32", shape: [5, 2, 4] });
  assertEquals(targetType(SPEC, 5, 2), { dtype: "i32", shape: [5, 2] });
  assertEquals(weightType(SPEC, 5, 2), { dtype: "f32", shape: [5, 2] });
  const last: TaskSpec = {
    ...SPEC,
    inputs: { kind: "vector", size: 3 },
    outputs: { kind: "vector", size: 2, at: "last" },
  };
  assertEquals(inputType(last, 5, 2), { dtype: "f32", shape: [5, 2, 3] });
  assertEquals(targetType(last, 5, 2), { dtype: "f32", shape: [2, 2] });
  assertEquals(weightType(last, 5, 2), { dtype: "f32", shape: [2] });
});
