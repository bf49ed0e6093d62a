/**
 * Making the engine collect garbage: it knows of its own heap only, and not of what its objects hold
 * elsewhere, such as memory of WebAssembly, buffers and pipelines of a GPU.
 *
 * @module
 */

/** V8 collects at once when it has seen an array of so many bytes come. Its pages are never touched. */
const BALLAST_BYTES = 2 ** 28;

/** More than there can be: V8 collects all that it can before it says so. */
const IMPOSSIBLE_BYTES = 2 ** 40;

/**
 * Makes the engine collect, now or soon, for some milliseconds. `thoroughly` it collects now, several
 * times over, for some hundred.
 */
export function collectGarbage({ thoroughly = false } = {}): void {
  try {
    new ArrayBuffer(thoroughly ? IMPOSSIBLE_BYTES : BALLAST_BYTES);
  } catch {
    // There is no room for it: the engine has collected already.
  }
}
