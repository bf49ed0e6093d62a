import { assertEquals } from "@std/assert";
import { grad, oneHot, randomKey, type Tensor, tensor, type Tree, treeEntries } from "@unroll/core";
import type { Model } from "@unroll/core/plugin";
import * as z from "zod";
import { gru, lstm, recurrentOptions, rnn } from "./mod.ts";
import { assertClose, classSpec, numbers, waves } from "./helpers_test.ts";

const SYMBOLS = tensor([[0, 1], [4, 2], [3, 3], [1, 0], [2, 4]], { dtype: "i32" });
const SPEC = classSpec({ kind: "symbol", vocabulary: 5 }, 3);

/** Runs all steps of SYMBOLS, in parts of given lengths. */
function run(model: Model, parameters: Tree, parts: readonly number[], training = false): Tensor[] {
  const instance = model.create(SPEC);
  let state = instance.initialState(parameters, 2);
  let start = 0;
  return parts.map((length) => {
    const inputs = SYMBOLS.slice(0, start, start += length);
    const key = randomKey(7);
    const result = instance.apply(parameters, inputs, { length, batch: 2, state, training, key });
    state = result.state;
    return result.outputs;
  });
}

const MODELS: Readonly<Record<string, Model>> = {
  rnn: rnn({ hidden: 4, layers: 2, initialState: "learned", bias: "both" }),
  "rnn with activated inputs": rnn({ hidden: 4, inputActivation: "tanh", initialState: "learned" }),
  gru: gru({ hidden: 4, layers: 2, initialState: "learned" }),
  lstm: lstm({ hidden: 4, layers: 2, initialState: "learned" }),
};

for (const [name, model] of Object.entries(MODELS)) {
  Deno.test(`${name}: a scan is the unrolled loop, in outputs and gradients`, async () => {
    const parameters = model.create(SPEC).parameters(randomKey(3));
    const weights = waves([5, 2, 3]);
    const [whole] = run(model, parameters, [5]);
    const steps = run(model, parameters, [1, 1, 1, 1, 1]);
    for (const [t, step] of steps.entries()) {
      assertClose(await step.data(), await whole.slice(0, t, t + 1).data());
    }
    const gradients = async (parts: readonly number[]) =>
      await numbers(
        grad((parameters: Tree) => {
          let start = 0;
          return run(model, parameters, parts)
            .map((y) => y.mul(weights.slice(0, start, start += y.shape[0])).sum())
            .reduce((sum, x) => sum.add(x));
        })(parameters),
      );
    const [scanned, unrolled] = [await gradients([5]), await gradients([1, 1, 1, 1, 1])];
    assertEquals(Object.keys(scanned), Object.keys(unrolled));
    for (const path of Object.keys(scanned)) assertClose(scanned[path], unrolled[path]);
    // A learned start gets its share.
    assertEquals(scanned["initial.0.h"].some((x) => x !== 0), true);
  });
}

for (const [name, plugin] of Object.entries({ rnn, gru, lstm })) {
  Deno.test(`${name}: recomputing changes neither outputs nor gradients`, async () => {
    const options = { hidden: 4, layers: 2, embedding: 3, initialState: "learned" } as const;
    const stored = plugin(options);
    const parameters = stored.create(SPEC).parameters(randomKey(3));
    const weights = waves([5, 2, 3]);
    const gradients = async (model: Model) =>
      await numbers(
        grad((parameters: Tree) => run(model, parameters, [5], true)[0].mul(weights).sum())(
          parameters,
        ),
      );
    const expected = await gradients(stored);
    for (const recompute of [1, 2, 5]) {
      const model = plugin({ ...options, recompute });
      assertClose(
        await run(model, parameters, [5])[0].data(),
        await run(stored, parameters, [5])[0].data(),
      );
      const found = await gradients(model);
      assertEquals(Object.keys(found), Object.keys(expected));
      for (const path of Object.keys(found)) assertClose(found[path], expected[path]);
    }
  });
}

