/**
 * What the page that follows a run shows, drawn as HTML.
 *
 * @module
 */

import type { MetricsLine } from "@unroll/core/runs";
import { runCurves } from "../charts/run_curves.ts";
import { formatCount, formatDuration, formatFigure, formatPercent } from "../format.ts";
import type { Study } from "./hidden_states.ts";
import { chartGrid, escapeMarkup, figureBoxes, samplesPart } from "./html.ts";
import { statesHtml } from "./states_html.ts";

/** A run on its way. */
export interface DashboardState {
  /** What is said of the run beside its title. */
  readonly about: string;
  /** What it does now, such as `training`, and whether that is good news or bad. */
  readonly status: { readonly text: string; readonly kind: "soft" | "good" | "bad" };
  /** Whether no more comes. */
  readonly isOver: boolean;
  /** Steps done. */
  readonly step?: number;
  /** Steps in all, when known. */
  readonly steps?: number;
  /** Progress and validations. */
  readonly lines: readonly MetricsLine[];
  /** What the model thought at the last validation. */
  readonly hidden?: Study;
  /** What the task shows at the end. */
  readonly shown: readonly string[];
}

/**
 * Draws a run on its way.
 *
 * @param state What is known of it.
 * @returns HTML, for the page's body.
 */
export function dashboardView(state: DashboardState): string {
  const { about, status, step = 0, steps, lines, hidden, shown } = state;
  const share = steps === undefined ? 0 : Math.min(100, step / steps * 100);
  return [
    `<p><span id="state" class="${status.kind}">${escapeMarkup(status.text)}</span> ` +
    `<span class="soft">${escapeMarkup(about)}</span></p>`,
    `<div class="track"><div id="bar" style="width:${share.toFixed(1)}%"></div></div>`,
    figures(state, step),
    chartGrid(runCurves([{ name: "run", lines }])),
    samplesPart(lines),
    ...(hidden === undefined ? [] : [statesHtml(hidden, "run")]),
    ...(shown.length === 0
      ? []
      : [`<h2>What it says</h2><pre id="shown">${escapeMarkup(shown.join("\n"))}</pre>`]),
  ].join("\n");
}

function figures({ steps, lines, isOver }: DashboardState, step: number): string {
  const last = (event: string, field: string, format: (value: number) => string) => {
    const value = lines.findLast((line) => line.event === event)?.[field];
    return typeof value === "number" ? format(value) : "–";
  };
  const left = (speed: number) =>
    isOver || steps === undefined || speed <= 0 ? "–" : formatDuration((steps - step) / speed);
  return figureBoxes([
    ["steps", `${formatCount(step)}${steps === undefined ? "" : ` of ${formatCount(steps)}`}`],
    ["training loss", last("progress", "loss", formatFigure)],
    ["validation loss", last("validation", "loss", formatFigure)],
    ["validation error", last("validation", "error", formatPercent)],
    ["steps per second", last("progress", "steps_per_second", formatCount)],
    ["so far", last("progress", "seconds", formatDuration)],
    ["left", last("progress", "steps_per_second", left)],
  ]);
}
