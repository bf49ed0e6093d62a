/**
 * Types of `renderer.js`.
 *
 * @module
 */

/** Loads the renderer of PNGs, compiled, from its package. */
export function loadRenderer(name: string): Promise<WebAssembly.Module>;
