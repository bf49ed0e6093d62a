/**
 * Models as modules of PyTorch: weights that one loads, and the lines of Python that say what it is.
 *
 * @module
 */
import { type Tree, treeEntries } from "@unroll/core";
import { type Model, outputSize, type TaskSpec } from "@unroll/core/plugin";
import type { StoredTensor } from "@unroll/core/runs";
import type { ActivationName } from "./activations.ts";
import { gru, type GruOptions } from "./gru.ts";
import { lstm } from "./lstm.ts";
import { mlp, type MlpOptions } from "./mlp.ts";
import { toPyTorch } from "./pytorch.ts";
import type { RecurrentOptions } from "./recurrent_options.ts";
import { rnn, type RnnOptions } from "./rnn.ts";

/** A model for PyTorch. */
export interface PyTorchExport {
  /** All tensors of the module's `state_dict`, for `encodeSafetensors`. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** The module as Python: a class `Model`. */
  readonly python: string;
}

/**
 * Writes a built-in model with its parameters as a module of PyTorch.
 *
 * Where the model has no second bias, or no inputs, PyTorch's layers have some all the same: these are
 * zeros, which `loadWeights` ignores on the way back.
 *
 * @param model The model, with its options.
 * @param parameters Its parameters.
 * @param spec The task that it is for.
 * @returns Tensors and Python.
 * @throws {TypeError} If PyTorch has no layer that does what the model does.
 *
 * @example Usage
 * ```ts
 * import { randomKey } from "@unroll/core";
 * import { exportPyTorch, gru } from "@unroll/models";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const model = gru({ hidden: 4 });
 * const spec = {
 *   inputs: { kind: "vector", size: 3 },
 *   outputs: { kind: "vector", size: 1, at: "every" },
 *   length: "variable",
 *   loss: { kind: "squared-error", reduction: "mean" },
 *   weighted: false,
 *   stateful: false,
 * } as const;
 * const parameters = model.create(spec).parameters(randomKey(0));
 * const { tensors, python } = await exportPyTorch(model, parameters, spec);
 * deepStrictEqual(tensors.get("rnn.weight_ih_l0")?.shape, [12, 3]);
 * console.log(python); // self.rnn = nn.GRU(3, 4) and so on
 * ```
 */
export async function exportPyTorch(
  model: Model,
  parameters: Tree,
  spec: TaskSpec,
): Promise<PyTorchExport> {
  const reason = unsupportedInPyTorch(model);
  if (reason !== undefined) {
    throw new TypeError(`Cannot export ${model.plugin.name} to PyTorch: ${reason}`);
  }
  const tensors = await toPyTorch(parameters);
  if (model.plugin === mlp) {
    return { tensors, python: mlpModule(model.options as MlpOptions, spec, tensors) };
  }
  const options = model.options as RecurrentOptions;
  const learned = treeEntries(parameters).some(([path]) => path.startsWith("initial."));
  addZeros(tensors, options);
  return { tensors, python: recurrentModule(model, spec, tensors, learned) };
}

/** Layers of PyTorch, and what they do. */
const LAYERS: readonly (readonly [Model["plugin"], string, readonly ActivationName[]])[] = [
  [rnn, "nn.RNN", ["tanh", "relu"]],
  [gru, "nn.GRU", ["tanh"]],
  [lstm, "nn.LSTM", ["tanh"]],
];

function unsupportedInPyTorch({ plugin, options }: Model): string | undefined {
  if (plugin === mlp) return undefined;
  const [, layer, activations] = LAYERS.find(([known]) => known === plugin) ?? [];
  if (!layer || !activations) return "the models that can be are mlp, rnn, gru, lstm";
  const { activation, inputActivation = "none", snap } = options as RnnOptions;
  const { gateActivation = "sigmoid", reset = "after" } = options as GruOptions;
  const differences = [
    [`activation ${activations.join(" or ")}`, activation, activations.includes(activation)],
    ["gateActivation sigmoid", gateActivation, gateActivation === "sigmoid"],
    ["inputActivation none", inputActivation, inputActivation === "none"],
    ["reset after", reset, reset === "after"],
    ["states that are not rounded", "snap", !snap],
  ] as const;
  const [wanted, found] = differences.find(([, , same]) => !same) ?? [];
  return wanted && `${layer} has ${wanted}, found ${found}`;
}

