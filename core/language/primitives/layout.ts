/**
 * Reshape, transpose, broadcast, reverse: elements move, nothing is computed.
 *
 * @module
 */
import { checkCounts } from "../../util/check_counts.ts";
import { index, subtractIndex } from "../../ir/expression.ts";
import type { DifferentiablePrimitive } from "../rules.ts";
import type { RandomSource, Sample } from "../../ir/primitive.ts";
import type { Tensor } from "../tensor.ts";
import { formatType, type Shape, sizeOf, stridesOf } from "../../ir/tensor_type.ts";
import { dense, sampleArray, strided } from "../../ir/dense.ts";

/** Parameters of {@linkcode RESHAPE}. */
interface ReshapeParams extends Record<string, unknown> {
  readonly shape: Shape;
}

/** The same elements, in row-major order, in another shape (parameter `shape`). */
export const RESHAPE: DifferentiablePrimitive<ReshapeParams> = {
  name: "reshape",
  isView: true,
  isLinear: () => true,
  inferTypes([x], { shape }) {
    checkCounts(`reshape ${formatType(x)} to [${shape.join(",")}]`, "each size", shape);
    if (sizeOf(shape) !== sizeOf(x.shape)) {
      throw new TypeError(
        `Cannot reshape ${formatType(x)} to [${shape.join(",")}]: ` +
          `${sizeOf(x.shape)} elements do not make ${sizeOf(shape)}`,
      );
    }
    return [{ dtype: x.dtype, shape }];
  },
  evaluate([x], { shape }) {
    return [{ type: { dtype: x.type.dtype, shape }, data: x.data }];
  },
  vjp: ({ inputs: [x], cotangents: [dy] }) => dy ? dy.apply(RESHAPE, [dy], { shape: x.shape }) : [],
  batchRule: ([x], _mapped, { shape }, size) => x.apply(RESHAPE, [x], { shape: [size, ...shape] }),
  lowering: { kind: "reshape" },
};

/** What the tests feed {@linkcode RESHAPE}. */
export function reshapeSamples(random: RandomSource): Sample<ReshapeParams>[] {
  return [
    { inputs: [sampleArray(random, [2, 6])], params: { shape: [3, 4] } },
    { inputs: [sampleArray(random, [1])], params: { shape: [] } },
    { inputs: [sampleArray(random, [4], { dtype: "i32" })], params: { shape: [2, 1, 2] } },
  ];
}

/** Parameters of {@linkcode TRANSPOSE}. */
interface TransposeParams extends Record<string, unknown> {
  readonly order: readonly number[];
}

/** Permutes dimensions: dimension `i` of the result is dimension `order[i]` of the input. */
export const TRANSPOSE: DifferentiablePrimitive<TransposeParams> = {
  name: "transpose",
  isView: true,
  isLinear: () => true,
  inferTypes([x], { order }) {
    const sorted = [...order].sort((a, b) => a - b);
    if (order.length !== x.shape.length || sorted.some((axis, i) => axis !== i)) {
      throw new TypeError(
        `Cannot transpose ${formatType(x)} by [${order.join(",")}]: ` +
          `each axis from 0 to ${x.shape.length - 1} is needed once`,
      );
    }
    return [{ dtype: x.dtype, shape: order.map((axis) => x.shape[axis]) }];
  },
  evaluate([x], { order }) {
    const shape = order.map((axis) => x.type.shape[axis]);
    const strides = stridesOf(x.type.shape);
    return [strided(x, { dtype: x.type.dtype, shape }, order.map((axis) => strides[axis]))];
  },
  vjp: ({ cotangents: [dy], params: { order } }) =>
    dy ? dy.apply(TRANSPOSE, [dy], { order: order.map((_, i) => order.indexOf(i)) }) : [],
  batchRule: ([x], _mapped, { order }) =>
    x.apply(TRANSPOSE, [x], { order: [0, ...order.map((axis) => axis + 1)] }),
  lowering: {
    kind: "element",
    element: ({ index: at, read, params: { order } }) =>
      read(0, order.map((_, axis) => at[order.indexOf(axis)])),
  },
};

/** What the tests feed {@linkcode TRANSPOSE}. */
export function transposeSamples(random: RandomSource): Sample<TransposeParams>[] {
  return [
    { inputs: [sampleArray(random, [2, 3])], params: { order: [1, 0] } },
    { inputs: [sampleArray(random, [2, 3, 4])], params: { order: [2, 0, 1] } },
    { inputs: [sampleArray(random, [2, 1, 3], { dtype: "u32" })], params: { order: [0, 2, 1] } },
  ];
}

/** Parameters of {@linkcode BROADCAST}. */
export interface BroadcastParams extends Record<string, unknown> {
  /** Shape of the result. */
  readonly shape: Shape;
  /** Where each dimension of the input goes in the result, rising. */
  readonly axes: readonly number[];
}

