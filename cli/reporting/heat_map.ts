/**
 * Hidden states in the terminal, a row for each unit and a column for each step; and text coloured by one unit.
 *
 * @module
 */

import type { Said } from "@unroll/core/plugin";
import { boundOf, type HiddenStates, isSigned } from "./hidden_states.ts";

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
  /** What was read at each step; where it is not the step's number, it stands above the columns. */
  readonly labels?: readonly string[];
  /** What was said at each step. */
  readonly said?: readonly Said[];
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
  const { depth, threshold, labels = [], said = [] } = options;
  const shownUnits = Math.min(units, ROWS);
  const isNamed = labels.some((label, t) => label !== String(t));
  const gutter = Math.max(String(units).length + 2, isNamed || said.length > 0 ? 5 : 0);
  const cell = time * 2 + gutter <= options.columns ? 2 : 1;
  const shownTime = Math.max(1, Math.min(time, Math.floor((options.columns - gutter) / cell)));
  const signed = threshold === undefined && isSigned(values);
  const bound = boundOf(values);

  const above = (name: string, marks: readonly string[]) =>
    `${name} `.padStart(gutter) +
    marks.slice(0, shownTime).map((mark) => visible(mark).padEnd(cell)).join("").trimEnd();
  const lines = [
    isNamed ? above("read", labels) : ruler(shownTime, cell, gutter),
    ...(said.length === 0 ? [] : [above("said", said.map(({ mark }) => mark))]),
  ];
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

/** One character in place of those that are not seen. */
function visible(text: string): string {
  const [first = " "] = text;
  return first === "\n" ? "↵" : first === "\r" ? " " : /\p{Cc}/u.test(first) ? "?" : first;
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
 * Explains the colours, or the characters in place of them.
 *
 * @param states What is shown.
 * @param depth How many colours there are.
 * @returns One line.
 */
export function formatLegend({ values }: HiddenStates, depth: ColorDepth): string {
  const signed = isSigned(values);
  const bound = Number(boundOf(values).toPrecision(2));
  const low = signed ? -bound : 0;
  if (depth === "none") {
    const shades = (signed ? SIGNED_SHADES : SHADES).map((shade) =>
      shade === " " ? "(blank)" : shade
    );
    return `From ${low} to ${bound}: ${shades.join(" ")}`;
  }
  const cells = Array.from({ length: 2 * LEGEND + 1 }, (_, i) => {
    const share = i / (2 * LEGEND);
    return `${background(signed ? 2 * share - 1 : share, signed, depth)} `;
  });
  return `From ${low} ${cells.join("")}\x1b[0m to ${bound}`;
}

/** Half of the cells of a legend. */
const LEGEND = 10;

/** A piece of text, and what a unit was when it had been read. */
export interface ColoredToken {
  /** The text. */
  readonly text: string;
  /** The unit. */
  readonly value: number;
}

/** How a text is coloured. */
export interface ColoredTextOptions extends Pick<TerminalHeatMap, "depth" | "columns"> {
  /** Whether values have a sign. */
  readonly isSigned: boolean;
  /** The largest value. */
  readonly bound: number;
}

/**
 * Prints a text coloured by a unit. Without colours, a line of shades stands below each line of it.
 *
 * @param tokens The text; pieces of more than a character are set apart by spaces.
 * @param options How.
 * @returns Lines without line ends.
 */
export function formatColoredText(
  tokens: readonly ColoredToken[],
  { depth, columns, isSigned, bound }: ColoredTextOptions,
): string[] {
  const isApart = tokens.some(({ text }) => [...text].length > 1);
  const rows: ColoredToken[][] = [[]];
  let width = 0;
  for (const { text, value } of tokens) {
    const shown = isApart ? `${text} ` : visible(text);
    if (width + [...shown].length > columns) {
      rows.push([]);
      width = 0;
    }
    rows[rows.length - 1].push({ text: shown, value: value / bound });
    width += [...shown].length;
    if (text === "\n") width = columns;
  }
  return rows.flatMap((row) => {
    if (depth === "none") {
      const text = row.map(({ text }) => text).join("");
      const shades = row.map(({ text, value }) => shade(value, isSigned).repeat([...text].length));
      return [text.trimEnd(), shades.join("").trimEnd()];
    }
    let last = "";
    const cells = row.map(({ text, value }) => {
      const code = ink(value, isSigned) + background(value, isSigned, depth);
      const told = code === last ? "" : code;
      last = code;
      return told + text;
    });
    return [`${cells.join("")}\x1b[0m`];
  });
}

/** Black on light, white on dark. */
function ink(value: number, signed: boolean): string {
  return `\x1b[${Math.abs(value) > (signed ? 0.75 : 0.45) ? 97 : 30}m`;
}