/** Adds what layers of PyTorch have and the model does not. */
function addZeros(tensors: Map<string, StoredTensor>, { layers, bias }: RecurrentOptions): void {
  const zeros = (shape: readonly number[]): StoredTensor => ({
    dtype: "F32",
    shape,
    data: new Float32Array(shape.reduce((product, size) => product * size, 1)),
  });
  const [columns] = (tensors.get("rnn.weight_hh_l0") as StoredTensor).shape;
  if (!tensors.has("rnn.weight_ih_l0")) tensors.set("rnn.weight_ih_l0", zeros([columns, 1]));
  if (bias !== "input") return;
  for (let layer = 0; layer < layers; layer++) {
    tensors.set(`rnn.bias_hh_l${layer}`, zeros([columns]));
  }
}

/** Lines of a module: what it consists of, and what it does. */
function moduleText(parts: readonly string[], forward: readonly string[]): string {
  const indented = (lines: readonly string[]) => lines.map((line) => `        ${line}\n`).join("");
  const [head, ...body] = forward;
  return `import torch
from torch import nn


class Model(nn.Module):
    def __init__(self):
        super().__init__()
${indented(parts)}
    ${head}
${indented(body)}`;
}

function outputLayer(spec: TaskSpec, from: number, tensors: PyTorchExport["tensors"]): string {
  return `self.output = ${linearText(from, outputSize(spec), tensors.has("output.bias"))}`;
}

function linearText(from: number, to: number, bias: boolean): string {
  return `nn.Linear(${from}, ${to}${bias ? "" : ", bias=False"})`;
}

function shapeOf(tensors: PyTorchExport["tensors"], name: string): readonly number[] {
  return tensors.get(name)?.shape ?? [];
}

function recurrentModule(
  model: Model,
  spec: TaskSpec,
  tensors: PyTorchExport["tensors"],
  learned: boolean,
): string {
  const options = model.options as RecurrentOptions;
  const { hidden, layers, bias, dropout, outputDropout, inputNorm } = options;
  const [, layer] = LAYERS.find(([known]) => known === model.plugin) ?? [];
  const [, width] = shapeOf(tensors, "rnn.weight_ih_l0");
  const isLstm = model.plugin === lstm;
  const { activation } = options as RnnOptions;
  const words = [
    `${width}, ${hidden}`,
    ...(layers > 1 ? [`num_layers=${layers}`] : []),
    ...(bias === "none" ? ["bias=False"] : []),
    ...(layers > 1 && dropout > 0 ? [`dropout=${dropout}`] : []),
    ...(activation === "relu" ? ['nonlinearity="relu"'] : []),
  ];
  const norm = inputNorm === "layer" ? "LayerNorm" : "BatchNorm1d";
  const embedding = shapeOf(tensors, "embedding.weight");
  const initial = isLstm ? ["h", "c"] : ["h"];
  const parts = [
    ...(embedding.length > 0 ? [`self.embedding = nn.Embedding(${embedding.join(", ")})`] : []),
    ...(inputNorm === "none" ? [] : [`self.input_norm = nn.${norm}(${width})`]),
    `self.rnn = ${layer}(${words.join(", ")})`,
    ...(learned
      ? [
        `self.initial = nn.ModuleList(nn.ParameterDict({${
          initial.map((name) => `"${name}": torch.zeros(${hidden})`).join(", ")
        }}) for _ in range(${layers}))`,
      ]
      : []),
    outputLayer(spec, hidden, tensors),
  ];
  const start = (name: string) => {
    const one = name === "h" ? `torch.${activation}(layer["h"])` : 'layer["c"]';
    return `    ${name} = torch.stack([${one} for layer in self.initial]).unsqueeze(1)` +
      ".repeat(1, x.shape[1], 1)";
  };
  const dropped = outputDropout > 0
    ? [`h = nn.functional.dropout(h, ${outputDropout}, self.training)`]
    : [];
  const forward = [
    ...inputLines(spec, embedding.length > 0),
    ...(inputNorm === "layer" ? ["x = self.input_norm(x)"] : []),
    ...(inputNorm === "batch" ? ["x = self.input_norm(x.movedim(2, 1)).movedim(1, 2)"] : []),
    ...(learned
      ? ["if state is None:", ...initial.map(start), `    state = ${isLstm ? "(h, c)" : "h"}`]
      : []),
    "h, state = self.rnn(x, state)",
    ...dropped,
    `return self.output(${spec.outputs.at === "every" ? "h" : "h[-1]"}), state`,
  ];
  return moduleText(parts, forward);
}

