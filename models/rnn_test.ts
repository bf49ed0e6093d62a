import { assertEquals } from "@std/assert";
import { randomKey, type Tensor, tensor } from "@unroll/core";
import { rnn } from "./mod.ts";
import { assertClose, classSpec, numbers } from "./helpers_test.ts";

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** x · W + b, in plain numbers. */
function affine(
  x: readonly number[],
  weight: readonly number[],
  bias: readonly number[],
): number[] {
  return bias.map((b, j) => x.reduce((sum, x, i) => sum + x * weight[i * bias.length + j], b));
}

Deno.test("rnn() counts by itself as the FizzBuzz of 2016 did", async () => {
  const model = rnn({
    hidden: 5,
    activation: "sigmoid",
    recurrentInit: "normal",
    outputInit: "zeros",
    std: 0.1,
  }).create(classSpec({ kind: "none" }, 4));
  const start = model.parameters(randomKey(1));
  const parameters = await numbers(start);
  assertEquals(Object.keys(parameters).sort(), [
    "initial.0.h",
    "layers.0.bias_ih",
    "layers.0.weight_hh",
    "output.bias",
    "output.weight",
  ]);
  for (const path of ["layers.0.bias_ih", "output.bias", "output.weight"]) {
    assertEquals(new Set(parameters[path]), new Set([0]));
  }
  const drawn = [...parameters["initial.0.h"], ...parameters["layers.0.weight_hh"]];
  assertEquals(drawn.every((x) => x !== 0 && Math.abs(x) < 0.5), true);

  const { outputs, hidden } = model.apply(start, undefined, {
    length: 3,
    batch: 1,
    state: model.initialState(start, 1),
    training: true,
    key: randomKey(0),
  });
  assertEquals(outputs.shape, [3, 1, 4]);
  // h₀ = σ(init), and the first position is already a step after it.
  let h = parameters["initial.0.h"].map(sigmoid);
  const expected: number[] = [];
  for (let t = 0; t < 3; t++) {
    h = affine(h, parameters["layers.0.weight_hh"], parameters["layers.0.bias_ih"]).map(sigmoid);
    expected.push(...h);
  }
  assertClose(await (hidden as Tensor).data(), expected);
});

Deno.test("rnn() with activated inputs is the hand-made network of lesson 6", async () => {
  const relu = (x: number) => Math.max(x, 0);
  const model = rnn({
    hidden: 3,
    embedding: 2,
    activation: "tanh",
    inputActivation: "relu",
    bias: "both",
  }).create(classSpec({ kind: "symbol", vocabulary: 4 }, 4, { at: "last", length: 3 }));
  const initial = model.parameters(randomKey(2)) as Record<string, unknown>;
  const biased = {
    ...initial,
    layers: (initial.layers as Record<string, Tensor>[]).map((weights) => ({
      ...weights,
      bias_ih: tensor([0.1, -0.2, 0.3]),
      bias_hh: tensor([0.5, 0.4, -0.3]),
    })),
  };
  const parameters = await numbers(biased as never);
  const symbols = [3, 0, 2];
  const { outputs } = model.apply(
    biased as never,
    tensor(symbols.map((s) => [s]), { dtype: "i32" }),
    {
      length: 3,
      batch: 1,
      state: model.initialState(biased as never, 1),
      training: true,
      key: randomKey(0),
    },
  );
  const denseIn = (symbol: number) =>
    affine(
      parameters["embedding.weight"].slice(2 * symbol, 2 * symbol + 2),
      parameters["layers.0.weight_ih"],
      parameters["layers.0.bias_ih"],
    ).map(relu);
  const denseHidden = (h: readonly number[]) =>
    affine(h, parameters["layers.0.weight_hh"], parameters["layers.0.bias_hh"]).map(Math.tanh);
  // The first state is the first character alone; then both sides are added.
  let hidden = denseIn(symbols[0]);
  for (const symbol of symbols.slice(1)) {
    const other = denseHidden(hidden);
    hidden = denseIn(symbol).map((x, i) => x + other[i]);
  }
  assertClose(
    await outputs.data(),
    affine(hidden, parameters["output.weight"], parameters["output.bias"]),
  );
});
