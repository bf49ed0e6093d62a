/**
 * The elementwise operations: one row each. A row says what the operation means on numbers, its
 * derivative, its words in WGSL and WebAssembly, where its samples lie, and how far a backend may be
 * from the exact value.
 *
 * @module
 */
import { applyExpression } from "../../ir/expression.ts";
import { moveToFront } from "../ops/batching.ts";
import { constantLike } from "../ops/creation.ts";
import { apply } from "../trace.ts";
import type { Tensor } from "../tensor.ts";
import { type DType, formatType, sameShape, type TensorType } from "../../ir/tensor_type.ts";
import { dense, sampleArray } from "../../ir/dense.ts";
import type { ElementwiseName, ElementwiseRule } from "./elementwise_rule.ts";
import type { Primitive, RandomSource } from "../../ir/primitive.ts";

const REAL: readonly DType[] = ["f32"];
const NUMBER: readonly DType[] = ["f32", "i32", "u32"];
const INTEGER: readonly DType[] = ["i32", "u32"];
const BITS: readonly DType[] = ["i32", "u32", "bool"];
const ANY: readonly DType[] = ["f32", "i32", "u32", "bool"];

/** Shorthands of the derivatives below; each is one equation. */
const op = (name: ElementwiseName, ...inputs: Tensor[]): Tensor => elementwise(name, inputs);
const zero = (x: Tensor): Tensor => constantLike(x, 0);

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
    types: { inputs: ["f32", "i32"], output: "same" },
    evaluate: (x, _y, _z, dtype) => wrap(-x, dtype),
    vjp: ({ cotangent: dy }) => [op("neg", dy)],
    spell: { wgsl: (x) => `(-${x})`, wasm: "neg" },
  },
  exp: {
    ...unary,
    evaluate: Math.exp,
    vjp: ({ outputs: [y], cotangent: dy }) => [op("mul", dy, y)],
    spell: { wgsl: (x) => `exp(${x})`, wasm: "exp" },
    domain: [[-4, 4]],
    ulp: 4,
    cost: 12,
  },
  log: {
    ...unary,
    evaluate: Math.log,
    vjp: ({ inputs: [x], cotangent: dy }) => [op("div", dy, x)],
    spell: { wgsl: (x) => `log(${x})`, wasm: "log" },
    domain: [[0.1, 4]],
    ulp: 4,
    cost: 12,
  },
  sqrt: {
    ...unary,
    evaluate: Math.sqrt,
    // d √x = 1 / (2 √x)
    vjp: ({ outputs: [y], cotangent: dy }) => [op("div", dy, op("add", y, y))],
    spell: { wgsl: (x) => `sqrt(${x})`, wasm: "sqrt" },
    domain: [[0.1, 4]],
    ulp: 2,
    cost: 4,
  },
  sin: {
    ...unary,
    evaluate: Math.sin,
    vjp: ({ inputs: [x], cotangent: dy }) => [op("mul", dy, op("cos", x))],
    spell: { wgsl: (x) => `sin(${x})`, wasm: "sin" },
    domain: [[-3, 3]],
    ulp: 4,
    cost: 12,
  },
  cos: {
    ...unary,
    evaluate: Math.cos,
    vjp: ({ inputs: [x], cotangent: dy }) => [op("neg", op("mul", dy, op("sin", x)))],
    spell: { wgsl: (x) => `cos(${x})`, wasm: "cos" },
    domain: [[-3, 3]],
    ulp: 4,
    cost: 12,
  },
  tanh: {
    ...unary,
    evaluate: Math.tanh,
    // d tanh = 1 − tanh²
    vjp: ({ outputs: [y], cotangent: dy }) => [
      op("mul", dy, op("sub", constantLike(y, 1), op("mul", y, y))),
    ],
    spell: { wgsl: (x) => `stable_tanh(${x})`, wasm: "tanh" },
    domain: [[-3, 3]],
    ulp: 5,
    cost: 15,
  },
  sigmoid: {
    ...unary,
    evaluate: (x) => 1 / (1 + Math.exp(-x)),
    // dσ = σ (1 − σ)
    vjp: ({ outputs: [y], cotangent: dy }) => [
      op("mul", dy, op("mul", y, op("sub", constantLike(y, 1), y))),
    ],
    spell: { wgsl: (x) => `(1.0 / (1.0 + exp(-${x})))`, wasm: "sigmoid" },
    domain: [[-4, 4]],
    ulp: 5,
    cost: 15,
  },
  abs: {
    ...unary,
    types: { inputs: ["f32", "i32"], output: "same" },
    evaluate: (x, _y, _z, dtype) => wrap(Math.abs(x), dtype),
    vjp: ({ inputs: [x], cotangent: dy }) => [op("mul", dy, op("sign", x))],
    spell: { wgsl: (x) => `abs(${x})`, wasm: "abs" },
    smooth: false,
  },
  sign: {
    ...unary,
    types: { inputs: ["f32", "i32"], output: "same" },
    evaluate: Math.sign,
    spell: { wgsl: (x) => `sign(${x})`, wasm: "sign" },
    smooth: false,
  },
  floor: {
    ...unary,
    evaluate: Math.floor,
    spell: { wgsl: (x) => `floor(${x})`, wasm: "floor" },
    smooth: false,
    domain: [[-4, 4]],
  },
  // The identity, through which no derivative passes.
  stop_gradient: {
    arity: 1,
    types: { inputs: ANY, output: "same" },
    evaluate: (x) => x,
    spell: { wgsl: (x) => x, wasm: "copy" },
    smooth: false,
    cost: 0,
  },
  not: {
    arity: 1,
    types: { inputs: ["bool"], output: "same" },
    evaluate: (x) => x === 0 ? 1 : 0,
    spell: { wgsl: (x) => `(!${x})`, wasm: "not" },
  },
  // To another element type (parameter `to`): real numbers are rounded toward zero and saturate.
  cast: {
    arity: 1,
    types: { inputs: ANY, output: "same" },
    evaluate: (x) => x,
    spell: { wgsl: (x) => x, wasm: "cast" },
    smooth: false,
    domain: [[0, 4]],
  },
  add: {
    ...binary,
    evaluate: (x, y, _z, dtype) => wrap(x + y, dtype),
    vjp: ({ cotangent: dz }) => [dz, dz],
    spell: { wgsl: (x, y) => `(${x} + ${y})`, wasm: "add" },
  },
  sub: {
    ...binary,
    evaluate: (x, y, _z, dtype) => wrap(x - y, dtype),
    vjp: ({ cotangent: dz }) => [dz, op("neg", dz)],
    spell: { wgsl: (x, y) => `(${x} - ${y})`, wasm: "sub" },
  },
  mul: {
    ...binary,
    evaluate: (x, y, _z, dtype) => dtype === "f32" ? x * y : wrap(Math.imul(x, y), dtype),
    vjp: ({ inputs: [x, y], cotangent: dz }) => [op("mul", dz, y), op("mul", dz, x)],
    spell: { wgsl: (x, y) => `(${x} * ${y})`, wasm: "mul" },
  },
  // Quotient; of integers rounded toward zero, and 0 where the divisor is 0.
  div: {
    ...binary,
    evaluate: (x, y, _z, dtype) =>
      dtype === "f32" ? x / y : y === 0 ? 0 : wrap(Math.trunc(x / y), dtype),
    vjp: ({ inputs: [, y], outputs: [z], cotangent: dz }) => {
      const dx = op("div", dz, y);
      return [dx, op("neg", op("mul", dx, z))];
    },
    spell: {
      wgsl: (x, y, _z, dtype) => dtype === "f32" ? `(${x} / ${y})` : `divide_${dtype}(${x}, ${y})`,
      wasm: "div",
    },
    domain: [[-4, 4], [1, 3]],
    ulp: 3,
    cost: 4,
  },
  // Remainder of the integer quotient, with the sign of the first; 0 where the divisor is 0.
  rem: {
    arity: 2,
    types: { inputs: INTEGER, output: "same" },
    evaluate: (x, y, _z, dtype) => y === 0 ? 0 : wrap(x % y, dtype),
    spell: { wgsl: (x, y, _z, dtype) => `remainder_${dtype}(${x}, ${y})`, wasm: "rem" },
    domain: [[0, 9], [1, 5]],
    cost: 4,
  },
  pow: {
    arity: 2,
    types: { inputs: REAL, output: "same" },
    evaluate: Math.pow,
    vjp: ({ inputs: [x, y], outputs: [z], cotangent: dz }) => [
      op("mul", dz, op("mul", y, op("pow", x, op("sub", y, constantLike(y, 1))))),
      // d xʸ/dy = xʸ log x, taken as 0 where x is not positive
      op(
        "mul",
        dz,
        op("select", op("gt", x, zero(x)), op("mul", z, op("log", x)), zero(x)),
      ),
    ],
    spell: { wgsl: (x, y) => `power(${x}, ${y})`, wasm: "pow" },
    domain: [[0.3, 3], [-2, 2]],
    ulp: 32,
    cost: 30,
  },
  // Where both are equal the derivative goes to the second: max(x, 0) has derivative 0 at 0.
  max: {
    ...binary,
    evaluate: (x, y) => Math.max(x, y),
    vjp: ({ inputs: [x, y], cotangent: dz }) => {
      const first = op("gt", x, y);
      return [op("select", first, dz, zero(dz)), op("select", first, zero(dz), dz)];
    },
    spell: { wgsl: (x, y) => `max(${x}, ${y})`, wasm: "max" },
    smooth: false,
  },
  min: {
    ...binary,
    evaluate: (x, y) => Math.min(x, y),
    vjp: ({ inputs: [x, y], cotangent: dz }) => {
      const first = op("lt", x, y);
      return [op("select", first, dz, zero(dz)), op("select", first, zero(dz), dz)];
    },
    spell: { wgsl: (x, y) => `min(${x}, ${y})`, wasm: "min" },
    smooth: false,
  },
  eq: {
    ...compare,
    types: { inputs: ANY, output: "bool" },
    evaluate: (x, y) => Number(x === y),
    spell: { wgsl: (x, y) => `(${x} == ${y})`, wasm: "eq" },
  },
  ne: {
    ...compare,
    types: { inputs: ANY, output: "bool" },
    evaluate: (x, y) => Number(x !== y),
    spell: { wgsl: (x, y) => `(${x} != ${y})`, wasm: "ne" },
  },
  lt: {
    ...compare,
    evaluate: (x, y) => Number(x < y),
    spell: { wgsl: (x, y) => `(${x} < ${y})`, wasm: "lt" },
  },
  le: {
    ...compare,
    evaluate: (x, y) => Number(x <= y),
    spell: { wgsl: (x, y) => `(${x} <= ${y})`, wasm: "le" },
  },
  gt: {
    ...compare,
    evaluate: (x, y) => Number(x > y),
    spell: { wgsl: (x, y) => `(${x} > ${y})`, wasm: "gt" },
  },
  ge: {
    ...compare,
    evaluate: (x, y) => Number(x >= y),
    spell: { wgsl: (x, y) => `(${x} >= ${y})`, wasm: "ge" },
  },
  and: {
    ...bits,
    evaluate: (x, y, _z, dtype) => wrap(x & y, dtype),
    spell: { wgsl: (x, y) => `(${x} & ${y})`, wasm: "and" },
  },
  or: {
    ...bits,
    evaluate: (x, y, _z, dtype) => wrap(x | y, dtype),
    spell: { wgsl: (x, y) => `(${x} | ${y})`, wasm: "or" },
  },
  xor: {
    ...bits,
    types: { inputs: INTEGER, output: "same" },
    evaluate: (x, y, _z, dtype) => wrap(x ^ y, dtype),
    spell: { wgsl: (x, y) => `(${x} ^ ${y})`, wasm: "xor" },
  },
  // Only the low five bits of the distance count.
  shift_left: {
    arity: 2,
    types: { inputs: INTEGER, output: "same" },
    evaluate: (x, y, _z, dtype) => wrap(x << y, dtype),
    spell: { wgsl: (x, y) => `(${x} << (u32(${y}) & 31u))`, wasm: "shl" },
    domain: [[0, 1000], [0, 32]],
  },
  // Arithmetic on i32, logical on u32.
  shift_right: {
    arity: 2,
    types: { inputs: INTEGER, output: "same" },
    evaluate: (x, y, _z, dtype) => dtype === "i32" ? x >> y : x >>> y,
    spell: { wgsl: (x, y) => `(${x} >> (u32(${y}) & 31u))`, wasm: "shr" },
    domain: [[0, 1000], [0, 32]],
  },
  // The second where the first (a bool) is true, else the third.
  select: {
    arity: 3,
    types: { inputs: ANY, output: "same" },
    evaluate: (condition, x, y) => condition ? x : y,
    vjp: ({ inputs: [condition], cotangent: dz }) => [
      undefined,
      op("select", condition, dz, zero(dz)),
      op("select", condition, zero(dz), dz),
    ],
    spell: { wgsl: (c, x, y) => `select(${y}, ${x}, ${c})`, wasm: "select" },
  },
};

