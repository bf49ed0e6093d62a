/**
 * Elementwise functions on tensors and numbers, at least one of them a tensor; two tensors broadcast
 * by NumPy's rule. A number must be one of the tensor's element type: a fraction, or one out of range,
 * is a RangeError beside integers.
 *
 * @module
 */
import { castTo, elementwise } from "../primitives/elementwise.ts";
import type { ElementwiseName } from "../../ir/operation_names.ts";
import { FILL, numberNeeded } from "../primitives/creation.ts";
import { MATMUL } from "../primitives/matmul.ts";
import type { Tensor, TensorLike } from "../tensor.ts";
import { type DType, formatType, type Shape, sizeOf } from "../../ir/tensor_type.ts";
import { broadcastTo, reshape } from "./layout.ts";

/** The shape that two shapes broadcast to, or `undefined`. */
function commonShape(x: Shape, y: Shape): Shape | undefined {
  const rank = Math.max(x.length, y.length);
  const shape = new Array<number>(rank);
  for (let d = 1; d <= rank; d++) {
    const a = x[x.length - d] ?? 1;
    const b = y[y.length - d] ?? 1;
    if (a !== b && a !== 1 && b !== 1) return undefined;
    shape[rank - d] = a === 1 ? b : a;
  }
  return shape;
}

/**
 * Brings operands to one shape; numbers take the element type of the tensors among the values, f32 if
 * there are none, and must be numbers of that type.
 */
function broadcastAll(
  name: string,
  operands: readonly TensorLike[],
  values: readonly TensorLike[] = operands,
): Tensor[] {
  const tensors = operands.filter(isNoNumber);
  const [first] = tensors;
  if (!first) {
    throw new TypeError(`Cannot ${name} ${operands.join(" and ")}: at least 1 tensor is needed`);
  }
  const types = values.filter(isNoNumber).map(({ type }) => type.dtype);
  const dtype = types.findLast((type) => type !== "bool") ?? types[0] ?? "f32";
  let shape: Shape = [];
  for (const operand of tensors) {
    const common = commonShape(shape, operand.shape);
    if (!common) {
      const list = tensors.map((x) => formatType(x.type)).join(" and ");
      throw new TypeError(
        `Cannot ${name} ${list}: each dimension, from the last, must be equal or 1`,
      );
    }
    shape = common;
  }
  return operands.map((operand) => {
    if (typeof operand !== "number") return broadcastTo(operand, shape);
    const needed = numberNeeded(operand, dtype);
    if (needed) {
      const list = operands.map((x) => typeof x === "number" ? x : formatType(x.type)).join(
        " and ",
      );
      throw new RangeError(
        `Cannot ${name} ${list}: ${needed} is needed, found ${operand}; cast the tensor to f32 first`,
      );
    }
    return first.apply(FILL, [], { dtype, shape, value: operand })[0];
  });
}

function isNoNumber(operand: TensorLike): operand is Tensor {
  return typeof operand !== "number";
}

function binary(name: ElementwiseName, x: TensorLike, y: TensorLike): Tensor {
  return elementwise(name, broadcastAll(name, [x, y]));
}