Deno.test("recurrentModel() answers at the last step as it does at every step", async () => {
  const model = gru({ hidden: 4 });
  for (const recompute of [0, 2]) {
    const last = gru({ hidden: 4, recompute })
      .create(classSpec({ kind: "symbol", vocabulary: 5 }, 3, { at: "last" }));
    const parameters = last.parameters(randomKey(0));
    const { outputs } = last.apply(parameters, SYMBOLS, {
      length: 5,
      batch: 2,
      state: last.initialState(parameters, 2),
      training: false,
      key: randomKey(0),
    });
    const [whole] = run(model, parameters, [5]);
    assertEquals(outputs.shape, [2, 3]);
    assertClose(await outputs.data(), await whole.slice(0, 4, 5).data());
  }
});

Deno.test("recurrentModel() reads symbols as one-hot vectors", async () => {
  const model = lstm({ hidden: 4 });
  const vectors = model.create(classSpec({ kind: "vector", size: 5 }, 3));
  const parameters = vectors.parameters(randomKey(0));
  const { outputs } = vectors.apply(parameters, oneHot(SYMBOLS, 5), {
    length: 5,
    batch: 2,
    state: vectors.initialState(parameters, 2),
    training: false,
    key: randomKey(0),
  });
  const [symbols] = run(model, parameters, [5]);
  assertClose(await symbols.data(), await outputs.data());
});

Deno.test("recurrentModel() drops between layers in training only, and keeps the mean", async () => {
  // The second layer adds up what it reads: linear, without weights from state to state.
  const model = rnn({
    hidden: 400,
    layers: 2,
    dropout: 0.25,
    activation: "linear",
    inputInit: "identity",
    recurrentInit: "zeros",
    bias: "none",
  });
  const instance = model.create(classSpec({ kind: "vector", size: 400 }, 2));
  const parameters = instance.parameters(randomKey(0));
  const hidden = async (training: boolean, seed = 0) => {
    const { hidden } = instance.apply(parameters, waves([1, 1, 400]).mul(0).add(1), {
      length: 1,
      batch: 1,
      state: instance.initialState(parameters, 1),
      training,
      key: randomKey(seed),
    });
    return [...await (hidden as Tensor).data()];
  };
  assertEquals(new Set(await hidden(false)), new Set([1]));
  const dropped = await hidden(true);
  assertEquals(new Set(dropped), new Set([0, Math.fround(1 / 0.75)]));
  // 100 of 400 on average, with a standard deviation of √(400 · 0.25 · 0.75) ≈ 8.7.
  const zeros = dropped.filter((x) => x === 0).length;
  assertEquals(Math.abs(zeros - 100) < 5 * 8.7, true, `${zeros} of 400 were dropped`);
  assertEquals(await hidden(true), dropped);
  assertEquals((await hidden(true, 1)).join() === dropped.join(), false);
});

Deno.test("recurrentModel() drops for the output layer in training only", async () => {
  const model = rnn({
    hidden: 400,
    outputDropout: 0.25,
    activation: "linear",
    inputInit: "identity",
    recurrentInit: "zeros",
    outputInit: "identity",
    bias: "none",
  });
  const spec = classSpec({ kind: "vector", size: 400 }, 400);
  const instance = model.create(spec);
  const parameters = instance.parameters(randomKey(0));
  const run = async (training: boolean) => {
    const { outputs, hidden } = instance.apply(parameters, waves([1, 1, 400]).mul(0).add(1), {
      length: 1,
      batch: 1,
      state: instance.initialState(parameters, 1),
      training,
      key: randomKey(0),
    });
    // The state is handed on whole.
    assertEquals(new Set(await (hidden as Tensor).data()), new Set([1]));
    return new Set(await outputs.data());
  };
  assertEquals(await run(false), new Set([1]));
  assertEquals(await run(true), new Set([0, Math.fround(1 / 0.75)]));
});

