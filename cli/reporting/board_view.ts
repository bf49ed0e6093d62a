/**
 * What the board shows, drawn as HTML: the table of all runs, and the curves of those that are chosen.
 *
 * @module
 */

import { runCurves } from "../charts/run_curves.ts";
import { formatCount, formatDuration, formatFigure } from "../format.ts";
import { compareRuns } from "./comparison.ts";
import { comparisonParts } from "./comparison_html.ts";
import { chartGrid, escapeMarkup, samplesPart } from "./html.ts";
import type { IndexedRun } from "./run_index.ts";
import { measureHead, measureText } from "./run_table.ts";

/** The address of the report of runs, or of all in a folder. */
export function reportLink(...names: readonly string[]): string {
  return `/report?${new URLSearchParams(names.map((name) => ["run", name]))}`;
}

/**
 * Draws the table of runs.
 *
 * @param runs The runs.
 * @returns HTML; each run and each folder has a box to be chosen by.
 */
export function boardTable(runs: readonly IndexedRun[]): string {
  if (runs.length === 0) return '<p class="soft">There are no runs yet.</p>';
  const measured = runs.filter(({ result }) => result.loss !== undefined);
  const measure = measureHead(measured.map(({ result }) => result));
  const heads = [measure, "validation loss", "steps", "time"]
    .map((name) => `<th class="number">${name}</th>`).join("");
  const bodies = [...Map.groupBy(runs, ({ folder }) => folder)].map(([folder, inside]) =>
    `<tbody><tr class="folder"><th colspan="9">${box(folder)}<a href="${
      escapeMarkup(reportLink(folder))
    }">${escapeMarkup(folder)}</a> · ${inside.length} ${
      inside.length === 1 ? "run" : "runs"
    }</th></tr>
${inside.map(runRow).join("\n")}</tbody>`
  );
  return `<div class="card wide"><table><thead><tr><th>run</th><th>state</th><th>task</th><th>model</th><th class="number">seed</th>${heads}</tr></thead>
${bodies.join("\n")}</table></div>`;
}

const KINDS: Readonly<Record<IndexedRun["state"], string>> = {
  training: "good",
  done: "soft",
  stopped: "bad",
  diverged: "bad",
  unfinished: "bad",
  damaged: "bad",
};

function runRow({ path, name, state, run, total, result }: IndexedRun): string {
  const { loss, steps, seconds } = result;
  const config = run?.config;
  const progress = steps === undefined
    ? "–"
    : state === "done" || total === undefined
    ? formatCount(steps)
    : `${formatCount(steps)} of ${formatCount(total)}`;
  const numbers = [
    config === undefined ? "–" : String(config.seed),
    measureText(result) ?? "–",
    loss === undefined ? "–" : formatFigure(loss),
    progress,
    seconds === undefined ? "–" : formatDuration(seconds),
  ].map((text) => `<td class="number">${text}</td>`).join("");
  return `<tr class="run"><td>${box(path)}<a href="${escapeMarkup(reportLink(path))}">${
    escapeMarkup(name)
  }</a></td><td class="${KINDS[state]}">${state}</td><td>${
    escapeMarkup(config?.task.name ?? "–")
  }</td><td>${escapeMarkup(config?.model.name ?? "–")}</td>${numbers}</tr>`;
}

function box(name: string): string {
  const text = escapeMarkup(name);
  return `<input type="checkbox" data-run="${text}" aria-label="show ${text}">`;
}

/** Runs at most whose curves are drawn while none is chosen. */
const UNASKED = 6;

/**
 * Chooses what is drawn while none is chosen: what is in training, or else the newest.
 *
 * @param runs The runs, newest first.
 * @returns Some of them.
 */
export function unaskedRuns(runs: readonly IndexedRun[]): readonly IndexedRun[] {
  const sound = runs.filter(({ run }) => run !== undefined);
  const training = sound.filter(({ state }) => state === "training");
  return training.length > 0 ? training.slice(0, UNASKED) : sound.slice(0, 1);
}

/**
 * Draws the curves of runs: of one, with its samples, or of several beside each other.
 *
 * @param runs The runs.
 * @returns HTML.
 */
export async function boardCharts(runs: readonly IndexedRun[]): Promise<string> {
  const drawn = (await Promise.all(
    runs.map(async ({ path, name, run, lines }) =>
      run === undefined ? [] : [{
        name,
        config: run.config,
        lines: lines ?? await run.readMetrics(),
        link: reportLink(path),
      }]
    ),
  )).flat();
  if (drawn.length === 0) return "";
  if (drawn.length > 1) return comparisonParts(compareRuns(drawn));
  const [{ name, lines, link }] = drawn;
  return `<h2><a href="${escapeMarkup(link)}">${escapeMarkup(name)}</a></h2>
${chartGrid(runCurves([{ name, lines }]))}
${samplesPart(lines)}`;
}
