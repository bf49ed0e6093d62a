/**
 * `sweep`: trains over a grid of settings, and brings the results together in one table.
 *
 * @module
 */

import { Command } from "@cliffy/command";
import { type Plugin } from "@unroll/core/plugin";
import { resolvePlugin } from "@unroll/core/plugin/host";
import { type JsonRecord, openRun } from "@unroll/core/runs";
import { StoppedError, UsageError, withUsageErrors } from "../errors.ts";
import {
  camelCase,
  composeFlags,
  type Flag,
  type FlagSource,
  readFlags,
  type TypedFlags,
} from "../flags.ts";
import { wholeNumber } from "./model_command.ts";
import { addNamesOption } from "../names_type.ts";
import { gridTrials, gridValues, type Trial } from "../sweep/grid.ts";
import { otherSettings } from "../sweep/other_settings.ts";
import { readTrial, type TrialResult } from "../sweep/trial.ts";
import { runTrials } from "../sweep/run_trials.ts";
import { runArray } from "../sweep/slurm.ts";
import { formatSweep, sweepRows } from "../sweep/table.ts";
import { type DefinedCommand, peek } from "./train.ts";
import { TRAIN_OPTIONS, type TrainOptions } from "./train_options.ts";
import type { CliContext, PluginSelection, TrainRequest } from "../context.ts";

const SWEEP_FLAGS: readonly string[] = [
  "model",
  "task",
  "seeds",
  "jobs",
  "engine",
  "sbatch",
  "good",
  "out",
  "json",
  "help",
  "version",
];

/** A pair of the grid, with its flags. */
interface Pair {
  readonly model: Omit<PluginSelection, "options">;
  readonly task: Omit<PluginSelection, "options">;
  /** Of the command, the model and the task. */
  readonly sources: readonly [FlagSource, FlagSource, FlagSource];
  readonly flags: readonly Flag[];
}

/**
 * Defines `sweep` for the models and tasks that the arguments name.
 *
 * @param args The arguments after `sweep`.
 * @param context What there is.
 * @returns The command.
 * @throws {UsageError} When a name finds nothing.
 */
export async function defineSweep(
  args: readonly string[],
  context: CliContext,
): Promise<DefinedCommand> {
  const pairs = await withUsageErrors(() => pairsOf(args, context));
  const flags = new Map<string, Flag>();
  for (const pair of pairs) for (const flag of pair.flags) flags.set(flag.flag, flag);
  const command = new Command();
  command.description(
    "Train over a grid of settings, each in a process of its own, and print one table. Every option of train " +
      "takes several values: 4,5,8 or 0..19; an option that is a list itself, 50,20/100. " +
      "The same sweep, begun again, goes on where it was.",
  );
  command.group("What to train");
  addNamesOption(command, "--model <names>", "Models", Object.keys(context.models));
  addNamesOption(command, "--task <names>", "Tasks", Object.keys(context.tasks));
  command.option("--seeds <range>", "Seeds, such as 0..19 (default 0..4)");
  for (const { flag, option } of flags.values()) {
    if (flag === "seed") continue;
    const names = option.kind.type === "boolean"
      ? [`--${flag}`, `--no-${flag}`]
      : [`--${flag} <values>`];
    for (const name of names) command.option(name, option.description);
  }
  command.group("How to run it");
  command.option("--jobs <n>", "Processes at once (default as many as processors)");
  command.option("--engine <name>", "local or slurm (default local)");
  command.option("--sbatch <words>", "More words for sbatch, with --engine slurm");
  command.option("--good <x>", "The error up to which a run has succeeded (default 0)");
  command.option("--out <folder>", "The sweep's folder (default one of its own in sweeps)");
  command.option("--json", "Print one JSON object a run, then one a row of the table");
  command.group("Help");
  command.example(
    "How many units does counting to fifteen take:",
    "deno task sweep --model rnn --task fizzbuzz --seeds 0..19 --hidden 4,5,8",
  );
  command.example(
    "On a cluster:",
    "deno task sweep --model rnn,gru --task fizzbuzz --engine slurm --sbatch=--time=10:00",
  );
  command.action(async (options: unknown) => {
    const typed = options as TypedFlags;
    if (pairs.length === 0) {
      throw new UsageError(
        "Cannot sweep without --model and --task: one or more of each are needed",
      );
    }
    const trials = await withUsageErrors(() => trialsOf(typed, pairs));
    await sweep(trials, typed, context);
  });
  return { command, flags: [...flags.values()], hint: "see sweep --model … --task … --help" };
}

async function pairsOf(args: readonly string[], context: CliContext): Promise<Pair[]> {
  const find = async (kind: Plugin["kind"]) => {
    const names = peek(args, `--${kind}`);
    if (names === undefined) return [];
    const table = kind === "model" ? context.models : context.tasks;
    return await Promise.all(
      gridValues(`--${kind}`, names).map(async (name) => ({
        name,
        plugin: await resolvePlugin<Plugin>(name, { kind, table, base: context.base }),
      })),
    );
  };
  const models = await find("model");
  const tasks = await find("task");
  const source = (plugin: Plugin): FlagSource => ({
    prefix: plugin.kind,
    owner: `the ${plugin.name} ${plugin.kind}`,
    schema: plugin.options,
  });
  return models.flatMap((model) =>
    tasks.map((task): Pair => {
      const general: FlagSource = { owner: "train", schema: TRAIN_OPTIONS };
      const sources = [general, source(model.plugin), source(task.plugin)] as const;
      return { model, task, sources, flags: composeFlags(sources, SWEEP_FLAGS) };
    })
  );
}

