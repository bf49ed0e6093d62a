/**
 * RMSProp.
 *
 * @module
 */
import { zerosLike } from "../language/ops/creation.ts";
import { mapTree, type Tree } from "../language/tree.ts";
import { type Optimizer, updateEach } from "./optimizer.ts";

/** Settings of {@linkcode rmsprop}. */
export interface RmspropSettings {
  /** How slowly the mean of the squares changes; 0.99 if left out. */
  readonly decay?: number;
  /** Added to the root, outside of it; 1e-8 if left out. */
  readonly epsilon?: number;
  /** How much of the last step goes into the next; 0 if left out. */
  readonly momentum?: number;
}

/**
 * Makes RMSProp (Tieleman and Hinton, 2012), in PyTorch's form: `s ← ρ·s + (1 − ρ)·g²`,
 * `v ← μ·v + g / (√s + ε)`, `w ← w − α·v`.
 *
 * @param settings ρ, ε, μ.
 * @returns The optimizer.
 *
 * @example Usage
 * ```ts
 * import { rmsprop } from "@unroll/core/training";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual(rmsprop({ momentum: 0.9 }).settings, {
 *   decay: 0.99,
 *   epsilon: 1e-8,
 *   momentum: 0.9,
 * });
 * ```
 */
export function rmsprop(settings: RmspropSettings = {}): Optimizer {
  const { decay = 0.99, epsilon = 1e-8, momentum = 0 } = settings;
  return {
    name: "rmsprop",
    settings: { decay, epsilon, momentum },
    initialState(parameters): Tree {
      const square = mapTree(zerosLike, parameters);
      if (momentum === 0) return { square };
      return { square, velocity: mapTree(zerosLike, parameters) };
    },
    update(parameters, gradients, state, { learningRate }) {
      const { square, velocity } = state as { readonly square: Tree; readonly velocity?: Tree };
      const states = velocity === undefined ? [square] : [square, velocity];
      const [next, nextSquare, nextVelocity] = updateEach(
        parameters,
        gradients,
        states,
        (w, g, [s, v]) => {
          const s2 = s.mul(decay).add(g.square().mul(1 - decay));
          const scaled = g.div(s2.sqrt().add(epsilon));
          const step = v ? v.mul(momentum).add(scaled) : scaled;
          return [w.sub(step.mul(learningRate)), s2, step];
        },
      );
      return {
        parameters: next,
        state: velocity === undefined
          ? { square: nextSquare }
          : { square: nextSquare, velocity: nextVelocity },
      };
    },
  };
}
