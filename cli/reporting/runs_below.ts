/**
 * The runs in a folder of runs, or of a sweep, whose runs are a folder further down.
 *
 * @module
 */

import { listRuns, type RunSummary } from "@unroll/core/runs";

/**
 * Lists the runs of a folder. What is no run, but a folder of runs, as a sweep has one for each setting, is looked into.
 *
 * @param root The folder.
 * @returns The runs; those further down are called by their folders too, or by the one alone where that has one run.
 */
export async function runsBelow(root: string): Promise<RunSummary[]> {
  const runs = await listRuns(root);
  const all = await Promise.all(runs.map(async (run): Promise<RunSummary[]> => {
    if (run.config !== undefined) return [run];
    const inside = (await listRuns(run.path)).filter(({ config }) => config !== undefined);
    if (inside.length === 0) return [run];
    return inside.map((one) => ({
      ...one,
      name: inside.length === 1 ? run.name : `${run.name}/${one.name}`,
    }));
  }));
  return all.flat();
}
