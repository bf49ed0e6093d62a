/**
 * Lowers a graph to the loops that the CPU runs.
 *
 * @module
 */
import type { Graph } from "../ir/graph.ts";
import { peelLastIteration } from "./peel_last_iteration.ts";
import type { LoopProgram } from "./program.ts";
import { lowerGraph, type LowerOptions } from "./lower.ts";
import { type ShardOptions, shardRows } from "./shard_rows.ts";

/**
 * Lowers a graph for the CPU.
 *
 * @param graph The graph, optimised.
 * @param options Its name, what may be overwritten, whether to share even what is not worth it.
 * @returns The loops.
 */
export function lowerForCpu(
  graph: Graph,
  options: Pick<LowerOptions, "name" | "donated"> & ShardOptions = {},
): LoopProgram {
  return shardRows(peelLastIteration(lowerGraph(graph, options)), options);
}
