/**
 * `report`: writes a run, or several together, as one page.
 *
 * @module
 */

import { Command } from "@cliffy/command";
import { findRun } from "./find_run.ts";
import { addTrustOption, pluginsOf } from "../plugins.ts";
import type { CliContext } from "../context.ts";

/**
 * Defines `report`.
 *
 * @param context What there is.
 * @returns The command.
 */
export function defineReport(context: CliContext): Command {
  const command = new Command();
  command.description(
    "Write the report of a run, or of several together, as one HTML file that needs nothing else.",
  );
  command.arguments("[runs...]");
  command.option("--out <file>", "The file to write (default report.html in the run's folder)");
  command.option("--runs <folder>", "The folder of runs (default runs)");
  addTrustOption(command);
  command.example("The newest run:", "deno task report");
  command.example("One run:", "deno task report runs/2026-01-31-fizzbuzz-rnn-0");
  command.example("Several together:", "deno task report runs/* --out compared.html");
  command.action(async (options: unknown, ...typed: unknown[]) => {
    const { out, runs, trust } = options as Readonly<Record<string, string | undefined>>;
    const names = typed.map(String);
    const found = [];
    for (const name of names.length === 0 ? ["last"] : names) found.push(await findRun(name, runs));
    // Drawing is loaded when it is needed: other commands start faster without.
    const { writeReport } = await import("../reporting/write_report.ts");
    const path = await writeReport(found, {
      ...await pluginsOf(context, trust),
      out: out ?? (found.length === 1 ? `${found[0].path}/report.html` : "report.html"),
    });
    context.terminal.write(`${path}\n`);
  });
  return command;
}
