/**
 * The context of a real process: the built-in plugins, this machine's files, the terminal.
 *
 * @module
 */

import { MODELS } from "@unroll/models";
import { TASKS } from "@unroll/tasks";
import { inspectMachine, mayCallLibraries } from "./machine.ts";
import { RECIPES } from "./recipes/mod.ts";
import { processTerminal } from "./terminal.ts";
import { refusal, resumeAndKeep, trainAndKeep } from "./commands/train_action.ts";
import { openTuningFile, tuningPath } from "./tuning_file.ts";
import type { CliContext } from "./context.ts";

/** Unroll's version, of all its packages. */
export const VERSION = "0.1.0";

/**
 * Everything that the commands need, of this process.
 *
 * @returns The context.
 */
export function createContext(): CliContext {
  const terminal = processTerminal();
  // Where the user is: `deno task` itself moves to the workspace's folder.
  const base = new URL(`file://${terminal.variable("INIT_CWD") ?? Deno.cwd()}/`);
  const tuning = openTuningFile(tuningPath(Deno.build.os, terminal.variable));
  const found = { models: MODELS, tasks: TASKS, tuning };
  return {
    models: MODELS,
    tasks: TASKS,
    recipes: RECIPES,
    refusal,
    train: (request, reporter) =>
      interruptible((signal) => {
        const settings = { ...request.settings, tuning };
        return trainAndKeep({ ...request, settings }, reporter, VERSION, signal);
      }),
    resume: (request, reporter) =>
      interruptible((signal) => resumeAndKeep(request, reporter, found, signal)),
    interruptible,
    inspectMachine: () => inspectMachine(VERSION, tuning),
    self: [
      Deno.execPath(),
      "run",
      "--quiet",
      "--no-prompt",
      "--allow-read",
      "--allow-write",
      "--allow-env",
      "--allow-sys",
      "--allow-net=127.0.0.1",
      // Whoever may call a BLAS hands that on.
      ...(mayCallLibraries() ? ["--allow-ffi"] : []),
      program(),
    ],
    base,
    version: VERSION,
    terminal,
  };
}

/** What starts: a path, so that it also stands in a script, or the package if it came from JSR. */
function program(): string {
  const { protocol, pathname } = new URL("main.ts", import.meta.url);
  return protocol === "file:" ? decodeURIComponent(pathname) : `jsr:@unroll/cli@${VERSION}`;
}

/**
 * Runs something that Ctrl-C, or the system's polite request, asks to end well; a second one ends the process.
 */
async function interruptible<Result>(
  body: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  const forget = () => signals.forEach((signal) => Deno.removeSignalListener(signal, stop));
  const stop = () => {
    controller.abort();
    forget();
  };
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  try {
    return await body(controller.signal);
  } finally {
    if (!controller.signal.aborted) forget();
  }
}
