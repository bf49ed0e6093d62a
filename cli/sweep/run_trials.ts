/**
 * Runs the trials of a sweep in processes on this machine.
 *
 * @module
 */

import { trustWords } from "../plugins.ts";
import { trialArguments } from "./grid.ts";
import { FAILURE, readTrial, trialFolder, type TrialResult } from "./trial.ts";

/** How trials are run. */
export interface RunTrialsSettings {
  /** The sweep's folder. */
  readonly folder: string;
  /** What starts the program, such as `deno run … main.ts`. */
  readonly self: readonly string[];
  /** Processes at once. */
  readonly jobs: number;
  /** Is told of each trial that is over. */
  readonly report: (result: TrialResult) => void;
  /** Asks the processes to end, each saving its run. */
  readonly signal?: AbortSignal;
}

/**
 * Lists the arguments that run a trial, or go on with it.
 *
 * @param result What became of it so far.
 * @param folder The sweep's folder.
 * @returns Arguments of the program.
 */
export function jobArguments({ trial, state, run }: TrialResult, folder: string): string[] {
  const { model, task } = trial.values;
  return state === "unfinished" && run !== undefined
    ? ["train", "--resume", run, ...trustWords(model, task), "--json", "--quiet"]
    : ["train", ...trialArguments(trial), "--out", trialFolder(folder, trial), "--json", "--quiet"];
}

/**
 * Runs all trials that are not done. One that fails is written down and does not stop the others.
 *
 * @param trials What became of the trials so far.
 * @param settings How to run them.
 * @returns What became of all of them.
 */
export async function runTrials(
  trials: readonly TrialResult[],
  settings: RunTrialsSettings,
): Promise<TrialResult[]> {
  const results = [...trials];
  const waiting = [...trials.keys()].filter((index) => trials[index].state !== "done");
  const worker = async () => {
    while (!settings.signal?.aborted) {
      const index = waiting.shift();
      if (index === undefined) return;
      results[index] = await runTrial(trials[index], settings);
      settings.report(results[index]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(settings.jobs, waiting.length) }, worker));
  return results;
}

async function runTrial(result: TrialResult, settings: RunTrialsSettings): Promise<TrialResult> {
  const { folder, self, signal } = settings;
  const root = trialFolder(folder, result.trial);
  await Deno.mkdir(root, { recursive: true });
  await Deno.remove(`${root}/${FAILURE}`).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  const [program, ...prefix] = self;
  const child = new Deno.Command(program, {
    args: [...prefix, ...jobArguments(result, folder)],
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
  return await readTrial(folder, result.trial);
}
