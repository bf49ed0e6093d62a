/**
 * Comparisons, logic and bits, element by element: see `operands.ts` for what goes together.
 *
 * @module
 */
import { elementwise } from "../primitives/elementwise.ts";
import type { Tensor, TensorLike } from "../tensor.ts";
import { binary, broadcastAll } from "./operands.ts";

/**
 * Tests for equality, element by element: whether `x = y`, of any type.
 *
 * @returns A bool tensor of the common shape.
 * @throws {TypeError} If element types differ or are others, or shapes do not broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 *
 * @example Usage
 * ```ts
 * import { eq, ge, lt, ne, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const x = tensor([1, 2, 3]);
 * deepStrictEqual([...await eq(x, 2).data()], [0, 1, 0]);
 * deepStrictEqual([...await ne(x, 2).data()], [1, 0, 1]);
 * deepStrictEqual([...await lt(x, 2).data()], [1, 0, 0]);
 * deepStrictEqual([...await ge(x, 2).data()], [0, 1, 1]);
 * ```
 */
export function eq(x: TensorLike, y: TensorLike): Tensor {
  return binary("eq", x, y);
}

/**
 * Tests for inequality, element by element: whether `x ≠ y`, of any type. An example stands at
 * {@linkcode eq}.
 *
 * @returns A bool tensor of the common shape.
 * @throws {TypeError} If element types differ or are others, or shapes do not broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 */
export function ne(x: TensorLike, y: TensorLike): Tensor {
  return binary("ne", x, y);
}

/**
 * Compares, element by element: whether `x < y`, of f32, i32 or u32. An example stands at
 * {@linkcode eq}.
 *
 * @returns A bool tensor of the common shape.
 * @throws {TypeError} If element types differ or are others, or shapes do not broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 */
export function lt(x: TensorLike, y: TensorLike): Tensor {
  return binary("lt", x, y);
}

/**
 * Compares, element by element: whether `x ≤ y`, of f32, i32 or u32. An example stands at
 * {@linkcode eq}.
 *
 * @returns A bool tensor of the common shape.
 * @throws {TypeError} If element types differ or are others, or shapes do not broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 */
export function le(x: TensorLike, y: TensorLike): Tensor {
  return binary("le", x, y);
}

/**
 * Compares, element by element: whether `x > y`, of f32, i32 or u32. An example stands at
 * {@linkcode eq}.
 *
 * @returns A bool tensor of the common shape.
 * @throws {TypeError} If element types differ or are others, or shapes do not broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 */
export function gt(x: TensorLike, y: TensorLike): Tensor {
  return binary("gt", x, y);
}

/**
 * Compares, element by element: whether `x ≥ y`, of f32, i32 or u32. An example stands at
 * {@linkcode eq}.
 *
 * @returns A bool tensor of the common shape.
 * @throws {TypeError} If element types differ or are others, or shapes do not broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 */
export function ge(x: TensorLike, y: TensorLike): Tensor {
  return binary("ge", x, y);
}

/**
 * Takes the logical and of bools, or the bitwise and of integers.
 *
 * @returns A tensor of the same type and the common shape.
 * @throws {TypeError} If element types differ or are others, or shapes do not broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 *
 * @example Usage
 * ```ts
 * import { and, bitwiseXor, or, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const [x, y] = [tensor([12, 10], { dtype: "i32" }), 6];
 * deepStrictEqual([...await and(x, y).data()], [4, 2]);
 * deepStrictEqual([...await or(x, y).data()], [14, 14]);
 * deepStrictEqual([...await bitwiseXor(x, y).data()], [10, 12]);
 * ```
 */
export function and(x: TensorLike, y: TensorLike): Tensor {
  return binary("and", x, y);
}

/**
 * Takes the logical or of bools, or the bitwise or of integers. An example stands at
 * {@linkcode and}.
 *
 * @returns A tensor of the same type and the common shape.
 * @throws {TypeError} If element types differ or are others, or shapes do not broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 */
export function or(x: TensorLike, y: TensorLike): Tensor {
  return binary("or", x, y);
}

/**
 * Takes the bitwise exclusive or of integers. An example stands at
 * {@linkcode and}.
 *
 * @returns A tensor of the same type and the common shape.
 * @throws {TypeError} If element types differ or are others, or shapes do not broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 */
export function bitwiseXor(x: TensorLike, y: TensorLike): Tensor {
  return binary("xor", x, y);
}

/**
 * Shifts integers left: `x` by `y` bits.
 *
 * @returns A tensor of the same type and the common shape.
 * @throws {TypeError} If element types differ or are others, or shapes do not broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 *
 * @example Usage
 * ```ts
 * import { shiftLeft, shiftRight, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const x = tensor([12, -8], { dtype: "i32" });
 * deepStrictEqual([...await shiftLeft(x, 2).data()], [48, -32]);
 * deepStrictEqual([...await shiftRight(x, 2).data()], [3, -2]);
 * ```
 */
export function shiftLeft(x: TensorLike, y: TensorLike): Tensor {
  return binary("shift_left", x, y);
}

/**
 * Shifts integers right: `x` by `y` bits; keeps the sign of i32, fills up with zeros in u32. An example stands at
 * {@linkcode shiftLeft}.
 *
 * @returns A tensor of the same type and the common shape.
 * @throws {TypeError} If element types differ or are others, or shapes do not broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 */
export function shiftRight(x: TensorLike, y: TensorLike): Tensor {
  return binary("shift_right", x, y);
}

/**
 * Negates bools, element by element.
 *
 * @returns A tensor of the same type and shape.
 * @throws {TypeError} If the element type is another.
 *
 * @example Usage
 * ```ts
 * import { not, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await not(tensor([true, false])).data()], [0, 1]);
 * ```
 */
export function not(x: Tensor): Tensor {
  return elementwise("not", [x]);
}

/**
 * Chooses, element by element: `x` where the condition (bool) is true, `y` where it is not. Values
 * may be of any one type; f32 if both are numbers. Shapes broadcast.
 *
 * @returns A tensor of the values' type and the common shape.
 * @throws {TypeError} If the condition is not bool, the values differ in type, or shapes do not
 * broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 *
 * @example Usage
 * ```ts
 * import { gt, tensor, where } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const x = tensor([-1, 2]);
 * deepStrictEqual([...await where(gt(x, 0), x, 0).data()], [0, 2]);
 * ```
 */
export function where(condition: Tensor, x: TensorLike, y: TensorLike): Tensor {
  return elementwise("select", broadcastAll("select", [condition, x, y], [x, y]));
}
