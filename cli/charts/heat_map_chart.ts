/**
 * Hidden states as a picture: time from left to right, a row for each unit.
 *
 * @module
 */

import { boundOf, type HiddenStates, isSigned } from "../reporting/hidden_states.ts";
import { stateColor } from "./machine_chart.ts";
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
  /** What was said at each step; it stands below the labels, where there is room. */
  readonly said?: readonly { readonly mark: string }[];
  /** The state of a machine at each step; it stands in its colour below the rest, where there is room. */
  readonly machineStates?: readonly number[];
  /** Units that are shown at most, the first; 128 if left out. */
  readonly maxUnits?: number;
  /** Whether the colours are explained in the picture. */
  readonly legend?: boolean;
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
  const shownUnits = Math.min(units, options.maxUnits ?? 128);
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
  const heading = `${options.title ?? ""}${cut}`;
  // Marks are of one character: they need less room than numbers.
  const said = options.said !== undefined && shownTime * 8 <= width - 60 ? options.said : [];
  const saidRow = said.length === 0 ? 0 : 18;
  const { machineStates: all = [] } = options;
  const machineStates = shownTime * 16 <= width - 60 ? all.slice(0, shownTime) : [];
  const stateRow = machineStates.length === 0 ? 0 : 20;
  const below = { frameAnchor: "bottom", dy: 34 + saidRow } as const;
  const svg = drawSvg({
    width,
    height: options.height ?? Math.round(shownUnits * rowHeight + 52 + saidRow + stateRow),
    marginTop: 6,
    marginLeft: 44,
    marginBottom: 40 + saidRow + stateRow,
    padding: shownTime > 120 || shownUnits > 48 ? 0 : 0.04,
    x: {
      type: "band",
      label: options.xLabel ?? (numbered && saidRow === 0 ? "step" : null),
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
    marks: [
      Plot.cell(cells, { x: "t", y: "unit", fill: "value", inset: 0 }),
      ...(saidRow === 0 ? [] : [
        Plot.text(said.slice(0, shownTime), {
          x: (_, t) => t,
          text: ({ mark }) => mark === "\n" ? "↵" : mark,
          frameAnchor: "bottom",
          lineAnchor: "top",
          dy: 25,
          fontWeight: 600,
        }),
        Plot.text(["said"], {
          frameAnchor: "bottom-left",
          lineAnchor: "top",
          textAnchor: "end",
          dx: -6,
          dy: 25,
        }),
      ]),
      ...(stateRow === 0 ? [] : [
        Plot.dot(machineStates, { x: (_, t) => t, fill: stateColor, r: 8, ...below }),
        Plot.text(machineStates, { x: (_, t) => t, text: String, fill: "#222222", ...below }),
        Plot.text(["state"], { ...below, frameAnchor: "bottom-left", textAnchor: "end", dx: -6 }),
      ]),
    ],
  }, options.title === undefined ? undefined : heading);
  return options.legend && threshold === undefined ? withLegend(svg, values, heading) : svg;
}

/** What the colours mean, after the title. */
function withLegend(svg: string, values: Float32Array, title: string): string {
  const left = 50 + 7.6 * title.length;
  const { domain, range } = colors(values, undefined);
  const [low, , high] = domain as readonly number[];
  const [first, middle, last] = range as readonly string[];
  const cells = Array.from({ length: LEGEND }, (_, i) => {
    const share = i / (LEGEND - 1);
    const color = share < 0.5 ? mix(first, middle, 2 * share) : mix(middle, last, 2 * share - 1);
    return `<rect x="${left + 5 * i}" y="6" width="5" height="10" fill="${color}"/>`;
  });
  const label = (x: number, anchor: string, value: number) =>
    `<text x="${x}" y="15" fill="currentColor" text-anchor="${anchor}">${
      Number(value.toPrecision(2))
    }</text>`;
  const legend = `<g font-size="11">${cells.join("")}${label(left - 4, "end", low)}${
    label(left + 5 * LEGEND + 4, "start", high)
  }</g>`;
  return svg.replace(/<\/svg>$/, `${legend}</svg>`);
}

/** Cells of a legend. */
const LEGEND = 20;

/** A colour between two, which are told as #rrggbb. */
function mix(from: string, to: string, share: number): string {
  const part = (color: string, i: number) => parseInt(color.slice(1 + 2 * i, 3 + 2 * i), 16);
  const parts = [0, 1, 2].map((i) =>
    Math.round(part(from, i) + (part(to, i) - part(from, i)) * share).toString(16).padStart(2, "0")
  );
  return `#${parts.join("")}`;
}

function colors(values: Float32Array, threshold: number | undefined): ScaleOptions {
  if (threshold !== undefined) {
    return { type: "linear", domain: [0, 1], range: ["#eef1f5", "#1f3a5f"] };
  }
  // Sigmoid and tanh are told by their bounds; what has none, by the largest.
  const bound = boundOf(values);
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
