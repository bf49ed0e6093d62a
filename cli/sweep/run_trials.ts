/**
 * Runs the cells of a sweep in processes on this machine.
 *
 * @module
 */

import { trustWords } from "../plugins.ts";
import { cellArguments } from "./grid.ts";
import { cellFolder, FAILURE, type Outcome, outcomeOf } from "./trial.ts";

/** How cells are run. */
export interface RunCellsSettings {
  /** The sweep's folder. */
  readonly folder: string;
  /** What starts the program, such as `deno run … main.ts`. */
  readonly self: readonly string[];
  /** Processes at once. */
  readonly jobs: number;
  /** Is told of each cell that is over. */
  readonly report: (outcome: Outcome) => void;
  /** Asks the processes to end, each saving its run. */
  readonly signal?: AbortSignal;
}

/**
 * The arguments that run a cell, or go on with it.
 *
 * @param outcome What became of it so far.
 * @param folder The sweep's folder.
 * @returns Arguments of the program.
 */
export function jobArguments({ cell, state, run }: Outcome, folder: string): string[] {
  const { model, task } = cell.values;
  return state === "unfinished" && run !== undefined
    ? ["train", "--resume", run, ...trustWords(model, task), "--json", "--quiet"]
    : ["train", ...cellArguments(cell), "--out", cellFolder(folder, cell), "--json", "--quiet"];
}

/**
 * Runs all cells that are not done. One that fails is written down and does not stop the others.
 *
 * @param outcomes What became of the cells so far.
 * @param settings How to run them.
 * @returns What became of all of them.
 */
export async function runCells(
  outcomes: readonly Outcome[],
  settings: RunCellsSettings,
): Promise<Outcome[]> {
  const results = [...outcomes];
  const waiting = [...outcomes.keys()].filter((index) => outcomes[index].state !== "done");
  const worker = async () => {
    while (!settings.signal?.aborted) {
      const index = waiting.shift();
      if (index === undefined) return;
      results[index] = await runCell(outcomes[index], settings);
      settings.report(results[index]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(settings.jobs, waiting.length) }, worker));
  return results;
}

async function runCell(outcome: Outcome, settings: RunCellsSettings): Promise<Outcome> {
  const { folder, self, signal } = settings;
  const root = cellFolder(folder, outcome.cell);
  await Deno.mkdir(root, { recursive: true });
  await Deno.remove(`${root}/${FAILURE}`).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  const [program, ...prefix] = self;
  const child = new Deno.Command(program, {
    args: [...prefix, ...jobArguments(outcome, folder)],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  const stop = () => child.kill("SIGTERM");
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const [status, said] = await Promise.all([child.status, new Response(child.stderr).text()]);
    if (!status.success && !signal?.aborted) {
      const problem = said.trim().split("\n").at(-1) || `it ended with code ${status.code}`;
      await Deno.writeTextFile(`${root}/${FAILURE}`, `${problem}\n`);
    }
  } finally {
    signal?.removeEventListener("abort", stop);
  }
  return await outcomeOf(folder, outcome.cell);
}
