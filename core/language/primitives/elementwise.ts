/**
 * The elementwise operations: one row each. A row says what the operation means on numbers, its
 * derivative, its text in WGSL, where its samples lie, and how far a backend may be from the exact
 * value.
 *
 * @module
 */
import type { Tensor } from "../tensor.ts";
import { type DType, DTYPES } from "../../ir/tensor_type.ts";
import type { ElementwiseName } from "../../ir/operation_names.ts";
import { fullLike } from "./creation.ts";
import { type ElementwisePrimitive, makeElementwise } from "./elementwise_primitive.ts";
import type { ElementwiseRule } from "./elementwise_rule.ts";

const REAL: readonly DType[] = ["f32"];
const NUMBER: readonly DType[] = ["f32", "i32", "u32"];
const INTEGER: readonly DType[] = ["i32", "u32"];
const BITS: readonly DType[] = ["i32", "u32", "bool"];

/** What the derivatives below need beside the methods of tensors; each is one equation. */
const op = (name: ElementwiseName, ...inputs: Tensor[]): Tensor => elementwise(name, inputs);
const zero = (x: Tensor): Tensor => fullLike(x, 0);

/** Wraps a whole number the way 32-bit integers wrap. */
function wrap(x: number, dtype: DType): number {
  return dtype === "i32" ? x | 0 : dtype === "u32" ? x >>> 0 : x;
}

const unary = { arity: 1, types: { inputs: REAL, output: "same" } } as const;
const binary = { arity: 2, types: { inputs: NUMBER, output: "same" } } as const;
const compare = { arity: 2, types: { inputs: NUMBER, output: "bool" }, smooth: false } as const;
const bits = { arity: 2, types: { inputs: BITS, output: "same" } } as const;

