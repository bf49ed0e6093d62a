import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { randomKey, type TaskSpec, tensor } from "@unroll/core";
import { linear } from "./linear.ts";
import { mlp } from "./mlp.ts";

const SPEC: TaskSpec = {
  inputs: { kind: "vector", size: 1 },
  outputs: { kind: "vector", size: 1, at: "last" },
  length: 2,
  loss: { kind: "squared-error", reduction: "sum" },
  weighted: false,
  stateful: false,
};

const CONTEXT = { state: undefined, training: false, key: randomKey(0) };

Deno.test("mlp() applies its layers to the steps as one vector", async () => {
  const instance = mlp({ hidden: [2], activation: "relu" }).create(SPEC);
  const parameters = {
    layers: [
      { w: tensor([[1, -1], [10, 1]]), b: tensor([0, 0.5]) },
      { w: tensor([[1], [100]]), b: tensor([7]) },
    ],
  };
  // Two sequences, (1, 2) and (3, 0): hidden (21, 1.5) and (3, 0).
  const x = tensor([[[1], [3]], [[2], [0]]]);
  const { outputs } = instance.apply(parameters, x, { ...CONTEXT, length: 2, batch: 2 });
  assertEquals([...await outputs.data()], [21 + 150 + 7, 3 + 7]);
});

Deno.test("mlp() sees a window of the latest steps, zeros before the first", async () => {
  const every: TaskSpec = { ...SPEC, outputs: { kind: "vector", size: 1, at: "every" } };
  const weights = { layers: [{ w: tensor([[1], [10], [100]]) }] };
  const x = tensor([[[1]], [[2]], [[3]], [[4]]]);
  const model = linear({ window: 3, bias: false });
  const { outputs } = model.create(every).apply(weights, x, { ...CONTEXT, length: 4, batch: 1 });
  assertEquals([...await outputs.data()], [100, 210, 321, 432]);
  const last = model.create({ ...SPEC, length: "variable" });
  const { outputs: end } = last.apply(weights, x, { ...CONTEXT, length: 4, batch: 1 });
  assertEquals([...await end.data()], [432]);
  const short = last.apply(weights, x.slice(0, 0, 1), { ...CONTEXT, length: 1, batch: 1 });
  assertEquals([...await short.outputs.data()], [100]);
});

Deno.test("mlp() drops hidden numbers in training only", async () => {
  const instance = mlp({ hidden: [400], dropout: 0.25 }).create(SPEC);
  const parameters = {
    layers: [
      { w: tensor(new Float32Array(800), { shape: [2, 400] }), b: tensor(Array(400).fill(1)) },
      { w: tensor(Array(400).fill([1 / 400])), b: tensor([0]) },
    ],
  };
  const x = tensor([[[1]], [[2]]]);
  const run = async (training: boolean) => {
    const context = { ...CONTEXT, training, length: 2, batch: 1 };
    return await instance.apply(parameters, x, context).outputs.item();
  };
  assertAlmostEquals(await run(false), Math.tanh(1), 1e-6);
  const dropped = await run(true);
  // 400 of them: the mean stays, to four standard deviations, √(0.25 / 0.75 / 400).
  assertEquals(Math.abs(dropped / Math.tanh(1) - 1) < 4 * Math.sqrt(1 / 1200), true);
  assertEquals(dropped === await run(false), false);
});

Deno.test("mlp() and linear() refuse a task without inputs", () => {
  const none: TaskSpec = { ...SPEC, inputs: { kind: "none" } };
  for (const model of [mlp(), linear()]) {
    assertThrows(() => model.create(none), TypeError, "it needs inputs, and the task has none");
  }
});

Deno.test("mlp() has the layers of 10-50-4", () => {
  const spec: TaskSpec = {
    ...SPEC,
    length: 10,
    outputs: { kind: "class", classes: 4, at: "last" },
  };
  const { layers } = mlp({ hidden: [50] }).create(spec);
  assertEquals(layers, [
    { name: "hidden 1", output: "[batch, 50]", parameters: 550 },
    { name: "output", output: "[batch, 4]", parameters: 204 },
  ]);
});
