/**
 * What `--json` prints: one JSON object a line on standard output, each with an `event`.
 *
 * The names are those of other tools' logs (snake case), and stay: programs read them.
 *
 * @module
 */

/** The first line: everything that decides the run. */
export interface ConfigLine {
  /** Which line. */
  readonly event: "config";
  /** All options. */
  readonly config: unknown;
  /** The run's folder. */
  readonly run: string;
  /** The device that was chosen; it stands in the configuration too. */
  readonly device?: string;
  /** Why it was chosen, where it was not named. */
  readonly device_reason?: string;
  /** What the device is, in a line. */
  readonly device_description?: string;
  /** What the device was when the run began, where that is something else. */
  readonly device_before?: string;
  /** The step that it is resumed from, if it is. */
  readonly step?: number;
}

/** A line on the way. */
export interface ProgressLine {
  /** Which line. */
  readonly event: "progress";
  /** Steps done. */
  readonly step: number;
  /** Mean training loss since the line before. */
  readonly loss: number;
  /** Time since the start. */
  readonly seconds: number;
  /** Lately. */
  readonly steps_per_second: number;
  /** Of the last step. */
  readonly learning_rate?: number;
}

/** A validation. */
export interface ValidationLine {
  /** Which line. */
  readonly event: "validation";
  /** Steps done. */
  readonly step: number;
  /** Loss on the validation data. */
  readonly loss: number;
  /** Share of wrong answers, from 0 to 1. */
  readonly error: number;
  /** Whether it is the best so far. */
  readonly best: boolean;
  /** What else the task measures. */
  readonly metrics?: Readonly<Record<string, number>>;
}

/** The last line. */
export interface DoneLine {
  /** Which line. */
  readonly event: "done";
  /** Steps done. */
  readonly steps: number;
  /** Time from start to end. */
  readonly seconds: number;
  /** Without compiling and validating. */
  readonly steps_per_second: number;
  /** What it was trained on. */
  readonly device: string;
  /** Validation loss of the best parameters. */
  readonly loss: number;
  /** Share of wrong answers of the best parameters, from 0 to 1. */
  readonly error: number;
  /** The run's folder. */
  readonly run: string;
  /** What else the task measures. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** After which step the best parameters were. */
  readonly best_step?: number;
}

/** In place of the last line, when the run was stopped. */
export interface StoppedLine {
  /** Which line. */
  readonly event: "stopped";
  /** Steps done. */
  readonly step: number;
  /** Steps in all. */
  readonly steps: number;
  /** Time since the start. */
  readonly seconds: number;
  /** The run's folder. */
  readonly run: string;
  /** The command that goes on with it. */
  readonly resume: string;
}

/** Any line. */
export type ReportLine = ConfigLine | ProgressLine | ValidationLine | DoneLine | StoppedLine;

/**
 * Writes a line.
 *
 * @param line What to report; numbers that are not finite become `null`, which is JSON's nearest.
 * @returns JSON without line ends inside, and one at the end.
 *
 * @example Usage
 * ```ts ignore
 * formatReportLine({ event: "validation", step: 10, loss: 0.5, error: 0, best: true });
 * ```
 */
export function formatReportLine(line: ReportLine): string {
  return `${JSON.stringify(line)}\n`;
}
