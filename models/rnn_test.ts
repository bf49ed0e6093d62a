import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  flattenTree,
  type ModelInstance,
  randomKey,
  rebuildTree,
  taskLoss,
  type TaskSpec,
  type Tensor,
  tensor,
  type Tree,
  treeEntries,
  valueAndGrad,
} from "@unroll/core";
import goldens from "./goldens/rnn.json" with { type: "json" };
import { rnn } from "./rnn.ts";

const [TIME, BATCH, FEATURES, HIDDEN, CLASSES] = [4, 2, 3, 5, 4];

const SPEC: TaskSpec = {
  inputs: { kind: "vector", size: FEATURES },
  outputs: { kind: "class", classes: CLASSES, at: "every" },
  length: TIME,
  loss: { kind: "cross-entropy", reduction: "mean" },
  weighted: false,
  stateful: false,
};

/** Runs a model from its start. */
function run(instance: ModelInstance, parameters: Tree, length: number, inputs?: Tensor) {
  return instance.apply(parameters, inputs, {
    length,
    batch: BATCH,
    state: instance.initialState(parameters, BATCH),
    training: true,
    key: randomKey(0),
  });
}

for (const activation of ["tanh", "relu"] as const) {
  Deno.test(`rnn() with ${activation} gives PyTorch's outputs, loss and gradients`, async () => {
    const golden = goldens[activation];
    const instance = rnn({ hidden: HIDDEN, activation }).create(SPEC);
    const form = instance.parameters(randomKey(0));
    const given: Readonly<Record<string, number[]>> = golden.parameters;
    const parameters = rebuildTree(
      form,
      treeEntries(form).map(([name, { shape }]) =>
        tensor(Float32Array.from(given[name]), { shape })
      ),
    );
    const x = tensor(Float32Array.from(golden.x), { shape: [TIME, BATCH, FEATURES] });
    const targets = tensor(Int32Array.from(golden.targets), { shape: [TIME, BATCH] });
    const [[loss, outputs], gradients] = valueAndGrad((parameters: Tree) => {
      const { outputs } = run(instance, parameters, TIME, x);
      return [taskLoss(SPEC, outputs, targets), outputs] as const;
    })(parameters);
    // Computed in double precision on both sides, read as f32: 2⁻²⁴ relative.
    const check = (found: ArrayLike<number>, wanted: number[]) =>
      wanted.forEach((number, i) => assertAlmostEquals(found[i], number, 2e-7));
    check(await outputs.data(), golden.outputs);
    check([await loss.item()], [golden.loss]);
    const wanted: Readonly<Record<string, number[]>> = golden.gradients;
    for (const [name, gradient] of treeEntries(gradients)) {
      check(await gradient.data(), wanted[name]);
    }
  });
}

Deno.test("rnn() without inputs counts from a learned start, each answer one step after it", async () => {
  const spec: TaskSpec = { ...SPEC, inputs: { kind: "none" } };
  const instance = rnn({ hidden: 1, activation: "sigmoid", recurrentWeights: "zero" }).create(spec);
  const parameters = {
    cells: [{ wh: tensor([[2]]), b: tensor([-1]), initial: tensor([0.5]) }],
    output: { w: tensor([[1, 0, 0, 0]]), b: tensor([0, 0, 0, 0]) },
  };
  assertEquals(
    treeEntries(instance.parameters(randomKey(0))).map(([name]) => name),
    treeEntries(parameters).map(([name]) => name),
  );
  const { outputs, hidden } = run(instance, parameters, 3);
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  let h = sigmoid(0.5);
  const found = await outputs.data();
  for (let t = 0; t < 3; t++) {
    h = sigmoid(2 * h - 1);
    assertAlmostEquals(found[t * BATCH * CLASSES], h, 1e-6);
  }
  assertEquals(hidden?.shape, [3, BATCH, 1]);
});

Deno.test("rnn() reads symbols as rows of its weights, as of one-hot vectors", async () => {
  const symbols: TaskSpec = { ...SPEC, inputs: { kind: "symbol", vocabulary: FEATURES } };
  const one = rnn({ hidden: HIDDEN }).create(symbols);
  const two = rnn({ hidden: HIDDEN }).create(SPEC);
  const parameters = one.parameters(randomKey(3));
  const ids = tensor([[0, 1], [2, 2], [1, 0], [0, 2]], { dtype: "i32" });
  const vectors = tensor(
    [...await ids.data()].flatMap((id) => [0, 1, 2].map((i) => Number(i === id))).reduce(
      (array, x, i) => (array[i] = x, array),
      new Float32Array(TIME * BATCH * FEATURES),
    ),
    { shape: [TIME, BATCH, FEATURES] },
  );
  const found = await run(one, parameters, TIME, ids).outputs.data();
  const wanted = await run(two, parameters, TIME, vectors).outputs.data();
  assertEquals([...found], [...wanted]);
});

Deno.test("rnn() has the layers and parameters of a known summary", () => {
  // Lesson 6 of fast.ai (2016): embedding 42, hidden 256, 86 symbols.
  const spec: TaskSpec = {
    ...SPEC,
    inputs: { kind: "symbol", vocabulary: 86 },
    outputs: { kind: "class", classes: 86, at: "last" },
  };
  const { layers } = rnn({ hidden: 256, embedding: 42, recurrentWeights: "identity" }).create(spec);
  assertEquals(layers.map(({ parameters }) => parameters), [3612, 76544, 22102]);
  assertEquals(layers.map(({ output }) => output), [
    "[time, batch, 42]",
    "[time, batch, 256]",
    "[batch, 86]",
  ]);
});

Deno.test("rnn() of several layers goes on from a state as if it had not stopped", async () => {
  const spec: TaskSpec = { ...SPEC, outputs: { kind: "class", classes: CLASSES, at: "last" } };
  const instance = rnn({ hidden: 3, layers: 2, bias: false, dropout: 0.5 }).create(spec);
  const parameters = instance.parameters(randomKey(1));
  const x = tensor(Float32Array.from({ length: 24 }, (_, i) => Math.sin(i)), { shape: [4, 2, 3] });
  const context = { batch: 2, training: false, key: randomKey(0) };
  const start = instance.initialState(parameters, 2);
  const whole = instance.apply(parameters, x, { ...context, length: 4, state: start });
  const first = instance.apply(parameters, x.slice(0, 0, 1), {
    ...context,
    length: 1,
    state: start,
  });
  const second = instance.apply(parameters, x.slice(0, 1, 4), {
    ...context,
    length: 3,
    state: first.state,
  });
  assertEquals([...await second.outputs.data()], [...await whole.outputs.data()]);
  assertEquals(flattenTree(whole.state).length, 2);
});

Deno.test("rnn() refuses an embedding of what are no symbols", () => {
  assertEquals(
    rnn({ embedding: 4 }).refuses(SPEC),
    "an embedding is for tasks whose inputs are symbols",
  );
});
