/**
 * The multilayer perceptron; Rumelhart, Hinton and Williams, "Learning representations by
 * back-propagating errors" (1986):
 *
 * ```text
 * h₀ = x
 * h_l = φ(h_{l−1} · W_l + b_l)
 * y = h_L · W_o + b_o
 * ```
 *
 * On sequences, x is a window: the newest inputs side by side, the oldest first. Where the task asks
 * at every step, a window ends at each step, and there are blanks (zeros) before the start.
 *
 * @module
 */
import {
  concatenate,
  eq,
  fill,
  gather,
  iota,
  pad,
  reshape,
  slice,
  splitKey,
  stack,
  sum,
  type Tensor,
  where,
  zeros,
} from "@unroll/core";
import {
  defineModel,
  type LayerRow,
  type ModelInstance,
  type ModelPlugin,
  type OptionsSchema,
  outputSize,
  type TaskSpec,
} from "@unroll/core/plugin";
import * as z from "zod/mini";
import { activation, ACTIVATION_NAMES, type ActivationName } from "./activations.ts";
import { INITIALIZER_NAMES, type InitializerName } from "./initializers.ts";
import { type EmbeddingParameters, embeddingParameters } from "./inputs.ts";
import { linear, type LinearParameters, linearParameters, plus } from "./linear.ts";

/** Options of {@linkcode mlp}. */
export interface MlpOptions {
  /** Units of each hidden layer, the lowest first; none for a linear model. */
  readonly layers: readonly number[];
  /** The activation φ. */
  readonly activation: ActivationName;
  /** Inputs in a window; 0 is the whole sequence where its length is fixed and at most 32, otherwise 8. */
  readonly context: number;
  /** Numbers that each symbol is embedded in; 0 reads symbols as one-hot vectors. */
  readonly embedding: number;
  /** Give layers biases. */
  readonly bias: boolean;
  /** How the weights start. */
  readonly init: InitializerName;
  /** How the biases start. */
  readonly biasInit: "zeros" | "normal" | "uniform";
  /** Standard deviation of `normal` and `uniform` weights. */
  readonly std: number;
}

/** Initializers that say something of biases, which have one row. */
const BIAS_INITS: readonly [MlpOptions["biasInit"], ...MlpOptions["biasInit"][]] = [
  "zeros",
  "normal",
  "uniform",
];

const OPTIONS: OptionsSchema<MlpOptions> = /* @__PURE__ */ (() =>
  z.object({
    layers: z._default(
      z.array(z.int().check(z.minimum(1), z.maximum(65536))).check(z.maxLength(64)),
      [50],
    ).check(z.describe("Units of each hidden layer")),
    activation: z._default(z.enum(ACTIVATION_NAMES), "tanh").check(
      z.describe("Activation of the hidden layers"),
    ),
    context: z._default(z.int().check(z.minimum(0), z.maximum(1024)), 0).check(
      z.describe(
        "Inputs in a window; 0 is the whole sequence if it is short and fixed, otherwise 8",
      ),
    ),
    embedding: z._default(z.int().check(z.minimum(0), z.maximum(4096)), 0).check(
      z.describe(
        "Size of the embedding of symbols; 0 for none, each symbol is then a vector with a single 1",
      ),
    ),
    bias: z._default(z.boolean(), true).check(z.describe("Give layers biases")),
    init: z._default(z.enum(INITIALIZER_NAMES), "glorot-uniform").check(
      z.describe("Initial weights"),
    ),
    biasInit: z._default(z.enum(BIAS_INITS), "zeros").check(z.describe("Initial biases")),
    std: z._default(z.number().check(z.minimum(0), z.maximum(10)), 0.1).check(
      z.describe("Standard deviation of normal and uniform weights"),
    ),
  }))();

/** Weights of an {@linkcode mlp}. */
export interface MlpParameters {
  /** f32[vocabulary, size], where symbols are embedded. */
  readonly embedding?: EmbeddingParameters;
  /** Of the hidden layers, the lowest first. */
  readonly layers: readonly LinearParameters[];
  /** Of the output layer. */
  readonly output: LinearParameters;
}

/** The newest inputs, one fewer than fit a window: [context − 1, batch, …]; nothing for windows of one. */
export type MlpState = Tensor | undefined;

/** A window where nothing says how long. */
const DEFAULT_CONTEXT = 8;
/** Whole sequences up to this length are one window. */
const LONGEST_WHOLE = 32;

/**
 * The multilayer perceptron.
 *
 * Parameters: `layers[].weight` f32[in, out] and `bias` f32[out], where the first reads
 * context · (size of one input) numbers; `output.weight`, `output.bias`; `embedding.weight`.
 *
 * @example XOR of two bits
 * ```ts
 * import { mlp } from "@unroll/models";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const model = mlp({ layers: [2] }).create({
 *   inputs: { kind: "vector", size: 2 },
 *   outputs: { kind: "vector", size: 2, at: "last" },
 *   length: 1,
 *   loss: { kind: "squared-error", reduction: "sum" },
 *   weighted: false,
 *   stateful: false,
 * });
 * deepStrictEqual(model.layers.map(({ parameters }) => parameters), [6, 6]);
 * ```
 */
export const mlp: ModelPlugin<MlpOptions> = /* @__PURE__ */ defineModel({
  name: "mlp",
  summary: "Multilayer perceptron over a window of inputs",
  options: OPTIONS,
  traits: { windowed: true },
  unsupportedReason,
  create: createMlp,
});

