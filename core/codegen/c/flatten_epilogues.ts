/**
 * Splits slow work off products whose rows do not fill vectors: `tanh` of 32 rows of 20 numbers takes 40 vectors of
 * 16 if it runs along all of them, and 64 row by row.
 *
 * @module
 */
import type { LoopProgram } from "../../loops/program.ts";
import { splitMatmulEpilogues } from "../../loops/split_matmul_epilogues.ts";
import { slowDepthOf } from "../cpu/instructions.ts";
import { segmentsOf } from "./kernels.ts";

/** How many times as many vectors rows take as all elements, so that writing the sums and reading them repays. */
const MIN_GAIN = 1.4;

/** Splits off the epilogues that take far fewer vectors along all elements. */
export function flattenEpilogues(program: LoopProgram, lanes: number): LoopProgram {
  return splitMatmulEpilogues(program, ({ row, column }, { axes, stores }) => {
    if (axes.length !== 1 || slowDepthOf(stores.map(({ value }) => value)) === 0) return false;
    const vectors = segmentsOf(column.extent, lanes).reduce((sum, one) => sum + one.vectors, 0);
    return row.extent * vectors >= MIN_GAIN * Math.ceil(axes[0].extent / lanes);
  });
}