/** `x + y`. */
export function add(x: TensorLike, y: TensorLike): Tensor {
  return binary("add", x, y);
}
/** `x − y`. */
export function sub(x: TensorLike, y: TensorLike): Tensor {
  return binary("sub", x, y);
}
/** `x · y`, element by element. */
export function mul(x: TensorLike, y: TensorLike): Tensor {
  return binary("mul", x, y);
}
/** `x / y`; of integers rounded toward zero, and 0 where `y` is 0. */
export function div(x: TensorLike, y: TensorLike): Tensor {
  return binary("div", x, y);
}
/** Remainder of the integer quotient, with the sign of `x`. */
export function remainder(x: TensorLike, y: TensorLike): Tensor {
  return binary("rem", x, y);
}
/** `xʸ`; `x⁰` and `1ʸ` are 1, also of NaN. */
export function pow(x: TensorLike, y: TensorLike): Tensor {
  return binary("pow", x, y);
}
/** The greater of two, element by element. */
export function maximum(x: TensorLike, y: TensorLike): Tensor {
  return binary("max", x, y);
}
/** The lesser of two, element by element. */
export function minimum(x: TensorLike, y: TensorLike): Tensor {
  return binary("min", x, y);
}
/** Whether `x = y`. */
export function eq(x: TensorLike, y: TensorLike): Tensor {
  return binary("eq", x, y);
}
/** Whether `x ≠ y`. */
export function ne(x: TensorLike, y: TensorLike): Tensor {
  return binary("ne", x, y);
}
/** Whether `x < y`. */
export function lt(x: TensorLike, y: TensorLike): Tensor {
  return binary("lt", x, y);
}
/** Whether `x ≤ y`. */
export function le(x: TensorLike, y: TensorLike): Tensor {
  return binary("le", x, y);
}
/** Whether `x > y`. */
export function gt(x: TensorLike, y: TensorLike): Tensor {
  return binary("gt", x, y);
}
/** Whether `x ≥ y`. */
export function ge(x: TensorLike, y: TensorLike): Tensor {
  return binary("ge", x, y);
}
/** Logical (bool) or bitwise (integers) and. */
export function and(x: TensorLike, y: TensorLike): Tensor {
  return binary("and", x, y);
}
/** Logical (bool) or bitwise (integers) or. */
export function or(x: TensorLike, y: TensorLike): Tensor {
  return binary("or", x, y);
}
/** Bitwise exclusive or of integers. */
export function xor(x: TensorLike, y: TensorLike): Tensor {
  return binary("xor", x, y);
}
/** `x` shifted left by `y` bits. */
export function shiftLeft(x: TensorLike, y: TensorLike): Tensor {
  return binary("shift_left", x, y);
}
/** `x` shifted right by `y` bits; arithmetic on i32, logical on u32. */
export function shiftRight(x: TensorLike, y: TensorLike): Tensor {
  return binary("shift_right", x, y);
}
/** Logical not. */
export function not(x: Tensor): Tensor {
  return elementwise("not", [x]);
}
/** `x` where the condition (bool) is true, `y` where it is not; f32 if both are numbers. */
export function where(condition: Tensor, x: TensorLike, y: TensorLike): Tensor {
  return elementwise("select", broadcastAll("select", [condition, x, y], [x, y]));
}
/** `−x`. */
export function neg(x: Tensor): Tensor {
  return elementwise("neg", [x]);
}
/** `eˣ`. */
export function exp(x: Tensor): Tensor {
  return elementwise("exp", [x]);
}
/** Natural logarithm. */
export function log(x: Tensor): Tensor {
  return elementwise("log", [x]);
}
/** Square root. */
export function sqrt(x: Tensor): Tensor {
  return elementwise("sqrt", [x]);
}
/** Sine of an angle in radians, also a large one. */
export function sin(x: Tensor): Tensor {
  return elementwise("sin", [x]);
}
/** Cosine of an angle in radians, also a large one. */
export function cos(x: Tensor): Tensor {
  return elementwise("cos", [x]);
}
/** Hyperbolic tangent. */
export function tanh(x: Tensor): Tensor {
  return elementwise("tanh", [x]);
}
/** Logistic function `1 / (1 + e⁻ˣ)`. */
export function sigmoid(x: Tensor): Tensor {
  return elementwise("sigmoid", [x]);
}
/** Absolute value. */
export function abs(x: Tensor): Tensor {
  return elementwise("abs", [x]);
}
/** −1, 0 or 1. */
export function sign(x: Tensor): Tensor {
  return elementwise("sign", [x]);
}
/** Greatest whole number not above `x`. */
export function floor(x: Tensor): Tensor {
  return elementwise("floor", [x]);
}
/** `x · x`. */
export function square(x: Tensor): Tensor {
  return elementwise("mul", [x, x]);
}
/** `max(x, 0)`, with derivative 0 at 0. */
export function relu(x: Tensor): Tensor {
  return binary("max", x, 0);
}
/** `x`, through which no derivative passes. */
export function stopGradient(x: Tensor): Tensor {
  return elementwise("stop_gradient", [x]);
}
/** Converts to another element type; real numbers are rounded toward zero and saturate. */
export function cast(x: Tensor, dtype: DType): Tensor {
  return castTo(x, dtype);
}

/** Options of {@linkcode matmul}. */
export interface MatmulOptions {
  /** Whether the left matrix is read transposed. */
  readonly transposeX?: boolean;
  /** Whether the right matrix is read transposed. */
  readonly transposeY?: boolean;
}

/**
 * Matrix product of the last two dimensions.
 *
 * @param x [m, k], [k], or with leading dimensions […, m, k].
 * @param y [k, n], or with the same leading dimensions […, k, n].
 * @param options Whether either side is read transposed.
 * @returns […, m, n]; [n] for a vector `x`. All leading dimensions of `x` count as rows where `y`
 * has none.
 * @throws {TypeError} If inner or leading dimensions differ.
 */
export function matmul(x: Tensor, y: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeX = false, transposeY = false } = options;
  const params = { transposeX, transposeY };
  if (x.rank === 1 && y.rank === 2 && !transposeX) {
    return reshape(x.apply(MATMUL, [reshape(x, [1, x.shape[0]]), y], params)[0], [
      y.shape[transposeY ? 0 : 1],
    ]);
  }
  if (x.rank > 2 && y.rank === 2 && !transposeX) {
    const rows = reshape(x, [sizeOf(x.shape.slice(0, -1)), x.shape[x.rank - 1]]);
    const [z] = x.apply(MATMUL, [rows, y], params);
    return reshape(z, [...x.shape.slice(0, -1), z.shape[1]]);
  }
  return x.apply(MATMUL, [x, y], params)[0];
}