/** The elementwise table. */
export const ELEMENTWISE: Readonly<Record<ElementwiseName, ElementwiseRule>> = {
  neg: {
    ...unary,
    isLinear: true,
    types: { inputs: ["f32", "i32"], output: "same" },
    evaluate: (x, _y, _z, dtype) => wrap(-x, dtype),
    vjp: ({ cotangent: dy }) => [dy.neg()],
    wgsl: (x) => `(-${x})`,
  },
  exp: {
    ...unary,
    evaluate: Math.exp,
    vjp: ({ outputs: [y], cotangent: dy }) => [dy.mul(y)],
    wgsl: (x) => `exponential(${x})`,
    domain: [[-4, 4]],
    ulp: 1.5,
    cost: 12,
  },
  log: {
    ...unary,
    evaluate: Math.log,
    vjp: ({ inputs: [x], cotangent: dy }) => [dy.div(x)],
    wgsl: (x) => `logarithm(${x})`,
    domain: [[0.1, 4]],
    ulp: 1,
    cost: 12,
  },
  sqrt: {
    ...unary,
    evaluate: Math.sqrt,
    // d √x = 1 / (2 √x)
    vjp: ({ outputs: [y], cotangent: dy }) => [dy.div(y.add(y))],
    // Mesa makes |x| of sqrt(x) · sqrt(x), also of negative x.
    wgsl: (x) => `kept(sqrt(${x}))`,
    domain: [[0.1, 4]],
    ulp: 2,
    cost: 4,
  },
  sin: {
    ...unary,
    evaluate: Math.sin,
    vjp: ({ inputs: [x], cotangent: dy }) => [dy.mul(op("cos", x))],
    wgsl: (x) => `sine(${x}, 0u)`,
    domain: [[-3, 3]],
    ulp: 3,
    cost: 12,
  },
  cos: {
    ...unary,
    evaluate: Math.cos,
    vjp: ({ inputs: [x], cotangent: dy }) => [dy.mul(op("sin", x)).neg()],
    wgsl: (x) => `sine(${x}, 1u)`,
    domain: [[-3, 3]],
    ulp: 3,
    cost: 12,
  },
  tanh: {
    ...unary,
    evaluate: Math.tanh,
    // d tanh = 1 − tanh²
    vjp: ({ outputs: [y], cotangent: dy }) => [dy.mul(fullLike(y, 1).sub(y.mul(y)))],
    wgsl: (x) => `stable_tanh(${x})`,
    domain: [[-3, 3]],
    ulp: 3,
    cost: 15,
  },
  sigmoid: {
    ...unary,
    evaluate: (x) => 1 / (1 + Math.exp(-x)),
    // dσ = σ (1 − σ)
    vjp: ({ outputs: [y], cotangent: dy }) => [dy.mul(y.mul(fullLike(y, 1).sub(y)))],
    wgsl: (x) => `logistic(${x})`,
    domain: [[-4, 4]],
    ulp: 4,
    cost: 15,
  },
  abs: {
    ...unary,
    types: { inputs: ["f32", "i32"], output: "same" },
    evaluate: (x, _y, _z, dtype) => wrap(Math.abs(x), dtype),
    vjp: ({ inputs: [x], cotangent: dy }) => [dy.mul(op("sign", x))],
    wgsl: (x) => `abs(${x})`,
    smooth: false,
  },
  sign: {
    ...unary,
    types: { inputs: ["f32", "i32"], output: "same" },
    evaluate: Math.sign,
    wgsl: (x) => `sign(${x})`,
    smooth: false,
  },
  floor: {
    ...unary,
    evaluate: Math.floor,
    wgsl: (x) => `floor(${x})`,
    smooth: false,
    domain: [[-4, 4]],
  },
  // The identity, through which no derivative passes.
  stop_gradient: {
    arity: 1,
    types: { inputs: DTYPES, output: "same" },
    evaluate: (x) => x,
    isCopy: () => true,
    wgsl: (x) => x,
    smooth: false,
    cost: 0,
  },
  not: {
    arity: 1,
    types: { inputs: ["bool"], output: "same" },
    evaluate: (x) => x === 0 ? 1 : 0,
    wgsl: (x) => `(!${x})`,
  },
  // To another element type (parameter `to`): real numbers are rounded toward zero and saturate.
  cast: {
    arity: 1,
    types: { inputs: DTYPES, output: "to" },
    evaluate: (x, _y, _z, dtype, to = dtype) => castNumber(x, dtype, to),
    vjp: ({ inputs: [x], cotangent: dy }) =>
      x.type.dtype === "f32" && dy.type.dtype === "f32" ? [dy] : [],
    isCopy: (from, to) => from === to,
    wgsl: (x) => x,
    smooth: false,
    domain: [[0, 4]],
  },
  add: {
    ...binary,
    isLinear: true,
    evaluate: (x, y, _z, dtype) => wrap(x + y, dtype),
    vjp: ({ cotangent: dz }) => [dz, dz],
    wgsl: (x, y) => `(${x} + ${y})`,
  },
  sub: {
    ...binary,
    isLinear: true,
    evaluate: (x, y, _z, dtype) => wrap(x - y, dtype),
    vjp: ({ cotangent: dz }) => [dz, dz.neg()],
    wgsl: (x, y) => `(${x} - ${y})`,
  },
  mul: {
    ...binary,
    evaluate: (x, y, _z, dtype) => dtype === "f32" ? x * y : wrap(Math.imul(x, y), dtype),
    vjp: ({ inputs: [x, y], cotangent: dz }) => [dz.mul(y), dz.mul(x)],
    wgsl: (x, y) => `(${x} * ${y})`,
  },
  // Quotient; of integers rounded toward zero, and 0 where the divisor is 0.
  div: {
    ...binary,
    evaluate: (x, y, _z, dtype) =>
      dtype === "f32" ? x / y : y === 0 ? 0 : wrap(Math.trunc(x / y), dtype),
    vjp: ({ inputs: [, y], outputs: [z], cotangent: dz }) => {
      const dx = dz.div(y);
      return [dx, dx.mul(z).neg()];
    },
    wgsl: (x, y, _z, dtype) => dtype === "f32" ? `(${x} / ${y})` : `divide_${dtype}(${x}, ${y})`,
    domain: [[-4, 4], [1, 3]],
    ulp: 3,
    cost: 4,
  },
  // Remainder of the integer quotient, with the sign of the first; 0 where the divisor is 0.
  rem: {
    arity: 2,
    types: { inputs: INTEGER, output: "same" },
    evaluate: (x, y, _z, dtype) => y === 0 ? 0 : wrap(x % y, dtype),
    wgsl: (x, y, _z, dtype) => `remainder_${dtype}(${x}, ${y})`,
    domain: [[0, 9], [1, 5]],
    cost: 4,
  },
  pow: {
    arity: 2,
    types: { inputs: REAL, output: "same" },
    evaluate: ieeePow,
    vjp: ({ inputs: [x, y], outputs: [z], cotangent: dz }) => {
      // d xʸ/dx = y xʸ⁻¹, and 0 where y is 0, whatever x is; with another exponent there, so that no
      // infinity stands in the way of second derivatives.
      const constant = y.eq(0);
      const less = op("select", constant, fullLike(y, 1), y.sub(1));
      const slope = op("select", constant, zero(x), y.mul(x.pow(less)));
      return [
        dz.mul(slope),
        // d xʸ/dy = xʸ log x, taken as 0 where x is not positive
        dz.mul(op("select", x.gt(0), z.mul(x.log()), zero(x))),
      ];
    },
    wgsl: (x, y) => `power(${x}, ${y})`,
    domain: [[0.3, 3], [-2, 2]],
    ulp: 2,
    cost: 30,
  },
  // Where both are equal the derivative goes to the second: max(x, 0) has derivative 0 at 0.
  max: {
    ...binary,
    evaluate: (x, y) => Math.max(x, y),
    vjp: ({ inputs: [x, y], cotangent: dz }) => {
      const first = x.gt(y);
      return [op("select", first, dz, zero(dz)), op("select", first, zero(dz), dz)];
    },
    wgsl: (x, y) => `max(${x}, ${y})`,
    smooth: false,
  },
  min: {
    ...binary,
    evaluate: (x, y) => Math.min(x, y),
    vjp: ({ inputs: [x, y], cotangent: dz }) => {
      const first = x.lt(y);
      return [op("select", first, dz, zero(dz)), op("select", first, zero(dz), dz)];
    },
    wgsl: (x, y) => `min(${x}, ${y})`,
    smooth: false,
  },
  eq: {
    ...compare,
    types: { inputs: DTYPES, output: "bool" },
    evaluate: (x, y) => Number(x === y),
    wgsl: (x, y) => `(${x} == ${y})`,
  },
  ne: {
    ...compare,
    types: { inputs: DTYPES, output: "bool" },
    evaluate: (x, y) => Number(x !== y),
    wgsl: (x, y) => `(${x} != ${y})`,
  },
  lt: {
    ...compare,
    evaluate: (x, y) => Number(x < y),
    wgsl: (x, y) => `(${x} < ${y})`,
  },
  le: {
    ...compare,
    evaluate: (x, y) => Number(x <= y),
    wgsl: (x, y) => `(${x} <= ${y})`,
  },
  gt: {
    ...compare,
    evaluate: (x, y) => Number(x > y),
    wgsl: (x, y) => `(${x} > ${y})`,
  },
  ge: {
    ...compare,
    evaluate: (x, y) => Number(x >= y),
    wgsl: (x, y) => `(${x} >= ${y})`,
  },
  and: {
    ...bits,
    evaluate: (x, y, _z, dtype) => wrap(x & y, dtype),
    wgsl: (x, y) => `(${x} & ${y})`,
  },
  or: {
    ...bits,
    evaluate: (x, y, _z, dtype) => wrap(x | y, dtype),
    wgsl: (x, y) => `(${x} | ${y})`,
  },
  xor: {
    ...bits,
    types: { inputs: INTEGER, output: "same" },
    evaluate: (x, y, _z, dtype) => wrap(x ^ y, dtype),
    wgsl: (x, y) => `(${x} ^ ${y})`,
  },
  // Only the low five bits of the distance count.
  shift_left: {
    arity: 2,
    types: { inputs: INTEGER, output: "same" },
    evaluate: (x, y, _z, dtype) => wrap(x << y, dtype),
    wgsl: (x, y) => `(${x} << (u32(${y}) & 31u))`,
    domain: [[0, 1000], [0, 32]],
  },
  // Arithmetic on i32, logical on u32.
  shift_right: {
    arity: 2,
    types: { inputs: INTEGER, output: "same" },
    evaluate: (x, y, _z, dtype) => dtype === "i32" ? x >> y : x >>> y,
    wgsl: (x, y) => `(${x} >> (u32(${y}) & 31u))`,
    domain: [[0, 1000], [0, 32]],
  },
  // The second where the first (a bool) is true, else the third.
  select: {
    arity: 3,
    operands: { condition: 0 },
    types: { inputs: DTYPES, output: "same" },
    evaluate: (condition, x, y) => condition ? x : y,
    vjp: ({ inputs: [condition], cotangent: dz }) => [
      undefined,
      op("select", condition, dz, zero(dz)),
      op("select", condition, zero(dz), dz),
    ],
    wgsl: (c, x, y) => `select(${y}, ${x}, ${c})`,
  },
};

