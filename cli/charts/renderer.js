// @ts-self-types="./renderer.d.ts"
/**
 * The renderer of PNGs, compiled: as a module it needs no permission and no path. TypeScript 6 does not know such imports.
 *
 * @module
 */

import source renderer from "@resvg/resvg-wasm/index_bg.wasm";

export { renderer };
