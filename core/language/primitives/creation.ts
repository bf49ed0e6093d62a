/**
 * Values made from nothing: constants, counters, random bits.
 *
 * @module
 */
import { checkCounts } from "../../util/check_counts.ts";
import { applyExpression, constantExpression, type Expression } from "../../ir/expression.ts";
import { moveToFront } from "../ops/batching.ts";
import type { DifferentiablePrimitive } from "../rules.ts";
import type { RandomSource, Sample } from "../../ir/primitive.ts";
import type { Tensor } from "../tensor.ts";
import { type DType, formatType, sameType, type Shape, sizeOf } from "../../ir/tensor_type.ts";
import { dense, denseFrom } from "../../ir/dense.ts";
import { threefry } from "./threefry.ts";

/** Parameters of {@linkcode FILL}. */
interface FillParams extends Record<string, unknown> {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly value: number;
}

/** Every element is `value`. */
export const FILL: DifferentiablePrimitive<FillParams> = {
  name: "fill",
  inferTypes(_inputs, { dtype, shape, value }) {
    const action = `fill ${formatType({ dtype, shape })}`;
    checkCounts(action, "each size", shape);
    const needed = numberNeeded(value, dtype);
    if (needed) throw new RangeError(`Cannot ${action}: ${needed} is needed, found ${value}`);
    return [{ dtype, shape }];
  },
  evaluate(_inputs, { dtype, shape, value }) {
    const result = dense({ dtype, shape });
    result.data.fill(value);
    return [result];
  },
  vjp: () => [],
  // It reads nothing that could differ from case to case.
  batchRule: () => undefined,
  lowering: {
    kind: "element",
    element: ({ params: { dtype, value } }) => constantExpression(dtype, value),
  },
};

/** What the tests feed {@linkcode FILL}. */
export function fillSamples(): Sample<FillParams>[] {
  return [
    { inputs: [], params: { dtype: "f32", shape: [2, 3], value: 1.5 } },
    { inputs: [], params: { dtype: "i32", shape: [], value: -7 } },
    { inputs: [], params: { dtype: "u32", shape: [2], value: 4294967295 } },
    { inputs: [], params: { dtype: "bool", shape: [3], value: 1 } },
  ];
}

/** What kind of number an element type wants, if a number is not of that kind. */
export function numberNeeded(x: number, dtype: DType): string | undefined {
  switch (dtype) {
    case "f32":
      return undefined;
    case "i32":
      return x === (x | 0) ? undefined : "a whole number from -2147483648 to 2147483647";
    case "u32":
      return x === x >>> 0 ? undefined : "a whole number from 0 to 4294967295";
    case "bool":
      return x === 0 || x === 1 ? undefined : "0 or 1";
  }
}

/** A number as the element type has it, so that all devices are given the same; whole numbers have one zero. */
export function numberOf(x: number, dtype: DType): number {
  return dtype === "f32" ? Math.fround(x) : x + 0;
}

/**
 * Makes a tensor of one value, of the shape and element type of another. An example stands at
 * {@linkcode zerosLike}.
 *
 * @param x The other tensor.
 * @param value The element.
 * @returns The tensor.
 * @throws {RangeError} If the value is not one of the type.
 */
export function fullLike(x: Tensor, value: number): Tensor {
  const { dtype, shape } = x.type;
  return x.apply(FILL, [], { dtype, shape, value: numberOf(value, dtype) })[0];
}

/** Parameters of {@linkcode IOTA}. */
interface IotaParams extends Record<string, unknown> {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly axis: number;
}

/** Every element is its own position along `axis`. */
export const IOTA: DifferentiablePrimitive<IotaParams> = {
  name: "iota",
  inferTypes(_inputs, { dtype, shape, axis }) {
    const action = `count along axis ${axis} of ${formatType({ dtype, shape })}`;
    checkCounts(action, "each size", shape);
    if (!(axis in shape)) throw new RangeError(`Cannot ${action}: no such axis`);
    return [{ dtype, shape }];
  },
  evaluate(_inputs, { dtype, shape, axis }) {
    return [denseFrom({ dtype, shape }, (index) => index[axis])];
  },
  vjp: () => [],
  batchRule: () => undefined,
  lowering: {
    kind: "element",
    element: ({ index, params: { dtype, axis } }) =>
      dtype === "i32" ? index[axis] : applyExpression("cast", dtype, [index[axis]]),
  },
};

/** What the tests feed {@linkcode IOTA}. */
export function iotaSamples(): Sample<IotaParams>[] {
  return [
    { inputs: [], params: { dtype: "i32", shape: [4], axis: 0 } },
    { inputs: [], params: { dtype: "f32", shape: [3, 5], axis: 1 } },
    { inputs: [], params: { dtype: "u32", shape: [3, 2], axis: 0 } },
  ];
}

/** Parameters of {@linkcode RANDOM_BITS}. */
interface RandomBitsParams extends Record<string, unknown> {
  readonly shape: Shape;
}

/**
 * 32 random bits an element, by hashing a key and the element's position: Threefry-2x32 with 20
 * rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011), both words of the
 * result combined by xor, which are the bits of JAX's `random.bits`.
 */
