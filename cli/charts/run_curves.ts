/**
 * The curves of runs: loss, error, learning rate, gradients and steps a second, of one run or several together.
 *
 * @module
 */

import type { MetricsLine } from "@unroll/core/runs";
import { curveChart, type Point, type Series } from "./curves.ts";
import { meanCurve } from "./mean_curve.ts";
import { PALETTE, seriesStyle } from "./svg.ts";

/** A run as its curves need it. */
export interface RunMetrics {
  /** What the legend calls it. */
  readonly name: string;
  /** Its metrics. */
  readonly lines: readonly MetricsLine[];
  /** Runs of the same number are drawn as one, by their mean and their range; the run's own place if left out. */
  readonly group?: number;
}

/** What a legend says of a series. */
export interface LegendItem {
  /** What it is called. */
  readonly name: string;
  /** Its colour. */
  readonly color: string;
  /** Its dashes. */
  readonly dash?: string;
  /** Its class in the drawings, by which it is hidden and shown. */
  readonly id?: string;
}

/** A drawn chart. */
export interface Chart {
  /** Short and unique, such as `loss`. */
  readonly id: string;
  /** What is drawn. */
  readonly title: string;
  /** The drawing. */
  readonly svg: string;
  /** What its colours mean, where that is not the runs. */
  readonly legend?: readonly LegendItem[];
}

/**
 * Draws the curves that the runs have points for.
 *
 * @param runs The runs; each group has the style of its number.
 * @returns The charts; none without metrics.
 *
 * @example Usage
 * ```ts
 * import { runCurves } from "@unroll/cli/charts";
 * import { strictEqual } from "node:assert/strict";
 *
 * const lines = [1, 2].map((step) => ({ event: "progress", step, loss: 1 / step }));
 * strictEqual(runCurves([{ name: "a", lines }])[0].id, "loss");
 * ```
 */
export function runCurves(runs: readonly RunMetrics[]): readonly Chart[] {
  const single = runs.length === 1;
  const groups = Map.groupBy(
    runs.map((run, index) => ({ ...run, group: run.group ?? index })),
    ({ group }) => group,
  );
  const of = (
    field: string,
    events: readonly string[],
    takes: (run: RunMetrics) => boolean = () => true,
  ): Series[] =>
    [...groups].filter(([, members]) => members.every(takes)).map(([group, members]) => ({
      name: members[0].name,
      id: seriesId(group),
      ...seriesStyle(group),
      ...meanCurve(members.map(({ lines }) => pointsOf(lines, field, events))),
    })).filter(({ points }) => points.length > 0);
  const charts: Chart[] = [];
  const add = (id: string, title: string, series: readonly Series[], more: {
    readonly logarithmic?: boolean;
    readonly isFraction?: boolean;
    readonly fromZero?: boolean;
    readonly legend?: Chart["legend"];
  }) => {
    if (series.length === 0) return;
    const { legend, ...options } = more;
    charts.push({
      id,
      title,
      svg: curveChart(series, { title, ...SIZE, ...options }),
      ...(legend === undefined ? {} : { legend }),
    });
  };

  const training = of("loss", ["progress"]);
  const validation = of("loss", ["validation"]).map((one) => ({ ...one, look: "dots" as const }));
  if (single && training.length + validation.length > 0) {
    add("loss", "Loss", [
      ...training.map((one) => ({ ...one, ...TRAINING })),
      ...validation.map((one) => ({ ...one, ...VALIDATION })),
    ], {
      logarithmic: true,
      legend: [
        ...(training.length > 0 ? [TRAINING] : []),
        ...(validation.length > 0 ? [VALIDATION] : []),
      ],
    });
  } else {
    add("training-loss", "Training loss", training, { logarithmic: true });
    add("validation-loss", "Validation loss", validation, { logarithmic: true });
  }
  // Of a text bits per character are told, which go as the loss does.
  const error = of("error", ["validation"], ({ lines }) => !isText(lines)).map((one) => ({
    ...one,
    look: "dots" as const,
  }));
  add("error", "Validation error", error, { isFraction: true, fromZero: true });
  add("learning-rate", "Learning rate", of("learning_rate", ["progress"]), { fromZero: true });
  add("gradient-norm", "Norm of the gradients before clipping", of("gradient_norm", ["progress"]), {
    logarithmic: true,
  });
  const clipped = of("clipped", ["progress"]);
  // Where nothing was clipped there is nothing to see.
  if (clipped.some(({ points }) => points.some(({ y }) => y > 0))) {
    add("clipped", "Steps whose gradients were clipped", clipped, {
      isFraction: true,
      fromZero: true,
    });
  }
  add("speed", "Steps per second", of("steps_per_second", ["progress"]), { fromZero: true });
  return charts;
}

/** Labels are readable on small screens where the drawing is not much larger. */
const SIZE = { width: 480, height: 210 };

const TRAINING: LegendItem = { name: "training loss", color: PALETTE[0], id: "training" };
const VALIDATION: LegendItem = { name: "validation loss", color: PALETTE[1], id: "validation" };

/** Names the class of a group's series. */
export function seriesId(group: number): string {
  return `s${group}`;
}

/**
 * Takes a curve out of metrics.
 *
 * @param lines The metrics.
 * @param field What is wanted of them.
 * @param events Of which lines.
 * @returns The points where it is a number.
 */
export function pointsOf(
  lines: readonly MetricsLine[],
  field: string,
  events: readonly string[],
): readonly Point[] {
  const points: Point[] = [];
  for (const line of lines) {
    const x = line.step;
    const y = line[field];
    if (!events.includes(line.event) || typeof x !== "number" || typeof y !== "number") continue;
    points.push({ x, y });
  }
  return points;
}

/** Whether a text was measured. */
function isText(lines: readonly MetricsLine[]): boolean {
  const metrics = lines.find(({ event }) => event === "validation")?.metrics;
  return typeof metrics === "object" && metrics !== null && "bits" in metrics;
}
