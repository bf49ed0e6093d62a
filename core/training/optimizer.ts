/**
 * The contract of optimizers: a rule from gradients to new parameters, written in tensors, so that it
 * becomes part of the compiled training step.
 *
 * @module
 */
import type { Tensor } from "../language/tensor.ts";
import { flattenTree, rebuildTree, type Tree } from "../language/tree.ts";

/** What an optimizer is given at a step, beside gradients and state. */
export interface UpdateContext {
  /** Learning rate of this step, a scalar f32. */
  readonly learningRate: Tensor;
}

/** Parameters and state after a step. */
export interface Update<Parameters, State> {
  /** The new parameters. */
  readonly parameters: Parameters;
  /** The new state. */
  readonly state: State;
}

/** An optimizer. */
export interface Optimizer<State = Tree> {
  /** Its name. */
  readonly name: string;
  /** All its settings, for the record of a run: given to what made it, they make it again. */
  readonly settings: Readonly<Record<string, number | boolean | string>>;
  /** State before the first step: a tree of tensors. */
  initialState(parameters: Tree): State;
  /** One step. */
  update<Parameters extends Tree>(
    parameters: Parameters,
    gradients: Parameters,
    state: State,
    context: UpdateContext,
  ): Update<Parameters, State>;
}

/**
 * Applies a rule to each parameter with its gradient and its own tensors of state.
 *
 * @param parameters Tree of parameters.
 * @param gradients Tree of the same form.
 * @param states Trees of the same form, such as running means.
 * @param rule From a parameter, its gradient and its state to the new parameter and state.
 * @returns The new parameters and states.
 *
 * @example Usage
 * ```ts
 * import { tensor } from "@unroll/core";
 * import { updateEach } from "@unroll/core/training";
 * import { strictEqual } from "node:assert/strict";
 *
 * const parameters = { w: tensor(3), b: tensor(1) };
 * const gradients = { w: tensor(2), b: tensor(0) };
 * const [next] = updateEach(parameters, gradients, [], (p, g) => [p.sub(g)]);
 * strictEqual(await next.w.item(), 1);
 * ```
 */
export function updateEach<Parameters extends Tree, States extends readonly Tree[]>(
  parameters: Parameters,
  gradients: Parameters,
  states: States,
  rule: (
    parameter: Tensor,
    gradient: Tensor,
    states: readonly Tensor[],
  ) => readonly [Tensor, ...Tensor[]],
): readonly [Parameters, ...Tree[]] {
  const own = flattenTree(parameters);
  const ownGradients = flattenTree(gradients);
  const lists = states.map(flattenTree);
  const results = own.map((parameter, i) =>
    rule(parameter, ownGradients[i], lists.map((list) => list[i]))
  );
  const column = (j: number) => rebuildTree(parameters, results.map((row) => row[j]));
  return [column(0), ...states.map((_, j) => column(j + 1))];
}
