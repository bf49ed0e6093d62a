/**
 * Lowers a graph to the loops that a GPU runs, whose kernels may touch only so many buffers.
 *
 * @module
 */
import type { Graph } from "../ir/graph.ts";
import { fitBindings, fitsBindings } from "./fit_bindings.ts";
import { lowerGraph, type LowerOptions } from "./lower.ts";
import type { LoopProgram } from "./program.ts";

/** Options of {@linkcode lowerForWebgpu}. */
export interface WebgpuLowerOptions extends Pick<LowerOptions, "name" | "donated"> {
  /** Number of buffers that one kernel may read and write. At least 4. */
  readonly maxBindings: number;
  /** Number of operations from which a kernel is cut into several; never if left out. */
  readonly maxOperations?: number;
}

/**
 * Lowers a graph for a GPU.
 *
 * @param graph The graph, optimised.
 * @param options Its name, what may be overwritten, how much a kernel may bind and do.
 * @returns The loops.
 */
export function lowerForWebgpu(
  graph: Graph,
  { maxBindings, ...options }: WebgpuLowerOptions,
): LoopProgram {
  const program = lowerGraph(graph, { ...options, scatter: "reduce" });
  if (fitsBindings(program, maxBindings)) return program;
  // Less is done in one kernel; what one computation reads by itself is then brought together.
  return fitBindings(
    lowerGraph(graph, { ...options, scatter: "reduce", maxBindings }),
    maxBindings,
  );
}
