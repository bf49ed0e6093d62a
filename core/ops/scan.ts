/**
 * `scan`: the loop over time, for trees of tensors.
 *
 * @module
 */
import { SCAN, splitAt } from "../primitives/scan.ts";
import type { Tensor } from "../tensor.ts";
import { formatType } from "../tensor_type.ts";
import { apply, trace } from "../trace.ts";
import { flattenTree, rebuildTree } from "../tree.ts";

/** Options of {@linkcode scan}. */
export interface ScanOptions {
  /** Number of steps; needed where there are no sequences. */
  readonly length?: number;
  /** Whether to run from the last slice to the first. */
  readonly reverse?: boolean;
}

/**
 * Folds a function over the leading axis of sequences, threading a carry. As a program:
 *
 * ```ts ignore
 * for (let t = 0; t < length; t++) {
 *   [carry, outputs[t]] = body(carry, slice(sequences, t));
 * }
 * return [carry, outputs];
 * ```
 *
 * The graph holds the body once, whatever the length. What the body reads from outside, such as
 * weights, it reads whole at each step; gradients flow to it.
 *
 * @param body One step: from carry and slices to the next carry, of the same types, and outputs.
 * @param initial Carry before the first step: a tree of tensors.
 * @param sequences Tree of tensors [time, …] that are cut into slices; may be `undefined`.
 * @param options Length, where there are no sequences, and direction.
 * @returns The last carry and the outputs, stacked [time, …] in the order of the sequences.
 * @throws {TypeError} If the carry changes its type or lengths differ.
 *
 * @example Running sum
 * ```ts
 * import { scan, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const [, sums] = scan(
 *   (sum, x) => [sum.add(x), sum.add(x)],
 *   tensor(0),
 *   tensor([1, 2, 3]),
 * );
 * deepStrictEqual([...await sums.data()], [1, 3, 6]);
 * ```
 */
export function scan<C, X, Y>(
  body: (carry: C, slices: X) => readonly [C, Y],
  initial: C,
  sequences: X,
  options: ScanOptions = {},
): [C, Y] {
  const carry = flattenTree(initial);
  const inputs = flattenTree(sequences);
  const length = options.length ?? inputs[0]?.shape[0];
  if (length === undefined || inputs.some((input) => input.rank === 0)) {
    throw new TypeError(
      length === undefined
        ? "Cannot scan: sequences or options.length are needed"
        : `Cannot scan: sequences need a leading dimension, found ${
          inputs.map((x) => formatType(x.type)).join(", ")
        }`,
    );
  }
  const types = [
    ...carry.map(({ type }) => type),
    ...inputs.map(({ type }) => ({ dtype: type.dtype, shape: type.shape.slice(1) })),
  ];
  let outputTree: Y | undefined;
  const { graph, captures } = trace(types, (...args) => {
    const [own, slices] = splitAt(args, carry.length);
    const [next, outputs] = body(rebuildTree(initial, own), rebuildTree(sequences, slices));
    outputTree = outputs;
    const nextLeaves = flattenTree(next);
    if (nextLeaves.length !== carry.length) {
      throw new TypeError(
        `Cannot scan: the body must return a carry of ${carry.length} tensors, found ${nextLeaves.length}`,
      );
    }
    return [...nextLeaves, ...flattenTree(outputs)];
  });
  const results: Tensor[] = apply(SCAN, [...captures, ...carry, ...inputs], {
    body: graph,
    constants: captures.length,
    carries: carry.length,
    length,
    reverse: options.reverse ?? false,
  });
  const [last, stacked] = splitAt(results, carry.length);
  return [rebuildTree(initial, last), rebuildTree(outputTree as Y, stacked)];
}
