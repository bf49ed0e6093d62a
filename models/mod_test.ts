import { assertEquals } from "@std/assert";
import { flattenTree, randomKey, rebuildTree, tensor } from "@unroll/core";
import { type DenseArray, trace } from "@unroll/core/compiler";
import type { Model } from "@unroll/core/plugin";
import { checkGradients, checkModel, modelCheckSpecs, randomSource } from "@unroll/core/testing";
import { attention, gru, lstm, mlp, MODELS, rnn, stackRnn } from "./mod.ts";
import { ACTIVATION_NAMES } from "./activations.ts";

const CASES: Readonly<Record<string, Model>> = {
  "mlp": mlp({ layers: [6, 5] }),
  "mlp without hidden layers": mlp({ layers: [], bias: false }),
  "mlp with a window": mlp({ layers: [6], context: 3, activation: "sigmoid" }),
  "mlp with an embedding": mlp({ layers: [6], context: 2, embedding: 3 }),
  "rnn": rnn({ hidden: 5 }),
  "rnn of layers": rnn({ hidden: 4, layers: 3, dropout: 0.2, bias: "both", activation: "sigmoid" }),
  "rnn from a learned start": rnn({
    hidden: 5,
    initialState: "learned",
    recurrentInit: "identity",
  }),
  "rnn with activated inputs": rnn({ hidden: 5, inputActivation: "softplus", bias: "both" }),
  "rnn with an embedding": rnn({ hidden: 5, embedding: 3, inputNorm: "layer" }),
  "rnn with normalised batches": rnn({ hidden: 5, inputNorm: "batch", bias: "none" }),
  "gru": gru({ hidden: 5 }),
  "gru that resets before": gru({ hidden: 4, layers: 2, reset: "before", activation: "sigmoid" }),
  "gru that resets before, with biases": gru({ hidden: 4, reset: "before", bias: "both" }),
  "gru from a learned start": gru({ hidden: 4, initialState: "learned", bias: "both" }),
  "gru with the gates of Keras": gru({ hidden: 4, gateActivation: "hard-sigmoid" }),
  "lstm": lstm({ hidden: 5 }),
  "lstm of layers": lstm({ hidden: 4, layers: 2, initialState: "learned", bias: "both" }),
  "lstm with the gates of Keras": lstm({ hidden: 4, gateActivation: "hard-sigmoid" }),
  "lstm with an embedding": lstm({ hidden: 4, embedding: 3, inputNorm: "batch" }),
  "rnn of layers, recomputing": rnn({ hidden: 4, layers: 2, dropout: 0.2, recompute: 2 }),
  "gru with normalised inputs, recomputing": gru({ hidden: 4, inputNorm: "layer", recompute: 3 }),
  "lstm with an embedding, recomputing": lstm({
    hidden: 4,
    embedding: 3,
    inputNorm: "batch",
    initialState: "learned",
    recompute: 1,
  }),
  "attention": attention({ hidden: 4 }),
  "attention to fewer states than steps": attention({ hidden: 4, memory: 2, embedding: 3 }),
  "attention by location": attention({ hidden: 4, attention: "location", memory: 3 }),
  "stack-rnn": stackRnn({ hidden: 4 }),
  "stack-rnn of stacks, shallow": stackRnn({ hidden: 4, stacks: 2, depth: 1 }),
  "stack-rnn with an embedding": stackRnn({ hidden: 4, stacks: 2, depth: 3, embedding: 3 }),
};

for (const [name, model] of Object.entries(CASES)) {
  Deno.test(`${name}: does what a model must do`, async () => {
    const { supported } = await checkModel(model);
    // Only mlp and those that make something of inputs refuse any.
    if (/^(rnn|gru|lstm|attention|stack-rnn)( of layers| by location)?$/.test(name)) {
      assertEquals(supported.length, 12);
    }
  });

  Deno.test(`${name}: gradient`, async () => {
    const random = randomSource(1);
    for (
      const spec of modelCheckSpecs().filter((spec) => model.unsupportedReason(spec) === undefined)
    ) {
      const instance = model.create(spec);
      const form = instance.parameters(randomKey(0));
      const leaves = flattenTree(form);
      const { inputs } = spec;
      const x = inputs.kind === "symbol"
        ? tensor([[0, 1], [4, 2], [3, 3], [1, 0]], { dtype: "i32" })
        : inputs.kind === "vector"
        ? tensor(Array.from({ length: 24 }, (_, i) => Math.sin(i)), { shape: [4, 2, 3] })
        : undefined;
      const { graph, captures } = trace(leaves.map(({ type }) => type), (...own) => {
        const parameters = rebuildTree(form, own);
        const { outputs } = instance.apply(parameters, x, {
          length: 4,
          batch: 2,
          state: instance.initialState(parameters, 2),
          training: true,
          key: randomKey(0),
        });
        return [outputs];
      });
      const given = await Promise.all(captures.map(async (capture): Promise<DenseArray> => ({
        type: capture.type,
        data: Float64Array.from(await capture.data()),
      })));
      const start = leaves.map(({ type }): DenseArray => ({
        type,
        data: Float64Array.from(
          { length: type.shape.reduce((product, n) => product * n, 1) },
          () => random() - 0.5,
        ),
      }));
      // Moving the inputs themselves is fine too: they are numbers like all others.
      checkGradients(graph, [...given, ...start], random);
    }
  });
}

Deno.test("MODELS has each model under its name", () => {
  assertEquals(Object.keys(MODELS), Object.values(MODELS).map(({ name }) => name));
});

Deno.test("models refuse tasks in a sentence", () => {
  const [none, , , , , , , , vector, , vectorLast] = modelCheckSpecs();
  assertEquals(none.inputs.kind, "none");
  assertEquals(mlp().unsupportedReason(none), "it needs inputs, and the task has none");
  assertEquals(
    rnn({ inputActivation: "relu" }).unsupportedReason(none),
    "it activates inputs, and the task has none",
  );
  assertEquals(
    gru({ inputNorm: "layer" }).unsupportedReason(none),
    "it normalises inputs, and the task has none",
  );
  assertEquals(
    lstm({ embedding: 3 }).unsupportedReason(none),
    "it embeds symbols, and the task has no inputs",
  );
  assertEquals(vector.inputs.kind, "vector");
  for (const model of [mlp, rnn, gru, lstm, attention, stackRnn]) {
    assertEquals(
      model({ embedding: 3 }).unsupportedReason(vector),
      "it embeds symbols, and the task gives vectors",
    );
  }
  assertEquals(
    mlp().unsupportedReason(vectorLast),
    "it reads a window of fixed length, and the task's sequences vary in length; " +
      "an option context of at least 1 reads that many of the last inputs",
  );
  assertEquals(mlp({ context: 2 }).unsupportedReason(vectorLast), undefined);
});

Deno.test("models take any activation", async () => {
  const [, , , , symbols] = modelCheckSpecs();
  for (const activation of ACTIVATION_NAMES) {
    for (const model of [mlp({ layers: [9], activation }), rnn({ hidden: 9, activation })]) {
      await checkModel(model, { specs: [symbols] });
    }
  }
});
