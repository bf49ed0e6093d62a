/**
 * The progress of a sweep: one line that is redrawn in a terminal, a line now and then elsewhere.
 *
 * @module
 */

import { formatDuration, formatFigure } from "../format.ts";
import type { TrialResult } from "./trial.ts";

/** What a tally is kept of, and where it is drawn. */
export interface TallySettings {
  /** Trials in all. */
  readonly total: number;
  /** Trials that were done before. */
  readonly done: number;
  /** Trials at once. */
  readonly jobs: number;
  /** Whether the line can be redrawn. */
  readonly isTerminal: boolean;
  /** The terminal's width now. */
  readonly columns: () => number;
  /** Prints text as it is. */
  readonly writeError: (text: string) => void;
  /** The time in milliseconds; by default the clock's. */
  readonly now?: () => number;
}

/** A tally of trials. */
export interface Tally {
  /** Counts a trial that is over, and tells of one that failed. */
  add(result: TrialResult): void;
  /** Ends the line, so that other text may follow. */
  stop(): void;
}

/** From one plain line to the next, at first. */
const INTERVAL_MS = 2000;

/**
 * Makes a tally; it draws nothing before the first trial is over.
 *
 * @param settings What it is of.
 * @returns The tally.
 */
export function createTally(settings: TallySettings): Tally {
  const { total, isTerminal, columns, writeError, now = () => performance.now() } = settings;
  const started = now();
  let over = settings.done;
  let failed = 0;
  let best: { readonly loss: number; readonly name: string } | undefined;
  let next = INTERVAL_MS;
  let drawn = -1;

  const draw = () => {
    drawn = over;
    const elapsed = (now() - started) / 1000;
    const left = (total - over) * elapsed / (over - settings.done);
    const parts = [
      `${over}/${total} runs`,
      ...(best === undefined ? [] : [`best loss ${formatFigure(best.loss)} (${best.name})`]),
      ...(failed === 0 ? [] : [`${failed} failed`]),
      ...(over === total ? [] : [`${formatDuration(left)} left`]),
    ];
    const line = parts.join(", ");
    // A line that is broken cannot be redrawn.
    writeError(isTerminal ? `\r${[...line].slice(0, columns() - 1).join("")}\x1b[K` : `${line}\n`);
  };

  return {
    add({ trial: { name }, state, result, problem }) {
      over++;
      const loss = result?.loss;
      if (loss !== undefined && !(loss >= (best?.loss ?? Infinity))) best = { loss, name };
      if (state !== "done") {
        if (state === "failed") failed++;
        writeError(`${isTerminal ? "\r\x1b[K" : ""}${name}: ${problem ?? state}\n`);
      }
      const elapsed = now() - started;
      if (!isTerminal && elapsed < next) return;
      // Each wait is a quarter of the time so far: lines thin out as a sweep grows long.
      next = Math.max(next + INTERVAL_MS, elapsed * 1.25);
      draw();
    },
    stop() {
      if (over === settings.done) return;
      if (drawn !== over) draw();
      if (isTerminal) writeError("\n");
    },
  };
}
