/**
 * Bars, such as accuracy by the number of nines at the end of a number.
 *
 * @module
 */

import * as Plot from "@observablehq/plot";
import { type ChartSize, drawSvg, PALETTE } from "./svg.ts";

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
  /** Whether values are shares, from 0 to 1, shown in percent. */
  readonly share?: boolean;
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
 */
export function barChart(bars: readonly Bar[], options: BarOptions = {}): string {
  if (bars.length === 0) throw new RangeError("Cannot draw bars: there are none");
  const scale = options.share ? 100 : 1;
  const data = bars.map(({ label, value }) => ({
    label,
    value: Number.isFinite(value) ? value * scale : 0,
  }));
  const format = (value: number) => String(Number(value.toFixed(value < 10 ? 1 : 0)));
  return drawSvg({
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
      ...(options.share ? { domain: [0, 100] } : { zero: true }),
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
  }, options.title === undefined ? undefined : `${options.title}${options.share ? " (%)" : ""}`);
}
