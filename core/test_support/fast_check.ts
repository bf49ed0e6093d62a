/**
 * fast-check, the library of property tests: it draws, and shrinks what fails. Only tests need it, so
 * it is named here alone, and not by a literal, which Deno would download for every program.
 *
 * @module
 */
// Types alone are not downloaded.
// deno-lint-ignore no-import-prefix
import type FastCheck from "npm:fast-check@4.11.0";
export type { Arbitrary } from "npm:fast-check@4.11.0";

const PACKAGE = "npm:fast-check@4.11.0";

/** fast-check. */
export const fc: typeof FastCheck = (await import(PACKAGE)).default;

/** How many random programs tests run on a device if nothing is said. */
const FEW = 100;

/** How many random programs tests run on a device; other properties have their shares of it. */
export const RUNS = Number(Deno.env.get("UNROLL_FUZZ_RUNS") ?? FEW);

/** Whether these are more than usual, so that their tests take long. */
export const isLong: boolean = RUNS > FEW;
