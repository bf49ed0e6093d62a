/**
 * Hidden states in the terminal, a row for each unit and a column for each step; and as JSON and pictures.
 *
 * @module
 */

import type { Terminal } from "../context.ts";
import {
  analyzeHidden,
  formatAnalysis,
  type HiddenStateCapture,
  type HiddenStates,
  isSigned,
} from "./hidden_states.ts";
import { writeOut } from "./write_out.ts";

/** How many colours the terminal has. */
export type ColorDepth = "none" | "256" | "24-bit";

/** How hidden states are printed. */
export interface TerminalHeatMap {
  /** How many colours there are. */
  readonly depth: ColorDepth;
  /** Columns that there are. */
  readonly columns: number;
  /** Above this is on, the rest is off; raw values if left out. */
  readonly threshold?: number;
}

/** Rows at most; more scroll away. */
const ROWS = 64;
const SHADES = [..." ·░▒▓█"];
/** Of values with a sign: far below nothing to far above. */
const SIGNED_SHADES = [..."=- ░▓█"];

/**
 * Finds the colours that may be used, by what the terminal says of itself.
 *
 * @param color Whether colours are welcome at all.
 * @param environment A variable of the environment, if it may be read.
 * @returns The depth.
 */
export function colorDepth(
  color: boolean,
  environment: (name: string) => string | undefined,
): ColorDepth {
  if (!color) return "none";
  const depth = environment("COLORTERM") ?? "";
  return /truecolor|24bit/i.test(depth) ? "24-bit" : "256";
}

/**
 * Prints hidden states.
 *
 * Without colours, shades of characters stand for values: dark is high; of values with a sign, `=` is the lowest.
 *
 * @param states The values.
 * @param options How.
 * @returns Lines without line ends: a ruler of steps, then a line for each unit.
 */
export function formatHeatMap(states: HiddenStates, options: TerminalHeatMap): string[] {
  const { values, time, units } = states;
  const { depth, threshold } = options;
  const shownUnits = Math.min(units, ROWS);
  const gutter = String(units).length + 2;
  const cell = time * 2 + gutter <= options.columns ? 2 : 1;
  const shownTime = Math.max(1, Math.min(time, Math.floor((options.columns - gutter) / cell)));
  const signed = threshold === undefined && isSigned(values);
  let size = 0;
  for (const value of values) if (Number.isFinite(value)) size = Math.max(size, Math.abs(value));
  const bound = size <= 1 ? 1 : size;

  const lines = [ruler(shownTime, cell, gutter)];
  for (let unit = 0; unit < shownUnits; unit++) {
    let line = `${String(unit + 1).padStart(gutter - 1)} `;
    let last = "";
    for (let t = 0; t < shownTime; t++) {
      const value = values[t * units + unit];
      const shown = threshold === undefined ? value / bound : value > threshold ? 1 : 0;
      if (depth === "none") {
        line += shade(shown, signed).repeat(cell);
        continue;
      }
      // A colour is told once for all the cells that have it.
      const code = background(shown, signed, depth);
      line += `${code === last ? "" : code}${" ".repeat(cell)}`;
      last = code;
    }
    lines.push(depth === "none" ? line.trimEnd() : `${line}\x1b[0m`);
  }
  if (shownTime < time || shownUnits < units) {
    lines.push(`${shownTime} of ${time} steps, ${shownUnits} of ${units} units`);
  }
  return lines;
}

/** Writes step numbers where there is room for them, every five or more. */
function ruler(time: number, cell: number, gutter: number): string {
  const step = cell === 2 ? 5 : 10;
  let line = " ".repeat(gutter);
  for (let t = 0; t < time; t += step) line = line.padEnd(gutter + t * cell) + String(t);
  return line;
}

function shade(value: number, signed: boolean): string {
  if (!Number.isFinite(value)) return "?";
  const share = Math.min(1, Math.max(0, signed ? (value + 1) / 2 : value));
  const shades = signed ? SIGNED_SHADES : SHADES;
  return shades[Math.min(shades.length - 1, Math.floor(share * shades.length))];
}

type Rgb = readonly [number, number, number];

const LOW: Rgb = [44, 107, 179];
const MIDDLE: Rgb = [244, 244, 242];
const HIGH: Rgb = [195, 61, 46];
const OFF: Rgb = [238, 241, 245];
const ON: Rgb = [18, 41, 74];

function background(value: number, signed: boolean, depth: ColorDepth): string {
  if (!Number.isFinite(value)) return "\x1b[45m";
  const share = Math.min(1, Math.max(-1, value));
  const color = signed
    ? mix(MIDDLE, share < 0 ? LOW : HIGH, Math.abs(share))
    : mix(OFF, ON, Math.max(0, share));
  if (depth === "24-bit") return `\x1b[48;2;${color.join(";")}m`;
  // The cube of 6 × 6 × 6 colours that begins at 16.
  const [red, green, blue] = color.map((part) => Math.round(part / 255 * 5));
  return `\x1b[48;5;${16 + 36 * red + 6 * green + blue}m`;
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  const part = (index: 0 | 1 | 2) => Math.round(from[index] + (to[index] - from[index]) * share);
  return [part(0), part(1), part(2)];
}

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
  const { outputColor, columns, variable } = terminal;
  const options = { depth: colorDepth(outputColor, variable), columns: columns() };
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
