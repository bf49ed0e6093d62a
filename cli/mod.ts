/**
 * The command line of Unroll, to be run, or composed with other models and tasks.
 *
 * The programs that it is made of have entries of their own: `@unroll/cli/recipes` and `@unroll/cli/charts`.
 *
 * @example Run a command, and read what it prints
 * ```ts
 * import { createContext, main } from "@unroll/cli";
 * import { strictEqual } from "node:assert/strict";
 *
 * const context = createContext();
 * let output = "";
 * const terminal = { ...context.terminal, write: (text: string) => output += text };
 * strictEqual(await main(["list", "--json"], { ...context, terminal }), 0);
 * strictEqual(JSON.parse(output).models.length, 6);
 * ```
 *
 * @module
 */

import { createContext } from "./create_context.ts";
import { main, start } from "./main.ts";

export type { CliContext, Terminal } from "./context.ts";
export { createContext, main };
export { VERSION } from "./program.ts";

// What `deno run jsr:@unroll/cli` starts; in a clone it is main.ts, which starts faster.
if (import.meta.main) start();