/** A trial, and what it trains. */
interface PlannedTrial {
  readonly trial: Trial;
  readonly request: TrainRequest;
}

/** The trials of all pairs, each checked before anything runs. */
function trialsOf(typed: TypedFlags, pairs: readonly Pair[]): PlannedTrial[] {
  const own = new Set(SWEEP_FLAGS.map(camelCase));
  const grid: Record<string, readonly string[]> = {
    model: [...new Set(pairs.map(({ model }) => model.name))],
    task: [...new Set(pairs.map(({ task }) => task.name))],
  };
  const known = new Map(
    pairs.flatMap(({ flags }) => flags.map((flag) => [camelCase(flag.flag), flag] as const)),
  );
  for (const [name, value] of Object.entries(typed)) {
    const flag = known.get(name);
    if (own.has(name) || flag === undefined || value === undefined) continue;
    grid[flag.flag] = typeof value === "string"
      ? gridValues(`--${flag.flag}`, value, flag.option.kind.type === "list")
      : [String(value)];
  }
  grid.seed = gridValues("--seeds", typeof typed.seeds === "string" ? typed.seeds : "0..4");
  // Cells of the same task share one, whose data are read once.
  const tasks = new Map<string, PluginSelection>();
  return gridTrials(grid).map((trial) => {
    const { model, task } = trial.values;
    const pair = pairs.find((pair) => pair.model.name === model && pair.task.name === task)!;
    return { trial, request: requestOf(trial.values, pair, tasks) };
  });
}

function requestOf(
  values: Readonly<Record<string, string>>,
  pair: Pair,
  tasks: Map<string, PluginSelection>,
): TrainRequest {
  const typed: Record<string, string | boolean> = {};
  for (const [name, value] of Object.entries(values)) {
    if (name === "model" || name === "task") continue;
    const flag = pair.flags.find(({ flag }) => flag === name);
    if (flag === undefined) {
      throw new RangeError(
        `Cannot use --${name} for ${pair.model.name} on ${pair.task.name}: they have no such option`,
      );
    }
    typed[camelCase(name)] = flag.option.kind.type === "boolean" ? value === "true" : value;
  }
  const options = (source: FlagSource) => readFlags(source, pair.flags, typed) as JsonRecord;
  const [general, model, task] = pair.sources;
  const training = options(general) as unknown as TrainOptions;
  const chosen = { ...pair.task, options: options(task) };
  const key = JSON.stringify([chosen.name, chosen.options]);
  tasks.set(key, tasks.get(key) ?? chosen);
  return {
    model: { ...pair.model, options: options(model) },
    task: tasks.get(key)!,
    training,
    out: "",
  };
}

async function sweep(
  planned: readonly PlannedTrial[],
  typed: TypedFlags,
  context: CliContext,
): Promise<void> {
  const trials = planned.map(({ trial }) => trial);
  const { write, writeError } = context.terminal;
  const jobs = wholeNumber(typed, "jobs", 1) ?? navigator.hardwareConcurrency;
  const engine = typed.engine ?? "local";
  if (engine !== "local" && engine !== "slurm") {
    throw new UsageError(`Cannot use --engine ${engine}: one of local, slurm is needed`);
  }
  const good = Number(typed.good ?? 0);
  if (!(good >= 0)) throw new UsageError(`Cannot use --good ${typed.good}: a number is needed`);
  const folder = typeof typed.out === "string" ? typed.out : await folderOf(trials);
  await Deno.mkdir(folder, { recursive: true });
  const absolute = await Deno.realPath(folder);
  const before = await Promise.all(trials.map((trial) => readTrial(absolute, trial)));
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
  const done = before.filter(({ state }) => state === "done").length;
  if (typed.json !== true) {
    writeError(
      `${trials.length} runs in ${folder}${done > 0 ? `, ${done} of them done before` : ""}\n`,
    );
  }
  let over = done;
  const settings = { folder: absolute, self: context.self, jobs };
  const results = engine === "slurm"
    ? await runArray(before, {
      ...settings,
      options: typeof typed.sbatch === "string" ? typed.sbatch.split(/\s+/) : [],
    })
    : await context.interruptible((signal) =>
      runTrials(before, {
        ...settings,
        signal,
        report(result) {
          over++;
          if (typed.json !== true) {
            writeError(`${over}/${trials.length}  ${formatResult(result)}\n`);
          }
        },
      })
    );
  if (typed.json === true) {
    for (const { trial, ...rest } of results) {
      write(`${JSON.stringify({ event: "trial", values: trial.values, ...rest })}\n`);
    }
    for (const row of sweepRows(results, good)) {
      write(`${JSON.stringify({ event: "row", ...row })}\n`);
    }
  } else write(formatSweep(sweepRows(results, good)));
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

function formatResult({ trial, state, result, problem }: TrialResult): string {
  if (state !== "done") return `${trial.name}: ${problem ?? state}`;
  const error = result?.error === undefined ? "" : `, error ${(result.error * 100).toFixed(1)} %`;
  return `${trial.name}: loss ${result?.loss?.toPrecision(4) ?? "-"}${error}`;
}

/** The same grid has the same folder, so that it goes on where it was. */
async function folderOf(trials: readonly Trial[]): Promise<string> {
  const text = JSON.stringify(trials.map(({ values }) => values));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const hash = [...new Uint8Array(digest)].slice(0, 4).map((byte) =>
    byte.toString(16).padStart(2, "0")
  ).join("");
  const plain = (name: string) => name.replace(/^.*\//, "").replace(/[^\w.]+/g, "_");
  const { model, task } = trials[0].values;
  return `sweeps/${plain(task)}-${plain(model)}-${hash}`;
}
