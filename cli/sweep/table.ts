/**
 * The table of a sweep: a row for each setting, over its seeds.
 *
 * @module
 */

import { formatDuration, formatFigure, formatPercent, formatTable } from "../format.ts";
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

/** Mean and spread of the runs that are done. */
export interface Spread {
  /** Mean. */
  readonly mean: number;
  /** Standard deviation, by n − 1; 0 for one run. */
  readonly deviation: number;
  /** Least. */
  readonly min: number;
  /** Greatest. */
  readonly max: number;
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

/** Computes mean and spread; `undefined` of nothing. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    mean,
    deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0,
    min: Math.min(...values),
    max: Math.max(...values),
  };
}

/**
 * Prints the table.
 *
 * @param rows The rows.
 * @returns Lines, each with its end.
 */
export function formatSweep(rows: readonly SweepRow[]): string {
  const flags = Object.keys(rows[0]?.values ?? {});
  const spread = (value: Spread | undefined, format: (value: number) => string) =>
    value === undefined ? "-" : `${format(value.mean)} ± ${format(value.deviation)}`;
  const trials = rows.map((row) => [
    ...flags.map((flag) => row.values[flag]),
    `${row.done}/${row.runs}`,
    row.error === undefined ? "-" : formatPercent(row.succeeded),
    spread(row.error, formatPercent),
    spread(row.loss, formatFigure),
    row.seconds === undefined ? "-" : formatDuration(row.seconds.mean),
  ]);
  const table = [[...flags, "done", "succeeded", "error", "loss", "time"], ...trials];
  return formatTable(table).map((line) => `${line}\n`).join("");
}
