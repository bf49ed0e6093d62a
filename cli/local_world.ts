/**
 * The world of a real process: the built-in plugins, this machine's files, the terminal.
 *
 * @module
 */

import { MODELS } from "@unroll/models";
import { TASKS } from "@unroll/tasks";
import { RECIPES } from "./recipes/mod.ts";
import { processTerminal } from "./terminal.ts";
import { refusal, trainAndKeep } from "./train_action.ts";
import type { World } from "./world.ts";

/** Unroll's version, of all its packages. */
export const VERSION = "0.1.0";

/**
 * Everything that the commands need, of this process.
 *
 * @returns The world.
 */
export function localWorld(): World {
  return {
    models: MODELS,
    tasks: TASKS,
    recipes: RECIPES,
    refusal,
    train: (request, reporter) =>
      interruptible((signal) => trainAndKeep(request, reporter, VERSION, signal)),
    base: new URL(`file://${workingFolder()}/`),
    version: VERSION,
    terminal: processTerminal(),
  };
}

/** Where the user is: `deno task` itself moves to the workspace's folder. */
function workingFolder(): string {
  return Deno.env.get("INIT_CWD") ?? Deno.cwd();
}

/** Runs something that Ctrl-C asks to end well; a second Ctrl-C ends the process. */
async function interruptible(body: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const stop = () => {
    controller.abort();
    Deno.removeSignalListener("SIGINT", stop);
  };
  Deno.addSignalListener("SIGINT", stop);
  try {
    await body(controller.signal);
  } finally {
    if (!controller.signal.aborted) Deno.removeSignalListener("SIGINT", stop);
  }
}
