/**
 * Runs a sweep that is planned, or the rest of it, and tells what came of it.
 *
 * @module
 */

import { basename } from "@std/path/basename";
import { formatOptionValue } from "@unroll/core/plugin/host";
import { openRun, planRun, type RunConfig } from "@unroll/core/runs";
import { changedSettings } from "@unroll/core/training";
import { checkDevice } from "../commands/check_device.ts";
import { requested } from "../commands/train_action.ts";
import type { CommandContext, TrainRequest } from "../context.ts";
import { StoppedError, UsageError, withUsageErrors } from "../errors.ts";
import { lineColumns, quoted } from "../format.ts";
import { jsonLine } from "../json_line.ts";
import { commandLine } from "../program.ts";
import type { Trial } from "./grid.ts";
import type { PlannedTrial } from "./plan.ts";
import { runTrials } from "./run_trials.ts";
import { runArray } from "./run_trials.ts";
import { formatSweep, sweepRows } from "./table.ts";
import { createTally } from "./tally.ts";
import { readTrial, type TrialResult } from "./trial.ts";

/** How a sweep is run. */
export interface SweepSettings {
  /** Processes at once. */
  readonly jobs?: number;
  /** What runs them. */
  readonly engine: "local" | "slurm";
  /** More words for `sbatch`. */
  readonly sbatch?: string;
  /** The error up to which a run has succeeded. */
  readonly successError: number;
  /** The sweep's folder. */
  readonly out?: string;
  /** Whether to print JSON lines. */
  readonly json: boolean;
}

/**
 * Runs the trials that are not done, and prints the table of all.
 *
 * @param planned The trials.
 * @param settings How.
 * @param context What there is.
 * @throws {UsageError} When the folder holds runs of other settings.
 * @throws {StoppedError} When not all trials are done.
 * @throws {RangeError} When some failed.
 */
export async function runSweep(
  planned: readonly PlannedTrial[],
  settings: SweepSettings,
  context: CommandContext,
): Promise<void> {
  const trials = planned.map(({ trial }) => trial);
  const { json } = settings;
  for (const { request } of planned) await checkRequest(request, context);
  const { write, writeError } = context.terminal;
  const folder = settings.out ?? await folderOf(trials);
  await makeFolder(folder);
  const absolute = await Deno.realPath(folder);
  const before = await Promise.all(trials.map((trial) => readTrial(absolute, trial)));
  await checkFolder(folder, planned, before);
  const done = before.filter(({ state }) => state === "done").length;
  if (!json) {
    writeError(
      `${trials.length} ${trials.length === 1 ? "run" : "runs"} in ${folder}${
        done > 0 ? `, ${done} of them done before` : ""
      }\n`,
    );
  }
  const results = await run(before, absolute, settings, context);
  const rows = sweepRows(results, settings.successError);
  if (json) {
    for (const { trial, ...rest } of results) {
      write(jsonLine({ event: "trial", values: trial.values, ...rest }));
    }
    for (const row of rows) write(jsonLine({ event: "row", ...row }));
  } else {
    write(formatSweep(rows, results, lineColumns(context.terminal)));
    if (results.some(({ run }) => run !== undefined)) {
      write(`See its curves: ${commandLine(`report ${quoted(folder)}`)}\n`);
    }
  }
  if (results.some(({ state }) => state === "new" || state === "unfinished")) {
    writeError("Not all runs are done; the same command goes on with them\n");
    throw new StoppedError("sweep");
  }
  const failed = results.filter(({ state }) => state === "failed");
  if (failed.length > 0) {
    throw new RangeError(
      `Cannot call the sweep complete: ${failed.length} of ${trials.length} runs failed, such as ${
        failed[0].trial.name
      }: ${failed[0].problem}`,
    );
  }
}

/** Refuses what could not be trained, before anything is: a pair that does not fit, a text that is not there. */
async function checkRequest(request: TrainRequest, context: CommandContext): Promise<void> {
  await checkDevice(request.training.device, context.terminal);
  await withUsageErrors(async () => {
    const reason = await context.unsupportedReason(request.model, request.task);
    if (reason !== undefined) throw new UsageError(reason);
    await planRun(requested(request, context.version));
  });
}

