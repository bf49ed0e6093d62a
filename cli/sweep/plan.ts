/**
 * Plans a sweep: from what was typed to the trials, each checked before anything runs.
 *
 * @module
 */

import type { Plugin } from "@unroll/core/plugin";
import { optionHelp } from "@unroll/core/plugin/host";
import type { JsonRecord } from "@unroll/core/runs";
import { TRAIN_OPTIONS, type TrainOptions } from "../commands/train_options.ts";
import type { PluginSelection, TrainRequest } from "../context.ts";
import {
  camelCase,
  composeFlags,
  findFlagValue,
  type Flag,
  type FlagSource,
  flagSource,
  readFlags,
  type TypedFlags,
} from "../flags.ts";
import { findPlugin, type FoundPlugin, type PluginContext } from "../plugins.ts";
import { gridTrials, gridValues, type Trial } from "./grid.ts";

/** A model and a task of the grid, with their flags. */
export interface Pair {
  /** What learns. */
  readonly model: FoundPlugin;
  /** What is learned. */
  readonly task: FoundPlugin;
  /** Of training, the model and the task. */
  readonly sources: readonly [FlagSource, FlagSource, FlagSource];
  /** The flags of these. */
  readonly flags: readonly Flag[];
}

/** A trial, and what it trains. */
export interface PlannedTrial {
  /** The trial. */
  readonly trial: Trial;
  /** What it trains. */
  readonly request: TrainRequest;
}

/**
 * Finds the models and tasks that a sweep names.
 *
 * @param args What was typed after `sweep`.
 * @param context What there is.
 * @param own The options of the command itself.
 * @returns All pairs of them.
 * @throws {RangeError} When a name finds nothing.
 */
export async function pairsOf(
  args: readonly string[],
  context: PluginContext,
  own: FlagSource,
): Promise<Pair[]> {
  const find = async (kind: Plugin["kind"]) => {
    const names = findFlagValue(args, `--${kind}`);
    return names === undefined ? [] : await Promise.all(
      gridValues(`--${kind}`, names).map((name) => findPlugin(context, kind, name)),
    );
  };
  const models = await find("model");
  const tasks = await find("task");
  return models.flatMap((model) =>
    tasks.map((task): Pair => {
      const general: FlagSource = { owner: "train", schema: TRAIN_OPTIONS };
      const sources = [general, flagSource(model.plugin), flagSource(task.plugin)] as const;
      const flags = composeFlags([own, ...sources]).filter(({ source }) => source !== own);
      return { model, task, sources, flags };
    })
  );
}

/**
 * Lists the flags of a sweep: its own, and those of its pairs, which take several values each.
 *
 * @param own The options of the command itself.
 * @param pairs The pairs.
 * @returns Each flag once.
 */
export function gridFlags(own: FlagSource, pairs: readonly Pair[]): readonly Flag[] {
  const flags = new Map<string, Flag>();
  const texts = new Map<string, Set<string>>();
  for (const { flag, option, ...rest } of pairs.flatMap(({ flags }) => flags)) {
    flags.set(flag, { flag, option, ...rest });
    texts.set(flag, (texts.get(flag) ?? new Set()).add(optionHelp(option, flag)));
  }
  // Seeds have a flag of their own.
  flags.delete("seed");
  const several = [...flags.values()].map((flag): Flag => {
    const { name, kind, description } = flag.option;
    // What each value may be, and the default, where that is the same for all pairs.
    const [help, ...others] = texts.get(flag.flag) ?? [];
    return kind.type === "boolean" ? flag : {
      ...flag,
      option: {
        name,
        flag: flag.option.flag,
        kind: { type: "text" },
        required: false,
        changeable: false,
        description: others.length === 0 ? help : description,
        placeholder: "values",
      },
    };
  });
  return [...composeFlags([own]), ...several];
}

/**
 * Plans the trials of all pairs.
 *
 * @param typed What was typed.
 * @param pairs The pairs.
 * @param seeds What was typed for the seeds.
 * @returns The trials.
 * @throws {RangeError} When a value is not allowed, or a pair lacks an option.
 */
export function planTrials(
  typed: TypedFlags,
  pairs: readonly Pair[],
  seeds: string,
): PlannedTrial[] {
  const grid: Record<string, readonly string[]> = {
    model: [...new Set(pairs.map(({ model }) => model.name))],
    task: [...new Set(pairs.map(({ task }) => task.name))],
  };
  const known = new Map(
    pairs.flatMap(({ flags }) => flags.map((flag) => [camelCase(flag.flag), flag] as const)),
  );
  for (const [name, value] of Object.entries(typed)) {
    const flag = known.get(name);
    if (flag === undefined || value === undefined) continue;
    grid[flag.flag] = typeof value === "string"
      ? gridValues(`--${flag.flag}`, value, flag.option.kind.type === "list")
      : [String(value)];
  }
  grid.seed = gridValues("--seeds", seeds);
  // Trials of the same task share one, whose data are read once.
  const tasks = new Map<string, PluginSelection>();
  return gridTrials(grid).map((trial) => {
    const { model, task } = trial.values;
    const pair = pairs.find((pair) => pair.model.name === model && pair.task.name === task)!;
    return { trial, request: toTrainRequest(trial.values, pair, tasks) };
  });
}

function toTrainRequest(
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
  const selected = { ...pair.task, options: options(task) };
  const key = JSON.stringify([selected.name, selected.options]);
  tasks.set(key, tasks.get(key) ?? selected);
  return {
    model: { ...pair.model, options: options(model) },
    task: tasks.get(key)!,
    training,
    out: "",
  };
}
