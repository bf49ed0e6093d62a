/**
 * Charts as text: Observable Plot draws on a document that lives in memory, so no browser is needed.
 *
 * @module
 */

// Types alone are not downloaded.
// deno-lint-ignore no-import-prefix
import type Domino from "npm:@mixmark-io/domino@^2.2.0";
// deno-lint-ignore no-import-prefix
import type * as PlotPackage from "npm:@observablehq/plot@^0.6.17";

/** The options of a chart, in Plot's words. */
export type PlotOptions = PlotPackage.PlotOptions;
/** What a chart is made of, in Plot's words. */
export type Markish = PlotPackage.Markish;
/** How values become places or colours, in Plot's words. */
export type ScaleOptions = PlotPackage.ScaleOptions;

// Before any program of the workspace runs, Deno downloads what the import map names, and what it itself imports by a
// literal, also in `import()`. These are 15 MB that only pictures need.
const PLOT = "npm:@observablehq/plot@^0.6.17";
const DOMINO = "npm:@mixmark-io/domino@^2.2.0";

/** Observable Plot. */
export const Plot: typeof PlotPackage = await import(PLOT);
const domino: typeof Domino = (await import(DOMINO)).default;

/** Colours that are told apart on white and on near black, for one series after the other. */
export const PALETTE: readonly string[] = [
  "#3b76c4",
  "#e0812b",
  "#3a9d5d",
  "#d0473f",
  "#8a63c0",
  "#9c6b4e",
  "#d472b4",
  "#7f8790",
  "#a8a32f",
  "#2fa6b3",
];

/** How one of several series is told from the others. */
export interface SeriesStyle {
  /** Its colour. */
  readonly color: string;
  /** Lengths of its dashes and gaps; a whole line if left out. */
  readonly dash?: string;
}

const DASHES: readonly (string | undefined)[] = [undefined, "6 3", "2 3", "10 3 2 3"];

/**
 * Finds a style for each of any number of series: no two have the same colour and the same dashes.
 *
 * @param index Its place among them.
 * @returns The next colour of the palette, dashed where all colours are in use.
 *
 * @example Usage
 * ```ts
 * import { seriesStyle } from "@unroll/cli/charts";
 * import { notDeepStrictEqual } from "node:assert/strict";
 *
 * notDeepStrictEqual(seriesStyle(0), seriesStyle(10));
 * ```
 */
export function seriesStyle(index: number): SeriesStyle {
  const round = Math.floor(index / PALETTE.length);
  const dash = round < DASHES.length
    ? DASHES[round]
    : `${8 + 4 * round} 3 ${"2 3 ".repeat(2)}`.trim();
  return { color: PALETTE[index % PALETTE.length], ...(dash === undefined ? {} : { dash }) };
}

/** A chart's place in what is drawn around it. */
export interface ChartSize {
  /** Pixels; 640 if left out. */
  readonly width?: number;
  /** Pixels; what suits the chart if left out. */
  readonly height?: number;
}

/**
 * Draws a chart.
 *
 * @param options What to draw, in Plot's words.
 * @param title What is said above it, inside the picture; nothing if left out.
 * @returns An SVG document as text, with nothing outside of it.
 */
export function drawSvg(options: PlotOptions, title?: string): string {
  const top = title === undefined ? 0 : 22;
  const document = domino.createDocument("<html><body></body></html>");
  const svg = Plot.plot({
    ...options,
    document,
    marginTop: (options.marginTop ?? 20) + top,
    height: options.height === undefined ? undefined : options.height + top,
    style: { fontFamily: "system-ui, sans-serif", fontSize: "11px" },
  });
  // Legends would make it a figure; ours are drawn by who shows the charts.
  if (svg.tagName.toLowerCase() !== "svg") {
    throw new TypeError(`Cannot draw a chart: an svg is needed, found ${svg.tagName}`);
  }
  // Where the axes are, for who points at a value.
  for (const axis of ["x", "y"] as const) {
    const scale = svg.scale(axis);
    if (scale?.type !== "linear" && scale?.type !== "log") continue;
    const { type, domain, range } = scale;
    svg.setAttribute(`data-${axis}`, JSON.stringify({ type, domain, range }));
  }
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  if (title !== undefined) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", title);
    const text = document.createElementNS("http://www.w3.org/2000/svg", "text");
    const place = {
      x: "8",
      y: "16",
      "font-size": "13",
      "font-weight": "600",
      "text-anchor": "start",
    };
    for (const [name, value] of Object.entries(place)) text.setAttribute(name, value);
    text.textContent = title;
    svg.appendChild(text);
  }
  // XML knows no names of characters but five.
  return svg.outerHTML.replaceAll("&nbsp;", "&#160;");
}
