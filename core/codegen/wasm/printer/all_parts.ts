/**
 * All parts of the printer at once, for those who cannot wait until they are loaded.
 *
 * @module
 */
import * as functions from "../math/vector_math.ts";
import * as products from "./matmul_kernel.ts";
import type { PrinterParts } from "./parts.ts";
import * as sharing from "./sharing.ts";

/** All parts. */
export const ALL_PARTS: PrinterParts = { functions, products, sharing };
