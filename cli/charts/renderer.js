// @ts-self-types="./renderer.d.ts"
/**
 * The renderer of PNGs, compiled: as a module it needs no permission and no path. TypeScript 6 does not know such imports.
 *
 * @module
 */

/** Loads it from its package. */
export function loadRenderer(name) {
  return import.source(`${name}/index_bg.wasm`);
}
