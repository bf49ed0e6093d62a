/**
 * What the commands that use a trained model share: which run, on which device.
 *
 * @module
 */

import type { Command } from "@cliffy/command";
import { type BackendName } from "@unroll/core/backends";
import { type JsonRecord, type LoadedRun, loadRun } from "@unroll/core/runs";
import { UsageError } from "../errors.ts";
import { findModel } from "./find_run.ts";
import { camelCase, composeFlags, readFlags, type TypedFlags } from "../flags.ts";
import { TRAIN_OPTIONS } from "./train_options.ts";
import { addTrustOption, pluginsOf } from "../plugins.ts";
import type { CliContext } from "../context.ts";

/** Flags that choose the model. */
export const MODEL_FLAGS: readonly string[] = [
  "device",
  "checkpoint",
  "runs",
  "trust",
  "help",
  "version",
];

/**
 * Adds the argument and the flags that choose the model.
 *
 * @param command The command.
 */
export function addModelOptions(command: Command): void {
  command.arguments("[run]");
  command.option(
    "--device <name>",
    "Where to compute (auto, cpu, webgpu, reference; default auto)",
  );
  command.option("--checkpoint <name>", "best or last (default best)");
  command.option("--runs <folder>", "The folder of runs (default runs)");
  addTrustOption(command);
}

/**
 * Loads the model that was chosen.
 *
 * @param context What there is.
 * @param run What was typed for the run; the newest if left out.
 * @param typed What was typed besides.
 * @param taskOptions Options of the task in place of those it was trained with.
 * @returns The model, to be disposed of.
 * @throws {UsageError} When there is no such run, or a flag is wrong.
 */
export async function loadChosen(
  context: CliContext,
  run: unknown,
  typed: TypedFlags,
  taskOptions?: JsonRecord,
): Promise<LoadedRun> {
  const { checkpoint = "best" } = typed;
  if (checkpoint !== "best" && checkpoint !== "last") {
    throw new UsageError(`Cannot use --checkpoint ${checkpoint}: one of best, last is needed`);
  }
  const name = runName(run);
  const source = { owner: "the command", schema: TRAIN_OPTIONS };
  let device: BackendName | "auto";
  try {
    device = readFlags(source, composeFlags([source]), { device: typed.device }).device;
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
  const path = await findModel(name, typeof typed.runs === "string" ? typed.runs : undefined);
  return await loadRun(path, {
    ...await pluginsOf(context, typed.trust),
    device,
    ...(typed.checkpoint === undefined ? {} : { checkpoint }),
    taskOptions,
  });
}

/** The run's name among positional words; an unknown flag would stand there too. */
export function runName(run: unknown): string {
  if (run === undefined) return "last";
  const name = String(run);
  if (name.startsWith("-")) throw new UsageError(`Cannot find option "${name}": see --help`);
  return name;
}

/** A whole number that was typed for a flag. */
export function wholeNumber(
  typed: TypedFlags,
  flag: string,
  least: number,
): number | undefined {
  const text = typed[camelCase(flag)];
  if (typeof text !== "string") return undefined;
  const value = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(value) || value < least) {
    throw new UsageError(
      `Cannot use --${flag} ${text}: a whole number of at least ${least} is needed`,
    );
  }
  return value;
}

/** What a task must be able to do for a command. */
export function required<Method>(
  method: Method | undefined,
  run: LoadedRun,
  does: string,
): Method {
  if (method !== undefined) return method;
  throw new RangeError(`Cannot ${does} with ${run.config.task.name}: the task has no way to do it`);
}
