/**
 * Folds over axes: sum, max, argmax. The folded axes disappear from the shape.
 *
 * @module
 */
import type { DifferentiablePrimitive } from "../rules.ts";
import type { RandomSource, Sample } from "../../ir/primitive.ts";
import type { Tensor } from "../tensor.ts";
import { type DType, formatType, type Shape, sizeOf, stridesOf } from "../../ir/tensor_type.ts";
import { dense, forEachIndex, sampleArray } from "../../ir/dense.ts";
import { broadcastInDim } from "./layout.ts";

/** Parameters of the folds. */
export interface ReduceParams extends Record<string, unknown> {
  /** Axes that are folded, rising. */
  readonly axes: readonly number[];
}

/** Dimensions that a fold keeps. */
export function keptAxes(shape: Shape, axes: readonly number[]): number[] {
  return shape.flatMap((_, axis) => axes.includes(axis) ? [] : [axis]);
}

function makeReduction(rule: {
  readonly name: string;
  readonly operation: "sum" | "max" | "argmax";
  readonly dtypes: readonly DType[];
  readonly initial: number;
  fold(sum: number, x: number, position: number, state: { best: number }): number;
  vjp: DifferentiablePrimitive<ReduceParams>["vjp"];
}): DifferentiablePrimitive<ReduceParams> {
  const { name, operation } = rule;
  const primitive: DifferentiablePrimitive<ReduceParams> = {
    name,
    isHeavy: true,
    inferTypes([x], { axes }) {
      if (!rule.dtypes.includes(x.dtype)) {
        throw new TypeError(
          `Cannot ${name} ${formatType(x)}: elements must be ${rule.dtypes.join(" or ")}`,
        );
      }
      if (axes.some((axis) => !(axis in x.shape))) {
        throw new TypeError(
          `Cannot ${name} ${formatType(x)} over axes [${axes.join(",")}]: no such axis`,
        );
      }
      if (operation !== "sum" && axes.some((axis) => x.shape[axis] === 0)) {
        throw new TypeError(
          `Cannot ${name} ${formatType(x)} over axes [${axes.join(",")}]: nothing to fold`,
        );
      }
      if (operation === "argmax" && axes.length !== 1) {
        throw new TypeError(
          `Cannot ${name} ${formatType(x)}: one axis is needed, found ${axes.length}`,
        );
      }
      const dtype = operation === "argmax" ? "i32" : x.dtype;
      return [{ dtype, shape: keptAxes(x.shape, axes).map((axis) => x.shape[axis]) }];
    },
    evaluate([x], params) {
      const { axes } = params;
      const [type] = primitive.inferTypes([x.type], params);
      const result = dense(type);
      result.data.fill(rule.initial);
      const best = new Float64Array(result.data.length).fill(-Infinity);
      const kept = keptAxes(x.type.shape, axes);
      const own = stridesOf(type.shape);
      const strides = x.type.shape.map((_, axis) => own[kept.indexOf(axis)] ?? 0);
      const state = { best: 0 };
      forEachIndex(x.type.shape, (at, flat) => {
        let target = 0;
        for (let d = 0; d < at.length; d++) target += at[d] * strides[d];
        state.best = best[target];
        const folded = rule.fold(result.data[target], x.data[flat], at[axes[0]] ?? 0, state);
        best[target] = state.best;
        result.data[target] = type.dtype === "i32"
          ? folded | 0
          : type.dtype === "u32"
          ? folded >>> 0
          : folded;
      });
      return [result];
    },
    vjp: rule.vjp,
    batchRule: ([x], _mapped, { axes }) =>
      x.apply(primitive, [x], { axes: axes.map((axis) => axis + 1) }),
    lowering: { kind: "reduce", operation, axes: ({ axes }) => axes },
  };
  return primitive;
}

function reductionSamples(
  operation: "sum" | "max" | "argmax",
  dtypes: readonly DType[],
  random: RandomSource,
): Sample<ReduceParams>[] {
  return dtypes.flatMap((dtype) => [
    { inputs: [sampleArray(random, [5], { dtype })], params: { axes: [0] } },
    { inputs: [sampleArray(random, [3, 4], { dtype })], params: { axes: [1] } },
    { inputs: [sampleArray(random, [3, 4], { dtype })], params: { axes: [0] } },
    ...operation === "argmax" ? [] : [
      { inputs: [sampleArray(random, [2, 3, 4], { dtype })], params: { axes: [0, 2] } },
      { inputs: [sampleArray(random, [], { dtype })], params: { axes: [] } },
    ],
    { inputs: [sampleArray(random, [2, 17, 3], { dtype })], params: { axes: [1] } },
  ]);
}

/** Sum over axes. */
export const REDUCE_SUM: DifferentiablePrimitive<ReduceParams> = makeReduction({
  name: "reduce_sum",
  operation: "sum",
  dtypes: ["f32", "i32", "u32"],
  initial: 0,
  fold: (sum, x) => sum + x,
  vjp: ({ inputs: [x], cotangents: [dy], params: { axes } }) =>
    dy ? [broadcastInDim(dy, x.shape, keptAxes(x.shape, axes))] : [],
});

/** What the tests feed {@linkcode REDUCE_SUM}. */
export function reduceSumSamples(random: RandomSource): Sample<ReduceParams>[] {
  return reductionSamples("sum", ["f32", "i32", "u32"], random);
}

/** Greatest element over axes. Where several are greatest they share the derivative. */
export const REDUCE_MAX: DifferentiablePrimitive<ReduceParams> = makeReduction({
  name: "reduce_max",
  operation: "max",
  dtypes: ["f32", "i32"],
  initial: -Infinity,
  fold: (greatest, x) => Math.max(greatest, x),
  vjp: ({ inputs: [x], outputs: [y], cotangents: [dy], params: { axes } }) => {
    if (!dy) return [];
    const spread = (t: Tensor) => broadcastInDim(t, x.shape, keptAxes(x.shape, axes));
    const winners = x.eq(spread(y)).cast("f32");
    const share = dy.div(axes.length > 0 ? winners.sum(axes) : winners);
    return [winners.mul(spread(share))];
  },
});

/** What the tests feed {@linkcode REDUCE_MAX}. */
export function reduceMaxSamples(random: RandomSource): Sample<ReduceParams>[] {
  return reductionSamples("max", ["f32", "i32"], random);
}

/** Position of the first greatest element along one axis, in i32; the first NaN is greatest. */
export const ARGMAX: DifferentiablePrimitive<ReduceParams> = makeReduction({
  name: "argmax",
  operation: "argmax",
  dtypes: ["f32", "i32"],
  initial: 0,
  fold: (winner, x, position, state) => {
    if (x <= state.best || Number.isNaN(state.best)) return winner;
    state.best = x;
    return position;
  },
  vjp: () => [],
});

/** What the tests feed {@linkcode ARGMAX}. */
export function argmaxSamples(random: RandomSource): Sample<ReduceParams>[] {
  return reductionSamples("argmax", ["f32", "i32"], random);
}

/** Number of elements folded into one. */
export function foldedSize(shape: Shape, axes: readonly number[]): number {
  return sizeOf(axes.map((axis) => shape[axis]));
}
