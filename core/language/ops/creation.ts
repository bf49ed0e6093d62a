/**
 * Tensors from nothing.
 *
 * @module
 */
import { checkCounts } from "../../util/check_counts.ts";
import { FILL, IOTA, numberNeeded, numberOf } from "../primitives/creation.ts";
import { apply, Tensor } from "../tensor.ts";
import { describe } from "../tree.ts";
import {
  checkElements,
  type DType,
  formatType,
  type Shape,
  sizeOf,
  type TensorType,
  type TypedArray,
  typedArray,
} from "../../ir/tensor_type.ts";

export { fullLike } from "../primitives/creation.ts";

/** Numbers nested in arrays, all of one depth and of equal lengths at each depth. */
export type NestedNumbers = number | boolean | readonly NestedNumbers[];

/**
 * A tensor of given numbers.
 *
 * @param values Nested arrays, a number, or a flat typed array with `shape`.
 * @param options `dtype` (by default `f32`; that of a typed array; `bool` for booleans) and `shape`.
 * @returns A tensor on the host.
 * @throws {TypeError} If the nesting is ragged or the shape does not fit.
 * @throws {RangeError} If a number is none of the element type, such as a fraction for `i32`.
 *
 * @example Usage
 * ```ts
 * import { tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual(tensor([[1, 2, 3], [4, 5, 6]]).shape, [2, 3]);
 * ```
 */
export function tensor(
  values: NestedNumbers | Float32Array | Int32Array | Uint32Array,
  options: { readonly dtype?: DType; readonly shape?: Shape } = {},
): Tensor {
  const shape: number[] = [];
  const flat: number[] = [];
  let data: ArrayLike<number> = flat;
  let dtype = options.dtype ?? "f32";
  if (ArrayBuffer.isView(values)) {
    refuseOtherArray("make a tensor", values);
    data = values;
    shape.push(values.length);
    dtype = options.dtype ??
      (values instanceof Float32Array ? "f32" : values instanceof Int32Array ? "i32" : "u32");
  } else {
    for (let at: NestedNumbers = values; Array.isArray(at); at = at[0]) {
      shape.push(at.length);
      if (at.length === 0) break;
    }
    let booleans = true;
    const visit = (value: NestedNumbers, depth: number) => {
      if (!Array.isArray(value)) {
        if (typeof value !== "number" && typeof value !== "boolean") {
          throw new TypeError(
            `Cannot make a tensor: numbers or booleans are needed, found ${describe(value)}`,
          );
        }
        booleans &&= typeof value === "boolean";
        flat.push(Number(value));
      }
      if (Array.isArray(value) ? value.length !== shape[depth] : depth !== shape.length) {
        throw new TypeError(
          `Cannot make a tensor of ragged arrays: expected [${shape.join(",")}] throughout`,
        );
      }
      if (Array.isArray(value)) { for (const part of value) visit(part, depth + 1); }
    };
    visit(values, 0);
    if (!options.dtype && booleans && flat.length > 0) dtype = "bool";
  }
  const finalShape = options.shape ?? shape;
  checkCounts(`make a tensor of shape [${finalShape.join(",")}]`, "each size", finalShape);
  if (sizeOf(finalShape) !== data.length) {
    throw new TypeError(
      `Cannot make a tensor of shape [${finalShape.join(",")}]: ` +
        `${sizeOf(finalShape)} elements are needed, found ${data.length}`,
    );
  }
  const type = { dtype, shape: finalShape };
  checkElements(type);
  const made = typedArray(dtype, data);
  const wrong = dtype === "f32" ? -1 : findChanged(data, made, dtype === "bool" ? 1 : Infinity);
  if (wrong >= 0) {
    throw new RangeError(
      `Cannot make a tensor ${formatType(type)} of numbers: ` +
        `${numberNeeded(data[wrong], dtype)} is needed, found ${data[wrong]}`,
    );
  }
  return new Tensor(type, { kind: "host", data: made });
}

/** Throws where an array of numbers is of a kind that no element type is held in. */
export function refuseOtherArray(action: string, values: ArrayBufferView): void {
  if (
    values instanceof Float32Array || values instanceof Int32Array || values instanceof Uint32Array
  ) return;
  throw new TypeError(
    `Cannot ${action} of numbers: a Float32Array, Int32Array or Uint32Array is needed, ` +
      `found ${values.constructor.name}`,
  );
}

/** Position of the first number that conversion has changed or that is greater than `most`, or −1. */
function findChanged(numbers: ArrayLike<number>, made: TypedArray, most: number): number {
  const { length } = made;
  for (let i = 0; i < length; i++) {
    const number = numbers[i];
    if (number !== made[i] || number > most) return i;
  }
  return -1;
}

/**
 * Makes a tensor whose every element is `value`.
 *
 * @param shape Its shape.
 * @param value The element.
 * @param dtype Its element type.
 * @returns The tensor.
 * @throws {RangeError} If a size is not a whole number of 0 or more, or the value not one of the type.
 *
 * @example Usage
 * ```ts
 * import { fill, iota, ones, zeros } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await fill([2], 0.5).data()], [0.5, 0.5]);
 * deepStrictEqual([...await zeros([2]).data()], [0, 0]);
 * deepStrictEqual([...await ones([2], "i32").data()], [1, 1]);
 * deepStrictEqual([...await iota([2, 3], 1).data()], [0, 1, 2, 0, 1, 2]);
 * ```
 */
export function fill(shape: Shape, value: number, dtype: DType = "f32"): Tensor {
  return apply(FILL, [], { dtype, shape, value: numberOf(value, dtype) })[0];
}

/**
 * Makes a tensor of zeros. An example stands at {@linkcode fill}.
 *
 * @param shape Its shape.
 * @param dtype Its element type.
 * @returns The tensor.
 * @throws {RangeError} If a size is not a whole number of 0 or more.
 */
export function zeros(shape: Shape, dtype: DType = "f32"): Tensor {
  return fill(shape, 0, dtype);
}

/**
 * Makes a tensor of ones. An example stands at {@linkcode fill}.
 *
 * @param shape Its shape.
 * @param dtype Its element type.
 * @returns The tensor.
 * @throws {RangeError} If a size is not a whole number of 0 or more.
 */
export function ones(shape: Shape, dtype: DType = "f32"): Tensor {
  return fill(shape, 1, dtype);
}

/**
 * Makes a tensor of zeros of the shape and element type of a tensor, or of a type.
 *
 * @param x The tensor or the type.
 * @returns The zeros.
 *
 * @example Usage
 * ```ts
 * import { fullLike, tensor, zerosLike } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const x = tensor([1, 2], { dtype: "i32" });
 * deepStrictEqual([...await zerosLike(x).data()], [0, 0]);
 * deepStrictEqual([...await fullLike(x, 7).data()], [7, 7]);
 * ```
 */
export function zerosLike(x: Tensor | TensorType): Tensor {
  const { shape, dtype } = "type" in x ? x.type : x;
  return fill(shape, 0, dtype);
}

/**
 * Counts from 0 along an axis. An example stands at {@linkcode fill}.
 *
 * @param shape Shape of the result.
 * @param axis The axis.
 * @param dtype Element type of the result.
 * @returns A tensor of that shape: each element is its position along the axis.
 * @throws {RangeError} If there is no such axis, or a size is not a whole number of 0 or more.
 */
export function iota(shape: Shape, axis = 0, dtype: DType = "i32"): Tensor {
  return apply(IOTA, [], { dtype, shape, axis })[0];
}
