/**
 * `board`: serves a page with all runs, those in training live.
 *
 * @module
 */

import * as z from "zod";
import { defineCommand } from "../command.ts";
import { checkFolder } from "./find_run.ts";
import { knownPlugins, TRUST } from "../plugins.ts";
import { serveBoard } from "../reporting/board.ts";

/** The command `board`. */
export const BOARD = defineCommand({
  schema: z.object({
    port: z.int().min(0).max(65535).default(0).describe("The port; one that is free if 0"),
    trust: TRUST,
  }),
  examples: [
    ["All in runs and sweeps:", "unroll board"],
    [
      "One sweep, at an address of your choice:",
      "unroll board sweeps/fizzbuzz-rnn-1a2b3c4d --port 8080",
    ],
  ],
  async run(context, { options: { port, trust }, positional }) {
    const folders = positional.length === 0 ? ["runs", "sweeps"] : positional;
    for (const folder of positional) await checkFolder(folder, "serve");
    const plugins = await knownPlugins(context, trust);
    await context.interruptible(async (signal) => {
      const board = await serveBoard({ ...plugins, folders, port });
      context.terminal.write(`The board is at ${board.url} until Ctrl-C\n`);
      const { promise, resolve } = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => resolve(), { once: true });
      if (!signal.aborted) await promise;
      await board.close();
    });
  },
});
