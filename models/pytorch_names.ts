/**
 * What parameters are called in PyTorch, and which of them lie the other way round there.
 *
 * @module
 */
import type { Tensor } from "@unroll/core";

/** Options of `toPyTorch` and `fromPyTorch`. */
export interface PyTorchOptions {
  /** What the recurrent module is called in the PyTorch module that has it; `rnn` if left out. */
  readonly recurrent?: string;
}

/** What PyTorch stores beside weights. */
export const IGNORED: RegExp = /(^|\.)num_batches_tracked$/;

const RECURRENT = /^layers\.(\d+)\.((?:weight|bias)_(?:ih|hh))$/;

/** The name in PyTorch of a parameter at this path. */
export function pytorchName(path: string, { recurrent = "rnn" }: PyTorchOptions): string {
  const [, layer, name] = RECURRENT.exec(path) ?? [];
  if (name === undefined) return path;
  return `${recurrent === "" ? "" : `${recurrent}.`}${name}_l${layer}`;
}

/** Embeddings are tables in PyTorch too; all other matrices are multiplied by from the other side. */
export function isTransposed(path: string, leaf: Tensor): boolean {
  return leaf.rank === 2 && path !== "embedding.weight";
}
