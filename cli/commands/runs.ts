/**
 * `runs`: the runs so far and their results, as a table or JSON.
 *
 * @module
 */

import * as z from "zod";
import { defineCommand } from "../command.ts";
import { lineColumns } from "../format.ts";
import { jsonLine } from "../json_line.ts";
import { formatRuns, gatherRuns, RUN_STATES, sortRuns, SORTS } from "../reporting/run_table.ts";
import { checkFolder } from "./find_run.ts";
import { RUNS } from "./train_options.ts";

/** The command `runs`. */
export const RUN_LIST = defineCommand({
  schema: z.object({
    runs: RUNS,
    task: z.string().optional().describe("Only runs of this task").meta({ placeholder: "name" }),
    model: z.string().optional().describe("Only runs of this model").meta({ placeholder: "name" }),
    state: z.enum(RUN_STATES).optional().describe("Only runs in this state"),
    sort: z.enum(SORTS).default("name").describe("Column to sort by"),
    reverse: z.boolean().default(false).describe("Reverse the order"),
    json: z.boolean().default(false).describe("Print JSON, one object a line for each run"),
  }),
  examples: [
    ["All runs:", "unroll runs"],
    ["The best of a task:", "unroll runs --task fizzbuzz --sort error"],
    ["Those of a sweep:", "unroll runs sweeps/2026-01-31-rnn-fizzbuzz --sort error"],
    ["For a program:", "unroll runs --state done --json"],
  ],
  async run(
    { terminal },
    { options: { runs, task, model, state, ...options }, typed, positional },
  ) {
    const [folder = runs] = positional;
    const { write } = terminal;
    if (typed.has("runs") || positional.length > 0) await checkFolder(folder, "list");
    const rows = (await gatherRuns(folder)).filter((row) =>
      (task === undefined || row.task === task) &&
      (model === undefined || row.model === model) &&
      (state === undefined || row.state === state)
    );
    const sorted = sortRuns(rows, options.sort);
    if (options.reverse) sorted.reverse();
    if (options.json) { for (const row of sorted) write(jsonLine(row)); }
    else if (sorted.length === 0) write(`No runs in ${folder}\n`);
    else write(formatRuns(sorted, Date.now(), lineColumns(terminal)));
  },
});
