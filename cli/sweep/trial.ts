/**
 * What became of the cells of a sweep, read from their folders.
 *
 * @module
 */

import { listRuns, openRun } from "@unroll/core/runs";
import { resultOf, type RunResult } from "../reporting/run_result.ts";
import type { Cell } from "./grid.ts";

/** What became of a cell. */
export interface Outcome {
  /** What was to be trained. */
  readonly cell: Cell;
  /** How far it got. */
  readonly state: "done" | "unfinished" | "failed" | "new";
  /** Its run, when there is one. */
  readonly run?: string;
  /** What came of it, if it is done. */
  readonly result?: RunResult;
  /** Why it failed. */
  readonly problem?: string;
}

/** What a cell's process said when it failed. */
export const FAILURE = "failure.txt";

/**
 * Where a cell's run is made.
 *
 * @param folder The sweep's folder.
 * @param cell The cell.
 * @returns A folder for its run alone.
 */
export function cellFolder(folder: string, cell: Cell): string {
  return `${folder}/${cell.name}`;
}

/**
 * Looks at what became of a cell.
 *
 * @param folder The sweep's folder.
 * @param cell The cell.
 * @returns Its state, and its result when it is done.
 */
export async function outcomeOf(folder: string, cell: Cell): Promise<Outcome> {
  const root = cellFolder(folder, cell);
  const runs = (await listRuns(root)).filter(({ problem }) => problem === undefined);
  const done = runs.find((run) => run.done);
  if (done !== undefined) {
    const result = resultOf(await (await openRun(done.path)).readMetrics());
    return { cell, state: "done", run: done.path, result };
  }
  const problem = await failureIn(root);
  if (problem !== undefined) return { cell, state: "failed", problem };
  const begun = runs.at(-1);
  return begun === undefined
    ? { cell, state: "new" }
    : { cell, state: "unfinished", run: begun.path };
}

async function failureIn(root: string): Promise<string | undefined> {
  try {
    return (await Deno.readTextFile(`${root}/${FAILURE}`)).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
