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
import { terminalText } from "./format.ts";
import { interruptible } from "./interruptible.ts";
import { knownPlugins } from "./plugins.ts";
import { isGranted, LOCAL_TUNING, trialFlags } from "./permissions.ts";
import { environment, isStartedByName, VERSION } from "./program.ts";
import { RECIPES } from "./recipes/mod.ts";
import { openTuningFile, tuningPath } from "./tuning_file.ts";

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
  const cached = tuningPath(Deno.build.os, terminal.variable);
  // Who may not write where the system has its caches keeps it beside the runs.
  const isKept = cached !== undefined && isGranted({ name: "write", path: cached });
  const tuning = openTuningFile(isKept ? cached : `${LOCAL_TUNING}/tuning.json`);
  const needed = async () => ({ ...await knownPlugins(context), tuning, version });
  return {
    ...context,
    unsupportedReason,
    train: (request, callbacks, settings) =>
      interruptible(async ({ signal, started }) => {
        const told = [{ onStart: started }, ...callbacks];
        await runTraining(request, told, { ...await needed(), signal });
      }, settings),
    resume: (request, callbacks, settings) =>
      interruptible(async ({ signal, started }) => {
        const told = [{ onStart: started }, ...callbacks];
        await resumeTraining(request, told, { ...await needed(), signal });
      }, settings),
    interruptible: (body) => interruptible(({ signal }) => body(signal)),
    inspectMachine: async () => (await import("./machine.ts")).inspectMachine(version, tuning),
    self: async (folder) => {
      const { nativePermissions } = await import("@unroll/core/backends");
      const flags = trialFlags(folder, nativePermissions());
      return [deno(), "run", "--quiet", "--no-prompt", ...flags, program()];
    },
  };
}

/** Names Deno as this process may start it: by its path, or as the shell finds it. */
function deno(): string {
  const path = Deno.execPath();
  return !isGranted({ name: "run", command: path }) && isGranted({ name: "run", command: "deno" })
    ? "deno"
    : path;
}

/**
 * Names what starts: a path, so that it also stands in a script, or the package if this process was started by that name.
 * Of a package Deno asks the configuration of the folder that somebody is in, where their modules find what they import.
 */
function program(): string {
  const main = new URL("main.ts", import.meta.url);
  const isPackage = main.protocol !== "file:" || isStartedByName(Deno.mainModule, main.href);
  return isPackage ? `jsr:@unroll/cli@${VERSION}` : fromFileUrl(main);
}

/**
 * Looks at where standard output and error go.
 *
 * Colours and redrawing are for terminals only, and colours only without `NO_COLOR`.
 */
function processTerminal(): Terminal {
  const isDumb = environment("TERM") === "dumb";
  const isTerminal = Deno.stderr.isTerminal() && !isDumb;
  let isClosed = false;
  return {
    write(text) {
      if (!isClosed) isClosed = !writeAll(Deno.stdout, text);
    },
    writeError(text) {
      try {
        writeAll(Deno.stderr, text);
      } catch {
        // A full disk: there is nowhere left to tell, and what runs goes on.
      }
    },
    isOutputTerminal: Deno.stdout.isTerminal(),
    isTerminal,
    color: isTerminal && !Deno.noColor,
    outputColor: Deno.stdout.isTerminal() && !isDumb && !Deno.noColor,
    columns() {
      try {
        return Deno.consoleSize().columns;
      } catch {
        return 80; // Neither standard stream is a terminal.
      }
    },
    lines: standardLines,
    isInputTerminal: Deno.stdin.isTerminal() && !isDumb,
    isClosed: () => isClosed,
    variable: environment,
    debug: (environment("DEBUG") ?? "") !== "",
  };
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

/** Writes to the end, or returns that nobody reads it. */
function writeAll(
  stream: Pick<typeof Deno.stdout, "writeSync" | "isTerminal">,
  text: string,
): boolean {
  const bytes = new TextEncoder().encode(stream.isTerminal() ? terminalText(text) : text);
  try {
    for (let done = 0; done < bytes.length;) done += stream.writeSync(bytes.subarray(done));
  } catch (error) {
    // Who read it (`| head`), or the terminal, is gone: training goes on, the run is saved.
    if (error instanceof Deno.errors.BrokenPipe || errorCode(error) === "EIO") return false;
    const reason = (error as Error).message.replace(/ \(os error.*$/, "");
    throw new RangeError(`Cannot write to the standard output: ${lowerFirst(reason)}`, {
      cause: error,
    });
  }
  return true;
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
