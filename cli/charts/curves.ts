/**
 * Curves over the steps of a run, and bars.
 *
 * @module
 */

import { shortCount, shortNumber } from "../format.ts";
import { type ChartSize, drawSvg, type Markish, PALETTE, Plot } from "./svg.ts";

/** A point of a curve. */
export interface Point {
  /** Place along the horizontal axis. */
  readonly x: number;
  /** Height. */
  readonly y: number;
}

/** A place of a shaded range. */
export interface BandPoint {
  /** Place along the horizontal axis. */
  readonly x: number;
  /** Where it begins. */
  readonly low: number;
  /** Where it ends. */
  readonly high: number;
}

/** One curve. */
export interface Series {
  /** What the legend calls it. */
  readonly name: string;
  /** From left to right; what is not finite is left out. */
  readonly points: readonly Point[];
  /** By default the next of the palette. */
  readonly color?: string;
  /** Lengths of dashes and gaps; a whole line if left out. */
  readonly dash?: string;
  /** What pages hide and show it by: a name for a class. */
  readonly id?: string;
  /** From where to where it is shaded, such as the range of several runs. */
  readonly band?: readonly BandPoint[];
  /** `line`, or `dots`: a line with a dot at each point. */
  readonly look?: "line" | "dots";
}

/** How curves are drawn. */
export interface CurveOptions extends ChartSize {
  /** What stands above. */
  readonly title?: string;
  /** What the horizontal axis counts. */
  readonly xLabel?: string;
  /** Whether equal ratios are equal heights, where all values are above 0. */
  readonly logarithmic?: boolean;
  /** Whether equal ratios are equal widths, where all places are above 0. */
  readonly logarithmicX?: boolean;
  /** Whether values are fractions, shown in percent. */
  readonly isFraction?: boolean;
  /** Whether the axis begins at 0. */
  readonly fromZero?: boolean;
}

/** More points than this on one curve are not seen. */
const POINTS = 600;

/**
 * Draws curves in one frame.
 *
 * @param series The curves.
 * @param options How.
 * @returns An SVG as text.
 * @throws {RangeError} When no curve has a point.
 *
 * @example Usage
 * ```ts
 * import { curveChart } from "@unroll/cli/charts";
 * import { match } from "node:assert/strict";
 *
 * const points = [{ x: 0, y: 2 }, { x: 100, y: 1 }];
 * match(curveChart([{ name: "loss", points }]), /^<svg/);
 * ```
 */
export function curveChart(series: readonly Series[], options: CurveOptions = {}): string {
  const drawn = series.map((one, index) => ({
    ...one,
    color: one.color ?? PALETTE[index % PALETTE.length],
    points: downsample(
      one.points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y)),
      POINTS,
    ),
  }));
  const values = drawn.flatMap(({ points, band = [] }) => [
    ...points.map(({ y }) => y),
    ...band.flatMap(({ low, high }) => [low, high]),
  ]);
  if (values.length === 0) throw new RangeError("Cannot draw curves: there is no point on them");
  const steps = drawn.flatMap(({ points }) => points.map(({ x }) => x));
  const logarithmic = options.logarithmic === true && values.every((value) => value > 0);
  const scale = options.isFraction ? 100 : 1;
  // Colours come as they are, not through a scale.
  const marks = drawn.flatMap(({ points, color, dash, band, id, name, look = "line" }) => {
    // Pages find a series by its class, and say its name where it is pointed at.
    const own = { className: id === undefined ? "series" : `series ${id}`, ariaDescription: name };
    const area = band === undefined ? [] : [Plot.areaY(
      band.map(({ x, low, high }) => ({ x, low: low * scale, high: high * scale })),
      { x: "x", y1: "low", y2: "high", fill: color, fillOpacity: 0.18, ...own },
    )];
    const data = points.map(({ x, y }) => ({ x, y: y * scale }));
    const line = Plot.lineY(data, {
      x: "x",
      y: "y",
      stroke: color,
      strokeWidth: look === "dots" ? 1.8 : 1.2,
      strokeDasharray: dash,
      ...own,
    });
    // A single point makes no line.
    const dots = look === "dots" && points.length <= 60 || points.length === 1;
    return [
      ...area,
      line,
      ...(dots ? [Plot.dot(data, { x: "x", y: "y", fill: color, r: 2.5, ...own })] : []),
    ];
  });
  const zero = options.fromZero && !logarithmic ? [Plot.ruleY([0], { strokeOpacity: 0.4 })] : [];
  const svg = drawSvg(
    {
      width: options.width ?? 640,
      height: options.height ?? 260,
      marginLeft: 56,
      marginBottom: 36,
      x: {
        label: options.xLabel ?? "step",
        labelArrow: "none",
        labelAnchor: "center",
        // From the beginning of the run, also where there is no point yet.
        ...(options.logarithmicX === true
          ? { type: "log" as const, tickFormat: shortNumber, ticks: 4 }
          : {
            domain: [Math.min(0, ...steps), Math.max(1, ...steps)],
            tickFormat: shortCount,
            ticks: 6,
          }),
        tickSize: 3,
      },
      y: {
        type: logarithmic ? "log" : "linear",
        // What the values are is in the title; a label would stand in its place.
        label: null,
        grid: !logarithmic,
        // Plot leaves out labels of logarithmic axes as it sees fit: there, the axis is one of the marks.
        axis: logarithmic ? null : "left",
        ticks: 6,
        nice: !logarithmic,
        ...(options.fromZero && !logarithmic ? { domain: fromZero(values, scale) } : {}),
        tickSize: 0,
        tickFormat: shortNumber,
      },
      marks: [...(logarithmic ? logarithmicAxis(values) : zero), ...marks],
    },
    options.title === undefined ? undefined : `${options.title}${options.isFraction ? " (%)" : ""}`,
  );
  return options.isFraction ? svg.replace("<svg ", '<svg data-unit=" %" ') : svg;
}

