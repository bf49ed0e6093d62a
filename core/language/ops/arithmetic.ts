/**
 * Arithmetic, element by element, on tensors and numbers: see `operands.ts` for what goes together.
 *
 * @module
 */
import { elementwise } from "../primitives/elementwise.ts";
import type { Tensor, TensorLike } from "../tensor.ts";
import { binary } from "./operands.ts";

/**
 * Adds, element by element: `x + y`, of f32, i32 or u32.
 *
 * @returns A tensor of the same type and the common shape.
 * @throws {TypeError} If element types differ or are others, or shapes do not broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 *
 * @example Usage
 * ```ts
 * import { add, div, mul, sub, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await add(tensor([1, 2]), 3).data()], [4, 5]);
 * deepStrictEqual([...await sub(3, tensor([1, 2])).data()], [2, 1]);
 * deepStrictEqual([...await mul(tensor([1, 2]), tensor([3, 4])).data()], [3, 8]);
 * deepStrictEqual([...await div(tensor([6, 3]), 2).data()], [3, 1.5]);
 * ```
 */
export function add(x: TensorLike, y: TensorLike): Tensor {
  return binary("add", x, y);
}

/**
 * Subtracts, element by element: `x − y`, of f32, i32 or u32.
 * An example stands at {@linkcode add}.
 *
 * @returns A tensor of the same type and the common shape.
 * @throws {TypeError} If element types differ or are others, or shapes do not broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 */
export function sub(x: TensorLike, y: TensorLike): Tensor {
  return binary("sub", x, y);
}

/**
 * Multiplies, element by element: `x · y`, of f32, i32 or u32.
 * An example stands at {@linkcode add}.
 *
 * @returns A tensor of the same type and the common shape.
 * @throws {TypeError} If element types differ or are others, or shapes do not broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 */
export function mul(x: TensorLike, y: TensorLike): Tensor {
  return binary("mul", x, y);
}

/**
 * Divides, element by element: `x / y`, of f32, i32 or u32; of integers rounded toward zero, and 0
 * where `y` is 0. An example stands at {@linkcode add}.
 *
 * @returns A tensor of the same type and the common shape.
 * @throws {TypeError} If element types differ or are others, or shapes do not broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 */
export function div(x: TensorLike, y: TensorLike): Tensor {
  return binary("div", x, y);
}

/**
 * Gives what an integer division leaves, with the sign of `x`; of i32 or u32.
 *
 * @returns A tensor of the same type and the common shape.
 * @throws {TypeError} If element types differ or are others, or shapes do not broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 *
 * @example Usage
 * ```ts
 * import { remainder, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await remainder(tensor([7, -7], { dtype: "i32" }), 4).data()], [3, -3]);
 * ```
 */
export function remainder(x: TensorLike, y: TensorLike): Tensor {
  return binary("rem", x, y);
}

/**
 * Raises to a power: `xʸ`, of f32; `x⁰` and `1ʸ` are 1, also of NaN.
 *
 * @returns A tensor of the same type and the common shape.
 * @throws {TypeError} If element types differ or are others, or shapes do not broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 *
 * @example Usage
 * ```ts
 * import { pow, square, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await pow(tensor([2, 3]), 2).data()], [4, 9]);
 * deepStrictEqual([...await square(tensor([2, -3])).data()], [4, 9]);
 * ```
 */
export function pow(x: TensorLike, y: TensorLike): Tensor {
  return binary("pow", x, y);
}

/**
 * Takes the greater of two, element by element; of f32, i32 or u32. See `max` for the greatest
 * along axes.
 *
 * @returns A tensor of the same type and the common shape.
 * @throws {TypeError} If element types differ or are others, or shapes do not broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 *
 * @example Usage
 * ```ts
 * import { maximum, minimum, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await maximum(tensor([1, 5]), 3).data()], [3, 5]);
 * deepStrictEqual([...await minimum(tensor([1, 5]), 3).data()], [1, 3]);
 * ```
 */
export function maximum(x: TensorLike, y: TensorLike): Tensor {
  return binary("max", x, y);
}

/**
 * Takes the lesser of two, element by element; of f32, i32 or u32. An example stands at
 * {@linkcode maximum}.
 *
 * @returns A tensor of the same type and the common shape.
 * @throws {TypeError} If element types differ or are others, or shapes do not broadcast.
 * @throws {RangeError} If a number is not one of the tensor's type.
 */
export function minimum(x: TensorLike, y: TensorLike): Tensor {
  return binary("min", x, y);
}

/**
 * Negates: `−x`, of f32 or i32.
 *
 * @returns A tensor of the same type and shape.
 * @throws {TypeError} If the element type is another.
 *
 * @example Usage
 * ```ts
 * import { abs, neg, sign, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const x = tensor([1, -2]);
 * deepStrictEqual([...await neg(x).data()], [-1, 2]);
 * deepStrictEqual([...await abs(x).data()], [1, 2]);
 * deepStrictEqual([...await sign(x).data()], [1, -1]);
 * ```
 */
export function neg(x: Tensor): Tensor {
  return elementwise("neg", [x]);
}

/**
 * Takes absolute values, of f32 or i32. An example stands at
 * {@linkcode neg}.
 *
 * @returns A tensor of the same type and shape.
 * @throws {TypeError} If the element type is another.
 */
export function abs(x: Tensor): Tensor {
  return elementwise("abs", [x]);
}

/**
 * Gives the sign, −1, 0 or 1; of f32 or i32. An example stands at
 * {@linkcode neg}.
 *
 * @returns A tensor of the same type and shape.
 * @throws {TypeError} If the element type is another.
 */
export function sign(x: Tensor): Tensor {
  return elementwise("sign", [x]);
}

/**
 * Squares: `x · x`, of f32, i32 or u32. An example stands at {@linkcode pow}.
 *
 * @returns A tensor of the same type and shape.
 * @throws {TypeError} If the element type is another.
 */
export function square(x: Tensor): Tensor {
  return elementwise("mul", [x, x]);
}
