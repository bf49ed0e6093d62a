/**
 * Tells of a training run: as a bar or lines for people, or as JSON lines for programs.
 *
 * @module
 */

import { eventLine, type RunFolder } from "@unroll/core/runs";
import type { TrainingStart, TrainResult } from "@unroll/core/training";
import type { RunReporter, Terminal } from "../context.ts";
import { formatCount, lineColumns, quoted, visible, wrapLines } from "../format.ts";
import { jsonLine } from "../json_line.ts";
import { trustText } from "../plugins.ts";
import { commandLine } from "../program.ts";
import { resumeCommand } from "../resume_command.ts";
import { captureHiddenStates } from "./hidden_states.ts";
import { createOverfittingWatch, formatMeasure, outcomeLines } from "./outcome.ts";
import { createProgress } from "./progress.ts";
import { configLine, resultLine } from "./report_lines.ts";
import { withoutEffect } from "./without_effect.ts";

/** How to report. */
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
  /** Whether to say why it trains where it does. */
  readonly verbose?: boolean;
  /** Whether to print all that the model makes at validations. */
  readonly samples?: boolean;
  /** Whether to say at the end what can be done with the run; by default it is said. */
  readonly advises?: boolean;
  /** The time in milliseconds; by default the clock's. */
  readonly now?: () => number;
}

/**
 * Makes callbacks that report a run.
 *
 * With `json`, standard output is JSON lines alone. Otherwise progress goes to standard error, unless `quiet`, and the
 * result to standard output.
 *
 * @param settings How to report.
 * @returns The callbacks.
 */
export function createReporter(settings: ReporterSettings): RunReporter {
  return settings.json ? jsonReporter(settings) : peopleReporter(settings);
}

/** Seconds between progress lines at least: what reads them need not keep up with the steps. */
const JSON_INTERVAL = 1;

function jsonReporter({ terminal, quiet, samples }: ReporterSettings): RunReporter {
  let run: RunFolder;
  let latest = -Infinity;
  const print = (line: object) => terminal.write(jsonLine(line));
  return {
    onRunCreated(created, start) {
      run = created;
      print(configLine(run, start));
    },
    onEvent(event) {
      if (quiet) return;
      if (event.event === "progress") {
        if (event.seconds - latest < JSON_INTERVAL) return;
        latest = event.seconds;
      }
      print(eventLine(event));
    },
    onSample(step, text) {
      if (samples && !quiet) print({ event: "sample", step, text });
    },
    onEnd: (result) => print(resultLine(result, run)),
  };
}

/** Milliseconds from one short sample to the next, at least. */
const SAMPLE_INTERVAL_MS = 5000;

function peopleReporter(
  {
    terminal,
    title,
    steps,
    quiet,
    verbose = false,
    samples = false,
    advises = true,
    now = () => performance.now(),
  }: ReporterSettings,
): RunReporter {
  let sampled = 0;
  let progress: ReturnType<typeof createProgress> | undefined;
  let measure: string | undefined;
  let loss = NaN;
  let run: RunFolder;
  let started: TrainingStart;
  let total = steps ?? 0;
  const overfitting = createOverfittingWatch();
  return {
    onRunCreated(created, start) {
      const { device, deviceDescription, deviceReason } = start;
      run = created;
      started = start;
      total = start.settings.steps;
      sampled = now();
      if (quiet) return;
      if (verbose) {
        const reason = deviceReason === undefined ? "" : `: ${deviceReason}`;
        terminal.writeError(`Training on ${device}, ${deviceDescription}${reason}\n`);
      }
      for (const sentence of withoutEffect(run.config, start.settings)) {
        terminal.writeError(`${sentence}\n`);
      }
      const began = run.config.deviceDescription ?? deviceDescription;
      if (began !== deviceDescription) {
        terminal.writeError(
          `Going on with ${deviceDescription}, begun with ${began}: ` +
            "the same steps, rounded otherwise\n",
        );
      }
      progress = createProgress({
        steps: total,
        title: `${title} · ${device}`,
        write: terminal.writeError,
        isTerminal: terminal.isTerminal,
        color: terminal.color,
        columns: terminal.columns,
      });
    },
    onEvent(event) {
      if (event.event === "progress") ({ loss } = event);
      else measure = formatMeasure(event.validation);
      progress?.update({ step: event.step, loss, measure, compiling: event.compiling });
      if (event.event === "progress") return;
      const warning = overfitting(event);
      if (warning !== undefined) progress?.note(warning);
    },
    onSample(step, text) {
      if (samples) {
        return progress?.note(`----\n${printable(text)}\n---- step ${formatCount(step)}`);
      }
      // A log would grow long, and a run of a second has no time to be looked at.
      if (!terminal.isTerminal || now() - sampled < SAMPLE_INTERVAL_MS) return;
      sampled = now();
      const line = `step ${formatCount(step)}: ${printable(text).trim().replaceAll(/\n+/g, " ⏎ ")}`;
      const columns = terminal.columns() - 1;
      const letters = [...line];
      const lines = [letters.slice(0, columns), letters.slice(columns, 2 * columns)];
      progress?.note(lines.map((line) => line.join("")).filter(Boolean).join("\n"));
    },
    async onEnd(result) {
      progress?.stop();
      if (result.ended === "aborted") {
        terminal.write(
          `Stopped after step ${formatCount(result.steps)} of ${formatCount(total)}, ` +
            `nothing is lost\nGo on with: ${resumeCommand(run)}\n`,
        );
        return;
      }
      if (!quiet) {
        for (const text of await result.task.show?.(result.predict) ?? []) {
          terminal.write(`${visible(text)}\n`);
        }
      }
      for (const line of outcomeLines(result, started)) {
        for (const part of wrapLines(line, lineColumns(terminal))) terminal.write(`${part}\n`);
      }
      terminal.write(`Saved in ${run.path}\n`);
      if (quiet || !advises) return;
      const words = quoted(run.path) + trustText(run.config);
      terminal.write(nextSteps(words, await showsStates(result)));
    },
    onError: () => progress?.stop(),
  };
}

/** Takes out what a terminal would obey: a model makes what it likes. */
function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "·");
}

/** Returns what a person may want to do with a new run. */
function nextSteps(run: string, inspects: boolean): string {
  const report = commandLine(`report ${run}`);
  if (!inspects) return `Next, see its curves and pictures: ${report}\n`;
  return `Next, see what it has found out: ${commandLine(`inspect ${run}`)}\n` +
    `or its curves and pictures:      ${report}\n`;
}

/** Tells whether there is something to inspect, by doing what `inspect` does. */
async function showsStates({ task, predict }: TrainResult): Promise<boolean> {
  try {
    return await captureHiddenStates(task, predict) !== undefined;
  } catch {
    // The run is saved: that it cannot be looked into is no failure of training.
    return false;
  }
}
