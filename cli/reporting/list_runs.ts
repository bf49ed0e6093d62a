/**
 * The runs of a folder, also of a sweep's, where each trial has a folder of its own between.
 *
 * @module
 */

import { listRuns, type RunSummary } from "@unroll/core/runs";

/**
 * Lists the runs in a folder and, where a folder in it is no run but has runs, those too, as a sweep has them.
 *
 * @param root The folder.
 * @returns The runs, by name; a trial's run has the name of its trial.
 */
export async function listRunsBelow(root: string): Promise<RunSummary[]> {
  const runs = await Promise.all((await listRuns(root)).map(async (run): Promise<RunSummary[]> => {
    if (run.problem === undefined) return [run];
    const inside = (await listRuns(run.path)).filter(({ problem }) => problem === undefined);
    if (inside.length === 0) return [run];
    return inside.map((one) => ({
      ...one,
      name: inside.length === 1 ? run.name : `${run.name}/${one.name}`,
    }));
  }));
  return runs.flat();
}
