import { assertEquals } from "@std/assert";
import { randomKey, treeEntries } from "@unroll/core";
import { formatSummary, gru, lstm, mlp, rnn } from "./mod.ts";
import { classSpec } from "./helpers_test.ts";

Deno.test("formatSummary() shows the network of lesson 6 as Keras did", () => {
  const model = rnn({ hidden: 256, embedding: 42, activation: "relu", recurrentInit: "identity" })
    .create(classSpec({ kind: "symbol", vocabulary: 86 }, 86, { at: "last", length: 8 }));
  assertEquals(
    formatSummary(model.layers),
    `Layer      Output          Parameters
embedding  [8, batch, 42]       3,612
rnn        [batch, 256]        76,544
output     [batch, 86]         22,102
total                         102,258`,
  );
});

Deno.test("formatSummary() shows layers, norms and learned starts", () => {
  const model = lstm({
    hidden: 8,
    layers: 2,
    embedding: 3,
    inputNorm: "layer",
    initialState: "learned",
    bias: "both",
  }).create(classSpec({ kind: "symbol", vocabulary: 10 }, 10));
  assertEquals(
    formatSummary(model.layers),
    `Layer       Output             Parameters
embedding   [time, batch, 3]           30
layer norm  [time, batch, 3]            6
lstm 1      [time, batch, 8]          432
lstm 2      [time, batch, 8]          592
output      [time, batch, 10]          90
total                               1,150`,
  );
});

Deno.test("layers count what parameters() makes", () => {
  const spec = classSpec({ kind: "symbol", vocabulary: 10 }, 4, { length: 5 });
  const models = [
    mlp({ layers: [7, 6], embedding: 3 }),
    rnn({ hidden: 6, bias: "none" }),
    gru({ hidden: 6, layers: 3, bias: "both", initialState: "learned" }),
    lstm({ hidden: 6, layers: 2, inputNorm: "layer" }),
  ];
  for (const model of models) {
    const instance = model.create(spec);
    const counted = treeEntries(instance.parameters(randomKey(0)))
      .reduce((sum, [, { shape }]) => sum + shape.reduce((product, n) => product * n, 1), 0);
    const said = instance.layers.reduce((sum, { parameters }) => sum + parameters, 0);
    assertEquals(said, counted, model.plugin.name);
  }
});
