/**
 * What recurrent models make of the inputs before the first layer: embedding and normalisation.
 *
 * @module
 */
import {
  gather,
  matmul,
  mean,
  mul,
  oneHot,
  ones,
  randomNormal,
  reshape,
  slice,
  sqrt,
  stopGradient,
  sub,
  type Tensor,
  zeros,
} from "@unroll/core";
import type { InputSpec, LayerRow } from "@unroll/core/plugin";
import { plus } from "./linear.ts";
import type { InputNorm } from "./recurrent_options.ts";

/** An embedding: a row of numbers for each symbol. */
export interface EmbeddingParameters {
  /** f32[vocabulary, size] */
  readonly weight: Tensor;
}

/** A normalisation. */
export interface NormParameters {
  /** Scale, f32[n]. */
  readonly weight: Tensor;
  /** Shift, f32[n]. */
  readonly bias: Tensor;
  /** For batches: the mean seen in training, f32[n]. Set by the model, not by the optimizer. */
  readonly running_mean?: Tensor;
  /** For batches: the variance seen in training, f32[n]. Set by the model, not by the optimizer. */
  readonly running_var?: Tensor;
}

/** Weights of what comes before the first layer. */
export interface InputParameters {
  /** Of symbols, where they are embedded. */
  readonly embedding?: EmbeddingParameters;
  /** Where inputs are normalised. */
  readonly input_norm?: NormParameters;
}

/** What the first layer reads. */
export type LayerInput =
  /** Nothing. */
  | { readonly kind: "none" }
  /** One-hot vectors, as the numbers of their ones: i32[time, batch]. */
  | { readonly kind: "one-hot"; readonly indices: Tensor }
  /** f32[time, batch, n] */
  | { readonly kind: "vectors"; readonly x: Tensor };

/** What decides the input stage. */
export interface InputSettings {
  /** What the task gives. */
  readonly spec: InputSpec;
  /** Size of the embedding; 0 for none. */
  readonly embedding: number;
  /** Standard deviation of its start; rows of length 1 if left out. */
  readonly embeddingStd?: number;
  /** Normalisation. */
  readonly norm: InputNorm;
}

/** How much of a running average is the newest batch, as in PyTorch. */
const MOMENTUM = 0.1;
/** Keeps the division from overflowing where nothing varies. */
const EPSILON = 1e-5;

/** Returns why a task's inputs cannot be read so; `undefined` if they can. */
export function unsupportedInputs({ spec, embedding, norm }: InputSettings): string | undefined {
  if (spec.kind === "vector" && embedding > 0) {
    return "it embeds symbols, and the task gives vectors";
  }
  if (spec.kind !== "none") return undefined;
  if (embedding > 0) return "it embeds symbols, and the task has no inputs";
  return norm === "none" ? undefined : "it normalises inputs, and the task has none";
}

/** Returns how many numbers the first layer reads at each step; `undefined` where it reads nothing. */
export function inputWidth({ spec, embedding }: InputSettings): number | undefined {
  switch (spec.kind) {
    case "none":
      return undefined;
    case "symbol":
      return embedding > 0 ? embedding : spec.vocabulary;
    case "vector":
      return spec.size;
  }
}

/** Weights of the input stage before training. */
export function inputParameters(key: Tensor, settings: InputSettings): InputParameters {
  const { spec, embedding, embeddingStd, norm } = settings;
  const width = inputWidth(settings) ?? 0;
  return {
    ...(spec.kind === "symbol" && embedding > 0
      ? { embedding: embeddingParameters(key, spec.vocabulary, embedding, embeddingStd) }
      : {}),
    ...(norm === "none" ? {} : {
      input_norm: {
        weight: ones([width]),
        bias: zeros([width]),
        ...(norm === "batch" ? { running_mean: zeros([width]), running_var: ones([width]) } : {}),
      },
    }),
  };
}

/** Rows of length 1 on average, as one-hot vectors have, where nothing else is said. */
export function embeddingParameters(
  key: Tensor,
  vocabulary: number,
  size: number,
  std: number = Math.sqrt(1 / size),
): EmbeddingParameters {
  return { weight: mul(randomNormal(key, [vocabulary, size]), std) };
}

/** What the first layer reads, and what the model sets in its own parameters. */
export interface ReadInputs {
  /** For the first layer. */
  readonly input: LayerInput;
  /** New values of parameters, by path. */
  readonly updates?: Readonly<Record<string, Tensor>>;
}

