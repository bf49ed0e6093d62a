/**
 * Parts of tensors and tensors of parts: slice, split, pad, concatenate.
 *
 * @module
 */
import { checkCounts } from "../../util/check_counts.ts";
import {
  addIndex,
  applyExpression,
  clampIndex,
  constantExpression,
  type Expression,
  index,
  subtractIndex,
} from "../../ir/expression.ts";
import { moveToFront } from "../ops/batching.ts";
import type { DifferentiablePrimitive } from "../rules.ts";
import type { RandomSource, Sample } from "../../ir/primitive.ts";
import { formatType, stridesOf, type TensorType } from "../../ir/tensor_type.ts";
import { dense, place, sampleArray, strided } from "../../ir/dense.ts";
import { fullLike, numberNeeded } from "./creation.ts";

/** Parameters of {@linkcode SLICE}. */
export interface SliceParams extends Record<string, unknown> {
  /** The axis cut. */
  readonly axis: number;
  /** First position kept. */
  readonly start: number;
  /** Position after the last kept. */
  readonly end: number;
}

/** The part of one axis from `start` to before `end`. */
export const SLICE: DifferentiablePrimitive<SliceParams> = {
  name: "slice",
  isView: true,
  isLinear: () => true,
  inferTypes([x], { axis, start, end }) {
    const action = `slice ${formatType(x)} from ${start} to ${end} along axis ${axis}`;
    checkCounts(action, "each position", [start, end]);
    if (!(start <= end && end <= x.shape[axis])) {
      throw new TypeError(`Cannot ${action}: out of bounds`);
    }
    return [withDimension(x, axis, end - start)];
  },
  evaluate([x], { axis, start, end }) {
    const strides = stridesOf(x.type.shape);
    const type = withDimension(x.type, axis, end - start);
    return [strided(x, type, strides, start * strides[axis])];
  },
  vjp: ({ inputs: [x], cotangents: [dy], params: { axis, start, end } }) => {
    if (!dy) return [];
    return dy.apply(PAD, [dy], { axis, before: start, after: x.shape[axis] - end, value: 0 });
  },
  batchRule: ([x], _mapped, params) => x.apply(SLICE, [x], { ...params, axis: params.axis + 1 }),
  lowering: {
    kind: "element",
    element: ({ index: at, read, params: { axis, start } }) =>
      read(0, at.map((i, d) => d === axis ? addIndex(i, index(start)) : i)),
  },
};

/** What the tests feed {@linkcode SLICE}. */
export function sliceSamples(random: RandomSource): Sample<SliceParams>[] {
  return [
    { inputs: [sampleArray(random, [5])], params: { axis: 0, start: 1, end: 4 } },
    { inputs: [sampleArray(random, [2, 5, 3])], params: { axis: 1, start: 2, end: 5 } },
    {
      inputs: [sampleArray(random, [3, 4], { dtype: "i32" })],
      params: { axis: 1, start: 0, end: 1 },
    },
  ];
}

/** Parameters of {@linkcode SPLIT}. */
export interface SplitParams extends Record<string, unknown> {
  /** The axis cut. */
  readonly axis: number;
  /** Sizes of the parts. */
  readonly sizes: readonly number[];
}

/** Cuts one axis into parts. Its derivative is one concatenation, where slices' would be a sum. */
export const SPLIT: DifferentiablePrimitive<SplitParams> = {
  name: "split",
  isView: true,
  inferTypes([x], { axis, sizes }) {
    const action = `split ${formatType(x)} along axis ${axis} into [${sizes.join(",")}]`;
    checkCounts(action, "each size", sizes);
    if (sizes.reduce((sum, size) => sum + size, 0) !== x.shape[axis]) {
      throw new TypeError(`Cannot ${action}: the sizes must add up to ${x.shape[axis]}`);
    }
    return sizes.map((size) => withDimension(x, axis, size));
  },
  evaluate([x], { axis, sizes }) {
    let start = 0;
    return sizes.flatMap((size) => {
      const part = SLICE.evaluate([x], { axis, start, end: start + size });
      start += size;
      return part;
    });
  },
  vjp: ({ inputs: [x], outputs, cotangents, params: { axis } }) => {
    const parts = outputs.map((output, i) => cotangents[i] ?? fullLike(output, 0));
    return x.apply(CONCATENATE, parts, { axis });
  },
  batchRule: ([x], _mapped, params) => x.apply(SPLIT, [x], { ...params, axis: params.axis + 1 }),
  lowering: {
    kind: "element",
    element: ({ index: at, read, params: { axis, sizes }, output }) => {
      const start = sizes.slice(0, output).reduce((sum, size) => sum + size, 0);
      return read(0, at.map((i, d) => d === axis ? addIndex(i, index(start)) : i));
    },
  },
};

/** What the tests feed {@linkcode SPLIT}. */
export function splitSamples(random: RandomSource): Sample<SplitParams>[] {
  return [
    { inputs: [sampleArray(random, [6])], params: { axis: 0, sizes: [2, 2, 2] } },
    { inputs: [sampleArray(random, [2, 5])], params: { axis: 1, sizes: [1, 4] } },
  ];
}

/** Parameters of {@linkcode PAD}. */
export interface PadParams extends Record<string, unknown> {
  /** The axis that grows. */
  readonly axis: number;
  /** How many elements are put before. */
  readonly before: number;
  /** How many elements are put after. */
  readonly after: number;
  /** What they are. */
  readonly value: number;
}

