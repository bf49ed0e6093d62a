/**
 * The multilayer perceptron, over a window of the latest inputs.
 *
 * @module
 */
import {
  concatenate,
  defineModel,
  type LayerRow,
  type ModelInstance,
  type ModelPlugin,
  type OptionsSchema,
  outputSize,
  pad,
  randomKey,
  reshape,
  slice,
  splitKey,
  type TaskSpec,
  type Tensor,
  transpose,
  zeros,
} from "@unroll/core";
import * as z from "zod";
import { initializer, INITIALIZER_NAMES, type InitializerName } from "./initializers.ts";
import { inputLayer, layerRow, refuseEmbedding } from "./inputs.ts";
import { affine, dropped } from "./recurrent.ts";

/** Options of {@linkcode mlp}. */
export interface MlpOptions {
  /** Units of each hidden layer, first to last; none for a linear model. */
  readonly hidden: readonly number[];
  /** Function of each hidden unit. */
  readonly activation: "tanh" | "relu" | "sigmoid";
  /** How many of the latest steps it sees; if left out, all of them, or 3 where that varies. */
  readonly window?: number;
  /** Length of the learned vector of each symbol; 0 for one-hot vectors. */
  readonly embedding: number;
  /** Start of the weights. */
  readonly weights: InitializerName;
  /** Standard deviation of weights that start `normal`. */
  readonly weightScale: number;
  /** Whether there are biases. */
  readonly bias: boolean;
  /** Share of the hidden numbers that training leaves out. */
  readonly dropout: number;
}

/** The schema of {@linkcode MlpOptions}. */
export const MLP_OPTIONS: OptionsSchema<MlpOptions> = z.object({
  hidden: z.array(z.int().min(1).max(65536)).default([64]).describe(
    "Units of each hidden layer, first to last",
  ),
  activation: z.enum(["tanh", "relu", "sigmoid"]).default("tanh").describe(
    "Function of each hidden unit",
  ),
  window: z.int().min(1).max(65536).optional().describe(
    "How many of the latest steps it sees; all, or 3 where their number varies",
  ),
  embedding: z.int().min(0).max(65536).default(0).describe(
    "Length of the learned vector of each symbol, 0 for one-hot",
  ),
  weights: z.enum(INITIALIZER_NAMES).default("glorot").describe("Start of the weights"),
  weightScale: z.number().positive().default(0.1).describe(
    "Standard deviation of weights that start normal",
  ),
  bias: z.boolean().default(true).describe("Whether there are biases"),
  dropout: z.number().min(0).lt(1).default(0).describe(
    "Share of the hidden numbers that training leaves out",
  ),
});

interface LayerParameters {
  /** [inputs, outputs] */
  readonly w: Tensor;
  /** [outputs] */
  readonly b?: Tensor;
}

/** Parameters of a multilayer perceptron. */
export interface MlpParameters {
  /** The table of vectors of symbols. */
  readonly embedding?: Tensor;
  /** Its layers, first to last. */
  readonly layers: readonly LayerParameters[];
}

/** Builds a perceptron for a task; `linear` is one without hidden layers. */
export function createMlp(
  options: MlpOptions,
  spec: TaskSpec,
): ModelInstance<MlpParameters, undefined> {
  const input = inputLayer(spec, options);
  const width = windowOf(options, spec);
  const sizes = [width * input.features, ...options.hidden, outputSize(spec)];
  const make = initializer(options.weights, options.weightScale);

  function parameters(key: Tensor): MlpParameters {
    const [inputKey, ...keys] = splitKey(key, sizes.length);
    return {
      ...input.parameters(inputKey),
      layers: keys.map((key, i) => ({
        w: make(key, [sizes[i], sizes[i + 1]]),
        ...(options.bias ? { b: zeros([sizes[i + 1]]) } : {}),
      })),
    };
  }

  return {
    parameters,
    initialState: () => undefined,
    apply(parameters, inputs, { training, key }) {
      const vectors = input.vectors(parameters, inputs as Tensor);
      const { at } = spec.outputs;
      let x = at === "last" ? lastWindow(vectors, width) : everyWindow(vectors, width);
      const keys = training && options.dropout > 0 ? splitKey(key, sizes.length) : [];
      parameters.layers.forEach((layer, i) => {
        x = affine(x, layer);
        if (i === parameters.layers.length - 1) return;
        x = x[options.activation]();
        if (keys[i]) x = dropped(keys[i], x, options.dropout);
      });
      return { outputs: x, state: undefined };
    },
    layers: rows(parameters(randomKey(0)), spec, sizes),
  };
}

function windowOf({ window }: MlpOptions, spec: TaskSpec): number {
  const all = spec.length === "variable" || spec.outputs.at === "every" ? 3 : spec.length;
  return window ?? all;
}

/** The last `width` steps as one vector: [time, batch, n] → [batch, width · n]. */
function lastWindow(x: Tensor, width: number): Tensor {
  const [time, batch, n] = x.shape;
  const before = Math.max(0, width - time);
  const seen = slice(pad(x, 0, { before }), 0, time + before - width, time + before);
  return reshape(transpose(seen, [1, 0, 2]), [batch, width * n]);
}

/** At each step the last `width` as one vector, zeros before the first: → [time, batch, width · n]. */
function everyWindow(x: Tensor, width: number): Tensor {
  const [time] = x.shape;
  const padded = pad(x, 0, { before: width - 1 });
  return concatenate(Array.from({ length: width }, (_, k) => slice(padded, 0, k, k + time)), -1);
}

function rows(
  { embedding, layers }: MlpParameters,
  spec: TaskSpec,
  sizes: readonly number[],
): LayerRow[] {
  const place = spec.outputs.at === "every" ? "time, batch" : "batch";
  return [
    ...(embedding
      ? [layerRow("embedding", `[time, batch, ${embedding.shape[1]}]`, embedding)]
      : []),
    ...layers.map((layer, i) =>
      layerRow(
        i === layers.length - 1 ? "output" : `hidden ${i + 1}`,
        `[${place}, ${sizes[i + 1]}]`,
        layer,
      )
    ),
  ];
}

/** Why a model that sees a window cannot learn a task, if so. */
export function refuseWindow(spec: TaskSpec, embedding: number): string | undefined {
  if (spec.inputs.kind === "none") {
    return "it needs inputs, and the task has none (with fizzbuzz, choose another encoding)";
  }
  return refuseEmbedding(spec, embedding);
}

/** The multilayer perceptron: `x′ = f(x·w + b)`, layer after layer, the last without `f`. */
export const mlp: ModelPlugin<MlpOptions> = defineModel({
  name: "mlp",
  summary: "Multilayer perceptron over a window of the latest inputs",
  options: MLP_OPTIONS,
  refuses: (spec, { embedding }) => refuseWindow(spec, embedding),
  create: createMlp,
});
