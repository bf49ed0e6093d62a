/**
 * The context of a real process: the built-in plugins, this machine's files, the terminal.
 *
 * @module
 */

import { fromFileUrl } from "@std/path/from-file-url";
import { toFileUrl } from "@std/path/to-file-url";
import { MODELS } from "@unroll/models";
import { TASKS } from "@unroll/tasks";
import { resumeTraining, runTraining, unsupportedReason } from "./commands/train_action.ts";
import type { CliContext, CommandContext, Terminal } from "./context.ts";
import { inspectMachine } from "./machine.ts";
import { knownPlugins } from "./plugins.ts";
import { RECIPES } from "./recipes/mod.ts";
import { openTuningFile, tuningPath } from "./tuning_file.ts";

/** Unroll's version, of all its packages. */
export const VERSION = "0.1.0";

/**
 * Creates the context of this process: the built-in models, tasks and recipes, and its terminal.
 *
 * @returns The context; copy it with others in place of some.
 *
 * @example Add a model of one's own
 * ```ts
 * import { createContext } from "@unroll/cli";
 * import { rnn } from "@unroll/models";
 * import { strictEqual } from "node:assert/strict";
 *
 * const context = createContext();
 * const mine = { ...context, models: { ...context.models, mine: rnn } };
 * strictEqual(mine.models.mine.name, "rnn");
 * ```
 */
export function createContext(): CliContext {
  const terminal = processTerminal();
  // Where the user is: `deno task` itself moves to the workspace's folder.
  const base = toFileUrl(`${terminal.variable("INIT_CWD") ?? Deno.cwd()}/`);
  return { models: MODELS, tasks: TASKS, recipes: RECIPES, base, version: VERSION, terminal };
}

/**
 * Adds what trains in this process.
 *
 * @param context What there is.
 * @returns What commands work with.
 */
export function commandContext(context: CliContext): CommandContext {
  const { version, terminal } = context;
  const tuning = openTuningFile(tuningPath(Deno.build.os, terminal.variable));
  const needed = async () => ({ ...await knownPlugins(context), tuning, version });
  return {
    ...context,
    unsupportedReason,
    train: (request, callbacks) =>
      interruptible(async (signal) =>
        await runTraining(request, callbacks, { ...await needed(), signal })
      ),
    resume: (request, callbacks) =>
      interruptible(async (signal) =>
        await resumeTraining(request, callbacks, { ...await needed(), signal })
      ),
    interruptible,
    inspectMachine: () => inspectMachine(version, tuning),
    self: [Deno.execPath(), "run", "--quiet", "--no-prompt", ...ownPermissions(), program()],
  };
}

/** Lists what this process may do, as flags: a process that it starts may do the same. */
function ownPermissions(): string[] {
  const isGranted = (descriptor: Deno.PermissionDescriptor) =>
    Deno.permissions.querySync(descriptor).state === "granted";
  const names = ["read", "write", "env", "sys", "ffi"] as const;
  return [
    ...names.filter((name) => isGranted({ name })).map((name) => `--allow-${name}`),
    ...isGranted({ name: "net", host: "127.0.0.1" }) ? ["--allow-net=127.0.0.1"] : [],
  ];
}

/**
 * Names what starts: a path, so that it also stands in a script, or the package if this process was started by that name.
 * Of a package Deno asks the configuration of the folder that somebody is in, where their modules find what they import.
 */
function program(): string {
  const [main, entry] = ["main.ts", "mod.ts"].map((name) => new URL(name, import.meta.url));
  const isPackage = main.protocol !== "file:" || Deno.mainModule === entry.href;
  return isPackage ? `jsr:@unroll/cli@${VERSION}` : fromFileUrl(main);
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

/**
 * Looks at where standard output and error go.
 *
 * Colours and redrawing are for terminals only, and colours only without `NO_COLOR`.
 */
function processTerminal(): Terminal {
  const isTerminal = Deno.stderr.isTerminal() && environment("TERM") !== "dumb";
  return {
    write: (text) => writeAll(Deno.stdout, text),
    writeError: (text) => writeAll(Deno.stderr, text),
    isTerminal,
    color: isTerminal && !Deno.noColor,
    columns() {
      try {
        return Deno.consoleSize().columns;
      } catch {
        return 80; // Neither standard stream is a terminal.
      }
    },
    lines: standardLines,
    variable: environment,
    debug: (environment("DEBUG") ?? "") !== "",
  };
}

/** Reads a variable, where it may be read without asking. */
function environment(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}

async function* standardLines(): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of Deno.stdin.readable) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n/);
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let done = 0; done < bytes.length;) done += stream.writeSync(bytes.subarray(done));
  } catch (error) {
    // Who read it (`| head`) has left: training goes on, the run is saved.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
