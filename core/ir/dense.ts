/**
 * Helpers to compute with {@linkcode DenseArray}s and to make samples of them.
 *
 * @module
 */
import { type DType, type Shape, sizeOf, type TensorType } from "./tensor_type.ts";
import type { DenseArray, RandomSource } from "./primitive.ts";

/** Makes a dense array of zeros, or of the given elements. */
export function dense(type: TensorType, data?: ArrayLike<number>): DenseArray {
  return {
    type,
    data: data ? new Float64Array(data) : new Float64Array(sizeOf(type.shape)),
  };
}

/** Makes a dense array whose elements are computed from their multi-index. */
export function denseFrom(type: TensorType, element: (index: number[]) => number): DenseArray {
  const result = dense(type);
  forEachIndex(type.shape, (index, flat) => result.data[flat] = element(index));
  return result;
}

/** Calls back for every multi-index of a shape, in row-major order. The array is reused. */
export function forEachIndex(
  shape: Shape,
  callback: (index: number[], flat: number) => void,
): void {
  const index = new Array<number>(shape.length).fill(0);
  const size = sizeOf(shape);
  for (let flat = 0; flat < size; flat++) {
    callback(index, flat);
    for (let d = shape.length - 1; d >= 0; d--) {
      if (++index[d] < shape[d]) break;
      index[d] = 0;
    }
  }
}

/**
 * Elements of another array, whose places go by one stride a dimension: slices, transposes,
 * repetitions.
 */
export function strided(
  { data }: DenseArray,
  type: TensorType,
  strides: readonly number[],
  start: number = 0,
): DenseArray {
  const { shape } = type;
  const result = dense(type);
  const index = new Array<number>(shape.length).fill(0);
  const last = shape.length - 1;
  const [length, step] = last < 0 ? [1, 0] : [shape[last], strides[last]];
  let place = start;
  for (let row = 0; row < result.data.length; row += length) {
    for (let i = 0; i < length; i++) result.data[row + i] = data[place + i * step];
    for (let d = last - 1; d >= 0; d--) {
      place += strides[d];
      if (++index[d] < shape[d]) break;
      place -= shape[d] * strides[d];
      index[d] = 0;
    }
  }
  return result;
}

/** Writes an array into a larger one, from a position of one axis on. */
export function place(into: DenseArray, axis: number, start: number, part: DenseArray): void {
  const inner = sizeOf(into.type.shape.slice(axis + 1));
  const [width, length] = [into, part].map(({ type }) => type.shape[axis] * inner);
  const rows = sizeOf(into.type.shape.slice(0, axis));
  for (let row = 0; row < rows; row++) {
    const own = part.data.subarray(row * length, (row + 1) * length);
    into.data.set(own, row * width + start * inner);
  }
}

/** Makes a sample input: real numbers in [−1, 1) or in a range, whole numbers below `limit`, or bools. */
export function sampleArray(
  random: RandomSource,
  shape: Shape,
  options: {
    readonly dtype?: DType;
    readonly min?: number;
    readonly max?: number;
  } = {},
): DenseArray {
  const { dtype = "f32" } = options;
  const min = options.min ?? (dtype === "f32" ? -1 : 0);
  const max = options.max ?? (dtype === "bool" ? 2 : dtype === "f32" ? 1 : 5);
  return denseFrom({ dtype, shape }, () => {
    const x = min + (max - min) * random();
    if (dtype === "f32") return Math.fround(x);
    return dtype === "i32" ? Math.floor(x) : Math.max(0, Math.floor(x));
  });
}
