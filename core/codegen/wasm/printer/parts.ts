/**
 * Parts of the printer that not every program needs, and that the CPU device loads with the first that does.
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
 * Loads what prints products, if a program has any.
 *
 * @param program The program.
 * @returns The part, or `undefined`.
 */
export async function loadProducts(program: LoopProgram): Promise<PrinterParts["products"]> {
  const hasProducts = kernelsOf(program.steps).some(({ kind }) => kind === "matmul");
  return hasProducts ? await import("./matmul_kernel.ts") : undefined;
}
