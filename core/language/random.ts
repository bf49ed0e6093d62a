/**
 * Random numbers from keys: the same key gives the same bits on every backend. A key is a tensor
 * u32[2]; use each key once, and {@linkcode splitKey} or {@linkcode foldIn} to get more.
 *
 * @module
 */
import { add, minimum, mul, neg, sub } from "./ops/arithmetic.ts";
import { and, lt, shiftRight } from "./ops/comparisons.ts";
import { cast, cos, floor, log, sqrt } from "./ops/functions.ts";
import { fill, tensor } from "./ops/creation.ts";
import { reshape, slice } from "./ops/layout.ts";
import { FOLD_IN, RANDOM_BITS } from "./primitives/creation.ts";
import type { Tensor } from "./tensor.ts";
import { type Shape, sizeOf } from "../ir/tensor_type.ts";

/**
 * Makes a key of a seed.
 *
 * @param seed A whole number from 0 to 2⁵³ − 1.
 * @returns A key, u32[2].
 * @throws {RangeError} If the seed is not such a number.
 *
 * @example Usage
 * ```ts
 * import { randomKey, splitKey } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...await randomKey(7).data()], [0, 7]);
 * deepStrictEqual(splitKey(randomKey(7), 3).map(({ shape }) => shape), [[2], [2], [2]]);
 * ```
 */
export function randomKey(seed: number): Tensor {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(
      `Cannot use ${seed} as a seed: a whole number from 0 to ${Number.MAX_SAFE_INTEGER} is needed`,
    );
  }
  return tensor(Uint32Array.of(Math.floor(seed / 2 ** 32), seed >>> 0));
}

/**
 * Draws 32 random bits an element.
 *
 * @param key A key, u32[2].
 * @param shape Shape of the result.
 * @returns u32 of that shape; the bits of JAX's `random.bits` for the same key.
 * @throws {TypeError} If the key is none.
 * @throws {RangeError} If a size is not a whole number of 0 or more.
 *
 * @example Usage
 * ```ts
 * import { randomBernoulli, randomBits, randomKey } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const draw = async () => [...await randomBits(randomKey(1), [3]).data()];
 * deepStrictEqual(await draw(), await draw());
 * deepStrictEqual([...await randomBernoulli(randomKey(1), [3], 1).data()], [1, 1, 1]);
 * ```
 */
export function randomBits(key: Tensor, shape: Shape): Tensor {
  return key.apply(RANDOM_BITS, [key], { shape })[0];
}

/**
 * Makes several keys of one. An example stands at {@linkcode randomKey}.
 *
 * @param key A key, u32[2].
 * @param count How many.
 * @returns Keys, u32[2] each.
 * @throws {TypeError} If the key is none.
 * @throws {RangeError} If the number is not a whole one of 0 or more.
 */
export function splitKey(key: Tensor, count = 2): Tensor[] {
  const bits = randomBits(key, [count, 2]);
  return Array.from({ length: count }, (_, i) => reshape(slice(bits, 0, i, i + 1), [2]));
}

/**
 * Makes a key of a key and a number, such as a step. It is a hash of the two: other keys with other numbers give
 * other keys, whatever their difference.
 *
 * @param key A key, u32[2].
 * @param number A whole number from 0 to 2³² − 1, or a u32 tensor of one element.
 * @returns A key, u32[2]; that of JAX's `random.fold_in`.
 * @throws {RangeError} If the number is not such a number.
 * @throws {TypeError} If the tensors have other types.
 *
 * @example A key for each step
 * ```ts
 * import { foldIn, randomKey } from "@unroll/core";
 * import { deepStrictEqual, notDeepStrictEqual } from "node:assert/strict";
 *
 * const keyOf = async (seed: number, step: number) => [...await foldIn(randomKey(seed), step).data()];
 * deepStrictEqual(await keyOf(0, 1), [928981903, 3453687069]);
 * notDeepStrictEqual(await keyOf(0, 1), await keyOf(1, 0));
 * ```
 */
