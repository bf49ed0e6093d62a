/**
 * `eval`: measures a trained model, on the task as it was trained or with other options of it.
 *
 * @module
 */

import { Command } from "@cliffy/command";
import { type Plugin } from "@unroll/core/plugin";
import { knownPlugin } from "@unroll/core/plugin/host";
import { type JsonRecord, openRun, readCheckpoint } from "@unroll/core/runs";
import { withUsageErrors } from "../errors.ts";
import { findModel } from "./find_run.ts";
import {
  camelCase,
  composeFlags,
  type Flag,
  type FlagSource,
  readFlags,
  type TypedFlags,
} from "../flags.ts";
import { addModelOptions, loadChosen, MODEL_FLAGS } from "./model_command.ts";
import { formatFigure, formatShare } from "../reporting/progress.ts";
import { addFlag, peek } from "./train.ts";
import { pluginsOf } from "../plugins.ts";
import type { CliContext } from "../context.ts";

/**
 * Defines `eval`, with the options of the task of the run that the arguments name.
 *
 * @param args The arguments after `eval`.
 * @param context What there is.
 * @returns The command.
 */
export async function defineEval(args: readonly string[], context: CliContext): Promise<Command> {
  const command = new Command();
  command.description(
    "Measure a trained model, on its task as it was trained, or with other options of the task.",
  );
  addModelOptions(command);
  const chosen = await taskOf(args, context);
  if (chosen !== undefined) {
    command.group(`Options of ${chosen.source.owner}`);
    for (const flag of chosen.flags) addFlag(command, flag);
  }
  command.option("--show", "Print what the model says, too");
  command.option("--json", "Print one JSON object");
  command.example("As it was trained:", "deno task eval runs/2026-01-31-fizzbuzz-rnn-0");
  command.example(
    "On other data:",
    "deno task eval runs/2026-01-31-char-gru-0 --corpus other.txt",
  );
  command.action(async (options: unknown, ...[run]: unknown[]) => {
    const typed = options as TypedFlags;
    const taskOptions = chosen && await withUsageErrors(() => changed(chosen, typed));
    using loaded = await loadChosen(context, run, typed, taskOptions);
    const { taskInstance: task, predict } = loaded;
    const { loss, error, metrics = {} } = await task.validate(predict);
    const { step } = loaded.checkpoint;
    const { write } = context.terminal;
    if (typed.json === true) {
      const line = { event: "eval", run: loaded.path, step, device: loaded.device, loss };
      write(`${JSON.stringify({ ...line, error: error ?? null, metrics })}\n`);
      return;
    }
    if (typed.show === true) {
      for (const line of await task.show?.(predict) ?? []) write(`${line}\n`);
    }
    const parts = [
      ...(error === undefined ? [] : [`error ${formatShare(error)}`]),
      `loss ${formatFigure(loss)}`,
      ...Object.entries(metrics).map(([name, value]) =>
        `${name.replaceAll("_", " ")} ${
          /error|accuracy/.test(name) ? formatShare(value) : formatFigure(value)
        }`
      ),
    ];
    write(`${parts.join(", ")}\n`);
  });
  return command;
}

interface ChosenTask {
  readonly source: FlagSource;
  readonly flags: readonly Flag[];
}

/** The task of the run that comes first; without one, the options of no task are known. */
async function taskOf(
  args: readonly string[],
  context: CliContext,
): Promise<ChosenTask | undefined> {
  const run = args[0];
  if (run === undefined || run.startsWith("-")) return undefined;
  const path = await findModel(run, peek(args, "--runs"));
  const { config } = path.endsWith(".safetensors")
    ? await readCheckpoint(path)
    : await openRun(path);
  const { tasks } = await pluginsOf(context, peek(args, "--trust"));
  const plugin = knownPlugin<Plugin>(config.task.name, { kind: "task", table: tasks });
  const source: FlagSource = {
    prefix: "task",
    owner: `the ${plugin.name} task`,
    schema: plugin.options,
  };
  return { source, flags: composeFlags([source], [...MODEL_FLAGS, "show", "json"]) };
}

/** Only what was typed: the rest stays as it was trained. */
function changed({ source, flags }: ChosenTask, typed: TypedFlags): JsonRecord {
  const all = readFlags(source as FlagSource & { schema: FlagSource["schema"] }, flags, typed);
  const values = all as JsonRecord;
  return Object.fromEntries(
    flags.filter(({ flag }) => typed[camelCase(flag)] !== undefined)
      .map(({ option }) => [option.name, values[option.name]]),
  );
}