export const RANDOM_BITS: DifferentiablePrimitive<RandomBitsParams> = {
  name: "random_bits",
  isHeavy: true,
  inferTypes([key], { shape }) {
    if (key.dtype !== "u32" || key.shape.length !== 1 || key.shape[0] !== 2) {
      throw new TypeError(`Cannot draw random bits from ${formatType(key)}: a key is u32[2]`);
    }
    checkCounts(`draw random bits [${shape.join(",")}]`, "each size", shape);
    return [{ dtype: "u32", shape }];
  },
  evaluate([key], { shape }) {
    const result = dense({ dtype: "u32", shape });
    const [key0, key1] = [key.data[0] | 0, key.data[1] | 0];
    for (let i = 0; i < result.data.length; i++) {
      const [a, b] = threefry(NUMBERS, key0, key1, 0, i);
      result.data[i] = (a ^ b) >>> 0;
    }
    return [result];
  },
  vjp: () => [],
  batchRule(inputs, [mapped], params, size) {
    // Each case hashes its own key: only possible one by one, so keys of a loop stay in the loop.
    if (mapped) return undefined;
    const [bits] = inputs[0].apply(RANDOM_BITS, inputs, params);
    return moveToFront([bits], [false], size);
  },
  lowering: {
    kind: "element",
    element: ({ index: at, params: { shape }, read }) => {
      let flat: Expression = constantExpression("u32", 0);
      at.forEach((position, d) => {
        const scaled = EXPRESSIONS.multiply(flat, shape[d]);
        flat = EXPRESSIONS.add(scaled, applyExpression("cast", "u32", [position]));
      });
      const word = (i: number) => read(0, [constantExpression("i32", i)]);
      const [a, b] = threefry(EXPRESSIONS, word(0), word(1), constantExpression("u32", 0), flat);
      return EXPRESSIONS.xor(a, b);
    },
  },
};

/** What the tests feed {@linkcode RANDOM_BITS}. */
export function randomBitsSamples(): Sample<RandomBitsParams>[] {
  return [[], [5], [3, 7]].map((shape) => ({
    inputs: [dense({ dtype: "u32", shape: [2] }, [sizeOf(shape) * 77, 4123456789])],
    params: { shape },
  }));
}

/**
 * New keys from keys and numbers: for keys u32[…s, 2] and numbers u32[…s], the result is u32[…s, 2], both
 * words of the hash of each number by its key. They are the keys of JAX's `random.fold_in`.
 */
export const FOLD_IN: DifferentiablePrimitive = {
  name: "fold_in",
  isHeavy: true,
  inferTypes([keys, numbers]) {
    const { dtype, shape } = numbers;
    if (dtype !== "u32" || !sameType(keys, { dtype, shape: [...shape, 2] })) {
      throw new TypeError(
        `Cannot fold ${formatType(numbers)} into ${formatType(keys)}: ` +
          `a number in u32 for each key is needed, and a key is u32[2]`,
      );
    }
    return [keys];
  },
  evaluate([keys, numbers]) {
    const result = dense(keys.type);
    numbers.data.forEach((number, i) => {
      const [key0, key1] = [keys.data[2 * i] | 0, keys.data[2 * i + 1] | 0];
      const words = threefry(NUMBERS, key0, key1, 0, number | 0);
      result.data.set(words.map((word) => word >>> 0), 2 * i);
    });
    return [result];
  },
  vjp: () => [],
  batchRule: (inputs, mapped, params, size) =>
    inputs[0].apply(FOLD_IN, moveToFront(inputs, mapped, size), params),
  lowering: {
    kind: "element",
    element: ({ index: at, read }) => {
      const [place, word] = [at.slice(0, -1), at[at.length - 1]];
      const [key0, key1] = [0, 1].map((i) => read(0, [...place, constantExpression("i32", i)]));
      const [a, b] = threefry(EXPRESSIONS, key0, key1, u32(0), read(1, place));
      if (word.kind === "constant") return word.value === 0 ? a : b;
      const isFirst = applyExpression("eq", "bool", [word, constantExpression("i32", 0)]);
      return applyExpression("select", "u32", [isFirst, a, b]);
    },
  },
};

/** What the tests feed {@linkcode FOLD_IN}. */
export function foldInSamples(random: RandomSource): Sample[] {
  return [[], [3], [2, 3]].map((shape) => ({
    inputs: [[...shape, 2], shape].map((shape) =>
      denseFrom({ dtype: "u32", shape }, () => Math.floor(random() * 2 ** 32))
    ),
    params: {},
  }));
}

/** Threefry's arithmetic on numbers: words as signed ones, which engines keep in registers. */
const NUMBERS = {
  constant: (value: number): number => value | 0,
  add: (a: number, b: number): number => (a + b) | 0,
  xor: (a: number, b: number): number => a ^ b,
  rotate: (a: number, by: number): number => (a << by) | (a >>> (32 - by)),
};

const u32 = (value: number) => constantExpression("u32", value >>> 0);
const apply2 =
  (name: "add" | "mul" | "xor" | "or" | "shift_left" | "shift_right") =>
  (a: Expression, b: Expression) => applyExpression(name, "u32", [a, b]);

/** Threefry's arithmetic on expressions. */
const EXPRESSIONS = {
  constant: u32,
  add: (a: Expression, b: Expression): Expression => {
    if (a.kind === "constant" && b.kind === "constant") return u32(a.value + b.value);
    if (a.kind === "constant" && a.value === 0) return b;
    return b.kind === "constant" && b.value === 0 ? a : apply2("add")(a, b);
  },
  multiply: (a: Expression, by: number): Expression =>
    a.kind === "constant" ? u32(Math.imul(a.value, by)) : apply2("mul")(a, u32(by)),
  xor: apply2("xor"),
  rotate: (a: Expression, by: number): Expression =>
    apply2("or")(apply2("shift_left")(a, u32(by)), apply2("shift_right")(a, u32(32 - by))),
};
