/**
 * How much there is to compute: what decides where it is worth computing it.
 *
 * @module
 */
import type { Graph } from "./graph.ts";
import { ELEMENTWISE, type ElementwiseName } from "./primitives/elementwise.ts";
import { type MatmulParams, matmulSizes } from "./primitives/matmul.ts";
import { scanParams } from "./primitives/scan.ts";
import { sizeOf } from "./tensor_type.ts";

/**
 * Estimates the arithmetic of a graph.
 *
 * @param graph The graph.
 * @returns Floating-point operations of one run, roughly: two for each term of a matrix product, the
 * cost of its row for each element of an elementwise operation, one for each element of others.
 *
 * @example Usage
 * ```ts
 * import { trace, workOf } from "@unroll/core";
 * import { strictEqual } from "node:assert/strict";
 *
 * const f32 = (...shape: number[]) => ({ dtype: "f32", shape }) as const;
 * const { graph } = trace([f32(2, 3), f32(3, 4)], (x, y) => [x.matmul(y)]);
 * strictEqual(workOf(graph), 48);
 * ```
 */
export function workOf(graph: Graph): number {
  let work = 0;
  for (const { primitive, inputs, outputs, params } of graph.equations) {
    const { kind } = primitive.lowering;
    if (kind === "matmul") {
      const sizes = matmulSizes(inputs[0].type, inputs[1].type, params as MatmulParams);
      work += 2 * sizeOf(sizes.batch) * sizes.m * sizes.k * sizes.n;
    } else if (kind === "scan") {
      const { body, length } = scanParams(params);
      work += length * workOf(body);
    } else if (kind !== "reshape") {
      const cost = ELEMENTWISE[primitive.name as ElementwiseName]?.cost ?? 1;
      const elements = [...inputs, ...outputs].map(({ type }) => sizeOf(type.shape));
      work += cost * Math.max(0, ...elements);
    }
  }
  return work;
}