function unsupportedReason(spec: TaskSpec, { context, embedding }: MlpOptions): string | undefined {
  if (spec.inputs.kind === "none") return "it needs inputs, and the task has none";
  if (spec.inputs.kind === "vector" && embedding > 0) {
    return "it embeds symbols, and the task gives vectors";
  }
  if (spec.outputs.at === "last" && spec.length === "variable" && context === 0) {
    return "it reads a window of fixed length, and the task's sequences vary in length; " +
      "an option context of at least 1 reads that many of the last inputs";
  }
}

function windowSize(spec: TaskSpec, { context }: MlpOptions): number {
  if (context > 0) return context;
  if (spec.length === "variable") return DEFAULT_CONTEXT;
  // Where an answer is due once, all of the sequence counts.
  if (spec.outputs.at === "last") return spec.length;
  return spec.stateful || spec.length > LONGEST_WHOLE ? DEFAULT_CONTEXT : spec.length;
}

function createMlp(options: MlpOptions, spec: TaskSpec): ModelInstance<MlpParameters, MlpState> {
  const phi = activation(options.activation);
  const context = windowSize(spec, options);
  const { inputs } = spec;
  const vocabulary = inputs.kind === "symbol" ? inputs.vocabulary : 0;
  const width = inputs.kind === "vector"
    ? inputs.size
    : options.embedding > 0
    ? options.embedding
    : vocabulary;
  const sizes = [context * width, ...options.layers, outputSize(spec)];

  return {
    parameters(key) {
      const [embeddingKey, ...keys] = splitKey(key, sizes.length);
      const weights = keys.map((key, layer) =>
        linearParameters(key, {
          from: sizes[layer],
          to: sizes[layer + 1],
          initializer: options.init,
          std: options.std,
          bias: options.bias,
          biasInitializer: options.biasInit,
        })
      );
      return {
        ...(options.embedding > 0
          ? { embedding: embeddingParameters(embeddingKey, vocabulary, width) }
          : {}),
        layers: weights.slice(0, -1),
        output: weights[weights.length - 1],
      };
    },

    initialState(_, batch) {
      if (context === 1) return undefined;
      return inputs.kind === "symbol"
        ? fill([context - 1, batch], vocabulary, "i32") // the symbol after the last stands for blank
        : zeros([context - 1, batch, width]);
    },

    apply({ embedding, layers, output }, given, { length, state }) {
      const history = state ? concatenate([state, given as Tensor]) : given as Tensor;
      const ends = spec.outputs.at === "every" ? length : 1;
      const windows = windowsOf(history, context, ends);
      const all = [...layers, output];
      let h = windows;
      let hidden: Tensor | undefined;
      all.forEach((weights, layer) => {
        if (layer > 0) h = linear(weights, hidden = phi(h));
        else if (inputs.kind === "vector") h = linear(weights, reshape(h, [ends, -1, sizes[0]]));
        else if (embedding) {
          // Blanks are a row of zeros after the last symbol.
          const rows = gather(pad(embedding.weight, 0, { after: 1 }), h);
          h = linear(weights, reshape(rows, [ends, -1, sizes[0]]));
        } else h = oneHotLinear(weights, h, vocabulary);
      });
      const outputs = spec.outputs.at === "every" ? h : reshape(h, [-1, outputSize(spec)]);
      const steps = history.shape[0];
      return {
        outputs,
        state: context === 1 ? undefined : slice(history, 0, steps - context + 1, steps),
        // At the last step alone, there are no steps to look at.
        ...(hidden && spec.outputs.at === "every" ? { hidden } : {}),
      };
    },

    layers: describeMlp(options, spec, { sizes, context, vocabulary, width }),
  };
}

/** The last `ends` windows of a history [time, batch, …]: [ends, batch, context, …]. */
function windowsOf(history: Tensor, context: number, ends: number): Tensor {
  const first = history.shape[0] - context - ends + 1;
  const places = Array.from(
    { length: context },
    (_, c) => slice(history, 0, first + c, first + c + ends),
  );
  return stack(places, 2);
}

/**
 * A linear layer on one-hot vectors, side by side: for each place in the window a row of the weight,
 * and none for blanks.
 */
function oneHotLinear(
  { weight, bias }: LinearParameters,
  windows: Tensor,
  vocabulary: number,
): Tensor {
  const rows = weight.shape[0];
  const row = iota(windows.shape, 2).mul(vocabulary).add(windows);
  const place = where(eq(windows, vocabulary), rows, row);
  return plus(sum(gather(pad(weight, 0, { after: 1 }), place), 2), bias);
}

interface MlpShape {
  readonly sizes: readonly number[];
  readonly context: number;
  readonly vocabulary: number;
  readonly width: number;
}

function describeMlp(
  options: MlpOptions,
  spec: TaskSpec,
  { sizes, context, vocabulary, width }: MlpShape,
): LayerRow[] {
  const steps = spec.outputs.at === "every"
    ? `${spec.length === "variable" ? "time" : spec.length}, `
    : "";
  const rows: LayerRow[] = [];
  if (options.embedding > 0) {
    rows.push({
      name: "embedding",
      output: `[${steps}batch, ${context}, ${width}]`,
      parameters: vocabulary * width,
    });
  }
  for (let layer = 1; layer < sizes.length; layer++) {
    rows.push({
      name: layer === sizes.length - 1 ? "output" : `linear ${layer}`,
      output: `[${steps}batch, ${sizes[layer]}]`,
      parameters: (sizes[layer - 1] + (options.bias ? 1 : 0)) * sizes[layer],
    });
  }
  return rows;
}
