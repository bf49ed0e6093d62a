/**
 * Tells what the variables `DEBUG`, `UNROLL_DUMP` and `UNROLL_VALIDATE` ask for; see `environment.ts`.
 *
 * @module
 */
import { readVariable } from "./environment.ts";

/** Reads how much to print, from `DEBUG`: 0 is nothing. */
export function debugLevel(): number {
  const level = Number(readVariable("DEBUG") ?? 0);
  return Number.isFinite(level) ? level : 0;
}

/** Tells whether something is to be told of each program. */
export function isWatched(): boolean {
  return debugLevel() >= 1 || readVariable("UNROLL_DUMP") !== undefined ||
    readVariable("UNROLL_VALIDATE") !== undefined;
}
