/**
 * `scan`: the loop over time, for trees of tensors; also in segments that are computed twice, so that
 * long sequences take little memory.
 *
 * @module
 */
import { checkSteps, SCAN, splitAt } from "../primitives/scan.ts";
import { apply, type Tensor } from "../tensor.ts";
import { formatType } from "../../ir/tensor_type.ts";
import { trace } from "../trace.ts";
import { isTensor } from "../tensor_source.ts";
import { flattenTree, mapTree, rebuildTree, treeEntries } from "../tree.ts";
import { concatenate, reshape, slice } from "./layout.ts";

/** Options of {@linkcode scan}. */
export interface ScanOptions {
  /** Number of steps; needed where there are no sequences. */
  readonly length?: number;
  /** Whether to run from the last slice to the first. */
  readonly reverse?: boolean;
  /**
   * Steps from one carry that is kept for the gradient to the next; what lies between is not stored
   * but computed again on the way back. `true` takes about √length. Left out, everything is stored.
   */
  readonly recompute?: boolean | number;
}

/** Options of {@linkcode scanInSegments}. */
export interface SegmentOptions {
  /** Number of steps; needed where there are no sequences. */
  readonly length?: number;
  /** Whether to run from the last segment to the first. */
  readonly reverse?: boolean;
  /** Steps of a segment; about √length if left out or `true`. */
  readonly steps?: true | number;
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
 * For its gradient a loop stores what its steps compute, which grows with their number. With
 * `recompute` it stores only its results and one carry for every so many steps; the gradient costs
 * the steps a second time. What is to be computed again must be in the body: a product made of the
 * sequences before the loop is stored as ever.
 *
 * @param body One step: from carry and slices to the next carry, of the same types, and outputs.
 * @param initial Carry before the first step: a tree of tensors.
 * @param sequences Tree of tensors [time, …] that are cut into slices; may be `undefined`.
 * @param options Length, where there are no sequences; direction; whether to recompute.
 * @returns The last carry and the outputs, stacked [time, …] in the order of the sequences.
 * @throws {TypeError} If the carry changes its names, its form or its type, or lengths differ.
 * @throws {RangeError} If the length is not a whole number below 2³¹, or `recompute` not a positive one.
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
 *
 * @example A gradient over 10,000 steps that keeps 100 states and recomputes 100 steps at a time
 * ```ts
 * import { grad, scan, type Tensor, tensor } from "@unroll/core";
 * import { ok } from "node:assert/strict";
 *
 * const last = (w: Tensor) =>
 *   scan((h: Tensor) => [h.mul(w), undefined], tensor(1), undefined, {
 *     length: 10_000,
 *     recompute: true,
 *   })[0];
 * // d w¹⁰⁰⁰⁰ / d w at 1
 * ok(Math.abs(await grad(last)(tensor(1)).item() - 10_000) < 0.1);
 * ```
 */
export function scan<C, X, Y>(
  body: (carry: C, slices: X) => readonly [C, Y],
  initial: C,
  sequences: X,
  options: ScanOptions = {},
): [C, Y] {
  const inputs = flattenTree(sequences);
  const length = lengthOf(inputs, options.length);
  const { reverse = false, recompute = false } = options;
  const segment = recompute === false ? 0 : segmentSteps(recompute, length);
  if (segment > 1) {
    return scanInSegments(
      (carry, slices, length) => scan(body, carry, slices, { length, reverse }),
      initial,
      sequences,
      { length, reverse, steps: segment },
    );
  }
  const carry = flattenTree(initial);
  const types = [
    ...carry.map(({ type }) => type),
    ...inputs.map(({ type }) => ({ dtype: type.dtype, shape: type.shape.slice(1) })),
  ];
  let outputTree: Y | undefined;
  const { graph, captures } = trace(types, (...args) => {
    const [own, slices] = splitAt(args, carry.length);
    const [next, outputs] = pairOf(body(rebuildTree(initial, own), rebuildTree(sequences, slices)));
    outputTree = outputs;
    checkCarry(initial, next);
    return [...flattenTree(next), ...flattenTree(outputs)];
  });
  const results: Tensor[] = apply(SCAN, [...captures, ...carry, ...inputs], {
    body: graph,
    constants: captures.length,
    carries: carry.length,
    length,
    reverse,
    ...(segment > 0 ? { recompute: true } : {}),
  });
  const [last, stacked] = splitAt(results, carry.length);
  return [rebuildTree(initial, last), rebuildTree(outputTree as Y, stacked)];
}

/**
 * A loop over time whose body takes many steps at once, and whose gradient computes every segment of
 * steps anew: what a segment computes is stored for one segment at a time. With about √length steps
 * each, memory grows with the square root of the length, beside the sequences and the outputs. This
 * is {@linkcode scan} with `recompute` for bodies that do part of their work for all steps together,
 * such as layers of loops.
 *
 * Where the steps do not divide the length, a shorter segment takes what is left at the end.
 *
 * @param body A segment: from carry, slices [steps, …] and their number to the next carry, of the same
 * types, and outputs [steps, …].
 * @param initial Carry before the first segment: a tree of tensors.
 * @param sequences Tree of tensors [time, …] that are cut into segments; may be `undefined`.
 * @param options Length, where there are no sequences; direction; steps of a segment.
 * @returns The last carry and the outputs of all segments, [time, …].
 * @throws {TypeError} If the carry changes its names, its form or its type, or lengths differ.
 * @throws {RangeError} If the length is not a whole number below 2³¹, or `steps` not a positive one.
 *
 * @example Sums of segments
 * ```ts
 * import { scanInSegments, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const [total, doubled] = scanInSegments(
 *   (sum, x) => [sum.add(x.sum()), x.mul(2)],
 *   tensor(0),
 *   tensor([1, 2, 3, 4, 5]),
 *   { steps: 2 },
 * );
 * deepStrictEqual([await total.item(), ...await doubled.data()], [15, 2, 4, 6, 8, 10]);
 * ```
 */
export function scanInSegments<C, X, Y>(
  body: (carry: C, slices: X, length: number) => readonly [C, Y],
  initial: C,
  sequences: X,
  options: SegmentOptions = {},
): [C, Y] {
  const length = lengthOf(flattenTree(sequences), options.length);
  const { reverse = false, steps: wanted = true } = options;
  const steps = segmentSteps(wanted, length);
  if (length === 0) {
    const [carry, outputs] = pairOf(body(initial, sequences, 0));
    checkCarry(initial, carry);
    return [carry, outputs];
  }
  const run = (carry: C, begin: number, count: number, steps: number): [C, Y] => {
    const segments = mapTree(
      (x) =>
        reshape(slice(x, 0, begin, begin + count * steps), [count, steps, ...x.shape.slice(1)]),
      sequences,
    );
    const [last, outputs] = scan(
      (carry: C, slices: X) => body(carry, slices, steps),
      carry,
      segments,
      { length: count, reverse, recompute: 1 },
    );
    return [last, mapTree((y) => reshape(y, [count * steps, ...y.shape.slice(2)]), outputs)];
  };
  const count = Math.floor(length / steps);
  const rest = length - count * steps;
  if (rest === 0) return run(initial, 0, count, steps);
  const whole = (carry: C) => run(carry, 0, count, steps);
  const left = (carry: C) => run(carry, count * steps, 1, rest);
  const [first, second] = reverse ? [left, whole] : [whole, left];
  const [between, early] = first(initial);
  const [last, late] = second(between);
  const [most, few] = (reverse ? [late, early] : [early, late]).map((part) => flattenTree(part));
  return [last, rebuildTree(early, most.map((part, i) => concatenate([part, few[i]])))];
}

/** What a body returned, if it is the pair that it must be. */
function pairOf<C, Y>(returned: readonly [C, Y]): readonly [C, Y] {
  const given: unknown = returned;
  if (Array.isArray(given) && given.length === 2) return returned;
  const found = isTensor(given)
    ? formatType(given.type)
    : Array.isArray(given)
    ? `an array of ${given.length}`
    : given === undefined
    ? "nothing"
    : `a ${typeof given}`;
  throw new TypeError(
    `Cannot scan: the body must return two in an array, the next carry and outputs, found ${found}`,
  );
}

/** Throws where a carry comes back from the body in another form than it went in. */
function checkCarry(before: unknown, after: unknown): void {
  const [wanted, found] = [before, after].map((tree) => treeEntries(tree).map(([path]) => path));
  const onlyIn = (paths: readonly string[], others: readonly string[], none: string) =>
    paths.filter((path) => !others.includes(path)).map((path) => path ? `"${path}"` : "one tensor")
      .join(", ") || none;
  if (wanted.join() !== found.join()) {
    throw new TypeError(
      "Cannot scan: the body must return a carry of the same names as the one it is given: " +
        `${onlyIn(wanted, found, "no more")} wanted, found ${onlyIn(found, wanted, "none")}`,
    );
  }
  if (!sameContainers(before, after)) {
    throw new TypeError(
      "Cannot scan: the body must return a carry of the same form as the one it is given: " +
        "arrays for arrays and objects for objects wanted, found others",
    );
  }
}

/** Whether two trees of the same paths have arrays in the same places. */
function sameContainers(x: unknown, y: unknown): boolean {
  if (typeof x !== "object" || typeof y !== "object" || !x || !y || isTensor(x)) return true;
  const parts = new Map<string, unknown>(Object.entries(y));
  return Array.isArray(x) === Array.isArray(y) &&
    Object.entries(x).every(([key, part]) => sameContainers(part, parts.get(key)));
}

/** Number of steps of a loop, from its sequences if it is not given. */
function lengthOf(sequences: readonly Tensor[], given: number | undefined): number {
  const length = given ?? sequences[0]?.shape[0];
  if (length !== undefined) checkSteps(length);
  if (length === undefined || sequences.some(({ rank }) => rank === 0)) {
    throw new TypeError(
      length === undefined
        ? "Cannot scan: sequences or options.length are needed"
        : `Cannot scan: sequences need a leading dimension, found ${
          sequences.map((x) => formatType(x.type)).join(", ")
        }`,
    );
  }
  return length;
}

/** Steps of a segment: what is wanted, or a divisor of the length near its square root if there is one. */
function segmentSteps(wanted: true | number, length: number): number {
  if (typeof wanted === "number") {
    if (!Number.isInteger(wanted) || wanted < 1) {
      throw new RangeError(
        `Cannot recompute a scan in segments of ${wanted} steps: a positive whole number is needed`,
      );
    }
    return Math.min(wanted, Math.max(1, length));
  }
  const root = Math.sqrt(length);
  // The segment left over would keep outputs from being stacked in place.
  for (let count = Math.ceil(root); count > 0 && count <= 2 * root; count++) {
    if (length % count === 0) return length / count;
  }
  return Math.max(1, Math.ceil(root));
}
