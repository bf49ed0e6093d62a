/**
 * Hidden states as a picture: time from left to right, a row for each unit.
 *
 * @module
 */

import { type HiddenStates, isSigned } from "../reporting/hidden_states.ts";
import { type ChartSize, drawSvg, Plot, type ScaleOptions } from "./svg.ts";

/** How hidden states are drawn. */
export interface HeatMapOptions extends ChartSize {
  /** What stands above. */
  readonly title?: string;
  /** Above this is on, the rest is off; raw values if left out. */
  readonly threshold?: number;
  /** What is said below each step, such as the number that it counts; the step if left out. */
  readonly labels?: readonly string[];
  /** What the first axis is. */
  readonly xLabel?: string;
}

/** More cells than this are too small to see, and too many to show. */
const CELLS = 6144;

/**
 * Draws hidden states.
 *
 * Values of sigmoid units go from white to dark, of units with a sign from blue over white to red.
 * What has more cells than can be seen is cut: first late steps, then the last units.
 *
 * @param states The values.
 * @param options How.
 * @returns An SVG as text.
 * @throws {TypeError} When there are not as many values as steps and units say.
 *
 * @example Usage
 * ```ts
 * import { heatMapChart } from "@unroll/cli/charts";
 * import { match } from "node:assert/strict";
 *
 * match(heatMapChart({ values: Float32Array.of(0, 1, 1, 0), time: 2, units: 2 }), /^<svg/);
 * ```
 */
export function heatMapChart(states: HiddenStates, options: HeatMapOptions = {}): string {
  const { values, time, units } = states;
  if (values.length !== time * units || values.length === 0) {
    throw new TypeError(
      `Cannot draw hidden states: ${time} steps of ${units} units are needed, found ${values.length} values`,
    );
  }
  const shownUnits = Math.min(units, 128);
  const shownTime = Math.min(time, Math.max(1, Math.floor(CELLS / shownUnits)));
  const { threshold } = options;
  const cells = Array.from({ length: shownTime * shownUnits }, (_, index) => {
    const t = Math.floor(index / shownUnits);
    const unit = index % shownUnits;
    const value = values[t * units + unit];
    const shown = threshold === undefined ? value : value > threshold ? 1 : 0;
    return { t, unit: unit + 1, value: Number.isFinite(shown) ? shown : null };
  });
  const width = options.width ?? Math.max(320, Math.min(1100, 70 + shownTime * 18));
  const rowHeight = Math.max(4, Math.min(22, 420 / shownUnits));
  const every = (count: number, max: number) => Math.max(1, Math.ceil(count / max));
  const label = (t: number) => options.labels?.[t] ?? String(t);
  const longest = Math.max(...Array.from({ length: shownTime }, (_, t) => label(t).length));
  const room = Math.max(1, Math.floor((width - 60) / (longest * 7 + 3)));
  // Steps that have names, such as digits or characters, are all named if there is room.
  const numbered = range(shownTime).every((t) => label(t) === String(t));
  const cut = shownTime < time || shownUnits < units
    ? ` (${shownTime} of ${time} steps, ${shownUnits} of ${units} units)`
    : "";
  return drawSvg({
    width,
    height: options.height ?? Math.round(shownUnits * rowHeight + 52),
    marginTop: 6,
    marginLeft: 44,
    marginBottom: 40,
    padding: shownTime > 120 || shownUnits > 48 ? 0 : 0.04,
    x: {
      type: "band",
      label: options.xLabel ?? (numbered ? "step" : null),
      ticks: range(shownTime).filter((t) =>
        t % (numbered ? niceStep(every(shownTime, room)) : every(shownTime, room)) === 0
      ),
      tickFormat: label,
      tickSize: 3,
    },
    y: {
      type: "band",
      label: null,
      ticks: range(shownUnits).map((unit) => unit + 1)
        .filter((unit) => unit % niceStep(every(shownUnits, 24)) === 0),
      tickSize: 0,
    },
    color: colors(values, threshold),
    marks: [Plot.cell(cells, { x: "t", y: "unit", fill: "value", inset: 0 })],
  }, options.title === undefined ? undefined : options.title + cut);
}

function colors(values: Float32Array, threshold: number | undefined): ScaleOptions {
  if (threshold !== undefined) {
    return { type: "linear", domain: [0, 1], range: ["#eef1f5", "#1f3a5f"] };
  }
  let size = 0;
  for (const value of values) if (Number.isFinite(value)) size = Math.max(size, Math.abs(value));
  // Sigmoid and tanh are told by their bounds; what has none, by the largest.
  const bound = size <= 1 ? 1 : size;
  return isSigned(values)
    ? { type: "linear", domain: [-bound, 0, bound], range: ["#2c6bb3", "#f4f4f2", "#c33d2e"] }
    : { type: "linear", domain: [0, bound / 2, bound], range: ["#eef1f5", "#6f9bc8", "#12294a"] };
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

/** Finds a step of at least so much, of 1, 5, 10, 15, 30, 50, 100 …: steps that people count in. */
function niceStep(min: number): number {
  return [1, 5, 10, 15, 30, 50, 100, 200, 500, 1000].find((step) => step >= min) ??
    Math.ceil(min / 1000) * 1000;
}
