/**
 * How models read: what a task gives, as something that can be multiplied with weights.
 *
 * @module
 */
import {
  gather,
  type LayerRow,
  oneHot,
  randomNormal,
  sizeOf,
  type TaskSpec,
  type Tensor,
  treeEntries,
} from "@unroll/core";

/** What a cell reads at one step: only its products with weights are of interest. */
export interface Reading {
  /** `x · w`, for w [features, outputs]. */
  matmul(w: Tensor): Tensor;
}

/** How symbols are read. */
export interface InputOptions {
  /** Length of the learned vector of each symbol; 0 for one-hot vectors. */
  readonly embedding: number;
}

/** The reading part of a model. */
export interface InputLayer {
  /** How many numbers a step's input has; 0 where there is none. */
  readonly features: number;
  /** The table of vectors of symbols, if there is one. */
  parameters(key: Tensor): { readonly embedding?: Tensor };
  /** Input tensors to what a cell can read, step by step or all at once. */
  read(parameters: { readonly embedding?: Tensor }, inputs: Tensor): Reading;
  /** Input tensors to vectors f32[…, features]. */
  vectors(parameters: { readonly embedding?: Tensor }, inputs: Tensor): Tensor;
}

/**
 * The reading part of a model for a task: learned vectors or one-hot vectors of symbols, or vectors as
 * they are.
 *
 * @param spec What the task gives.
 * @param options How symbols are read.
 * @returns Its parameters and functions.
 */
export function inputLayer(spec: TaskSpec, { embedding }: InputOptions): InputLayer {
  const { inputs } = spec;
  if (inputs.kind === "symbol" && embedding > 0) {
    const look = ({ embedding }: { readonly embedding?: Tensor }, symbols: Tensor) =>
      gather(embedding as Tensor, symbols);
    return {
      features: embedding,
      // As PyTorch's: normal numbers of variance 1.
      parameters: (key) => ({ embedding: randomNormal(key, [inputs.vocabulary, embedding]) }),
      read: look,
      vectors: look,
    };
  }
  if (inputs.kind === "symbol") {
    return {
      features: inputs.vocabulary,
      parameters: () => ({}),
      // A one-hot vector times a matrix is a row of it.
      read: (_, symbols) => ({ matmul: (w) => gather(w, symbols) }),
      vectors: (_, symbols) => oneHot(symbols, inputs.vocabulary),
    };
  }
  return {
    features: inputs.kind === "vector" ? inputs.size : 0,
    parameters: () => ({}),
    read: (_, vectors) => vectors,
    vectors: (_, vectors) => vectors,
  };
}

/**
 * Number of elements in the tensors of a tree.
 *
 * @param tree Parameters.
 */
export function parameterCount(tree: unknown): number {
  return treeEntries(tree).reduce((sum, [, { shape }]) => sum + sizeOf(shape), 0);
}

/** The row of a summary for the parameters of a layer. */
export function layerRow(name: string, output: string, parameters: unknown): LayerRow {
  return { name, output, parameters: parameterCount(parameters) };
}

/** Why an `embedding` cannot be had for a task, if so. */
export function refuseEmbedding(spec: TaskSpec, embedding: number): string | undefined {
  return embedding > 0 && spec.inputs.kind !== "symbol"
    ? "an embedding is for tasks whose inputs are symbols"
    : undefined;
}
