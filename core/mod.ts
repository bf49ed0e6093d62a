/**
 * The language: tensors, operations on them, the loop over time, gradients, and `compile`, which
 * makes one program of a function and runs it on a device.
 *
 * Other entry points: `@unroll/core/backends` (devices), `/plugin` (models and tasks of your own),
 * `/training`, `/runs` (saved runs and checkpoints, on disk), `/testing`, and `/compiler` (graphs and
 * passes, unstable).
 *
 * @example A linear recurrence and its gradient
 * ```ts
 * import { compile, scan, type Tensor, valueAndGrad, zeros } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * // The last state of h ← w · h + x, and its derivative by w, compiled as one program.
 * using step = compile((w: Tensor, xs: Tensor) =>
 *   valueAndGrad((w: Tensor) => {
 *     const [h] = scan((h: Tensor, x: Tensor) => [h.mul(w).add(x), undefined], zeros([]), xs);
 *     return h;
 *   })(w)
 * );
 * const [value, gradient] = await step(2, Float32Array.of(1, 2, 3));
 * deepStrictEqual([await value.item(), await gradient.item()], [11, 6]);
 * ```
 *
 * @module
 */
import { computeIfLarge } from "./compile/compute.ts";
import { setEagerDevice } from "./language/eager.ts";

export {
  type Arguments,
  type ArgumentTypes,
  compile,
  type Compiled,
  type CompileSettings,
} from "./compile/compile.ts";
export type { DType, Shape, TensorType, TypedArray } from "./ir/tensor_type.ts";
export { grad, valueAndGrad } from "./language/gradient.ts";
export * from "./language/ops/arithmetic.ts";
export * from "./language/ops/comparisons.ts";
export * from "./language/ops/functions.ts";
export * from "./language/ops/matmul.ts";
export {
  fill,
  fullLike,
  iota,
  type NestedNumbers,
  ones,
  tensor,
  zeros,
  zerosLike,
} from "./language/ops/creation.ts";
export {
  broadcastTo,
  concatenate,
  expandDims,
  gather,
  pad,
  reshape,
  reverse,
  scatterAdd,
  slice,
  split,
  stack,
  transpose,
} from "./language/ops/layout.ts";
export {
  crossEntropy,
  logSoftmax,
  logSumExp,
  meanSquaredError,
  oneHot,
  softmax,
  sumSquaredError,
} from "./language/ops/losses.ts";
export { argmax, max, mean, type ReduceOptions, sum } from "./language/ops/reductions.ts";
export {
  scan,
  scanInSegments,
  type ScanOptions,
  type SegmentOptions,
} from "./language/ops/scan.ts";
export {
  foldIn,
  randomBernoulli,
  randomBits,
  randomGumbel,
  randomInteger,
  randomKey,
  randomNormal,
  randomUniform,
  splitKey,
} from "./language/random.ts";
export { Tensor, type TensorLike } from "./language/tensor.ts";
export { flattenTree, mapTree, rebuildTree, type Tree, treeEntries } from "./language/tree.ts";

// What is computed outside of compile() is too, if it is much.
setEagerDevice(computeIfLarge);
