/**
 * Tells of a training run: as a bar or lines for people, or as JSON lines for programs.
 *
 * @module
 */

import type { RunConfig } from "@unroll/core/runs";
import { formatCount, formatDuration, formatFigure, formatShare } from "../format.ts";
import { createProgress } from "./progress.ts";
import {
  type ConfigLine,
  type DoneLine,
  formatReportLine,
  type ProgressLine,
  type StoppedLine,
  type ValidationLine,
} from "./report_lines.ts";
import type { HiddenStateCapture } from "./hidden_states.ts";
import { trustText } from "../plugins.ts";
import type { Terminal } from "../context.ts";

/** What a trainer tells. */
export interface Reporter {
  /** Before the first step. */
  config(line: Omit<ConfigLine, "event">): void;
  /** Now and then; cheap to call often. */
  progress(line: Omit<ProgressLine, "event">): void;
  /** After each validation. */
  validation(line: Omit<ValidationLine, "event">): void;
  /** After each validation, what the model thinks; only asked for where there is such a method. */
  hidden?(look: HiddenStateCapture): void;
  /** When it was stopped before its end. */
  stopped(line: Omit<StoppedLine, "event">): void;
  /** At the end, with what the task shows of the result, made for people. */
  done(line: Omit<DoneLine, "event">, shown?: readonly string[]): void;
  /** When there is no more to come, whether the run ended well or not. */
  close(): void;
}

/** How to tell. */
export interface ReporterSettings {
  /** Where text goes. */
  readonly terminal: Terminal;
  /** What runs, such as `fizzbuzz · rnn`. */
  readonly title: string;
  /** Steps in all, when known before. */
  readonly steps?: number;
  /** Whether to print JSON lines. */
  readonly json: boolean;
  /** Whether to print the result only. */
  readonly quiet: boolean;
}

/**
 * Makes a reporter.
 *
 * With `json`, standard output is JSON lines alone. Otherwise progress goes to standard error, unless `quiet`, and the
 * result to standard output.
 *
 * @param settings How to tell.
 * @returns The reporter.
 */
export function createReporter(settings: ReporterSettings): Reporter {
  return settings.json ? jsonReporter(settings) : peopleReporter(settings);
}

/** At most so many progress lines a second: what reads them need not keep up with the steps. */
const JSON_INTERVAL = 1;

function jsonReporter({ terminal, quiet }: ReporterSettings): Reporter {
  let told = -Infinity;
  return {
    config: (line) => terminal.write(formatReportLine({ event: "config", ...line })),
    progress(line) {
      if (quiet || line.seconds - told < JSON_INTERVAL) return;
      told = line.seconds;
      terminal.write(formatReportLine({ event: "progress", ...line }));
    },
    validation(line) {
      if (!quiet) terminal.write(formatReportLine({ event: "validation", ...line }));
    },
    stopped: (line) => terminal.write(formatReportLine({ event: "stopped", ...line })),
    done: (line) => terminal.write(formatReportLine({ event: "done", ...line })),
    close() {},
  };
}

function peopleReporter({ terminal, title, steps, quiet }: ReporterSettings): Reporter {
  let progress: ReturnType<typeof createProgress> | undefined;
  let error: number | undefined;
  let trust = "";
  return {
    config(line) {
      trust = trustOf(line.config);
      if (!quiet && line.device_reason !== undefined) {
        terminal.writeError(`Training on ${line.device}: ${line.device_reason}\n`);
      }
      if (!quiet && line.device_before !== undefined) {
        terminal.writeError(
          `Going on with ${line.device_description}, begun with ${line.device_before}: ` +
            "the same steps, rounded otherwise\n",
        );
      }
      const total = steps ?? stepsOf(line.config);
      if (quiet || total === undefined) return;
      progress = createProgress({
        steps: total,
        from: line.step ?? 0,
        title: [title, deviceOf(line.config)].filter(Boolean).join(" · "),
        write: terminal.writeError,
        isTerminal: terminal.isTerminal,
        color: terminal.color,
        columns: terminal.columns,
      });
    },
    progress(line) {
      progress?.update({ step: line.step, loss: line.loss, error });
    },
    validation(line) {
      error = line.error;
    },
    stopped({ step, steps, resume }) {
      progress?.stop();
      terminal.write(
        `Stopped after step ${formatCount(step)} of ${formatCount(steps)}, nothing is lost\n` +
          `Go on with: ${resume}\n`,
      );
    },
    done(line, shown = []) {
      progress?.stop();
      for (const text of shown) terminal.write(`${text}\n`);
      terminal.write(
        `${formatCount(line.steps)} steps in ${formatDuration(line.seconds)} on ${line.device} ` +
          `(${formatCount(line.steps_per_second)} steps/s), loss ${formatFigure(line.loss)}, ` +
          `error ${formatShare(line.error)}\nSaved in ${line.run}\n`,
      );
      if (!quiet) terminal.write(nextSteps(line.run + trust));
    },
    close() {
      progress?.stop();
    },
  };
}

/** What a person may want to do with a new run. */
function nextSteps(run: string): string {
  return `Next, see what it has found out: deno task inspect ${run}\n` +
    `or its curves and pictures:      deno task report ${run}\n`;
}

/** Tells several at once. */
export function together(reporters: readonly Reporter[]): Reporter {
  const looking = reporters.filter((reporter) => reporter.hidden !== undefined);
  return {
    config: (line) => reporters.forEach((reporter) => reporter.config(line)),
    progress: (line) => reporters.forEach((reporter) => reporter.progress(line)),
    validation: (line) => reporters.forEach((reporter) => reporter.validation(line)),
    ...(looking.length === 0
      ? {}
      : { hidden: (look) => looking.forEach((reporter) => reporter.hidden?.(look)) }),
    stopped: (line) => reporters.forEach((reporter) => reporter.stopped(line)),
    done: (line, shown) => reporters.forEach((reporter) => reporter.done(line, shown)),
    close: () => reporters.forEach((reporter) => reporter.close()),
  };
}

/** The device in a run's configuration. */
function deviceOf(config: unknown): string | undefined {
  const device = (config as { readonly device?: unknown } | null)?.device;
  return typeof device === "string" ? device : undefined;
}

/** What commands on the run need after its name. */
function trustOf(config: unknown): string {
  const { model, task } = (config ?? {}) as Partial<RunConfig>;
  return model && task ? trustText({ model, task }) : "";
}

/** The number of steps in a run's configuration. */
function stepsOf(config: unknown): number | undefined {
  const training = (config as { readonly training?: { readonly steps?: unknown } } | null)
    ?.training;
  return typeof training?.steps === "number" ? training.steps : undefined;
}
