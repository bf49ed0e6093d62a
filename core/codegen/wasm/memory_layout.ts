/**
 * How generated code and the CPU backend lay out the memory that they share.
 *
 * @module
 */

/** Bytes of a page of WebAssembly memory. */
export const PAGE_BYTES = 65536;
/** Maximum number of pages of a shared memory, which must be said beforehand: four gigabytes, less one. */
export const MAX_PAGES = 65535;
/** Every address of a buffer is a multiple of this: a cache line. */
export const ALIGNMENT_BYTES = 64;
/** Bytes that may be read, but mean nothing, after each buffer and before it. */
export const SLACK_BYTES = 32;
/** How often a thread looks for a change before it sleeps: some tens of microseconds. */
export const SPIN_LIMIT = 20_000;

/** Rounds a number of bytes up to the alignment. */
export function alignBytes(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}
