/**
 * The linear layer: `y = x · W + b`.
 *
 * @module
 */
import { foldIn, matmul, reshape, type Tensor, zeros } from "@unroll/core";
import { initialize, type InitializerName } from "./initializers.ts";

/** Weights of a linear layer. */
export interface LinearParameters {
  /** f32[in, out] */
  readonly weight: Tensor;
  /** f32[out]; absent in layers without. */
  readonly bias?: Tensor;
}

/** What decides a linear layer. */
export interface LinearSettings {
  /** Numbers that go in. */
  readonly from: number;
  /** Numbers that come out. */
  readonly to: number;
  /** How the weight starts. */
  readonly initializer: InitializerName;
  /** Standard deviation, for initializers that need one. */
  readonly std?: number;
  /** Whether there is a bias; yes if left out. */
  readonly bias?: boolean;
  /** How it starts; at zero if left out. */
  readonly biasInitializer?: InitializerName;
}

/**
 * Makes the weights of a linear layer before training.
 *
 * @param key A key, u32[2].
 * @param settings Sizes and initializer.
 * @returns The weights.
 *
 * @example Usage
 * ```ts
 * import { randomKey } from "@unroll/core";
 * import { linearParameters } from "@unroll/models";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const { weight, bias } = linearParameters(randomKey(0), { from: 2, to: 3, initializer: "he" });
 * deepStrictEqual([weight.shape, bias?.shape], [[2, 3], [3]]);
 * ```
 */
export function linearParameters(key: Tensor, settings: LinearSettings): LinearParameters {
  const { from, to, initializer, std, bias = true, biasInitializer = "zeros" } = settings;
  return {
    weight: initialize(initializer, key, [from, to], { std }),
    ...(bias ? { bias: biasOf(biasInitializer, key, to, std) } : {}),
  };
}

function biasOf(
  name: InitializerName,
  key: Tensor,
  size: number,
  std: number | undefined,
): Tensor {
  if (name === "zeros") return zeros([size]);
  // A key of its own: that of the weight has made the weight.
  return reshape(initialize(name, foldIn(key, 1), [1, size], { std }), [size]);
}

/**
 * Applies a linear layer.
 *
 * @param parameters Its weights.
 * @param x f32[…, in]
 * @returns f32[…, out]
 *
 * @example Usage
 * ```ts
 * import { tensor } from "@unroll/core";
 * import { linear } from "@unroll/models";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const y = linear({ weight: tensor([[1, 2], [3, 4]]), bias: tensor([10, 20]) }, tensor([[1, 1]]));
 * deepStrictEqual([...await y.data()], [14, 26]);
 * ```
 */
export function linear({ weight, bias }: LinearParameters, x: Tensor): Tensor {
  return plus(matmul(x, weight), bias);
}

/**
 * Adds a bias, if there is one.
 *
 * @example Usage
 * ```ts
 * import { tensor } from "@unroll/core";
 * import { plus } from "@unroll/models";
 * import { strictEqual } from "node:assert/strict";
 *
 * const x = tensor([1]);
 * strictEqual(plus(x, undefined), x);
 * ```
 */
export function plus(x: Tensor, bias: Tensor | undefined): Tensor {
  return bias ? x.add(bias) : x;
}
