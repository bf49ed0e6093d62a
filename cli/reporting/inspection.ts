/**
 * Captured hidden states as text, JSON and pictures.
 *
 * @module
 */

import type { Terminal } from "../context.ts";
import { colorDepth, formatHeatMap } from "./heat_map.ts";
import { analyzeHidden, formatAnalysis, type HiddenStateCapture } from "./hidden_states.ts";
import { writeOut } from "./write_out.ts";

/**
 * Formats a capture for the terminal: both heat maps, and what each unit does.
 *
 * @param capture The hidden states.
 * @param threshold Above this is on.
 * @param terminal Where they are shown.
 * @returns Lines, each with its end.
 */
export function captureAsText(
  capture: HiddenStateCapture,
  threshold: number,
  terminal: Terminal,
): string {
  const { states, annotations } = capture;
  const { color, columns, variable } = terminal;
  const options = { depth: colorDepth(color, variable), columns: columns() };
  return [
    "Hidden states: a row for each unit, a column for each step",
    ...formatHeatMap(states, options),
    "",
    `Above ${threshold}`,
    ...formatHeatMap(states, { ...options, threshold }),
    "",
    ...formatAnalysis(analyzeHidden(states, annotations)),
  ].map((line) => `${line}\n`).join("");
}

/**
 * Lists what a capture holds, for programs.
 *
 * @param capture The hidden states.
 * @returns Plain values.
 */
export function captureAsJson({ states, labels, annotations }: HiddenStateCapture): object {
  const { time, units, values } = states;
  return {
    time,
    units,
    hidden: Array.from(
      { length: time },
      (_, t) => [...values.subarray(t * units, (t + 1) * units)],
    ),
    labels,
    annotations: Object.fromEntries(annotations.map(({ name, values }) => [name, [...values]])),
    analysis: analyzeHidden(states, annotations),
  };
}

/**
 * Writes the raw states, and the thresholded ones under a name of their own.
 *
 * @param capture The hidden states.
 * @param threshold Above this is on.
 * @param out The first file, `.svg` or `.png`.
 * @returns The files.
 * @throws {RangeError} When one cannot be written.
 */
export async function writeCapture(
  { states, labels }: HiddenStateCapture,
  threshold: number,
  out: string,
): Promise<string[]> {
  // Drawing is loaded when it is needed: other commands start faster without.
  const { heatMapChart } = await import("../charts/heat_map_chart.ts");
  const second = out.replace(/(\.\w+)$/, "_on_off$1");
  const pictures: [string, string][] = [
    [out, heatMapChart(states, { title: "Hidden states", labels })],
    [
      second,
      heatMapChart(states, { title: `Hidden states above ${threshold}`, threshold, labels }),
    ],
  ];
  for (const [path, svg] of pictures) {
    let bytes: Uint8Array = new TextEncoder().encode(svg);
    if (path.endsWith(".png")) bytes = await (await import("../charts/png.ts")).svgToPng(svg);
    await writeOut(path, bytes);
  }
  return pictures.map(([path]) => path);
}
