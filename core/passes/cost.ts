/**
 * Estimates the cost of graphs: what decides where they are worth running.
 *
 * @module
 */
import { type Graph, paramsOf } from "../ir/graph.ts";
import { MATMUL, matmulSizes } from "../language/primitives/matmul.ts";
import { SCAN } from "../language/primitives/scan.ts";
import { sizeOf } from "../ir/tensor_type.ts";

/** The cost of one run of a graph. */
export interface GraphCost {
  /** Floating-point operations, roughly. */
  readonly operations: number;
  /** Iterations of loops over time, each of which waits for the one before; loops are counted one after the other. */
  readonly iterations: number;
}

/**
 * Estimates the cost of a graph.
 *
 * @param graph The graph.
 * @returns Iterations that wait for each other, and floating-point operations, roughly: two for each
 * term of a matrix product, the cost of its row for each element of an elementwise operation, one for
 * each element of others.
 *
 * @example Usage
 * ```ts
 * import { scan, zeros } from "@unroll/core";
 * import { graphCost, trace } from "@unroll/core/compiler";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const { graph } = trace([{ dtype: "f32", shape: [50, 4] }], (x) => {
 *   const [last] = scan((sum, x) => [sum.add(x), undefined], zeros([4]), x);
 *   return [last];
 * });
 * deepStrictEqual(graphCost(graph).iterations, 50);
 *
 * const f32 = (...shape: number[]) => ({ dtype: "f32", shape }) as const;
 * const product = trace([f32(2, 3), f32(3, 4)], (x, y) => [x.matmul(y)]);
 * deepStrictEqual(graphCost(product.graph), { operations: 48, iterations: 0 });
 * ```
 */
export function graphCost(graph: Graph): GraphCost {
  let [operations, iterations] = [0, 0];
  for (const equation of graph.equations) {
    const { primitive: { lowering: { kind }, cost = 1 }, inputs, outputs } = equation;
    if (kind === "matmul") {
      const sizes = matmulSizes(inputs[0].type, inputs[1].type, paramsOf(equation, MATMUL));
      operations += 2 * sizeOf(sizes.batch) * sizes.m * sizes.k * sizes.n;
    } else if (kind === "scan") {
      const { body, length } = paramsOf(equation, SCAN);
      const inside = graphCost(body);
      operations += length * inside.operations;
      iterations += length * Math.max(1, inside.iterations);
    } else if (kind !== "reshape") {
      const elements = [...inputs, ...outputs].map(({ type }) => sizeOf(type.shape));
      operations += cost * Math.max(0, ...elements);
    }
  }
  return { operations, iterations };
}
