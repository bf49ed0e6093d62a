/**
 * Adam and AdamW.
 *
 * @module
 */
import { fill, zeros, zerosLike } from "../language/ops/creation.ts";
import type { Tensor } from "../language/tensor.ts";
import { mapTree, type Tree } from "../language/tree.ts";
import { type Optimizer, updateEach } from "./optimizer.ts";

/** Settings of {@linkcode adam}. */
export interface AdamSettings {
  /** How slowly the mean of the gradients changes; 0.9 if left out. */
  readonly beta1?: number;
  /** How slowly the mean of their squares changes; 0.999 if left out. */
  readonly beta2?: number;
  /** Added to the root, outside of it; 1e-8 if left out. */
  readonly epsilon?: number;
}

/** Settings of {@linkcode adamw}. */
export interface AdamwSettings extends AdamSettings {
  /** Fraction of each parameter that is taken away a step, times the learning rate; 0.01 if left out. */
  readonly weightDecay?: number;
}

interface AdamState {
  readonly mean: Tree;
  readonly square: Tree;
  /** 1 − β₁ᵗ and 1 − β₂ᵗ. */
  readonly corrections: readonly [Tensor, Tensor];
}

/**
 * Makes Adam (Kingma and Ba, 2015): `m ← β₁·m + (1 − β₁)·g`, `v ← β₂·v + (1 − β₂)·g²`,
 * `w ← w − α · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)`.
 *
 * @param settings β₁, β₂, ε.
 * @returns The optimizer.
 *
 * @example Usage
 * ```ts
 * import { adam } from "@unroll/core/training";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual(adam({ beta2: 0.98 }).settings, { beta1: 0.9, beta2: 0.98, epsilon: 1e-8 });
 * ```
 */
export function adam(settings: AdamSettings = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = settings;
  return make("adam", { beta1, beta2, epsilon }, 0);
}

/**
 * Makes AdamW, which is Adam with weight decay apart from the gradient (Loshchilov and Hutter, 2019):
 * before the step, `w ← (1 − α·λ)·w`.
 *
 * @param settings β₁, β₂, ε, λ.
 * @returns The optimizer.
 *
 * @example Usage
 * ```ts
 * import { adamw } from "@unroll/core/training";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(adamw().settings.weightDecay, 0.01);
 * ```
 */
export function adamw(settings: AdamwSettings = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0.01 } = settings;
  return make("adamw", { beta1, beta2, epsilon, weightDecay }, weightDecay);
}

function make(
  name: string,
  settings: Required<AdamSettings> & { readonly weightDecay?: number },
  decay: number,
): Optimizer {
  const { beta1, beta2, epsilon } = settings;
  return {
    name,
    settings: { ...settings },
    initialState: (parameters): Tree => ({
      mean: mapTree(zerosLike, parameters),
      square: mapTree(zerosLike, parameters),
      corrections: [zeros([]), zeros([])],
    }),
    update(parameters, gradients, state, { learningRate }) {
      const { mean, square, corrections } = state as unknown as AdamState;
      // 1 − βᵗ is itself a running mean, of ones: so computed it loses no digits while t is small.
      const c1 = corrections[0].mul(beta1).add(1 - beta1);
      const c2 = corrections[1].mul(beta2).add(1 - beta2);
      const shrink = decay === 0 ? undefined : learningRate.mul(-decay).add(1);
      const rate = learningRate.div(c1);
      // √(v / c₂) = √v · (1 / √c₂): one division for all elements.
      const scale = fill([], 1).div(c2.sqrt());
      const [next, nextMean, nextSquare] = updateEach(
        parameters,
        gradients,
        [mean, square],
        (w, g, [m, v]) => {
          const m2 = m.mul(beta1).add(g.mul(1 - beta1));
          const v2 = v.mul(beta2).add(g.square().mul(1 - beta2));
          const step = m2.mul(rate).div(v2.sqrt().mul(scale).add(epsilon));
          return [(shrink ? w.mul(shrink) : w).sub(step), m2, v2];
        },
      );
      return {
        parameters: next,
        state: { mean: nextMean, square: nextSquare, corrections: [c1, c2] },
      };
    },
  };
}
