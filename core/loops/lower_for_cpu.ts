/**
 * Lowers a graph to the loops that the CPU runs.
 *
 * @module
 */
import type { Graph } from "../ir/graph.ts";
import { peelLastIteration } from "./peel_last_iteration.ts";
import type { LoopProgram } from "./program.ts";
import { hoistOperandPacking } from "./hoist_operand_packing.ts";
import { lowerGraph, type LowerOptions } from "./lower.ts";
import { splitMatmulEpilogues } from "./split_matmul_epilogues.ts";

/** Options of {@linkcode lowerForCpu}. */
export interface LowerForCpuOptions extends Pick<LowerOptions, "name" | "donated"> {
  /** Whether large products are calls of a library; `false` if left out. */
  readonly blas?: boolean;
}

/**
 * Lowers a graph for the CPU.
 *
 * @param graph The graph, optimised.
 * @param options Its name, what may be overwritten, whether there is a library for products.
 * @returns The loops.
 */
export function lowerForCpu(
  graph: Graph,
  { blas = false, ...options }: LowerForCpuOptions = {},
): LoopProgram {
  const lowered = peelLastIteration(lowerGraph(graph, options));
  return blas ? hoistOperandPacking(splitMatmulEpilogues(lowered)) : lowered;
}
