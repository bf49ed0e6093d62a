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

/** Returns how many pages a program needs, or refuses more than a memory can have. */
export function checkPages(pages: number): number {
  if (pages <= MAX_PAGES) return pages;
  const needed = (pages * PAGE_BYTES / 2 ** 30).toFixed(1);
  throw new RangeError(
    `Cannot compile a program of ${needed} GiB of memory for the cpu: at most 4 GiB are possible`,
  );
}
