/**
 * What is known of a tensor before it has a value: its element type and its shape.
 *
 * @module
 */

/** Element types. `bool` is stored in four bytes like the others, as 0 or 1. */
export type DType = "f32" | "i32" | "u32" | "bool";

/** Shape of a tensor, outermost dimension first; `[]` is a scalar. */
export type Shape = readonly number[];

/** The type of a tensor. */
export interface TensorType {
  /** Type of the elements. */
  readonly dtype: DType;
  /** Shape of the tensor, outermost dimension first. */
  readonly shape: Shape;
}

/** The typed arrays that hold a tensor's elements on the host; `bool` travels as 0 and 1. */
export type TypedArray = Float32Array | Int32Array | Uint32Array;

/**
 * Counts the elements in a shape.
 *
 * @param shape The shape to count.
 * @returns The product of its dimensions, `1` for a scalar.
 *
 * @example Usage
 * ```ts
 * import { sizeOf } from "@unroll/core/compiler";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(sizeOf([2, 3]), 6);
 * strictEqual(sizeOf([]), 1);
 * ```
 */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let d = 0; d < shape.length; d++) size *= shape[d];
  return size;
}

/** Elements that a value may have, stored or not: loops count them in `i32`. */
export const MAX_ELEMENTS = 2 ** 31 - 1;

/** All element types. */
export const DTYPES: readonly DType[] = ["f32", "i32", "u32", "bool"];

/**
 * Checks that there is such an element type, and that loops can count the elements.
 *
 * @param type The type of a value.
 * @throws {TypeError} If its element type is none.
 * @throws {RangeError} If it has 2³¹ elements or more.
 */
export function checkElements(type: TensorType): void {
  if (!DTYPES.includes(type.dtype)) {
    throw new TypeError(
      `Cannot make ${formatType(type)}: elements must be ${DTYPES.join(", ")}, found ${type.dtype}`,
    );
  }
  const size = sizeOf(type.shape);
  // A product that is not finite may be `NaN`, which is not less than anything.
  if (size <= MAX_ELEMENTS) return;
  throw new RangeError(
    `Cannot make ${formatType(type)}: at most ${MAX_ELEMENTS} elements are possible, found ${size}`,
  );
}

/**
 * Computes the distance in elements between neighbours along each dimension of a row-major tensor.
 *
 * @param shape The shape to walk.
 * @returns One stride a dimension; the last is 1.
 *
 * @example Usage
 * ```ts
 * import { stridesOf } from "@unroll/core/compiler";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual(stridesOf([2, 3, 4]), [12, 4, 1]);
 * ```
 */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

/**
 * Formats a type the way errors and graph dumps print it.
 *
 * @param type The type to print.
 * @returns Text such as `f32[2,3]`.
 *
 * @example Usage
 * ```ts
 * import { formatType } from "@unroll/core/compiler";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(formatType({ dtype: "f32", shape: [2, 3] }), "f32[2,3]");
 * ```
 */
export function formatType(type: TensorType): string {
  return `${type.dtype}[${type.shape.join(",")}]`;
}

/**
 * Returns whether two shapes are equal.
 *
 * @param a A shape.
 * @param b Another.
 * @returns Whether they are.
 *
 * @example Usage
 * ```ts
 * import { sameShape, sameType } from "@unroll/core/compiler";
 * import { ok } from "node:assert/strict";
 *
 * ok(sameShape([2, 3], [2, 3]));
 * ok(!sameType({ dtype: "f32", shape: [2] }, { dtype: "i32", shape: [2] }));
 * ```
 */
export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  // Runs are short, and compare the types of all that they are given.
  for (let d = 0; d < a.length; d++) if (a[d] !== b[d]) return false;
  return true;
}

/**
 * Returns whether two types are equal. An example stands at {@linkcode sameShape}.
 *
 * @param a A type.
 * @param b Another.
 * @returns Whether they are.
 */
export function sameType(a: TensorType, b: TensorType): boolean {
  return a.dtype === b.dtype && sameShape(a.shape, b.shape);
}

/** Returns whether derivatives flow through a type: only real numbers have them. */
export function isDifferentiable(type: TensorType): boolean {
  return type.dtype === "f32";
}

/**
 * Makes a typed array for elements of a type, made from numbers or of zeros.
 *
 * @param dtype The element type; `bool` is held as 0 and 1 in a `Uint32Array`.
 * @param source How many elements, or the elements.
 * @returns A new array; numbers are rounded the way the element type rounds.
 */
export function typedArray(
  dtype: DType,
  source: number | ArrayLike<number>,
): TypedArray {
  const Type = dtype === "f32" ? Float32Array : dtype === "i32" ? Int32Array : Uint32Array;
  // Two overloads. `Type.from` would ask for the numbers one by one.
  return typeof source === "number" ? new Type(source) : new Type(source);
}
