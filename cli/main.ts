/**
 * The program.
 *
 * @module
 */

import { ValidationError } from "@cliffy/command";
import * as z from "zod";
import { buildTree, usageErrorOf } from "./command_tree.ts";
import { COMMANDS } from "./commands/mod.ts";
import type { CliContext, CommandContext } from "./context.ts";
import { commandContext, createContext } from "./create_context.ts";
import { exitCodeOf, exitWith } from "./errors.ts";
import { dropNetwork, permitLine } from "./permissions.ts";
import { quietDrivers } from "./program.ts";
import { resolveTypedPaths } from "./typed_paths.ts";

/**
 * Runs a command.
 *
 * @param args The arguments after the program's name.
 * @param context What there is.
 * @returns The exit code: 0, 2 for a mistake in typing, 1 for another failure, which one sentence on standard error tells; 3 or 4 for an answer of
 * `prove`, 130 for a run that was stopped.
 *
 * @example Ask what there is
 * ```ts
 * import { createContext, main } from "@unroll/cli";
 * import { match } from "node:assert/strict";
 *
 * const context = createContext();
 * let output = "";
 * const terminal = { ...context.terminal, write: (text: string) => output += text };
 * await main(["list"], { ...context, terminal });
 * match(output, /fizzbuzz/);
 * ```
 */
export async function main(args: readonly string[], context: CliContext): Promise<number> {
  return await runCommandLine(args, commandContext(context));
}

/**
 * Runs a command in a context that is complete.
 *
 * @param args The arguments after the program's name.
 * @param context What commands work with.
 * @returns The exit code.
 */
export async function runCommandLine(
  args: readonly string[],
  context: CommandContext,
): Promise<number> {
  const { writeError, debug } = context.terminal;
  return await exitCodeOf(async () => {
    // What scripts of shells ask; Cliffy would take the words for options.
    if (args[0] === "completions" && args[1] === "complete") {
      const { complete, formatCompletions } = await import("./completions/complete.ts");
      const found = await complete(COMMANDS, args.slice(2), context);
      return context.terminal.write(formatCompletions(found));
    }
    const words = resolveTypedPaths(args, context.base);
    const tree = await buildTree(COMMANDS, words, context);
    try {
      await tree.command.parse(helpAlone(words));
    } catch (error) {
      throw error instanceof ValidationError ? usageErrorOf(error, tree, words) : error;
    }
  }, { writeError, debug, permit: (flag) => permitLine(flag, args) });
}

/**
 * Leaves the command's own name alone where help is asked for, which Cliffy takes with no other option. What `--model`
 * and `--task` name is in the tree by then.
 */
function helpAlone(args: readonly string[]): string[] {
  const end = args.indexOf("--");
  const before = end < 0 ? args : args.slice(0, end);
  if (!before.includes("--help") && !before.includes("-h")) return [...args];
  const first = args.findIndex((arg) => arg.startsWith("-"));
  return [...args.slice(0, first), "--help"];
}

/** Runs what was typed in this process, and ends it. */
export function start(): void {
  // What is typed is checked once: making functions for that would take longer.
  z.config({ jitless: true });
  dropNetwork(Deno.args);
  quietDrivers();
  exitWith(main(Deno.args, createContext()));
}

if (import.meta.main) start();
