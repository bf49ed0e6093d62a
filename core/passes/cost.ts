/**
 * How much there is to compute: what decides where it is worth computing it.
 *
 * @module
 */
import { type Graph, isApplication, paramsOf } from "../ir/graph.ts";
import { MATMUL, matmulSizes } from "../language/primitives/matmul.ts";
import { SCAN } from "../language/primitives/scan.ts";
import { sizeOf } from "../ir/tensor_type.ts";

/** What there is to compute, and how much of it has to wait for the rest. */
export interface Work {
  /** Floating-point operations, roughly. */
  readonly operations: number;
  /** Iterations of loops over time, each of which waits for the one before; loops are counted one after the other. */
  readonly iterations: number;
}

/**
 * Estimates what a graph takes.
 *
 * @param graph The graph.
 * @returns Its arithmetic, as {@linkcode workOf} has it, and the iterations that wait for each other.
 *
 * @example Usage
 * ```ts
 * import { scan, zeros } from "@unroll/core";
 * import { estimateWork, trace } from "@unroll/core/compiler";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const { graph } = trace([{ dtype: "f32", shape: [50, 4] }], (x) => {
 *   const [last] = scan((sum, x) => [sum.add(x), undefined], zeros([4]), x);
 *   return [last];
 * });
 * deepStrictEqual(estimateWork(graph).iterations, 50);
 * ```
 */
export function estimateWork(graph: Graph): Work {
  return { operations: workOf(graph), iterations: iterationsOf(graph) };
}

function iterationsOf(graph: Graph): number {
  let iterations = 0;
  for (const equation of graph.equations) {
    if (!isApplication(equation, SCAN)) continue;
    const { body, length } = equation.params;
    iterations += length * Math.max(1, iterationsOf(body));
  }
  return iterations;
}

/**
 * Estimates the arithmetic of a graph.
 *
 * @param graph The graph.
 * @returns Floating-point operations of one run, roughly: two for each term of a matrix product, the
 * cost of its row for each element of an elementwise operation, one for each element of others.
 *
 * @example Usage
 * ```ts
 * import { trace, workOf } from "@unroll/core/compiler";
 * import { strictEqual } from "node:assert/strict";
 *
 * const f32 = (...shape: number[]) => ({ dtype: "f32", shape }) as const;
 * const { graph } = trace([f32(2, 3), f32(3, 4)], (x, y) => [x.matmul(y)]);
 * strictEqual(workOf(graph), 48);
 * ```
 */
export function workOf(graph: Graph): number {
  let work = 0;
  for (const equation of graph.equations) {
    const { primitive: { lowering: { kind }, cost = 1 }, inputs, outputs } = equation;
    if (kind === "matmul") {
      const sizes = matmulSizes(inputs[0].type, inputs[1].type, paramsOf(equation, MATMUL));
      work += 2 * sizeOf(sizes.batch) * sizes.m * sizes.k * sizes.n;
    } else if (kind === "scan") {
      const { body, length } = paramsOf(equation, SCAN);
      work += length * workOf(body);
    } else if (kind !== "reshape") {
      const elements = [...inputs, ...outputs].map(({ type }) => sizeOf(type.shape));
      work += cost * Math.max(0, ...elements);
    }
  }
  return work;
}
