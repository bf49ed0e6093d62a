/**
 * What the batching rules of the primitives share.
 *
 * @module
 */
import type { Tensor } from "../tensor.ts";
import { broadcastInDim } from "../primitives/layout.ts";

/** Gives every input a leading dimension of `size`: those that have none are repeated. */
export function moveToFront(
  inputs: readonly Tensor[],
  mapped: readonly boolean[],
  size: number,
): Tensor[] {
  return inputs.map((input, i) => {
    if (mapped[i]) return input;
    return broadcastInDim(input, [size, ...input.shape], input.shape.map((_, d) => d + 1));
  });
}
