/**
 * From a graph to the loops that the CPU runs.
 *
 * @module
 */
import type { Graph } from "../graph.ts";
import { dropLast } from "./drop_last.ts";
import type { Program } from "./kernel.ts";
import { layOutAhead } from "./lay_out_ahead.ts";
import { lowerGraph, type LowerOptions } from "./lower.ts";
import { separateProducts } from "./separate_products.ts";

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
): Program {
  const lowered = dropLast(lowerGraph(graph, options));
  return blas ? layOutAhead(separateProducts(lowered)) : lowered;
}
