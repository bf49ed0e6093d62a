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
 * import { eq, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await eq(tensor([1, 2, 3]), 2).data()], [0, 1, 0]);
 * ```
 */
export function eq(x: TensorLike, y: TensorLike): Tensor {
  return binary("eq", x, y);
}

/**
 * Tests for inequality, element by element: whether `x ≠ y`, of any type.
 *
 * @returns A bool tensor of the common shape.
 * @throws {TypeError} If element types differ or are others, or shapes do not broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 *
 * @example Usage
 * ```ts
 * import { ne, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await ne(tensor([1, 2, 3]), 2).data()], [1, 0, 1]);
 * ```
 */
export function ne(x: TensorLike, y: TensorLike): Tensor {
  return binary("ne", x, y);
}

/**
 * Compares, element by element: whether `x < y`, of f32, i32 or u32.
 *
 * @returns A bool tensor of the common shape.
 * @throws {TypeError} If element types differ or are others, or shapes do not broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 *
 * @example Usage
 * ```ts
 * import { lt, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await lt(tensor([1, 2, 3]), 2).data()], [1, 0, 0]);
 * ```
 */
export function lt(x: TensorLike, y: TensorLike): Tensor {
  return binary("lt", x, y);
}

/**
 * Compares, element by element: whether `x ≤ y`, of f32, i32 or u32.
 *
 * @returns A bool tensor of the common shape.
 * @throws {TypeError} If element types differ or are others, or shapes do not broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 *
 * @example Usage
 * ```ts
 * import { le, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await le(tensor([1, 2, 3]), 2).data()], [1, 1, 0]);
 * ```
 */
export function le(x: TensorLike, y: TensorLike): Tensor {
  return binary("le", x, y);
}

/**
 * Compares, element by element: whether `x > y`, of f32, i32 or u32.
 *
 * @returns A bool tensor of the common shape.
 * @throws {TypeError} If element types differ or are others, or shapes do not broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 *
 * @example Usage
 * ```ts
 * import { gt, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await gt(tensor([1, 2, 3]), 2).data()], [0, 0, 1]);
 * ```
 */
export function gt(x: TensorLike, y: TensorLike): Tensor {
  return binary("gt", x, y);
}

/**
 * Compares, element by element: whether `x ≥ y`, of f32, i32 or u32.
 *
 * @returns A bool tensor of the common shape.
 * @throws {TypeError} If element types differ or are others, or shapes do not broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 *
 * @example Usage
 * ```ts
 * import { ge, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await ge(tensor([1, 2, 3]), 2).data()], [0, 1, 1]);
 * ```
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
 * import { and, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await and(tensor([true, true]), tensor([true, false])).data()], [1, 0]);
 * ```
 */
export function and(x: TensorLike, y: TensorLike): Tensor {
  return binary("and", x, y);
}

/**
 * Takes the logical or of bools, or the bitwise or of integers.
 *
 * @returns A tensor of the same type and the common shape.
 * @throws {TypeError} If element types differ or are others, or shapes do not broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 *
 * @example Usage
 * ```ts
 * import { or, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await or(tensor([true, false]), tensor([false, false])).data()], [1, 0]);
 * ```
 */
export function or(x: TensorLike, y: TensorLike): Tensor {
  return binary("or", x, y);
}

/**
 * Takes the bitwise exclusive or of integers.
 *
 * @returns A tensor of the same type and the common shape.
 * @throws {TypeError} If element types differ or are others, or shapes do not broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 *
 * @example Usage
 * ```ts
 * import { tensor, xor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await xor(tensor([6, 5], { dtype: "i32" }), 3).data()], [5, 6]);
 * ```
 */
export function xor(x: TensorLike, y: TensorLike): Tensor {
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
 * import { shiftLeft, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await shiftLeft(tensor([1, 3], { dtype: "i32" }), 2).data()], [4, 12]);
 * ```
 */
export function shiftLeft(x: TensorLike, y: TensorLike): Tensor {
  return binary("shift_left", x, y);
}

/**
 * Shifts integers right: `x` by `y` bits; keeps the sign of i32, fills up with zeros in u32.
 *
 * @returns A tensor of the same type and the common shape.
 * @throws {TypeError} If element types differ or are others, or shapes do not broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 *
 * @example Usage
 * ```ts
 * import { shiftRight, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await shiftRight(tensor([12, -8], { dtype: "i32" }), 2).data()], [3, -2]);
 * ```
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
