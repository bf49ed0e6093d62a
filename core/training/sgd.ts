/**
 * Stochastic gradient descent.
 *
 * @module
 */
import { zerosLike } from "../language/ops/creation.ts";
import { mapTree, type Tree } from "../language/tree.ts";
import { type Optimizer, updateEach } from "./optimizer.ts";

/** Settings of {@linkcode sgd}. */
export interface SgdSettings {
  /** How much of the last step goes into the next; 0 if left out. */
  readonly momentum?: number;
  /** Whether to look ahead as Nesterov (1983) does; false if left out. */
  readonly nesterov?: boolean;
}

/**
 * Makes gradient descent, with momentum in PyTorch's form (Sutskever et al., 2013, without its factor):
 * `v ← μ·v + g`, `w ← w − α·v`; by Nesterov `w ← w − α·(g + μ·v)`.
 *
 * @param settings Momentum.
 * @returns The optimizer; without momentum it has no state.
 *
 * @example Usage
 * ```ts
 * import { tensor } from "@unroll/core";
 * import { sgd } from "@unroll/core/training";
 * import { strictEqual } from "node:assert/strict";
 *
 * const { update } = sgd();
 * const { parameters } = update(tensor(3), tensor(2), {}, { learningRate: tensor(0.5) });
 * strictEqual(await parameters.item(), 2);
 * ```
 */
export function sgd(settings: SgdSettings = {}): Optimizer {
  const { momentum = 0, nesterov = false } = settings;
  return {
    name: "sgd",
    settings: { momentum, nesterov },
    initialState: (parameters) =>
      momentum === 0 ? {} : { velocity: mapTree(zerosLike, parameters) },
    update(parameters, gradients, state, { learningRate }) {
      if (momentum === 0) {
        const [next] = updateEach(
          parameters,
          gradients,
          [],
          (w, g) => [w.sub(g.mul(learningRate))],
        );
        return { parameters: next, state };
      }
      const { velocity } = state as { readonly velocity: Tree };
      const [next, nextVelocity] = updateEach(parameters, gradients, [velocity], (w, g, [v]) => {
        const moved = v.mul(momentum).add(g);
        const direction = nesterov ? moved.mul(momentum).add(g) : moved;
        return [w.sub(direction.mul(learningRate)), moved];
      });
      return { parameters: next, state: { velocity: nextVelocity } };
    },
  };
}
