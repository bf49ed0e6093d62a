/**
 * Reverse-mode derivatives: from a graph to the graph of its gradients.
 *
 * `record` replays a graph and keeps what each equation saw; `backpropagate` walks that tape
 * backwards and asks each primitive for its rule. Both only apply primitives, so the result is a
 * graph like any other, and can be differentiated again.
 *
 * @module
 */
import type { Equation, Graph, Value } from "../ir/graph.ts";
import { fill, zerosOf } from "./ops/creation.ts";
import { elementwise } from "./primitives/elementwise.ts";
import type { Tensor } from "./tensor.ts";
import { formatType, isDifferentiable } from "../ir/tensor_type.ts";
import { apply, inline, trace } from "./trace.ts";
import { flattenTree, rebuildTree } from "./tree.ts";

/** What one equation saw on the way forward. */
export interface TapeEntry {
  /** The equation. */
  readonly equation: Equation;
  /** Its inputs. */
  readonly inputs: readonly Tensor[];
  /** Its outputs. */
  readonly outputs: readonly Tensor[];
  /** What its primitive saved for the way back. */
  readonly residuals: readonly Tensor[];
}

/** Replays a graph in the current trace and keeps a tape. */
export function record(
  graph: Graph,
  inputs: readonly Tensor[],
): { readonly outputs: Tensor[]; readonly tape: TapeEntry[] } {
  const tape: TapeEntry[] = [];
  const outputs = inline(graph, inputs, (equation, inputs) => {
    const { primitive, params } = equation;
    const { outputs, residuals } = primitive.forward?.(inputs, params) ??
      { outputs: apply(primitive, inputs, params), residuals: [] };
    tape.push({ equation, inputs, outputs, residuals });
    return outputs;
  });
  return { outputs, tape };
}

/**
 * Gradients of a graph's inputs from those of its outputs.
 *
 * @param graph The graph.
 * @param tape What {@linkcode record} kept.
 * @param cotangents Gradients by the outputs; `undefined` where zero.
 * @returns Gradients by the inputs; `undefined` where zero.
 */
export function backpropagate(
  graph: Graph,
  tape: readonly TapeEntry[],
  cotangents: readonly (Tensor | undefined)[],
): (Tensor | undefined)[] {
  const gradients = new Map<Value, Tensor>();
  const accumulate = (value: Value, gradient: Tensor | undefined) => {
    if (!gradient || !isDifferentiable(value.type)) return;
    const sum = gradients.get(value);
    gradients.set(value, sum ? elementwise("add", [sum, gradient]) : gradient);
  };
  graph.outputs.forEach((value, i) => accumulate(value, cotangents[i]));
  for (let i = tape.length - 1; i >= 0; i--) {
    const { equation, inputs, outputs, residuals } = tape[i];
    const cotangents = equation.outputs.map((value) => gradients.get(value));
    if (cotangents.every((cotangent) => cotangent === undefined)) continue;
    const { primitive, params } = equation;
    const results = primitive.vjp({ inputs, outputs, residuals, cotangents, params });
    equation.inputs.forEach((value, j) => accumulate(value, results[j]));
  }
  return graph.inputs.map((value) => gradients.get(value));
}

/** Gradients of a graph's inputs, from its inputs and the gradients of its outputs. */
export function vjp(
  graph: Graph,
  inputs: readonly Tensor[],
  cotangents: readonly (Tensor | undefined)[],
): Tensor[] {
  const { tape } = record(graph, inputs);
  const gradients = backpropagate(graph, tape, cotangents);
  return gradients.map((gradient, i) => gradient ?? zerosOf(inputs[i].type));
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
      .map((gradient, i) => gradient ?? zerosOf(leaves[i].type));
    return [rebuildTree(result as R, outputs), rebuildTree(parameters, gradients)];
  };
}

/**
 * The gradient of a scalar function by its first argument; see {@linkcode valueAndGrad}.
 *
 * @param fn The function.
 * @returns A function of the same arguments that gives the gradients.
 */
export function grad<P, Rest extends readonly unknown[]>(
  fn: (parameters: P, ...rest: Rest) => Tensor,
): (parameters: P, ...rest: Rest) => P {
  return (parameters, ...rest) => valueAndGrad(fn)(parameters, ...rest)[1];
}