/** Converts an exact number to an element type, as `cast` does. */
function castNumber(x: number, from: DType, to: DType): number {
  if (to === "f32" || from === to) return x;
  if (to === "bool") return Number(x !== 0);
  if (from !== "f32") return wrap(x, to);
  const [least, most] = to === "i32" ? [-2147483648, 2147483647] : [0, 4294967295];
  return Number.isNaN(x) ? 0 : Math.trunc(Math.min(Math.max(x, least), most));
}

/**
 * The arithmetic that graphs are full of, on real numbers: what the rows say, without a call for each
 * element, which takes longer than all else that the interpreter does.
 */
const REAL_LOOPS: Readonly<
  Partial<Record<ElementwiseName, (z: Float64Array, x: Float64Array, y: Float64Array) => void>>
> = {
  add: (z, x, y) => {
    for (let i = 0; i < z.length; i++) z[i] = x[i] + y[i];
  },
  sub: (z, x, y) => {
    for (let i = 0; i < z.length; i++) z[i] = x[i] - y[i];
  },
  mul: (z, x, y) => {
    for (let i = 0; i < z.length; i++) z[i] = x[i] * y[i];
  },
};

function makePrimitive(name: ElementwiseName, rule: ElementwiseRule): Primitive {
  const to = (params: Readonly<Record<string, unknown>>, type: TensorType): DType =>
    name === "cast" ? params.to as DType : rule.types.output === "bool" ? "bool" : type.dtype;
  const primitive: Primitive = {
    name,
    type(inputs, params) {
      checkInputs(name, rule, inputs);
      const value = inputs[name === "select" ? 1 : 0];
      return [{ dtype: to(params, value), shape: value.shape }];
    },
    evaluate(inputs, params) {
      const value = inputs[name === "select" ? 1 : 0];
      const { dtype, shape } = value.type;
      const result = dense({ dtype: to(params, value.type), shape });
      const loop = dtype === "f32" ? REAL_LOOPS[name] : undefined;
      if (loop) {
        loop(result.data, inputs[0].data, inputs[1].data);
        return [result];
      }
      const evaluate = name === "cast"
        ? (x: number) => castNumber(x, dtype, result.type.dtype)
        : rule.evaluate;
      // Operations of fewer inputs do not look at the others.
      const [x, y = x, z = x] = inputs.map(({ data }) => data);
      const { data } = result;
      for (let i = 0; i < data.length; i++) data[i] = evaluate(x[i], y[i], z[i], dtype);
      return [result];
    },
    vjp(context) {
      const [cotangent] = context.cotangents;
      if (!cotangent) return [];
      if (name === "cast") {
        return context.inputs[0].type.dtype === "f32" && cotangent.type.dtype === "f32"
          ? [cotangent]
          : [];
      }
      return rule.vjp?.({ ...context, cotangent }) ?? [];
    },
    batch(inputs, mapped, params, size) {
      return [...apply(primitive, moveToFront(inputs, mapped, size), params)];
    },
    lowering: {
      kind: "element",
      element: ({ index, read, params, inputTypes }) => {
        const inputs = inputTypes.map((_, i) => read(i, index));
        const value = inputTypes[name === "select" ? 1 : 0];
        if (name === "stop_gradient" || (name === "cast" && params.to === value.dtype)) {
          return inputs[0];
        }
        return applyExpression(name, to(params, value), inputs);
      },
    },
    samples: (random) => samplesOf(name, rule, random),
  };
  return primitive;
}

