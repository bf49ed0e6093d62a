/**
 * Adagrad.
 *
 * @module
 */
import { zerosLike } from "../language/ops/creation.ts";
import { mapTree, type Tree } from "../language/tree.ts";
import { type Optimizer, updateEach } from "./optimizer.ts";

/** Settings of {@linkcode adagrad}. */
export interface AdagradSettings {
  /** Keeps the division finite; 1e-8 if left out. */
  readonly epsilon?: number;
  /**
   * Where ε is added: `inside` the root as in Karpathy's min-char-rnn, or `outside` as in PyTorch,
   * whose ε is 1e-10; `inside` if left out.
   */
  readonly epsilonPlace?: "inside" | "outside";
}

/**
 * Makes Adagrad (Duchi et al., 2011): `s ← s + g²`, `w ← w − α · g / √(s + ε)`, or `g / (√s + ε)`.
 *
 * @param settings ε and its place.
 * @returns The optimizer.
 *
 * @example Usage
 * ```ts
 * import { adagrad } from "@unroll/core/training";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual(adagrad({ epsilonPlace: "outside" }).settings, {
 *   epsilon: 1e-8,
 *   epsilonPlace: "outside",
 * });
 * ```
 */
export function adagrad(settings: AdagradSettings = {}): Optimizer {
  const { epsilon = 1e-8, epsilonPlace = "inside" } = settings;
  return {
    name: "adagrad",
    settings: { epsilon, epsilonPlace },
    initialState: (parameters): Tree => ({ sum: mapTree(zerosLike, parameters) }),
    update(parameters, gradients, state, { learningRate }) {
      const { sum } = state as { readonly sum: Tree };
      const [next, nextSum] = updateEach(parameters, gradients, [sum], (w, g, [s]) => {
        const s2 = s.add(g.square());
        const root = epsilonPlace === "inside" ? s2.add(epsilon).sqrt() : s2.sqrt().add(epsilon);
        return [w.sub(g.mul(learningRate).div(root)), s2];
      });
      return { parameters: next, state: { sum: nextSum } };
    },
  };
}
