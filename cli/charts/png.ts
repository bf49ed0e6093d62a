/**
 * An SVG as a PNG, by a renderer compiled to WebAssembly and a font of its own: the same picture on
 * every machine.
 *
 * @module
 */

// Types alone are not downloaded; the rest comes with the first picture, as `svg.ts` says.
// deno-lint-ignore no-import-prefix
import type * as ResvgPackage from "npm:@resvg/resvg-wasm@^2.6.2";

const RESVG = "npm:@resvg/resvg-wasm@^2.6.2";
const FONT = "npm:dejavu-fonts-ttf@^2.37.3";

/** How to draw. */
export interface PngOptions {
  /** Pixels of the PNG for each of the SVG; 2 if left out. */
  readonly scale?: number;
}

/** What draws, and the font it draws with. */
interface Renderer {
  readonly Resvg: typeof ResvgPackage.Resvg;
  readonly font: Uint8Array;
}

let ready: Promise<Renderer> | undefined;

/** Loads the renderer and the font, once. */
function prepare(): Promise<Renderer> {
  return ready ??= (async () => {
    const file = (specifier: string) => Deno.readFile(new URL(import.meta.resolve(specifier)));
    const { initWasm, Resvg }: typeof ResvgPackage = await import(RESVG);
    await initWasm(await file(`${RESVG}/index_bg.wasm`));
    // What is imported is installed: the font lies beside this.
    await import(`${FONT}/package.json`, { with: { type: "json" } });
    return { Resvg, font: await file(`${FONT}/ttf/DejaVuSans.ttf`) };
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
  const { Resvg, font } = await prepare();
  let picture: InstanceType<typeof Resvg>;
  try {
    picture = new Resvg(svg, {
      background: "white",
      fitTo: { mode: "zoom", value: options.scale ?? 2 },
      font: {
        fontBuffers: [font],
        defaultFontFamily: "DejaVu Sans",
        sansSerifFamily: "DejaVu Sans",
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
