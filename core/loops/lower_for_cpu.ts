/**
 * Lowers a graph to the loops that the CPU runs.
 *
 * @module
 */
import type { Graph } from "../ir/graph.ts";
import { peelLastIteration } from "./peel_last_iteration.ts";
import type { LoopProgram } from "./program.ts";
import { lowerGraph, type LowerOptions } from "./lower.ts";

/**
 * Lowers a graph for the CPU.
 *
 * @param graph The graph, optimised.
 * @param options Its name, what may be overwritten.
 * @returns The loops.
 */
export function lowerForCpu(
  graph: Graph,
  options: Pick<LowerOptions, "name" | "donated"> = {},
): LoopProgram {
  return peelLastIteration(lowerGraph(graph, options));
}
