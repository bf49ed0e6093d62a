/**
 * Functions of one tensor, element by element.
 *
 * @module
 */
import { castTo, elementwise } from "../primitives/elementwise.ts";
import type { Tensor } from "../tensor.ts";
import type { DType } from "../../ir/tensor_type.ts";
import { binary } from "./operands.ts";

/**
 * Takes the exponential function `eˣ` of f32.
 *
 * @returns A tensor of the same type and shape.
 * @throws {TypeError} If the element type is another.
 *
 * @example Usage
 * ```ts
 * import { exp, log, sqrt, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await exp(tensor([0, -Infinity])).data()], [1, 0]);
 * deepStrictEqual([...await log(tensor([1, 0])).data()], [0, -Infinity]);
 * deepStrictEqual([...await sqrt(tensor([4, 9])).data()], [2, 3]);
 * ```
 */
export function exp(x: Tensor): Tensor {
  return elementwise("exp", [x]);
}

/**
 * Takes the natural logarithm of f32; NaN of negative numbers. An example stands at
 * {@linkcode exp}.
 *
 * @returns A tensor of the same type and shape.
 * @throws {TypeError} If the element type is another.
 */
export function log(x: Tensor): Tensor {
  return elementwise("log", [x]);
}

/**
 * Takes the square root of f32; NaN of negative numbers. An example stands at {@linkcode exp}.
 *
 * @returns A tensor of the same type and shape.
 * @throws {TypeError} If the element type is another.
 */
export function sqrt(x: Tensor): Tensor {
  return elementwise("sqrt", [x]);
}

/**
 * Takes the sine of angles in radians, f32, also of large ones.
 *
 * @returns A tensor of the same type and shape.
 * @throws {TypeError} If the element type is another.
 *
 * @example Usage
 * ```ts
 * import { cos, sin, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await sin(tensor([0, Math.PI / 2])).data()], [0, 1]);
 * deepStrictEqual([...await cos(tensor([0, Math.PI])).data()], [1, -1]);
 * ```
 */
export function sin(x: Tensor): Tensor {
  return elementwise("sin", [x]);
}

/**
 * Takes the cosine of angles in radians, f32, also of large ones. An example stands at
 * {@linkcode sin}.
 *
 * @returns A tensor of the same type and shape.
 * @throws {TypeError} If the element type is another.
 */
export function cos(x: Tensor): Tensor {
  return elementwise("cos", [x]);
}

/**
 * Takes the hyperbolic tangent of f32.
 *
 * @returns A tensor of the same type and shape.
 * @throws {TypeError} If the element type is another.
 *
 * @example Usage
 * ```ts
 * import { sigmoid, tanh, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await tanh(tensor([0, Infinity])).data()], [0, 1]);
 * deepStrictEqual([...await sigmoid(tensor([0, Infinity])).data()], [0.5, 1]);
 * ```
 */
export function tanh(x: Tensor): Tensor {
  return elementwise("tanh", [x]);
}

/**
 * Takes the logistic function `1 / (1 + e⁻ˣ)` of f32. An example stands at
 * {@linkcode tanh}.
 *
 * @returns A tensor of the same type and shape.
 * @throws {TypeError} If the element type is another.
 */
export function sigmoid(x: Tensor): Tensor {
  return elementwise("sigmoid", [x]);
}

/**
 * Rounds f32 down: the greatest whole number not above `x`.
 * An example stands at {@linkcode cast}.
 *
 * @returns A tensor of the same type and shape.
 * @throws {TypeError} If the element type is another.
 */
export function floor(x: Tensor): Tensor {
  return elementwise("floor", [x]);
}

/**
 * Rectifies: `max(x, 0)`, with derivative 0 at 0; of f32, i32 or u32.
 * An example stands at {@linkcode cast}.
 *
 * @returns A tensor of the same type and shape.
 * @throws {TypeError} If the element type is another.
 */
export function relu(x: Tensor): Tensor {
  return binary("max", x, 0);
}

/**
 * Passes `x` on, of any type, but no derivative through it.
 *
 * @returns The same values.
 *
 * @example Usage
 * ```ts
 * import { grad, stopGradient, tensor, type Tensor } from "@unroll/core";
 * import { strictEqual } from "node:assert/strict";
 *
 * const gradient = grad((x: Tensor) => x.mul(stopGradient(x)))(tensor(3));
 * strictEqual(await gradient.item(), 3);
 * ```
 */
export function stopGradient(x: Tensor): Tensor {
  return elementwise("stop_gradient", [x]);
}

/**
 * Converts to another element type. Real numbers are rounded toward zero and saturate; NaN becomes
 * 0; bools are 0 and 1.
 *
 * @returns A tensor of that type and the same shape.
 *
 * @example Usage
 * ```ts
 * import { cast, floor, relu, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await cast(tensor([1.9, -1.9]), "i32").data()], [1, -1]);
 * deepStrictEqual([...await floor(tensor([1.5, -1.5])).data()], [1, -2]);
 * deepStrictEqual([...await relu(tensor([-1, 2])).data()], [0, 2]);
 * ```
 */
export function cast(x: Tensor, dtype: DType): Tensor {
  return castTo(x, dtype);
}