/** Makes the sweep's folder, if it is not there. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await Deno.mkdir(folder, { recursive: true });
  } catch (error) {
    const { AlreadyExists, NotADirectory, PermissionDenied, NotCapable } = Deno.errors;
    if (error instanceof AlreadyExists || error instanceof NotADirectory) {
      throw new UsageError(`Cannot sweep into ${folder}: a folder is needed, found a file`, {
        cause: error,
      });
    }
    if (error instanceof PermissionDenied || error instanceof NotCapable) {
      throw new UsageError(`Cannot sweep into ${folder}: writing there is not permitted`, {
        cause: error,
      });
    }
    throw error;
  }
}

/** Refuses a folder with runs of other settings. */
async function checkFolder(
  folder: string,
  planned: readonly PlannedTrial[],
  before: readonly TrialResult[],
): Promise<void> {
  for (const [index, { run }] of before.entries()) {
    if (run === undefined) continue;
    const { trial, request } = planned[index];
    const others = await withUsageErrors(async () =>
      otherSettings((await openRun(run)).config, request)
    );
    if (others.length > 0) {
      throw new UsageError(
        `Cannot sweep into ${folder}: the run in ${trial.name} has ${
          others.slice(0, 3).join(", ")
        }; name another folder with --out`,
      );
    }
  }
}

/** Runs what is not done, in processes or as an array of Slurm. */
async function run(
  before: readonly TrialResult[],
  folder: string,
  { engine, sbatch, json, jobs = navigator.hardwareConcurrency }: SweepSettings,
  { self: start, interruptible, terminal }: CommandContext,
): Promise<TrialResult[]> {
  const self = await start(folder);
  if (engine === "slurm") {
    return await runArray(before, { folder, self, jobs, options: sbatch?.split(/\s+/) ?? [] });
  }
  const tally = createTally({
    total: before.length,
    done: before.filter(({ state }) => state === "done").length,
    jobs,
    ...terminal,
  });
  try {
    return await interruptible((signal) =>
      runTrials(before, {
        folder,
        self,
        jobs,
        signal,
        report: (result) => json ? undefined : tally.add(result),
      })
    );
  } finally {
    tally.stop();
  }
}

/** Names a folder: the same grid has the same folder, so that it goes on where it was. */
async function folderOf(trials: readonly Trial[]): Promise<string> {
  const text = JSON.stringify(trials.map(({ values }) => values));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const hash = new Uint8Array(digest).slice(0, 4).toHex();
  const plain = (name: string) => basename(name).replace(/[^\w.]+/g, "_");
  const { model, task } = trials[0].values;
  return `sweeps/${plain(task)}-${plain(model)}-${hash}`;
}

/**
 * Finds what sets a run apart from the one that is asked for.
 *
 * @param config What decided the run.
 * @param request What is asked for.
 * @returns For example `hidden 4 where 8 is asked for`; nothing where the run is the same.
 * @throws {RangeError} When what is asked for cannot be made ready.
 */
export async function otherSettings(config: RunConfig, request: TrainRequest): Promise<string[]> {
  const wanted = await planRun(requested(request, config.version));
  const { device } = request.training;
  const differences: string[] = [];
  const compare = (name: string, found: unknown, asked: unknown) => {
    if (JSON.stringify(found) === JSON.stringify(asked)) return;
    const [one, other] = [found, asked].map((value) => formatOptionValue(value ?? null));
    differences.push(`${name} ${one} where ${other} is asked for`);
  };
  for (const part of ["model", "task"] as const) {
    const [found, asked] = [config[part], wanted[part]];
    compare(part, found.name, asked.name);
    // Options of one say nothing to another.
    if (found.name !== asked.name) continue;
    for (const name of Object.keys({ ...asked.options, ...found.options })) {
      compare(name, found.options[name], asked.options[name]);
    }
  }
  compare("seed", config.seed, wanted.seed);
  compare("device", config.device, device === "auto" ? config.device : device);
  for (const name of changedSettings(config.training, wanted.training)) {
    compare(name, config.training[name], wanted.training[name]);
  }
  return differences;
}
