/**
 * Random numbers from keys: the same key gives the same bits on every backend. A key is a tensor
 * u32[2]; use each key once, and {@linkcode splitKey} or {@linkcode foldIn} to get more.
 *
 * @module
 */
import {
  add,
  cast,
  cos,
  floor,
  log,
  lt,
  minimum,
  mul,
  neg,
  shiftRight,
  sqrt,
  sub,
} from "./ops/arithmetic.ts";
import { fill, tensor } from "./ops/creation.ts";
import { reshape, slice } from "./ops/layout.ts";
import { FOLD_IN, RANDOM_BITS } from "./primitives/creation.ts";
import type { Tensor } from "./tensor.ts";
import { type Shape, sizeOf } from "../ir/tensor_type.ts";

/**
 * A key from a seed.
 *
 * @param seed A whole number from 0 to 2⁵³ − 1.
 * @returns A key, u32[2].
 * @throws {RangeError} If the seed is not such a number.
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
 * 32 random bits an element.
 *
 * @param key A key, u32[2].
 * @param shape Shape of the result.
 * @returns u32 of that shape; the bits of JAX's `random.bits` for the same key.
 */
export function randomBits(key: Tensor, shape: Shape): Tensor {
  return key.apply(RANDOM_BITS, [key], { shape })[0];
}

/** Several keys from one. */
export function splitKey(key: Tensor, count = 2): Tensor[] {
  const bits = randomBits(key, [count, 2]);
  return Array.from({ length: count }, (_, i) => reshape(slice(bits, 0, i, i + 1), [2]));
}

/**
 * A key from a key and a number, such as a step. It is a hash of the two: other keys with other numbers give
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

/** Uniform numbers in [`least`, `most`), multiples of 2⁻²⁴ of the range. */
export function randomUniform(key: Tensor, shape: Shape, least = 0, most = 1): Tensor {
  const unit = mul(cast(shiftRight(randomBits(key, shape), 8), "f32"), 2 ** -24);
  return least === 0 && most === 1 ? unit : add(mul(unit, most - least), least);
}

/** Normal numbers of mean 0 and variance 1, by the method of Box and Muller (1958). */
export function randomNormal(key: Tensor, shape: Shape): Tensor {
  const size = sizeOf(shape);
  const uniform = randomUniform(key, [2, size]);
  // 1 − u lies in (0, 1], so the logarithm is finite.
  const radius = sqrt(mul(log(sub(1, slice(uniform, 0, 0, 1))), -2));
  const angle = mul(slice(uniform, 0, 1, 2), 2 * Math.PI);
  return reshape(mul(radius, cos(angle)), shape);
}

/** True with a given probability. */
export function randomBernoulli(key: Tensor, shape: Shape, probability: number): Tensor {
  return lt(randomUniform(key, shape), probability);
}

/** Whole numbers from `least` to before `most`, in i32. */
export function randomInteger(key: Tensor, shape: Shape, least: number, most: number): Tensor {
  const scaled = floor(mul(randomUniform(key, shape), most - least));
  return add(cast(minimum(scaled, most - least - 1), "i32"), least);
}

/** Draws from the Gumbel distribution, `−log(−log u)`: the greatest of logits plus these is a softmax draw. */
export function randomGumbel(key: Tensor, shape: Shape): Tensor {
  const uniform = add(mul(randomUniform(key, shape), 1 - 2 ** -23), 2 ** -24);
  return neg(log(neg(log(uniform))));
}
