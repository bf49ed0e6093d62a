/**
 * Charts of runs as SVG and PNG, drawn without a browser.
 *
 * @example Draw a curve
 * ```ts
 * import { curveChart } from "@unroll/cli/charts";
 * import { match } from "node:assert/strict";
 *
 * const points = [1, 0.5, 0.25].map((y, x) => ({ x, y }));
 * match(curveChart([{ name: "loss", points }], { title: "Loss" }), /^<svg/);
 * ```
 *
 * @module
 */
export type { HiddenStates } from "../reporting/hidden_states.ts";
export { type Bar, barChart, type BarOptions } from "./curves.ts";
export {
  type BandPoint,
  curveChart,
  type CurveOptions,
  type Point,
  type Series,
} from "./curves.ts";
export { heatMapChart, type HeatMapOptions } from "./heat_map_chart.ts";
export { drawMachine, type MachineChartOptions, stateColor } from "./machine_chart.ts";
export { type PngOptions, svgToPng } from "./png.ts";
export { type Chart, type LegendItem, runCurves, type RunMetrics } from "./run_curves.ts";
export { type ChartSize, PALETTE, type SeriesStyle, seriesStyle } from "./svg.ts";
