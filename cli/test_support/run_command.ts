/**
 * Commands in tests, without a process.
 *
 * @module
 */

import { MODELS } from "@unroll/models";
import { TASKS } from "@unroll/tasks";
import { runCommandLine } from "../main.ts";
import { RECIPES } from "../recipes/mod.ts";
import { resumeTraining, runTraining, unsupportedReason } from "../commands/train_action.ts";
import type { CommandContext } from "../context.ts";
import { SILENT_TERMINAL } from "./silent_terminal.ts";

/** What a command did. */
export interface CommandResult {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/**
 * Runs a command in this process, with the built-in models and tasks.
 *
 * @param args The arguments; a text is split at spaces.
 * @param change What is otherwise in the context.
 * @param input Standard input.
 * @returns What it printed.
 */
export async function runCommand(
  args: string | readonly string[],
  change: Partial<CommandContext> = {},
  input: string = "",
): Promise<CommandResult> {
  let output = "";
  let errors = "";
  const base = new URL(`file://${Deno.cwd()}/`);
  const own = { models: MODELS, tasks: TASKS, version: "0.0.1" };
  const context: CommandContext = {
    models: MODELS,
    tasks: TASKS,
    recipes: RECIPES,
    unsupportedReason,
    train: (request, callbacks) => runTraining(request, callbacks, own),
    resume: (request, callbacks) => resumeTraining(request, callbacks, own),
    interruptible: (body) => body(new AbortController().signal),
    inspectMachine: () => Promise.reject(new RangeError("Cannot look: no machine")),
    self: () => [],
    base,
    version: "0.0.1",
    terminal: {
      ...SILENT_TERMINAL,
      write: (text) => output += text,
      writeError: (text) => errors += text,
      columns: () => 100,
      lines: async function* () {
        yield* await Promise.resolve(input.split("\n"));
      },
    },
    ...change,
  };
  // Help goes through the console.
  const log = console.log;
  console.log = (text: unknown) => output += `${text}\n`;
  try {
    const words = typeof args === "string" ? args.split(" ").filter(Boolean) : args;
    const code = await runCommandLine(words, context);
    return { code, output, errors };
  } finally {
    console.log = log;
  }
}
