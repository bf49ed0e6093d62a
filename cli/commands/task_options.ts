/**
 * The options of a run's task, which a command can have beside its own: such as where its text is now.
 *
 * @module
 */

import type { Plugin } from "@unroll/core/plugin";
import { knownPlugin } from "@unroll/core/plugin/host";
import { type JsonRecord, openRun, readCheckpoint } from "@unroll/core/runs";
import type { SelectedFlags } from "../command.ts";
import {
  composeFlags,
  findFlagValue,
  type Flag,
  type FlagSource,
  flagSource,
  readFlags,
  type TypedFlags,
  typedNames,
} from "../flags.ts";
import { knownPlugins, type PluginContext } from "../plugins.ts";
import { findModel } from "./find_run.ts";

/**
 * Finds the options of a run's task.
 *
 * @param run What was typed for the run.
 * @param args All that was typed.
 * @param context What there is.
 * @returns The options, as flags are made of them.
 * @throws {UsageError} When there is no such run.
 */
export async function taskOfRun(
  run: string,
  args: readonly string[],
  context: PluginContext,
): Promise<FlagSource> {
  const path = await findModel(run, findFlagValue(args, "--runs"));
  const { config } = path.endsWith(".safetensors")
    ? await readCheckpoint(path)
    : await openRun(path);
  const { tasks } = await knownPlugins(context, findFlagValue(args, "--trust"));
  return flagSource(
    knownPlugin<Plugin>(config.task.name, { kind: "task", table: tasks, path: config.task.path }),
  );
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

/**
 * Selects the options of the task of the run that is named first; without one, those of no task are known.
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
  const [run] = args;
  if (run === undefined || run.startsWith("-")) {
    return { flags: composeFlags([own]), read: () => undefined };
  }
  const source = await taskOfRun(run, args, context);
  const flags = composeFlags([own, source]);
  return { flags, read: (typed) => typedOptions(source, flags, typed) };
}