/** Finds the domain from 0 to the highest; where all are 0, to one (percent), so that they lie on the axis. */
function fromZero(values: readonly number[], scale: number): [number, number] {
  const high = values.reduce((a, b) => Math.max(a, b), 0) * scale;
  return [values.reduce((a, b) => Math.min(a, b), 0) * scale, high > 0 ? high : 1];
}

/**
 * Downsamples to fewer points that look the same: of each stretch, the lowest and the highest.
 *
 * @param points The points from left to right.
 * @param limit How many there may be.
 * @returns The points, or so many of them.
 */
export function downsample(points: readonly Point[], limit: number): readonly Point[] {
  if (points.length <= limit) return points;
  const buckets = Math.max(1, Math.floor((limit - 2) / 2));
  const kept: Point[] = [points[0]];
  const inner = points.length - 2;
  for (let bucket = 0; bucket < buckets; bucket++) {
    const begin = 1 + Math.floor(bucket * inner / buckets);
    const end = 1 + Math.floor((bucket + 1) * inner / buckets);
    let low = begin;
    let high = begin;
    for (let i = begin; i < end; i++) {
      if (points[i].y < points[low].y) low = i;
      if (points[i].y > points[high].y) high = i;
    }
    for (const i of low === high ? [low] : [Math.min(low, high), Math.max(low, high)]) {
      kept.push(points[i]);
    }
  }
  kept.push(points[points.length - 1]);
  return kept;
}

function logarithmicAxis(values: readonly number[]): Markish[] {
  const ticks = logarithmicTicks(values);
  return [
    Plot.gridY(ticks, {}),
    Plot.axisY(ticks, { text: (value: number) => shortNumber(value), label: null, tickSize: 0 }),
  ];
}

/** Ticks with equal ratios between them, the more of them the fewer powers of ten there are. */
function logarithmicTicks(values: readonly number[]): number[] {
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  const decades = Math.log10(high / low);
  if (decades < 0.7) return linearTicks(low, high);
  const leads = decades < 1.5 ? [1, 2, 3, 5, 7] : decades < 3 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  const step = Math.max(1, Math.ceil(decades / 7));
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += step) {
    for (const lead of leads) ticks.push(Number(`${lead}e${power}`));
  }
  return ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
}

function linearTicks(low: number, high: number): number[] {
  const rough = (high - low) / 4 || low;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((lead) => lead * power).find((step) => step >= rough)!;
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return Array.from(
    { length: count },
    (_, index) => Number(((first + index) * step).toPrecision(6)),
  );
}

/** One bar. */
export interface Bar {
  /** What stands under it. */
  readonly label: string;
  /** Its height. */
  readonly value: number;
}

/** How bars are drawn. */
export interface BarOptions extends ChartSize {
  /** What stands above. */
  readonly title?: string;
  /** What the labels are. */
  readonly xLabel?: string;
  /** Whether values are fractions, from 0 to 1, shown in percent. */
  readonly isFraction?: boolean;
  /** Colour of the bars. */
  readonly color?: string;
}

/** More bars than this are too narrow for numbers above them. */
const NUMBERED = 20;

/**
 * Draws bars beside each other.
 *
 * @param bars The bars, from left to right.
 * @param options How.
 * @returns An SVG as text.
 * @throws {RangeError} When there is no bar.
 *
 * @example Usage
 * ```ts
 * import { barChart } from "@unroll/cli/charts";
 * import { match } from "node:assert/strict";
 *
 * match(barChart([{ label: "a", value: 1 }, { label: "b", value: 2 }]), /^<svg/);
 * ```
 */
export function barChart(bars: readonly Bar[], options: BarOptions = {}): string {
  if (bars.length === 0) throw new RangeError("Cannot draw bars: there are none");
  const scale = options.isFraction ? 100 : 1;
  const data = bars.map(({ label, value }) => ({
    label,
    value: Number.isFinite(value) ? value * scale : 0,
  }));
  const format = (value: number) => String(Number(value.toFixed(value < 10 ? 1 : 0)));
  return drawSvg(
    {
      width: options.width ?? Math.max(320, Math.min(900, 80 + bars.length * 34)),
      height: options.height ?? 240,
      marginLeft: 52,
      marginBottom: 38,
      x: {
        type: "band",
        label: options.xLabel ?? null,
        domain: bars.map(({ label }) => label),
        tickSize: 0,
        padding: 0.2,
      },
      y: {
        label: null,
        grid: true,
        tickSize: 0,
        ticks: 5,
        ...(options.isFraction ? { domain: [0, 100] } : { zero: true }),
      },
      marks: [
        Plot.barY(data, { x: "label", y: "value", fill: options.color ?? PALETTE[0] }),
        ...(bars.length > NUMBERED ? [] : [Plot.text(data, {
          x: "label",
          y: "value",
          text: (d) => format(d.value),
          dy: -6,
          fontSize: 10,
        })]),
        Plot.ruleY([0]),
      ],
    },
    options.title === undefined ? undefined : `${options.title}${options.isFraction ? " (%)" : ""}`,
  );
}
