/**
 * Making the engine collect garbage: it knows of its own heap only, and not of what its objects hold
 * elsewhere, such as memory of WebAssembly, buffers and pipelines of a GPU.
 *
 * @module
 */

/** V8 collects at once when it has seen an array of so many bytes come. Its pages are never touched. */
const BALLAST_BYTES = 2 ** 28;

/** Makes the engine collect, now or soon. Costs about as much as a collection: a millisecond and more. */
export function collectGarbage(): void {
  try {
    new ArrayBuffer(BALLAST_BYTES);
  } catch {
    // Where there is no room for it the engine has collected already.
  }
}