/** Grows one axis with copies of a value. */
export const PAD: DifferentiablePrimitive<PadParams> = {
  name: "pad",
  isLinear: ({ value }) => value === 0,
  inferTypes([x], { axis, before, after, value }) {
    const action = `pad ${formatType(x)} by ${before} and ${after} along axis ${axis}`;
    checkCounts(action, "each width", [before, after]);
    const needed = numberNeeded(value, x.dtype);
    if (needed) throw new RangeError(`Cannot ${action}: ${needed} is needed, found ${value}`);
    if (!(axis in x.shape)) throw new RangeError(`Cannot ${action}: no such axis`);
    return [withDimension(x, axis, before + x.shape[axis] + after)];
  },
  evaluate([x], { axis, before, after, value }) {
    const result = dense(withDimension(x.type, axis, before + x.type.shape[axis] + after));
    result.data.fill(value);
    place(result, axis, before, x);
    return [result];
  },
  vjp: ({ inputs: [x], cotangents: [dy], params: { axis, before } }) =>
    dy ? dy.apply(SLICE, [dy], { axis, start: before, end: before + x.shape[axis] }) : [],
  batchRule: ([x], _mapped, params) => x.apply(PAD, [x], { ...params, axis: params.axis + 1 }),
  lowering: {
    kind: "element",
    element: ({ index: at, read, params: { axis, before, value }, inputTypes: [x] }) => {
      const size = x.shape[axis];
      const outside = constantExpression(x.dtype, value);
      if (size === 0) return outside;
      const position = subtractIndex(at[axis], index(before));
      const inner = read(0, at.map((i, d) => d === axis ? clampIndex(position, size) : i));
      const inside = applyExpression("and", "bool", [
        applyExpression("ge", "bool", [position, index(0)]),
        applyExpression("lt", "bool", [position, index(size)]),
      ]);
      return applyExpression("select", x.dtype, [inside, inner, outside]);
    },
  },
};

/** What the tests feed {@linkcode PAD}. */
export function padSamples(random: RandomSource): Sample<PadParams>[] {
  return [
    { inputs: [sampleArray(random, [3])], params: { axis: 0, before: 2, after: 1, value: 0 } },
    { inputs: [sampleArray(random, [2, 3])], params: { axis: 1, before: 0, after: 2, value: 0.5 } },
    {
      inputs: [sampleArray(random, [2, 2], { dtype: "i32" })],
      params: { axis: 0, before: 1, after: 0, value: -3 },
    },
  ];
}

/** Parameters of {@linkcode CONCATENATE}. */
interface ConcatenateParams extends Record<string, unknown> {
  readonly axis: number;
}

/** Puts tensors one after the other along one axis (parameter `axis`). */
export const CONCATENATE: DifferentiablePrimitive<ConcatenateParams> = {
  name: "concatenate",
  inferTypes(inputs, { axis }) {
    const [first] = inputs;
    for (const input of inputs) {
      const fits = input.dtype === first.dtype && input.shape.length === first.shape.length &&
        axis < input.shape.length && input.shape.every((size, d) =>
          d === axis || size === first.shape[d]
        );
      if (!fits) {
        throw new TypeError(
          `Cannot concatenate ${inputs.map(formatType).join(" and ")} along axis ${axis}: ` +
            `all other dimensions must be equal`,
        );
      }
    }
    return [withDimension(first, axis, inputs.reduce((sum, { shape }) => sum + shape[axis], 0))];
  },
  evaluate(inputs, params) {
    const { axis } = params;
    const [type] = CONCATENATE.inferTypes(inputs.map((input) => input.type), params);
    const result = dense(type);
    let start = 0;
    for (const input of inputs) {
      place(result, axis, start, input);
      start += input.type.shape[axis];
    }
    return [result];
  },
  vjp: ({ inputs, cotangents: [dy], params: { axis } }) =>
    dy ? dy.apply(SPLIT, [dy], { axis, sizes: inputs.map((input) => input.shape[axis]) }) : [],
  batchRule: (inputs, mapped, { axis }, size) =>
    inputs[0].apply(CONCATENATE, moveToFront(inputs, mapped, size), { axis: axis + 1 }),
  lowering: {
    kind: "element",
    joinedAxis: ({ axis }) => axis,
    element: ({ index: at, read, params: { axis }, inputTypes, outputTypes: [output] }) => {
      let start = 0;
      let result: Expression | undefined;
      inputTypes.forEach(({ shape }, i) => {
        if (shape[axis] === 0) return;
        const position = subtractIndex(at[axis], index(start));
        const part = read(i, at.map((j, d) => d === axis ? clampIndex(position, shape[axis]) : j));
        const here = applyExpression("ge", "bool", [at[axis], index(start)]);
        result = result ? applyExpression("select", output.dtype, [here, part, result]) : part;
        start += shape[axis];
      });
      return result ?? constantExpression(output.dtype, 0);
    },
  },
};

/** What the tests feed {@linkcode CONCATENATE}. */
export function concatenateSamples(random: RandomSource): Sample<ConcatenateParams>[] {
  return [
    { inputs: [sampleArray(random, [2]), sampleArray(random, [3])], params: { axis: 0 } },
    {
      inputs: [
        sampleArray(random, [2, 1]),
        sampleArray(random, [2, 3]),
        sampleArray(random, [2, 2]),
      ],
      params: { axis: 1 },
    },
  ];
}

function withDimension(type: TensorType, axis: number, size: number): TensorType {
  return { dtype: type.dtype, shape: type.shape.map((old, d) => d === axis ? size : old) };
}
