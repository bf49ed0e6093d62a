/**
 * Derivatives against finite differences.
 *
 * @module
 */
import { evaluateGraph } from "../ir/evaluate.ts";
import type { Graph } from "../ir/graph.ts";
import { dense } from "../ir/dense.ts";
import type { DenseArray, RandomSource } from "../ir/primitive.ts";
import { isDifferentiable } from "../ir/tensor_type.ts";
import { trace } from "../language/trace.ts";
import { vjp } from "../language/gradient.ts";

/** Options of {@linkcode checkGradients}. */
export interface CheckGradientsOptions {
  /** Distance of the two points from the middle; 1e-5 if left out. */
  readonly step?: number;
  /** Greatest error, relative to the greater of 1 and the derivative; 1e-6 if left out. */
  readonly tolerance?: number;
  /** How many derivatives to check: 2 also checks the gradient of the gradient. 1 if left out. */
  readonly order?: 1 | 2;
}

/**
 * Checks the gradient of a graph along one random direction: `⟨cotangent, J·tangent⟩` by central
 * differences on the double-precision interpreter against `⟨Jᵀ·cotangent, tangent⟩` by reverse mode.
 * The cost does not grow with the number of inputs.
 *
 * @param graph The graph, differentiable around `inputs`.
 * @param inputs Where to check.
 * @param random Source of the direction.
 * @param options Step, tolerance, order.
 * @throws {RangeError} If the two differ.
 *
 * @example Usage
 * ```ts
 * import { mul, tanh } from "@unroll/core";
 * import { trace } from "@unroll/core/compiler";
 * import { checkGradients, randomSource } from "@unroll/core/testing";
 *
 * const type = { dtype: "f32", shape: [2] } as const;
 * const { graph } = trace([type], (x) => [mul(x, tanh(x))]);
 * checkGradients(graph, [{ type, data: Float64Array.of(0.3, -2) }], randomSource(0));
 * ```
 */
export function checkGradients(
  graph: Graph,
  inputs: readonly DenseArray[],
  random: RandomSource,
  options: CheckGradientsOptions = {},
): void {
  const { step = 1e-5, tolerance = 1e-6, order = 1 } = options;
  const like = ({ type }: Pick<DenseArray, "type">): DenseArray => {
    const direction = dense(type);
    if (!isDifferentiable(type)) return direction;
    direction.data.forEach((_, i) => direction.data[i] = random() * 2 - 1);
    return direction;
  };
  const tangents = inputs.map(like);
  const cotangents = graph.outputs.map(like);
  const shifted = (by: number) =>
    evaluateGraph(
      graph,
      inputs.map(({ type, data }, i) => ({
        type,
        data: data.map((x, j) => x + by * tangents[i].data[j]),
      })),
    );
  const expected = (dot(cotangents, shifted(step)) - dot(cotangents, shifted(-step))) / (2 * step);

  const backward = gradientGraph(graph);
  const arguments_ = [...inputs, ...cotangents];
  const actual = dot(evaluateGraph(backward, arguments_), tangents);
  const error = Math.abs(actual - expected) / Math.max(1, Math.abs(expected));
  if (!(error <= tolerance)) {
    throw new RangeError(
      `Gradient is wrong along a random direction: expected ${expected}, found ${actual}`,
    );
  }
  if (order === 2) {
    checkGradients(backward, arguments_, random, { ...options, order: 1 });
  }
}

/** Traces the graph from the inputs of a graph and the gradients of its outputs to those of its inputs. */
export function gradientGraph(graph: Graph): Graph {
  const count = graph.inputs.length;
  const types = [...graph.inputs, ...graph.outputs].map(({ type }) => type);
  return trace(types, (...args) => vjp(graph, args.slice(0, count), args.slice(count))).graph;
}

function dot(xs: readonly DenseArray[], ys: readonly DenseArray[]): number {
  let sum = 0;
  xs.forEach(({ data }, i) => data.forEach((x, j) => sum += x * ys[i].data[j]));
  return sum;
}
