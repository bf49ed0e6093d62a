/**
 * Runs beside each other as HTML: what differs, the results, and the curves.
 *
 * @module
 */

import type { MetricsLine, RunConfig } from "@unroll/core/runs";
import { runCurves, seriesId } from "../charts/run_curves.ts";
import { seriesStyle } from "../charts/svg.ts";
import { formatCount, formatDuration, formatFigure, formatPercent } from "../format.ts";
import { spreadOf } from "../spread.ts";
import { type Comparison, importanceOf, importanceSentence, type RunGroup } from "./comparison.ts";
import { chartGrid, escapeMarkup, legendOf, lineKey } from "./html.ts";
import { measureHead, measureText, resultOf, type RunResult } from "./run_table.ts";

/** A run as it is compared. */
export interface RunToCompare {
  /** Its folder's own name. */
  readonly name: string;
  /** What decided it. */
  readonly config: RunConfig;
  /** Its metrics. */
  readonly lines: readonly MetricsLine[];
  /** The address of its own page, where there is one. */
  readonly link?: string;
}

/**
 * Lays out runs beside each other.
 *
 * @param comparison The runs, brought together.
 * @returns HTML, for a page's body.
 */
export function comparisonParts(comparison: Comparison<RunToCompare>): string {
  const { groups, settings } = comparison;
  const rows = groups.map(({ runs, ...rest }, group) => {
    const results = runs.map(({ run }) => resultOf(run.lines));
    return { ...rest, runs, group, results, loss: spreadOf(known(results, "loss")) };
  });
  const tasks = new Set(groups.flatMap(({ runs }) => runs.map(({ run }) => run.config.task.name)));
  // Losses of one task say nothing about another's.
  const isRanked = tasks.size === 1 && rows.length > 1;
  const ranked = isRanked
    ? rows.toSorted((a, b) => (a.loss?.mean ?? Infinity) - (b.loss?.mean ?? Infinity))
    : rows;
  const best = isRanked && ranked[0].loss !== undefined ? ranked[0].group : undefined;
  const isGrouped = groups.some(({ runs }) => runs.length > 1);
  const measure = measureHead(rows.flatMap(({ results }) => results));
  const heads = ["validation loss", measure, "steps done", "time", "steps/s"];
  const body = ranked.map((row) => {
    const { values, runs, group, results } = row;
    const cells = [
      spread(known(results, "loss"), formatFigure),
      isText(results)
        ? spread(
          results.map(({ metrics }) => Number(metrics.bits)),
          (bits) => `${formatFigure(bits)} bits`,
        )
        : spread(known(results, "error"), formatPercent),
      mean(known(results, "steps"), formatCount),
      mean(known(results, "seconds"), formatDuration),
      mean(known(results, "speed"), formatCount),
    ];
    return `<tr${group === best ? ' class="best"' : ""}><td>${lineKey(seriesStyle(group))}${
      runs.length > 1 ? `${runs.length} runs` : runName(runs[0].run)
    }${group === best ? ' <span class="badge">best</span>' : ""}</td>${
      settings.map((name) => `<td>${escapeMarkup(values[name])}</td>`).join("")
    }${numbers(cells)}</tr>`;
  });
  const sentence = isRanked
    ? importanceSentence(importanceOf(
      groups.flatMap(({ runs }) =>
        runs.map(({ values, run }) => ({ values, loss: resultOf(run.lines).loss }))
      ),
    ))
    : undefined;
  const legend = groups.map(({ name }, group) => ({
    name,
    id: seriesId(group),
    ...seriesStyle(group),
  }));
  const charts = runCurves(
    groups.flatMap(({ name, runs }, group) =>
      runs.map(({ run: { lines } }) => ({ name, lines, group }))
    ),
  );
  return `${sentence === undefined ? "" : `<p id="importance">${escapeMarkup(sentence)}</p>`}
<div class="card wide"><table><tr><th>run</th>${
    settings.map((name) => `<th>${escapeMarkup(name)}</th>`).join("")
  }${heads.map((name) => `<th class="number">${name}</th>`).join("")}</tr>
${body.join("\n")}</table>
${
    isGrouped
      ? `<p class="soft">Mean ± standard deviation over the runs of a row, which are alike but for the seed.</p>`
      : ""
  }
</div>
${isGrouped ? memberTables(groups) : ""}
<h2>Curves</h2>
${legendOf(legend)}
${
    isGrouped
      ? '<p class="soft">Each line is the mean over the runs of a row, the band reaches from the lowest to the highest.</p>'
      : ""
  }
${chartGrid(charts)}`;
}

/** Whether all of these measure a text. */
function isText(results: readonly RunResult[]): boolean {
  return results.length > 0 && results.every(({ metrics }) => metrics.bits !== undefined);
}

/** The runs of each group, folded up. */
function memberTables(groups: readonly RunGroup<RunToCompare>[]): string {
  return groups.map(({ name, runs }, group) => {
    const rows = runs.map(({ run }) => {
      const result = resultOf(run.lines);
      const { loss, steps, seconds } = result;
      const cells = [
        String(run.config.seed),
        text(loss, formatFigure),
        measureText(result) ?? "–",
        text(steps, formatCount),
        text(seconds, formatDuration),
      ];
      return `<tr><td>${runName(run)}</td>${numbers(cells)}</tr>`;
    });
    return `<details><summary>${lineKey(seriesStyle(group))}${escapeMarkup(name)}: ${runs.length} ${
      runs.length === 1 ? "run" : "runs"
    }</summary><div class="scroll"><table>
<tr><th>run</th>${
      [
        "seed",
        "validation loss",
        measureHead(runs.map(({ run }) => resultOf(run.lines))),
        "steps",
        "time",
      ].map((head) => `<th class="number">${head}</th>`).join("")
    }</tr>
${rows.join("\n")}</table></div></details>`;
  }).join("\n");
}

function runName({ name, link }: RunToCompare): string {
  const text = escapeMarkup(name);
  return link === undefined ? text : `<a href="${escapeMarkup(link)}">${text}</a>`;
}

function known(results: readonly RunResult[], field: Exclude<keyof RunResult, "metrics">) {
  return results.flatMap((result) => result[field] ?? []);
}

function numbers(cells: readonly string[]): string {
  return cells.map((cell) => `<td class="number">${cell}</td>`).join("");
}

function text(value: number | undefined, format: (value: number) => string): string {
  return value === undefined ? "–" : format(value);
}

function mean(values: readonly number[], format: (value: number) => string): string {
  return text(spreadOf(values)?.mean, format);
}

function spread(values: readonly number[], format: (value: number) => string): string {
  const { mean, deviation } = spreadOf(values) ?? {};
  if (mean === undefined || deviation === undefined) return "–";
  return values.length === 1 ? format(mean) : `${format(mean)} ± ${format(deviation)}`;
}
