/**
 * The table of a sweep: a row for each setting, over its seeds.
 *
 * @module
 */

import { formatDuration, formatFigure, formatPercent, formatTable, wrapLines } from "../format.ts";
import { importanceOf, importanceSentence } from "../reporting/comparison.ts";
import { type Spread, spreadOf } from "../spread.ts";
import type { TrialResult } from "./trial.ts";

/** One setting over all its seeds. */
export interface SweepRow {
  /** What sets it apart: flag → value. */
  readonly values: Readonly<Record<string, string>>;
  /** How many runs there are. */
  readonly runs: number;
  /** How many of them are done. */
  readonly done: number;
  /** How many failed. */
  readonly failed: number;
  /** Fraction of all its runs that are done and have an error of at most what counts as good. */
  readonly succeeded: number;
  /** Fraction of wrong answers. */
  readonly error?: Spread;
  /** Validation loss. */
  readonly loss?: Spread;
  /** Time a run took. */
  readonly seconds?: Spread;
}

/**
 * Brings the runs of each setting together.
 *
 * @param results What became of the trials.
 * @param good The error up to which a run has succeeded.
 * @returns A row for each setting, in the order of the trials.
 */
export function sweepRows(results: readonly TrialResult[], good: number = 0): SweepRow[] {
  const flags = Object.keys(results[0]?.trial.values ?? {});
  const varied = flags.filter((flag) =>
    flag !== "seed" && new Set(results.map(({ trial }) => trial.values[flag])).size > 1
  );
  const groups = new Map<string, TrialResult[]>();
  for (const result of results) {
    const key = JSON.stringify(varied.map((flag) => result.trial.values[flag]));
    groups.set(key, [...groups.get(key) ?? [], result]);
  }
  return [...groups.values()].map((group): SweepRow => {
    const done = group.filter(({ state }) => state === "done");
    const known = (field: "error" | "loss" | "seconds") =>
      done.flatMap(({ result }) => result?.[field] === undefined ? [] : [result[field]]);
    const wins = done.filter(({ result }) => result?.error !== undefined && result.error <= good);
    return {
      values: Object.fromEntries(varied.map((flag) => [flag, group[0].trial.values[flag]])),
      runs: group.length,
      done: done.length,
      failed: group.filter(({ state }) => state === "failed").length,
      succeeded: wins.length / group.length,
      error: spreadOf(known("error")),
      loss: spreadOf(known("loss")),
      seconds: spreadOf(known("seconds")),
    };
  });
}

/**
 * Prints the table, best rows first, and says which option mattered.
 *
 * Where no run has an error there is no column for it, and none for success where no run succeeded: texts are never
 * learned without a mistake.
 *
 * @param rows The rows.
 * @param results What became of the trials.
 * @param columns How long the line that says so may be.
 * @returns Lines, each with its end.
 */
export function formatSweep(
  rows: readonly SweepRow[],
  results: readonly TrialResult[],
  columns: number = Infinity,
): string {
  const flags = Object.keys(rows[0]?.values ?? {});
  const spread = (value: Spread | undefined, format: (value: number) => string) =>
    value === undefined ? "-" : `${format(value.mean)} ± ${format(value.deviation)}`;
  const hasError = rows.some(({ error }) => error !== undefined);
  const hasSuccess = rows.some(({ succeeded }) => succeeded > 0);
  const sorted = sortRows(rows);
  const trials = sorted.map((row, index) => [
    ...flags.map((flag) => row.values[flag]),
    `${row.done}/${row.runs}`,
    ...(hasSuccess ? [row.error === undefined ? "-" : formatPercent(row.succeeded)] : []),
    ...(hasError ? [spread(row.error, formatPercent)] : []),
    spread(row.loss, formatFigure),
    row.seconds === undefined ? "-" : formatDuration(row.seconds.mean),
    index === 0 && sorted.length > 1 && row.loss !== undefined ? "best" : "",
  ]);
  const heads = [
    ...flags,
    "done",
    ...(hasSuccess ? ["succeeded"] : []),
    ...(hasError ? ["error"] : []),
    "loss",
    "time",
    "",
  ];
  const sentence = importanceSentence(importanceOf(
    results.map(({ trial: { values }, result }) => ({ values, loss: result?.loss })),
  ));
  return [
    ...formatTable([heads, ...trials]),
    ...(sentence === undefined ? [] : wrapLines(sentence, columns)),
  ]
    .map((line) => `${line}\n`).join("");
}

/** Sorts rows: by success, then by error, then by loss; what is not known comes last. */
function sortRows(rows: readonly SweepRow[]): SweepRow[] {
  // Losses of one task, and so errors, say nothing about another's.
  if (new Set(rows.map(({ values }) => values.task)).size > 1) return [...rows];
  const compare = (a: number = Infinity, b: number = Infinity) => a === b ? 0 : a - b;
  return rows.toSorted((a, b) =>
    compare(-a.succeeded, -b.succeeded) || compare(a.error?.mean, b.error?.mean) ||
    compare(a.loss?.mean, b.loss?.mean)
  );
}
