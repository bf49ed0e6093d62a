/**
 * Parts of the printer that not every program needs: a device loads each with the first program that does.
 *
 * @module
 */
import { kernelsOf, type LoopProgram } from "../../../loops/program.ts";
import type * as products from "./matmul_kernel.ts";
import type * as sharing from "./sharing.ts";

/** The parts that are there. */
export interface PrinterParts {
  /** Prints matrix products. */
  readonly products?: typeof products;
  /** Shares a program among threads. */
  readonly sharing?: typeof sharing;
}

/**
 * Loads what it takes to print a program.
 *
 * @param program The program.
 * @param threads How many threads may run it.
 * @returns The parts.
 */
export async function loadParts(program: LoopProgram, threads: number): Promise<PrinterParts> {
  const hasProducts = kernelsOf(program.steps).some(({ kind }) => kind === "matmul");
  const [products, sharing] = await Promise.all([
    hasProducts ? import("./matmul_kernel.ts") : undefined,
    threads > 1 ? import("./sharing.ts") : undefined,
  ]);
  return { products, sharing };
}