Deno.test("recurrentModel() normalises by the batch in training, by running averages otherwise", async () => {
  const model = rnn({
    hidden: 2,
    inputNorm: "batch",
    activation: "linear",
    inputInit: "identity",
    recurrentInit: "zeros",
    bias: "none",
  });
  const instance = model.create(classSpec({ kind: "vector", size: 2 }, 2));
  const parameters = instance.parameters(randomKey(0));
  const x = tensor([[[1, 10], [2, 30]], [[3, 50], [6, 70]]]);
  const run = (training: boolean, parameters: Tree) =>
    instance.apply(parameters, x, {
      length: 2,
      batch: 2,
      state: instance.initialState(parameters, 2),
      training,
      key: randomKey(0),
    });
  const trained = run(true, parameters);
  // Means 3 and 40, variances 3.5 and 500, of a sample 14/3 and 2000/3.
  const expected = (mean: number[], variance: number[]) =>
    [[1, 10], [2, 30], [3, 50], [6, 70]].flatMap((row) =>
      row.map((x, i) => (x - mean[i]) / Math.sqrt(variance[i] + 1e-5))
    );
  assertClose(await (trained.hidden as Tensor).data(), expected([3, 40], [3.5, 500]));
  const updates = await numbers(trained.updates as Tree);
  assertClose(updates["input_norm.running_mean"], [0.3, 4]);
  assertClose(updates["input_norm.running_var"], [0.9 + 1.4 / 3, 0.9 + 200 / 3]);
  const set = {
    ...parameters as object,
    input_norm: {
      ...(parameters as { readonly input_norm: object }).input_norm,
      running_mean: tensor([2, 20]),
      running_var: tensor([4, 100]),
    },
  };
  const measured = run(false, set);
  assertClose(await (measured.hidden as Tensor).data(), expected([2, 20], [4, 100]));
  assertEquals(measured.updates, undefined);
});

Deno.test("recurrentModel() starts as it is told", async () => {
  const start = async (model: Model) => await numbers(model.create(SPEC).parameters(randomKey(0)));
  const identity = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  const simple = await start(rnn({ hidden: 3, recurrentInit: "identity", outputInit: "zeros" }));
  assertEquals(simple["layers.0.weight_hh"], identity);
  assertEquals(simple["output.weight"], new Array(9).fill(0));
  // Of a GRU, only the candidate's weights are the identity.
  const gated = await start(gru({ hidden: 3, recurrentInit: "identity" }));
  const candidate = gated["layers.0.weight_hh"].filter((_, i) => i % 9 >= 6);
  assertEquals(candidate, identity);
  assertEquals(gated["layers.0.weight_hh"].filter((x) => x === 0).length, 6);
  const apart = await start(
    gru({ hidden: 3, inputInit: "zeros", candidateInit: "normal", std: 1 }),
  );
  apart["layers.0.weight_ih"].forEach((x, i) => assertEquals(x === 0, i % 9 < 6));
  const embedded = await numbers(
    rnn({ embedding: 3, embeddingStd: 0 }).create(classSpec({ kind: "symbol", vocabulary: 4 }, 2))
      .parameters(randomKey(0)),
  );
  assertEquals(embedded["embedding.weight"], new Array(12).fill(0));
  const long = await start(lstm({ hidden: 2, forgetBias: 3, bias: "both" }));
  assertEquals(long["layers.0.bias_ih"], [0, 0, 3, 3, 0, 0, 0, 0]);
  assertEquals(long["layers.0.bias_hh"], new Array(8).fill(0));
});

Deno.test("recurrentModel() names its parameters as PyTorch does", () => {
  const model = lstm({ hidden: 2, layers: 2, embedding: 3, bias: "both", inputNorm: "batch" });
  const parameters = model.create(SPEC).parameters(randomKey(0));
  assertEquals(treeEntries(parameters).map(([path, { shape }]) => `${path} ${shape}`), [
    "embedding.weight 5,3",
    "input_norm.bias 3",
    "input_norm.running_mean 3",
    "input_norm.running_var 3",
    "input_norm.weight 3",
    "layers.0.bias_hh 8",
    "layers.0.bias_ih 8",
    "layers.0.weight_hh 2,8",
    "layers.0.weight_ih 3,8",
    "layers.1.bias_hh 8",
    "layers.1.bias_ih 8",
    "layers.1.weight_hh 2,8",
    "layers.1.weight_ih 2,8",
    "output.bias 3",
    "output.weight 2,3",
  ]);
});

Deno.test("recurrentOptions() has what all recurrent models share, what is added, and no more", () => {
  const { shape } = recurrentOptions({ hidden: 8 }, { leak: z.number().default(0.5) });
  const own = ["activation", "inputActivation"];
  const shared = Object.keys(rnn.options.shape).filter((name) => !own.includes(name));
  assertEquals(Object.keys(shape), [...shared, "leak"]);
  const parsed = recurrentOptions({ hidden: 8 }).safeParse({});
  assertEquals(parsed.success && parsed.data.hidden, 8);
});
