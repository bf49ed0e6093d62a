/**
 * Parts of the printer that not every program needs, and that the CPU device loads with the first that does.
 *
 * @module
 */
import { type Expression, visitExpression } from "../../../ir/expression.ts";
import { expressionsOf, kernelsOf, type LoopProgram } from "../../../loops/program.ts";
import type * as functions from "../math/vector_math.ts";
import type * as products from "./matmul_kernel.ts";
import { isVectorFunction } from "./operations.ts";
import type * as sharing from "./sharing.ts";

/** The parts that are there. */
export interface PrinterParts {
  /** Writes functions, such as `exp`, out in vector instructions. */
  readonly functions?: typeof functions;
  /** Prints matrix products. */
  readonly products?: typeof products;
  /** Shares a program among threads. */
  readonly sharing?: typeof sharing;
}

/**
 * Loads what prints the products and the functions of a program, if it has any.
 *
 * @param program The program.
 * @returns The parts.
 */
export async function loadParts(program: LoopProgram): Promise<PrinterParts> {
  const kernels = kernelsOf(program.steps);
  const seen = new Set<Expression>();
  let hasFunctions = false;
  for (const expression of kernels.flatMap(expressionsOf)) {
    visitExpression(expression, (part) => {
      hasFunctions ||= part.kind === "apply" && isVectorFunction(part.operation);
    }, seen);
  }
  const [products, functions] = await Promise.all([
    kernels.some(({ kind }) => kind === "matmul") ? import("./matmul_kernel.ts") : undefined,
    hasFunctions ? import("../math/vector_math.ts") : undefined,
  ]);
  return { products, functions };
}
