/**
 * Decides how many threads a device of this process uses.
 *
 * @module
 */
import { readVariable } from "../util/environment.ts";

/** More threads than this rarely help the sizes that fit a CPU. */
const MAX_THREADS = 8;

/** Decides how many threads to use: as many as are asked for, or the variable says, or there are. */
export function countThreads(device: string, asked: number | undefined): number {
  const variable = readVariable("UNROLL_THREADS");
  const count = asked ?? (variable ? Number(variable) : undefined) ??
    Math.min(MAX_THREADS, globalThis.navigator?.hardwareConcurrency ?? 1);
  if (Number.isInteger(count) && count >= 1) return count;
  throw new RangeError(
    `Cannot open ${device}: threads must be a positive whole number, found ${asked ?? variable}`,
  );
}