/** Power as IEEE 754 has it: JavaScript's, but for powers of 1 and −1 to NaN or ±∞, which are 1. */
export function ieeePow(x: number, y: number): number {
  return x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : Math.pow(x, y);
}

/** Converts an exact number to an element type, as `cast` does. */
function castNumber(x: number, from: DType, to: DType): number {
  if (to === "f32" || from === to) return x;
  if (to === "bool") return Number(x !== 0);
  if (from !== "f32") return wrap(x, to);
  const [min, max] = to === "i32" ? [-2147483648, 2147483647] : [0, 4294967295];
  return wrap(Math.trunc(Math.min(Math.max(x, min), max)), to);
}

/** The primitive of each row. */
export const ELEMENTWISE_PRIMITIVES: Readonly<Record<ElementwiseName, ElementwisePrimitive>> =
  Object.fromEntries(
    Object.entries(ELEMENTWISE).map((
      [name, rule],
    ) => [name, makeElementwise(name as ElementwiseName, rule)]),
  ) as Record<ElementwiseName, ElementwisePrimitive>;

/**
 * Applies an elementwise operation to tensors of equal shape; see `ops/operands.ts` for the
 * functions that also broadcast and take numbers.
 *
 * @param name The operation.
 * @param inputs Its inputs.
 * @returns The result, of the shape of the inputs.
 */
export function elementwise(name: ElementwiseName, inputs: readonly Tensor[]): Tensor {
  return inputs[0].apply(ELEMENTWISE_PRIMITIVES[name], inputs, {})[0];
}

/** Converts to another element type; see the row `cast`. */
export function castTo(x: Tensor, to: DType): Tensor {
  return x.type.dtype === to ? x : x.apply(ELEMENTWISE_PRIMITIVES.cast, [x], { to })[0];
}