export function foldIn(key: Tensor, number: Tensor | number): Tensor {
  if (typeof number === "number" && number !== number >>> 0) {
    throw new RangeError(
      `Cannot fold ${number} into a key: a whole number from 0 to ${2 ** 32 - 1} is needed`,
    );
  }
  const word = typeof number === "number" ? fill([], number, "u32") : reshape(number, []);
  return key.apply(FOLD_IN, [key, word], {})[0];
}

/**
 * Draws uniform numbers in [`min`, `max`), multiples of 2⁻²⁴ of the range, rounded.
 *
 * @param key A key, u32[2].
 * @param shape Shape of the result.
 * @param min The least number.
 * @param max What all numbers are below, unless it is `min`.
 * @returns f32 of that shape.
 * @throws {RangeError} If there is no such range in f32.
 *
 * @example Usage
 * ```ts
 * import { randomKey, randomUniform } from "@unroll/core";
 * import { ok } from "node:assert/strict";
 *
 * const numbers = await randomUniform(randomKey(1), [100], -1, 1).data();
 * ok(numbers.every((x) => x >= -1 && x < 1));
 * ```
 */
export function randomUniform(key: Tensor, shape: Shape, min = 0, max = 1): Tensor {
  const unit = mul(cast(shiftRight(randomBits(key, shape), 8), "f32"), 2 ** -24);
  if (min === 0 && max === 1) return unit;
  if (!(min <= max && Number.isFinite(Math.fround(max - min)))) {
    throw new RangeError(
      `Cannot draw uniform numbers from ${min} to ${max}: a range of f32 is needed`,
    );
  }
  const numbers = add(mul(unit, max - min), min);
  // The sum may be rounded up to what it must not reach.
  const end = Math.fround(max);
  return Math.fround(min) < end ? minimum(numbers, numberBefore(end)) : numbers;
}

/** The greatest f32 below one. */
function numberBefore(x: number): number {
  if (x === 0) return -(2 ** -149);
  const bits = new Int32Array(Float32Array.of(x).buffer);
  bits[0] += x > 0 ? -1 : 1;
  return new Float32Array(bits.buffer)[0];
}

/**
 * Draws normal numbers of mean 0 and variance 1, by the method of Box and Muller (1958).
 *
 * @param key A key, u32[2].
 * @param shape Shape of the result.
 * @returns f32 of that shape.
 * @throws {TypeError} If the key is none.
 * @throws {RangeError} If a size is not a whole number of 0 or more.
 *
 * @example Usage
 * ```ts
 * import { randomKey, randomNormal } from "@unroll/core";
 * import { ok } from "node:assert/strict";
 *
 * const mean = await randomNormal(randomKey(1), [10_000]).mean().item();
 * ok(Math.abs(mean) < 0.05);
 * ```
 */
export function randomNormal(key: Tensor, shape: Shape): Tensor {
  const size = sizeOf(shape);
  const uniform = randomUniform(key, [2, size]);
  // 1 − u lies in (0, 1], so the logarithm is finite.
  const radius = sqrt(mul(log(sub(1, slice(uniform, 0, 0, 1))), -2));
  const angle = mul(slice(uniform, 0, 1, 2), 2 * Math.PI);
  return reshape(mul(radius, cos(angle)), shape);
}

/**
 * Draws bools that are true with a given probability.
 * An example stands at {@linkcode randomBits}.
 *
 * @param key A key, u32[2].
 * @param shape Shape of the result.
 * @param probability The probability of true, from 0 to 1.
 * @returns bool of that shape.
 * @throws {TypeError} If the key is none.
 * @throws {RangeError} If a size is not a whole number of 0 or more, or there is no such probability.
 */