/** Repeats a tensor along new dimensions. */
export const BROADCAST: DifferentiablePrimitive<BroadcastParams> = {
  name: "broadcast",
  isView: true,
  isLinear: () => true,
  inferTypes([x], { shape, axes }) {
    checkCounts(`broadcast ${formatType(x)} to [${shape.join(",")}]`, "each size", shape);
    const fits = axes.length === x.shape.length &&
      axes.every((axis, i) => shape[axis] === x.shape[i] && (i === 0 || axis > axes[i - 1]));
    if (!fits) {
      throw new TypeError(
        `Cannot broadcast ${formatType(x)} to [${shape.join(",")}] at axes [${axes.join(",")}]: ` +
          `each dimension must keep its size`,
      );
    }
    return [{ dtype: x.dtype, shape }];
  },
  evaluate([x], { shape, axes }) {
    const own = stridesOf(x.type.shape);
    const strides = shape.map((_, axis) => own[axes.indexOf(axis)] ?? 0);
    return [strided(x, { dtype: x.type.dtype, shape }, strides)];
  },
  vjp: ({ cotangents: [dy], params: { shape, axes } }) => {
    const added = shape.flatMap((_, axis) => axes.includes(axis) ? [] : [axis]);
    return dy ? [added.length > 0 ? dy.sum(added) : dy] : [];
  },
  batchRule: ([x], _mapped, { shape, axes }, size) =>
    x.apply(BROADCAST, [x], {
      shape: [size, ...shape],
      axes: [0, ...axes.map((axis) => axis + 1)],
    }),
  lowering: {
    kind: "element",
    element: ({ index: at, read, params: { axes } }) => read(0, axes.map((axis) => at[axis])),
  },
};

/** What the tests feed {@linkcode BROADCAST}. */
export function broadcastSamples(random: RandomSource): Sample<BroadcastParams>[] {
  return [
    { inputs: [sampleArray(random, [])], params: { shape: [2, 3], axes: [] } },
    { inputs: [sampleArray(random, [3])], params: { shape: [2, 3], axes: [1] } },
    { inputs: [sampleArray(random, [2])], params: { shape: [2, 3], axes: [0] } },
    {
      inputs: [sampleArray(random, [2, 4], { dtype: "i32" })],
      params: { shape: [2, 3, 4], axes: [0, 2] },
    },
  ];
}

/** Repeats `x` so that its dimensions lie at `axes` of `shape`. */
export function broadcastInDim(x: Tensor, shape: Shape, axes: readonly number[]): Tensor {
  if (axes.length === shape.length) return x;
  return x.apply(BROADCAST, [x], { shape, axes })[0];
}

/** Parameters of {@linkcode REVERSE}. */
interface ReverseParams extends Record<string, unknown> {
  readonly axes: readonly number[];
}

/** Turns the order along some axes (parameter `axes`) around. */
export const REVERSE: DifferentiablePrimitive<ReverseParams> = {
  name: "reverse",
  isView: true,
  isLinear: () => true,
  inferTypes([x], { axes }) {
    if (axes.some((axis) => !(axis in x.shape))) {
      throw new TypeError(
        `Cannot reverse ${formatType(x)} along [${axes.join(",")}]: no such axis`,
      );
    }
    return [x];
  },
  evaluate([x], { axes }) {
    const { shape } = x.type;
    const own = stridesOf(shape);
    const last = axes.reduce((sum, axis) => sum + (shape[axis] - 1) * own[axis], 0);
    const strides = own.map((stride, axis) => axes.includes(axis) ? -stride : stride);
    return [strided(x, x.type, strides, last)];
  },
  vjp: ({ cotangents: [dy], params }) => dy ? dy.apply(REVERSE, [dy], params) : [],
  batchRule: ([x], _mapped, { axes }) =>
    x.apply(REVERSE, [x], { axes: axes.map((axis) => axis + 1) }),
  lowering: {
    kind: "element",
    element: ({ index: at, read, params: { axes }, inputTypes: [{ shape }] }) =>
      read(
        0,
        at.map((i, d) => axes.includes(d) ? subtractIndex(index(shape[d] - 1), i) : i),
      ),
  },
};

/** What the tests feed {@linkcode REVERSE}. */
export function reverseSamples(random: RandomSource): Sample<ReverseParams>[] {
  return [
    { inputs: [sampleArray(random, [5])], params: { axes: [0] } },
    { inputs: [sampleArray(random, [2, 3])], params: { axes: [0, 1] } },
    { inputs: [dense({ dtype: "i32", shape: [3, 2] }, [1, 2, 3, 4, 5, 6])], params: { axes: [1] } },
  ];
}
