/**
 * An SVG as a PNG, by a renderer compiled to WebAssembly and a font of its own: the same picture on
 * every machine.
 *
 * @module
 */

// Types alone are not downloaded; the rest comes with the first picture, as `svg.ts` says.
// deno-lint-ignore no-import-prefix
import type * as ResvgPackage from "npm:@resvg/resvg-wasm@^2.6.2";
import { loadRenderer } from "./renderer.js";
// What is imported needs no permission and has no path, which from JSR there is none of. Fonts of npm can only be read as
// files, so that the letters of DejaVu that charts may have are here.
import font from "./dejavu_sans.json" with { type: "json" };

/** How to draw. */
export interface PngOptions {
  /** Pixels of the PNG for each of the SVG; 2 if left out. */
  readonly scale?: number;
}

const RESVG = "npm:@resvg/resvg-wasm@^2.6.2";

/** What draws, and the font it draws with. */
interface Renderer {
  readonly Resvg: typeof ResvgPackage.Resvg;
  readonly sans: Uint8Array;
}

let ready: Promise<Renderer> | undefined;

/** Starts the renderer and reads the font, once. */
function prepare(): Promise<Renderer> {
  return ready ??= (async () => {
    const { initWasm, Resvg }: typeof ResvgPackage = await import(RESVG);
    await initWasm(await loadRenderer(RESVG));
    return { Resvg, sans: Uint8Array.fromBase64(font.base64) };
  })();
}

/**
 * Draws an SVG.
 *
 * @param svg The document as text.
 * @param options How large.
 * @returns The bytes of a PNG on white.
 * @throws {RangeError} When the text is no SVG.
 *
 * @example Usage
 * ```ts
 * import { svgToPng } from "@unroll/cli/charts";
 * import { strictEqual } from "node:assert/strict";
 *
 * const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>';
 * strictEqual(new TextDecoder().decode((await svgToPng(svg)).subarray(1, 4)), "PNG");
 * ```
 */
export async function svgToPng(
  svg: string,
  options: PngOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { Resvg, sans } = await prepare();
  let picture: InstanceType<typeof Resvg>;
  try {
    picture = new Resvg(svg, {
      background: "white",
      fitTo: { mode: "zoom", value: options.scale ?? 2 },
      font: {
        fontBuffers: [sans],
        defaultFontFamily: font.name,
        sansSerifFamily: font.name,
      },
    });
  } catch (error) {
    throw new RangeError(`Cannot draw a PNG: it is made from SVG, ${error}`, { cause: error });
  }
  try {
    const drawn = picture.render();
    const bytes = new Uint8Array(drawn.asPng());
    drawn.free();
    return bytes;
  } finally {
    picture.free();
  }
}
