/**
 * Types of `renderer.js`.
 *
 * @module
 */

/** The renderer of PNGs, compiled. */
export const renderer: WebAssembly.Module;
