/**
 * What became of the trials of a sweep, read from their folders.
 *
 * @module
 */

import { listRuns, openRun } from "@unroll/core/runs";
import { resultOf, type RunResult } from "../reporting/run_table.ts";
import type { Trial } from "./grid.ts";

/** What became of a trial. */
export interface TrialResult {
  /** What was to be trained. */
  readonly trial: Trial;
  /** How far it got. */
  readonly state: "done" | "unfinished" | "failed" | "new";
  /** Its run, when there is one. */
  readonly run?: string;
  /** What came of it, if it is done. */
  readonly result?: RunResult;
  /** Why it failed. */
  readonly problem?: string;
}

/** What a trial's process said when it failed. */
export const FAILURE = "failure.txt";

/**
 * Names the folder where a trial's run is made.
 *
 * @param folder The sweep's folder.
 * @param trial The trial.
 * @returns A folder for its run alone.
 */
export function trialFolder(folder: string, trial: Trial): string {
  return `${folder}/${trial.name}`;
}

/**
 * Looks at what became of a trial.
 *
 * @param folder The sweep's folder.
 * @param trial The trial.
 * @returns Its state, and its result when it is done.
 */
export async function readTrial(folder: string, trial: Trial): Promise<TrialResult> {
  const root = trialFolder(folder, trial);
  const runs = (await listRuns(root)).filter(({ problem }) => problem === undefined);
  const done = runs.find((run) => run.done);
  if (done !== undefined) {
    const result = resultOf(await (await openRun(done.path)).readMetrics());
    return { trial, state: "done", run: done.path, result };
  }
  const problem = await failureIn(root);
  const begun = runs.at(-1);
  const run = begun === undefined ? {} : { run: begun.path };
  if (problem !== undefined) return { trial, state: "failed", problem, ...run };
  return { trial, state: begun === undefined ? "new" : "unfinished", ...run };
}

async function failureIn(root: string): Promise<string | undefined> {
  try {
    return (await Deno.readTextFile(`${root}/${FAILURE}`)).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