/** The head of `forward`, and how `x` becomes f32[time, batch, n]. */
function inputLines({ inputs }: TaskSpec, isEmbedded: boolean): string[] {
  switch (inputs.kind) {
    case "none":
      return ["def forward(self, time, batch, state=None):", "x = torch.zeros(time, batch, 1)"];
    case "vector":
      return [`def forward(self, x, state=None):  # x: float [time, batch, ${inputs.size}]`];
    case "symbol":
      return [
        `def forward(self, x, state=None):  # x: int [time, batch], below ${inputs.vocabulary}`,
        isEmbedded
          ? "x = self.embedding(x)"
          : `x = nn.functional.one_hot(x, ${inputs.vocabulary}).float()`,
      ];
  }
}

function mlpModule(
  { layers, activation, bias }: MlpOptions,
  spec: TaskSpec,
  tensors: PyTorchExport["tensors"],
): string {
  const embedding = shapeOf(tensors, "embedding.weight");
  const { inputs } = spec;
  const vocabulary = inputs.kind === "symbol" ? inputs.vocabulary : 0;
  const width = inputs.kind === "vector" ? inputs.size : embedding[1] ?? vocabulary;
  const [, from] = shapeOf(tensors, layers.length > 0 ? "layers.0.weight" : "output.weight");
  const sizes = [from, ...layers];
  const context = from / width;
  const parts = [
    ...(embedding.length > 0 ? [`self.embedding = nn.Embedding(${embedding.join(", ")})`] : []),
    `self.layers = nn.ModuleList([${
      layers.map((to, i) => linearText(sizes[i], to, bias)).join(", ")
    }])`,
    outputLayer(spec, sizes[layers.length], tensors),
  ];
  const rows = "nn.functional.pad(self.embedding.weight, (0, 0, 0, 1))";
  const read = embedding.length > 0
    ? [`x = nn.functional.embedding(x, ${rows})`]
    : vocabulary > 0
    ? [`x = nn.functional.one_hot(x, ${vocabulary + 1})[..., :${vocabulary}].float()`]
    : [];
  const blank = vocabulary > 0 ? vocabulary : "zeros";
  const shape = vocabulary > 0 ? `int [..., ${context}]` : `float [..., ${context}, ${width}]`;
  const forward = [
    `def forward(self, x):  # x: ${shape}, the newest inputs; ${blank} before the first`,
    ...read,
    "x = x.flatten(-2)",
    "for layer in self.layers:",
    `    x = ${PYTHON[activation].replace(/\bx\b/, "layer(x)")}`,
    "return self.output(x)",
  ];
  return moduleText(parts, forward);
}

/** Activations in Python. */
const PYTHON: Readonly<Record<ActivationName, string>> = {
  tanh: "torch.tanh(x)",
  relu: "torch.relu(x)",
  sigmoid: "torch.sigmoid(x)",
  "hard-sigmoid": "(x * 0.2 + 0.5).clamp(0, 1)",
  "leaky-relu": "nn.functional.leaky_relu(x)",
  elu: "nn.functional.elu(x)",
  softplus: "nn.functional.softplus(x)",
  silu: "nn.functional.silu(x)",
  gelu: 'nn.functional.gelu(x, approximate="tanh")',
  linear: "x",
};