/** Embeds and normalises. */
export function readInputs(
  { embedding, input_norm: norm }: InputParameters,
  inputs: Tensor | undefined,
  settings: InputSettings,
  training: boolean,
): ReadInputs {
  if (settings.spec.kind === "none" || !inputs) return { input: { kind: "none" } };
  if (settings.spec.kind === "symbol" && !embedding && !norm) {
    return { input: { kind: "one-hot", indices: inputs } };
  }
  let x = inputs;
  if (embedding) x = gather(embedding.weight, inputs);
  else if (settings.spec.kind === "symbol") x = oneHot(inputs, settings.spec.vocabulary);
  if (!norm) return { input: { kind: "vectors", x } };
  if (settings.norm === "layer") return { input: { kind: "vectors", x: layerNorm(norm, x) } };
  const { y, updates } = batchNorm(norm, x, training);
  return { input: { kind: "vectors", x: y }, ...(updates ? { updates } : {}) };
}

/** Layer normalisation over the last axis; Ba, Kiros and Hinton (2016). */
function layerNorm({ weight, bias }: NormParameters, x: Tensor): Tensor {
  const centred = sub(x, mean(x, -1, { keepDims: true }));
  const variance = mean(centred.square(), -1, { keepDims: true });
  return centred.div(sqrt(variance.add(EPSILON))).mul(weight).add(bias);
}

/**
 * Batch normalisation over time and batch; Ioffe and Szegedy (2015). In training by the batch's own
 * mean and variance, which also go into the running averages; otherwise by those averages.
 */
function batchNorm(
  { weight, bias, running_mean, running_var }: NormParameters,
  x: Tensor,
  training: boolean,
): { readonly y: Tensor; readonly updates?: Readonly<Record<string, Tensor>> } {
  const oldMean = running_mean as Tensor;
  const oldVariance = running_var as Tensor;
  const scale = (mean: Tensor, variance: Tensor) =>
    sub(x, mean).div(sqrt(variance.add(EPSILON))).mul(weight).add(bias);
  if (!training) return { y: scale(oldMean, oldVariance) };
  const own = mean(x, [0, 1]);
  const variance = mean(sub(x, own).square(), [0, 1]);
  const count = x.shape[0] * x.shape[1];
  const average = (old: Tensor, now: Tensor) =>
    stopGradient(old.mul(1 - MOMENTUM).add(now.mul(MOMENTUM)));
  return {
    y: scale(own, variance),
    updates: {
      "input_norm.running_mean": average(oldMean, own),
      // Of a sample, hence count − 1, as in PyTorch.
      "input_norm.running_var": average(oldVariance, variance.mul(count / Math.max(1, count - 1))),
    },
  };
}

/** `x · weight_ih + bias_ih` of all steps; f32[columns] where there is nothing to read. */
export function inputSide(
  { weight_ih, bias_ih }: { readonly weight_ih?: Tensor; readonly bias_ih?: Tensor },
  input: LayerInput,
  columns: number,
): Tensor {
  switch (input.kind) {
    case "none":
      return bias_ih ?? zeros([columns]);
    case "one-hot":
      // A one-hot vector times a matrix is a row of it.
      return plus(gather(weight_ih as Tensor, input.indices), bias_ih);
    case "vectors":
      return plus(matmul(input.x, weight_ih as Tensor), bias_ih);
  }
}

/** f32[time, batch, n] → f32[batch, n] */
export function lastStep(x: Tensor): Tensor {
  const [time, batch, n] = x.shape;
  return reshape(slice(x, 0, time - 1, time), [batch, n]);
}

/** Describes what is done to inputs before the first layer; `time` is how many steps there are, for shapes. */
export function describeInputs(settings: InputSettings, time: number | string): LayerRow[] {
  const { spec, embedding, norm } = settings;
  const width = inputWidth(settings);
  const rows: LayerRow[] = [];
  if (embedding > 0 && spec.kind === "symbol") {
    rows.push({
      name: "embedding",
      output: `[${time}, batch, ${embedding}]`,
      parameters: spec.vocabulary * embedding,
    });
  }
  if (norm !== "none" && width !== undefined) {
    rows.push({
      name: `${norm} norm`,
      output: `[${time}, batch, ${width}]`,
      parameters: 2 * width,
    });
  }
  return rows;
}
