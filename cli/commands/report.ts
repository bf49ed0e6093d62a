/**
 * `report`: writes a run, or several together, as one page.
 *
 * @module
 */

import * as z from "zod";
import { defineCommand } from "../command.ts";
import { jsonLine } from "../json_line.ts";
import { knownPlugins, TRUST } from "../plugins.ts";
import { findRuns } from "./find_run.ts";
import { RUNS } from "./train_options.ts";

/** The command `report`. */
export const REPORT = defineCommand({
  schema: z.object({
    out: z.string().optional()
      .describe(
        "The file to write; report.html in the run's folder, or in that of the runs, if left out",
      )
      .meta({ placeholder: "file" }),
    corpus: z.string().optional().describe("The text of runs that learned one, where it is now")
      .meta({ placeholder: "file" }),
    runs: RUNS,
    trust: TRUST,
    json: z.boolean().default(false).describe("Print JSON: the file, and the runs in it"),
  }),
  examples: [
    ["The newest run:", "unroll report"],
    ["One run:", "unroll report runs/2026-01-31-fizzbuzz-rnn-0"],
    ["Those of a sweep:", "unroll report sweeps/2026-01-31-rnn-fizzbuzz"],
    ["Several together:", "unroll report runs/* --out runs/compared.html"],
  ],
  async run(context, { options: { out, corpus, runs, trust, json }, positional }) {
    const names = await withoutPages(positional);
    const found = [];
    for (const name of names.length === 0 ? ["last"] : names) {
      found.push(...await findRuns(name, runs));
    }
    const folder = found.length === 1
      ? found[0].path
      : names.length === 1
      ? names[0].replace(/[/\\]+$/, "")
      : runs;
    // Drawing is loaded when it is needed: other commands start faster without.
    const { writeReport } = await import("../reporting/write_report.ts");
    const path = await writeReport(found, {
      ...await knownPlugins(context, trust),
      recipes: context.recipes,
      ...(corpus === undefined ? {} : { taskOptions: { corpus } }),
      out: out ?? `${folder}/report.html`,
      follow: out !== undefined,
    });
    const line = { event: "report", path, runs: found.map((run) => run.path) };
    context.terminal.write(json ? jsonLine(line) : `${path}\n`);
  },
});

/** Leaves out pages among several names: what `report` wrote beside the runs is in `runs/*` too. */
async function withoutPages(names: readonly string[]): Promise<readonly string[]> {
  const isPage = async (name: string) =>
    name.endsWith(".html") && (await Deno.stat(name).catch(() => undefined))?.isFile;
  const pages = await Promise.all(names.map(isPage));
  const others = names.filter((_, i) => !pages[i]);
  // Pages alone are refused as what they are.
  return others.length === 0 ? names : others;
}
