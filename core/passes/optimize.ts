/**
 * Runs the passes: what is done to a graph between tracing and a backend, in order.
 *
 * @module
 */
import type { Graph } from "../ir/graph.ts";
import { dedupeScan } from "./dedupe_scan.ts";
import { reassociateSums } from "./reassociate_sums.ts";
import { hoistFromScan } from "./hoist_from_scan.ts";
import { projectBeforeGather } from "./project_before_gather.ts";
import { oneHotToGather } from "./one_hot_to_gather.ts";
import { rematerialize } from "./rematerialize.ts";
import { eliminateDeadCode } from "./eliminate_dead_code.ts";
import { eliminateCommonSubexpressions } from "./eliminate_common_subexpressions.ts";
import { simplify } from "./simplify.ts";
import { sinkFromScan } from "./sink_from_scan.ts";
import { sumAfterScan } from "./sum_after_scan.ts";

/** A step of {@linkcode optimize}: a graph of the same meaning, the same object if nothing changed. */
export type Pass = (graph: Graph) => Graph;

/** The passes by name, in the order they run. */
export const PASSES: readonly (readonly [name: string, pass: Pass])[] = [
  ["eliminate_dead_code", eliminateDeadCode],
  ["simplify", simplify],
  ["eliminate_common_subexpressions", eliminateCommonSubexpressions],
  ["dedupe_scan", dedupeScan],
  ["one_hot_to_gather", oneHotToGather],
  ["project_before_gather", projectBeforeGather],
  ["reassociate_sums", reassociateSums],
  ["sum_after_scan", sumAfterScan],
  ["hoist_from_scan", hoistFromScan],
  ["sink_from_scan", sinkFromScan],
  ["rematerialize", rematerialize],
];

/** Options of {@linkcode optimize}. */
export interface OptimizeOptions {
  /** Called after each pass that changed the graph. */
  readonly trace?: (name: string, graph: Graph) => void;
}

/** Rounds after which a graph that still changes is taken as it is. */
const MAX_ROUNDS = 12;

/**
 * Runs the passes over a graph until none changes it.
 *
 * @param graph The graph.
 * @param options What to call after each pass.
 * @returns A graph of the same meaning, up to rounding.
 *
 * @example Usage
 * ```ts
 * import { add, mul } from "@unroll/core";
 * import { optimize, trace } from "@unroll/core/compiler";
 * import { strictEqual } from "node:assert/strict";
 *
 * const { graph } = trace([{ dtype: "f32", shape: [2] }], (x) => {
 *   add(x, 1); // read by nothing
 *   return [mul(x, x)];
 * });
 * strictEqual(optimize(graph).equations.length, 1);
 * ```
 */
export function optimize(graph: Graph, options: OptimizeOptions = {}): Graph {
  // How many passes in a row have left the graph as it is.
  let idle = 0;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    for (const [name, pass] of PASSES) {
      const changed = pass(graph);
      idle = changed === graph ? idle + 1 : 0;
      if (idle === PASSES.length) return graph;
      if (idle === 0) options.trace?.(name, changed);
      graph = changed;
    }
  }
  return graph;
}
