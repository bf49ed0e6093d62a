/**
 * Readies the loops of the CPU for a BLAS.
 *
 * @module
 */
import { inlineMaps } from "./inline_maps.ts";
import { hoistOperandPacking } from "./hoist_operand_packing.ts";
import type { LoopProgram } from "./program.ts";
import { splitMatmulEpilogues } from "./split_matmul_epilogues.ts";

/**
 * Turns large products into such as a library calculates.
 *
 * @param program The loops.
 * @param inPanels Whether the library is fast with products of few columns, which it does not copy.
 * @returns The loops, whose large products are calls.
 */
export function lowerForBlas(program: LoopProgram, inPanels = false): LoopProgram {
  return hoistOperandPacking(inlineMaps(splitMatmulEpilogues(program)), inPanels);
}
