/**
 * Reverse-mode derivatives: from a graph to the graph of its gradients, from a function to one that
 * gives its gradients too.
 *
 * @module
 */
import type { Graph } from "../ir/graph.ts";
import { fill, zerosLike } from "./ops/creation.ts";
import { backpropagate, record } from "./tape.ts";
import type { Tensor } from "./tensor.ts";
import { formatType } from "../ir/tensor_type.ts";
import { trace } from "./trace.ts";
import { flattenTree, rebuildTree } from "./tree.ts";

/** Gradients of a graph's inputs, from its inputs and the gradients of its outputs. */
export function vjp(
  graph: Graph,
  inputs: readonly Tensor[],
  cotangents: readonly (Tensor | undefined)[],
): Tensor[] {
  const { tape } = record(graph, inputs);
  const gradients = backpropagate(graph, tape, cotangents);
  return gradients.map((gradient, i) => gradient ?? zerosLike(inputs[i]));
}

/**
 * A function that also gives the gradient of its value by its first argument.
 *
 * @param fn A function of trees of tensors whose result is a scalar f32 tensor, or a tuple of one
 * and anything else.
 * @returns A function of the same arguments: the result of `fn`, and a tree like the first
 * argument holding the gradients. Integer tensors in it have gradients of zero.
 * @throws {TypeError} If the value is not a scalar f32.
 *
 * @example Usage
 * ```ts
 * import { type Tensor, tensor, valueAndGrad } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const [value, gradient] = valueAndGrad((x: Tensor) => x.square().sum())(tensor([1, 2]));
 * deepStrictEqual([await value.item(), ...await gradient.data()], [5, 2, 4]);
 * ```
 */
export function valueAndGrad<
  P,
  Rest extends readonly unknown[],
  R extends Tensor | readonly [Tensor, ...unknown[]],
>(
  fn: (parameters: P, ...rest: Rest) => R,
): (parameters: P, ...rest: Rest) => [R, P] {
  return (parameters, ...rest) => {
    const leaves = flattenTree(parameters);
    let result: R | undefined;
    const { graph, captures } = trace(leaves.map((leaf) => leaf.type), (...inputs) => {
      result = fn(rebuildTree(parameters, inputs), ...rest);
      return flattenTree(result);
    });
    const value = graph.outputs[0];
    if (!value || value.type.dtype !== "f32" || value.type.shape.length !== 0) {
      throw new TypeError(
        `Cannot differentiate a function whose value is ${
          value ? formatType(value.type) : "nothing"
        }: ` +
          `a scalar f32 is needed`,
      );
    }
    const { outputs, tape } = record(graph, [...captures, ...leaves]);
    const one = fill([], 1);
    const gradients = backpropagate(graph, tape, [one]).slice(captures.length)
      .map((gradient, i) => gradient ?? zerosLike(leaves[i]));
    return [rebuildTree(result as R, outputs), rebuildTree(parameters, gradients)];
  };
}

/**
 * Gives the gradient of a scalar function by its first argument; see {@linkcode valueAndGrad}.
 *
 * @param fn The function.
 * @returns A function of the same arguments that gives the gradients.
 * @throws {TypeError} If the value is not a scalar f32.
 *
 * @example Usage
 * ```ts
 * import { grad, type Tensor, tensor } from "@unroll/core";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(await grad((x: Tensor) => x.square())(tensor(3)).item(), 6);
 * ```
 */
export function grad<P, Rest extends readonly unknown[]>(
  fn: (parameters: P, ...rest: Rest) => Tensor,
): (parameters: P, ...rest: Rest) => P {
  return (parameters, ...rest) => valueAndGrad(fn)(parameters, ...rest)[1];
}
