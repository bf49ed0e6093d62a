/**
 * The options of a run's task, which a command can have beside its own: such as where its text is now.
 *
 * @module
 */

import type { Plugin, TaskPlugin, TaskSpec } from "@unroll/core/plugin";
import { flagName, formatOptionValue, knownPlugin, restoreTask } from "@unroll/core/plugin/host";
import { type JsonRecord, openRun, readCheckpoint, type RunConfig } from "@unroll/core/runs";
import type { SelectedFlags } from "../command.ts";
import { UsageError } from "../errors.ts";
import {
  asksHelp,
  composeFlags,
  findFlagValue,
  type Flag,
  type FlagSource,
  flagSource,
  readFlags,
  type TypedFlags,
  typedNames,
  withDefaults,
} from "../flags.ts";
import { type KnownPlugins, knownPlugins, type PluginContext } from "../plugins.ts";
import { findModel } from "./find_run.ts";

/** The task of a run. */
export interface TaskOfRun {
  /** Its options, as flags are made of them. */
  readonly source: FlagSource;
  /** What they are in the run. */
  readonly options: JsonRecord;
  /** The run's configuration. */
  readonly config: RunConfig;
}

/**
 * Finds the options of a run's task.
 *
 * @param run What was typed for the run.
 * @param args All that was typed.
 * @param context What there is.
 * @returns The options, and what they are in the run.
 * @throws {UsageError} When there is no such run.
 */
export async function taskOfRun(
  run: string,
  args: readonly string[],
  context: PluginContext,
): Promise<TaskOfRun> {
  const path = await findModel(run, findFlagValue(args, "--runs"));
  const config = await configOf(path);
  const { tasks } = await knownPlugins(context, findFlagValue(args, "--trust"));
  const { name, path: module, options } = config.task;
  const source = flagSource(
    knownPlugin<Plugin>(name, { kind: "task", table: tasks, path: module }),
  );
  return { source, options, config };
}

async function configOf(path: string): Promise<RunConfig> {
  const { config } = path.endsWith(".safetensors")
    ? await readCheckpoint(path)
    : await openRun(path);
  return config;
}

/**
 * Explains why a run's parameters do not fit where options of its task were typed.
 *
 * @param path The run's folder, or one of its checkpoints.
 * @param typed The options that were typed.
 * @param known The tasks there are.
 * @returns The error to throw; `undefined` where the task reads and answers as many as without them.
 */
export async function otherSizes(
  path: string,
  typed: JsonRecord,
  { tasks }: Pick<KnownPlugins, "tasks">,
): Promise<UsageError | undefined> {
  const { name, path: module, options } = (await configOf(path)).task;
  const plugin = knownPlugin<TaskPlugin>(name, { kind: "task", table: tasks, path: module });
  const sizes = async (more: JsonRecord) =>
    sizesOf((await restoreTask(plugin, options, more).create()).spec);
  const [[reads, answers], [read, answered]] = [await sizes({}), await sizes(typed)];
  if (reads === read && answers === answered) return undefined;
  const flags = Object.entries(typed)
    .map(([name, value]) => `--${flagName(name)} ${formatOptionValue(value)}`);
  return new UsageError(
    `Cannot use ${
      flags.join(" ")
    } with this run: its network reads ${reads} and answers ${answers}, ` +
      `the task then has ${read} and ${answered}`,
  );
}

/** Says what a task has for a network to read, and to answer. */
function sizesOf({ inputs, outputs }: TaskSpec): readonly [reads: string, answers: string] {
  return [
    inputs.kind === "none"
      ? "nothing"
      : inputs.kind === "symbol"
      ? `${inputs.vocabulary} symbols`
      : `${inputs.size} numbers`,
    outputs.kind === "class" ? `one of ${outputs.classes}` : `${outputs.size} numbers`,
  ];
}

/**
 * Reads the options that were typed; what was not stays as it was trained.
 *
 * @param source The options there are.
 * @param flags All flags of the command.
 * @param typed What was typed.
 * @returns Those that were typed.
 */
export function typedOptions(
  source: FlagSource,
  flags: readonly Flag[],
  typed: TypedFlags,
): JsonRecord {
  const names = typedNames(source, flags, typed);
  const options = Object.entries(readFlags(source, flags, typed) as JsonRecord);
  return Object.fromEntries(options.filter(([name]) => names.has(name)));
}

/** The first word that is no value of a flag; without one the newest run is meant. */
function runAmong(args: readonly string[], flags: readonly Flag[]): string {
  const takesValue = new Set([
    "--corpus",
    ...flags.filter(({ option }) => option.kind.type !== "boolean").map(({ flag }) => `--${flag}`),
  ]);
  return args.find((arg, index) => !arg.startsWith("-") && !takesValue.has(args[index - 1])) ??
    "last";
}

/**
 * Selects the options of the task of the run that is named, or of the newest; in help without a run, those of no task.
 *
 * @param args What was typed after the command's name.
 * @param context What there is.
 * @param own The command's own options.
 * @returns The flags of both, and how those of the task are read.
 */
export async function selectTask(
  args: readonly string[],
  context: PluginContext,
  own: FlagSource,
): Promise<SelectedFlags<JsonRecord | undefined>> {
  const alone = { flags: composeFlags([own]), read: () => undefined };
  const [first] = args;
  const isHelp = asksHelp(args);
  if (first === undefined || (isHelp && first.startsWith("-"))) return alone;
  const kept = first.startsWith("-")
    // What is the matter with the run is said when it is opened.
    ? await taskOfRun(runAmong(args, alone.flags), args, context).catch(() => undefined)
    : await taskOfRun(first, args, context);
  if (kept === undefined) return alone;
  const { source } = kept;
  const flags = composeFlags([own, source]);
  return {
    flags: isHelp ? withDefaults(flags, source, shownOf(flags, kept)) : flags,
    read: (typed) => typedOptions(source, flags, typed),
  };
}

/** What help says of a run's options: without texts that nobody types, such as the letters of its alphabet. */
function shownOf(flags: readonly Flag[], { source, options }: TaskOfRun): JsonRecord {
  const shown = flags.filter((flag) => flag.source === source)
    .map(({ option }) => option)
    .filter(({ name, kind, default: usual }) =>
      options[name] !== undefined && (kind.type !== "text" || usual !== undefined)
    );
  return Object.fromEntries(shown.map(({ name }) => [name, options[name]]));
}
