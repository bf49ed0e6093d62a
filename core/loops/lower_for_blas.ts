/**
 * Readies the loops of the CPU for a BLAS.
 *
 * @module
 */
import { hoistOperandPacking } from "./hoist_operand_packing.ts";
import type { LoopProgram } from "./program.ts";
import { splitMatmulEpilogues } from "./split_matmul_epilogues.ts";

/**
 * Turns large products into such as a library calculates.
 *
 * @param program The loops.
 * @returns The loops, whose large products are calls.
 */
export function lowerForBlas(program: LoopProgram): LoopProgram {
  return hoistOperandPacking(splitMatmulEpilogues(program));
}