function checkInputs(name: string, rule: ElementwiseRule, inputs: readonly TensorType[]): void {
  const list = inputs.map(formatType).join(" and ");
  if (inputs.length !== rule.arity) {
    throw new TypeError(
      `Cannot ${name} ${list}: ${rule.arity} inputs are needed, found ${inputs.length}`,
    );
  }
  const values = name === "select" ? inputs.slice(1) : inputs;
  if (name === "select" && inputs[0].dtype !== "bool") {
    throw new TypeError(`Cannot select by ${formatType(inputs[0])}: the condition must be bool`);
  }
  for (const type of inputs) {
    if (!sameShape(type.shape, inputs[0].shape)) {
      throw new TypeError(`Cannot ${name} ${list}: shapes must be equal`);
    }
  }
  for (const type of values) {
    if (!rule.types.inputs.includes(type.dtype)) {
      throw new TypeError(
        `Cannot ${name} ${list}: elements must be ${
          rule.types.inputs.join(" or ")
        }, found ${type.dtype}`,
      );
    }
    if (type.dtype !== values[0].dtype) {
      throw new TypeError(`Cannot ${name} ${list}: element types must be equal`);
    }
  }
}

function samplesOf(name: ElementwiseName, rule: ElementwiseRule, random: RandomSource) {
  const samples = [];
  for (const dtype of rule.types.inputs) {
    for (const shape of [[], [5], [2, 3]]) {
      const inputs = Array.from({ length: rule.arity }, (_, i) => {
        if (name === "select" && i === 0) return sampleArray(random, shape, { dtype: "bool" });
        const [least, most] = dtype === "bool"
          ? [0, 2]
          : rule.domain?.[i] ?? (dtype === "f32" ? [-1, 1] : [0, 5]);
        // What a u32 cannot hold is no sample of it.
        const from = dtype === "u32" ? Math.max(0, least) : least;
        return sampleArray(random, shape, { dtype, least: from, most });
      });
      for (const to of name === "cast" ? ["f32", "i32", "u32", "bool"] : [undefined]) {
        samples.push({ inputs, params: to ? { to } : {}, smooth: rule.smooth });
      }
    }
  }
  return samples;
}

/** The primitive of each row. */
export const ELEMENTWISE_PRIMITIVES: Readonly<Record<ElementwiseName, Primitive>> = Object
  .fromEntries(
    Object.entries(ELEMENTWISE).map((
      [name, rule],
    ) => [name, makePrimitive(name as ElementwiseName, rule)]),
  ) as Record<ElementwiseName, Primitive>;

/**
 * Applies an elementwise operation to tensors of equal shape; see `ops/arithmetic.ts` for the
 * functions that also broadcast and take numbers.
 *
 * @param name The operation.
 * @param inputs Its inputs.
 * @returns The result, of the shape of the inputs.
 */
export function elementwise(name: ElementwiseName, inputs: readonly Tensor[]): Tensor {
  return apply(ELEMENTWISE_PRIMITIVES[name], inputs)[0];
}

/** Converts to another element type; see the row `cast`. */
export function castTo(x: Tensor, to: DType): Tensor {
  return x.type.dtype === to ? x : apply(ELEMENTWISE_PRIMITIVES.cast, [x], { to })[0];
}
