/**
 * The result of a run, out of its metrics.
 *
 * @module
 */

import type { Json, JsonRecord, MetricsLine } from "@unroll/core/runs";

/** What came out, as far as the run has come. */
export interface RunResult {
  /** Validation loss of the best parameters. */
  readonly loss?: number;
  /** Share of wrong answers, from 0 to 1. */
  readonly error?: number;
  /** Steps done. */
  readonly steps?: number;
  /** Time it took. */
  readonly seconds?: number;
  /** Steps a second. */
  readonly speed?: number;
  /** What else the task measured. */
  readonly metrics: JsonRecord;
}

/**
 * The result of a run: of its end, or of its best validation so far.
 *
 * @param lines Its metrics.
 * @returns What is known.
 */
export function resultOf(lines: readonly MetricsLine[]): RunResult {
  const number = (line: MetricsLine | undefined, field: string) => {
    const value = line?.[field];
    return typeof value === "number" ? value : undefined;
  };
  const of = (event: string) => lines.filter((line) => line.event === event);
  const end = lines.findLast(({ event }) => event === "done" || event === "stopped");
  const best = of("validation").findLast((line) => line.best === true);
  const progress = of("progress").at(-1);
  const record = (value: Json | undefined) =>
    typeof value === "object" && value !== null && !Array.isArray(value) ? value as JsonRecord : {};
  return {
    loss: number(end, "loss") ?? number(best, "loss") ?? number(progress, "loss"),
    error: number(end, "error") ?? number(best, "error"),
    steps: number(end, "steps") ?? number(progress, "step"),
    seconds: number(end, "seconds") ?? number(progress, "seconds"),
    speed: number(end, "steps_per_second") ?? number(progress, "steps_per_second"),
    metrics: record(end?.metrics ?? best?.metrics),
  };
}
