/**
 * A process for tests that trains in a folder, or goes on with the run there: somebody may kill it.
 *
 * @module
 */

import { listRuns } from "@unroll/core/runs";
import { MODELS } from "@unroll/models";
import { TASKS } from "@unroll/tasks";
import { resumeTraining, runTraining } from "../commands/train_action.ts";

const CONTEXT = { models: MODELS, tasks: TASKS, version: "0.0.1" };

/**
 * Trains a small counter in a folder, or goes on with it.
 *
 * @param root The folder of its run.
 * @param seed Its seed.
 * @param saveEvery Seconds between checkpoints.
 */
export async function trainUntilKilled(
  root: string,
  seed: number,
  saveEvery: number,
): Promise<void> {
  const [run] = await listRuns(root);
  if (run?.done) return;
  if (run?.config !== undefined) {
    await resumeTraining({ run: run.path, changes: { saveEvery } }, [], CONTEXT);
    return;
  }
  const { rnn } = MODELS;
  const { counting } = TASKS;
  const options = { digits: 3, testDigits: 0, training: 500, validation: 50 };
  await runTraining(
    {
      model: { plugin: rnn, name: "rnn", options: { hidden: 6 } },
      task: { plugin: counting, name: "counting", options },
      training: { seed, device: "cpu", steps: 6000, validateEvery: 100, saveEvery },
      out: root,
    },
    [],
    CONTEXT,
  );
}

if (import.meta.main) {
  const [root, seed, saveEvery] = Deno.args;
  await trainUntilKilled(root, Number(seed), Number(saveEvery));
}