export function randomBernoulli(key: Tensor, shape: Shape, probability: number): Tensor {
  if (!(probability >= 0 && probability <= 1)) {
    throw new RangeError(
      `Cannot draw bools that are true with probability ${probability}: a number from 0 to 1 is needed`,
    );
  }
  return lt(randomUniform(key, shape), probability);
}

/** Spans of more numbers take 64 random bits a number; 24 make all of them equally likely to 2⁻¹². */
const NARROW = 2 ** 12;

/**
 * Draws whole numbers from `min` to before `max`, each as likely as the others: to 2⁻¹² where there are at
 * most 4,096 of them, to 2⁻³² where there are more.
 *
 * @param key A key, u32[2].
 * @param shape Shape of the result.
 * @param min The least number, from −2³¹.
 * @param max What all numbers are below, to 2³¹.
 * @returns i32 of that shape.
 * @throws {RangeError} If the bounds are no such whole numbers, or no number lies between them.
 *
 * @example Usage
 * ```ts
 * import { randomInteger, randomKey } from "@unroll/core";
 * import { ok } from "node:assert/strict";
 *
 * const dice = await randomInteger(randomKey(1), [100], 1, 7).data();
 * ok(dice.every((x) => x >= 1 && x <= 6));
 * ```
 */
export function randomInteger(key: Tensor, shape: Shape, min: number, max: number): Tensor {
  const isBound = (x: number) => Number.isInteger(x) && Math.abs(x) <= 2 ** 31;
  if (!isBound(min) || !isBound(max) || min >= max) {
    throw new RangeError(
      `Cannot draw integers from ${min} to before ${max}: whole numbers from -2147483648 to ` +
        "2147483648 are needed, the first below the second",
    );
  }
  const span = max - min;
  if (span <= NARROW) {
    const scaled = floor(mul(randomUniform(key, shape), span));
    return add(cast(minimum(scaled, span - 1), "i32"), min);
  }
  const bits = randomBits(key, [2, sizeOf(shape)]);
  const [high, low] = [0, 1].map((i) => reshape(slice(bits, 0, i, i + 1), shape));
  return add(cast(span === 2 ** 32 ? high : scaleWords(high, low, span), "i32"), min);
}

/** ⌊(2³² high + low) span / 2⁶⁴⌋ of words, in u32. */
function scaleWords(high: Tensor, low: Tensor, span: number): Tensor {
  const product = mul(high, span);
  const carried = lt(add(product, upperProduct(low, span)), product);
  return add(upperProduct(high, span), cast(carried, "u32"));
}

/** The upper words of products, in parts of 16 bits. */
function upperProduct(x: Tensor, by: number): Tensor {
  const [top, rest] = [by >>> 16, by & 0xffff];
  const [upper, lower] = [shiftRight(x, 16), and(x, 0xffff)];
  const left = add(mul(upper, rest), shiftRight(mul(lower, rest), 16));
  const right = add(mul(lower, top), and(left, 0xffff));
  return add(mul(upper, top), add(shiftRight(left, 16), shiftRight(right, 16)));
}

/**
 * Draws from the Gumbel distribution, `−log(−log u)`: the greatest of logits plus these is a softmax
 * draw.
 *
 * @param key A key, u32[2].
 * @param shape Shape of the result.
 * @returns f32 of that shape.
 * @throws {TypeError} If the key is none.
 * @throws {RangeError} If a size is not a whole number of 0 or more.
 *
 * @example Usage
 * ```ts
 * import { argmax, randomGumbel, randomKey, tensor } from "@unroll/core";
 * import { strictEqual } from "node:assert/strict";
 *
 * const logits = tensor([0, -Infinity]);
 * strictEqual(await argmax(logits.add(randomGumbel(randomKey(1), [2]))).item(), 0);
 * ```
 */
export function randomGumbel(key: Tensor, shape: Shape): Tensor {
  const uniform = add(mul(randomUniform(key, shape), 1 - 2 ** -23), 2 ** -24);
  return neg(log(neg(log(uniform))));
}
