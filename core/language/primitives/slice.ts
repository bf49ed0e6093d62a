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
import { zerosOf } from "../ops/creation.ts";
import { apply } from "../trace.ts";
import { formatType, stridesOf, type TensorType } from "../../ir/tensor_type.ts";
import { dense, place, sampleArray, strided } from "../../ir/dense.ts";
import type { Primitive } from "../../ir/primitive.ts";

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
export const SLICE: Primitive = {
  name: "slice",
  type([x], params) {
    const { axis, start, end } = params as SliceParams;
    const action = `slice ${formatType(x)} from ${start} to ${end} along axis ${axis}`;
    checkCounts(action, "each position", [start, end]);
    if (!(start <= end && end <= x.shape[axis])) {
      throw new TypeError(`Cannot ${action}: out of bounds`);
    }
    return [withDimension(x, axis, end - start)];
  },
  evaluate([x], params) {
    const { axis, start, end } = params as SliceParams;
    const strides = stridesOf(x.type.shape);
    const type = withDimension(x.type, axis, end - start);
    return [strided(x, type, strides, start * strides[axis])];
  },
  vjp: ({ inputs: [x], cotangents: [dy], params }) => {
    const { axis, start, end } = params as SliceParams;
    if (!dy) return [];
    return apply(PAD, [dy], { axis, before: start, after: x.shape[axis] - end, value: 0 });
  },
  batch: (inputs, _mapped, params) =>
    apply(SLICE, inputs, { ...params, axis: (params as SliceParams).axis + 1 }),
  lowering: {
    kind: "element",
    element: ({ index: at, read, params }) => {
      const { axis, start } = params as SliceParams;
      return read(0, at.map((i, d) => d === axis ? addIndex(i, index(start)) : i));
    },
  },
  samples: (random) => [
    { inputs: [sampleArray(random, [5])], params: { axis: 0, start: 1, end: 4 } },
    { inputs: [sampleArray(random, [2, 5, 3])], params: { axis: 1, start: 2, end: 5 } },
    {
      inputs: [sampleArray(random, [3, 4], { dtype: "i32" })],
      params: { axis: 1, start: 0, end: 1 },
    },
  ],
};

/** Parameters of {@linkcode SPLIT}. */
export interface SplitParams extends Record<string, unknown> {
  /** The axis cut. */
  readonly axis: number;
  /** Sizes of the parts. */
  readonly sizes: readonly number[];
}

/** Cuts one axis into parts. Its derivative is one concatenation, where slices' would be a sum. */
export const SPLIT: Primitive = {
  name: "split",
  type([x], params) {
    const { axis, sizes } = params as SplitParams;
    const action = `split ${formatType(x)} along axis ${axis} into [${sizes.join(",")}]`;
    checkCounts(action, "each size", sizes);
    if (sizes.reduce((sum, size) => sum + size, 0) !== x.shape[axis]) {
      throw new TypeError(`Cannot ${action}: the sizes must add up to ${x.shape[axis]}`);
    }
    return sizes.map((size) => withDimension(x, axis, size));
  },
  evaluate([x], params) {
    const { axis, sizes } = params as SplitParams;
    let start = 0;
    return sizes.flatMap((size) => {
      const part = SLICE.evaluate([x], { axis, start, end: start + size });
      start += size;
      return part;
    });
  },
  vjp: ({ outputs, cotangents, params }) => {
    const parts = outputs.map((output, i) => cotangents[i] ?? zerosOf(output.type));
    return apply(CONCATENATE, parts, { axis: (params as SplitParams).axis });
  },
  batch: (inputs, _mapped, params) =>
    apply(SPLIT, inputs, { ...params, axis: (params as SplitParams).axis + 1 }),
  lowering: {
    kind: "element",
    element: ({ index: at, read, params, output }) => {
      const { axis, sizes } = params as SplitParams;
      const start = sizes.slice(0, output).reduce((sum, size) => sum + size, 0);
      return read(0, at.map((i, d) => d === axis ? addIndex(i, index(start)) : i));
    },
  },
  samples: (random) => [
    { inputs: [sampleArray(random, [6])], params: { axis: 0, sizes: [2, 2, 2] } },
    { inputs: [sampleArray(random, [2, 5])], params: { axis: 1, sizes: [1, 4] } },
  ],
};

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
export const PAD: Primitive = {
  name: "pad",
  type([x], params) {
    const { axis, before, after } = params as PadParams;
    const action = `pad ${formatType(x)} by ${before} and ${after} along axis ${axis}`;
    checkCounts(action, "each width", [before, after]);
    if (!(axis in x.shape)) throw new RangeError(`Cannot ${action}: no such axis`);
    return [withDimension(x, axis, before + x.shape[axis] + after)];
  },
  evaluate([x], params) {
    const { axis, before, after, value } = params as PadParams;
    const result = dense(withDimension(x.type, axis, before + x.type.shape[axis] + after));
    result.data.fill(value);
    place(result, axis, before, x);
    return [result];
  },
  vjp: ({ inputs: [x], cotangents: [dy], params }) => {
    const { axis, before } = params as PadParams;
    return dy ? apply(SLICE, [dy], { axis, start: before, end: before + x.shape[axis] }) : [];
  },
  batch: (inputs, _mapped, params) =>
    apply(PAD, inputs, { ...params, axis: (params as PadParams).axis + 1 }),
  lowering: {
    kind: "element",
    element: ({ index: at, read, params, inputTypes: [x] }) => {
      const { axis, before, value } = params as PadParams;
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
  samples: (random) => [
    { inputs: [sampleArray(random, [3])], params: { axis: 0, before: 2, after: 1, value: 0 } },
    { inputs: [sampleArray(random, [2, 3])], params: { axis: 1, before: 0, after: 2, value: 0.5 } },
    {
      inputs: [sampleArray(random, [2, 2], { dtype: "i32" })],
      params: { axis: 0, before: 1, after: 0, value: -3 },
    },
  ],
};

/** Puts tensors one after the other along one axis (parameter `axis`). */
export const CONCATENATE: Primitive = {
  name: "concatenate",
  type(inputs, params) {
    const { axis } = params as { readonly axis: number };
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
    const { axis } = params as { readonly axis: number };
    const [type] = CONCATENATE.type(inputs.map((input) => input.type), params);
    const result = dense(type);
    let start = 0;
    for (const input of inputs) {
      place(result, axis, start, input);
      start += input.type.shape[axis];
    }
    return [result];
  },
  vjp: ({ inputs, cotangents: [dy], params }) => {
    const { axis } = params as { readonly axis: number };
    return dy ? apply(SPLIT, [dy], { axis, sizes: inputs.map((input) => input.shape[axis]) }) : [];
  },
  batch: (inputs, mapped, params, size) => {
    const { axis } = params as { readonly axis: number };
    return apply(CONCATENATE, moveToFront(inputs, mapped, size), { axis: axis + 1 });
  },
  lowering: {
    kind: "element",
    element: ({ index: at, read, params, inputTypes, outputTypes: [output] }) => {
      const { axis } = params as { readonly axis: number };
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
  samples: (random) => [
    { inputs: [sampleArray(random, [2]), sampleArray(random, [3])], params: { axis: 0 } },
    {
      inputs: [
        sampleArray(random, [2, 1]),
        sampleArray(random, [2, 3]),
        sampleArray(random, [2, 2]),
      ],
      params: { axis: 1 },
    },
  ],
};

function withDimension(type: TensorType, axis: number, size: number): TensorType {
  return { dtype: type.dtype, shape: type.shape.map((old, d) => d === axis ? size : old) };
}
