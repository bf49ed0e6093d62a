/**
 * Runs the trials of a sweep: in processes on this machine, or as one job array of Slurm.
 *
 * @module
 */

import { quoted } from "../format.ts";
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
export function jobArguments({ trial, run }: TrialResult, folder: string): string[] {
  const { model, task } = trial.values;
  // Also after a failure: a worker that was killed has lost nothing.
  return run !== undefined
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
      const problem = problemIn(said) || `it ended with code ${status.code}`;
      await Deno.writeTextFile(`${root}/${FAILURE}`, `${problem}\n`);
    }
  } finally {
    signal?.removeEventListener("abort", stop);
  }
  return await readTrial(folder, result.trial);
}

/** Finds the sentence in what a process said; Deno's own errors end with where they come from. */
function problemIn(said: string): string | undefined {
  const lines = said.trim().split("\n");
  return lines.findLast((line) => /^(Cannot |error: )/.test(line)) ?? lines.at(-1);
}

/** How the array is submitted. */
export interface SlurmSettings {
  /** The sweep's folder, on a file system that all nodes see. */
  readonly folder: string;
  /** What starts the program, such as `deno run … main.ts`. */
  readonly self: readonly string[];
  /** Jobs at once. */
  readonly jobs: number;
  /** More words for `sbatch`, such as `--time=10:00`. */
  readonly options?: readonly string[];
}

/**
 * Writes the script of a job array: each of its jobs runs one trial.
 *
 * @param results The trials to run.
 * @param settings How.
 * @returns The script.
 */
export function arrayScript(results: readonly TrialResult[], settings: SlurmSettings): string {
  const { folder, self, jobs } = settings;
  const cases = results.map((result, index) => {
    const command = [...self, ...jobArguments(result, folder)].map(quoted).join(" ");
    const root = quoted(trialFolder(folder, result.trial));
    return `  ${index})
    mkdir -p ${root}
    rm -f ${root}/${FAILURE}
    ${command} >/dev/null 2>${root}/errors.txt || {
      code=$?
      tail -n 1 ${root}/errors.txt >${root}/${FAILURE}
      exit "$code"
    }
    ;;`;
  });
  return `#!/bin/bash
#SBATCH --job-name=unroll-sweep
#SBATCH --array=0-${results.length - 1}%${jobs}
#SBATCH --output=/dev/null
#SBATCH --requeue
cd ${quoted(Deno.cwd())} || exit 1
export NO_COLOR=1
case "$SLURM_ARRAY_TASK_ID" in
${cases.join("\n")}
esac
`;
}

/**
 * Submits the trials that are not done as one job array, waits for it and collects it.
 *
 * What ends this program does not end the array: the same sweep, begun again, collects what is done by then.
 *
 * @param results What became of the trials so far.
 * @param settings How to run them.
 * @returns What became of all of them.
 * @throws {RangeError} When Slurm is not there, or refuses the array.
 */
export async function runArray(
  results: readonly TrialResult[],
  settings: SlurmSettings,
): Promise<TrialResult[]> {
  const waiting = results.filter(({ state }) => state !== "done");
  if (waiting.length > 0) {
    const script = `${settings.folder}/array.sh`;
    await Deno.writeTextFile(script, arrayScript(waiting, settings));
    await submit(["--parsable", "--wait", ...settings.options ?? [], script]);
  }
  return await Promise.all(results.map(({ trial }) => readTrial(settings.folder, trial)));
}

async function submit(args: readonly string[]): Promise<void> {
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command("sbatch", { args: [...args], stdin: "null" }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new RangeError("Cannot submit to Slurm: there is no sbatch here", { cause: error });
  }
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  // With --wait the code is that of the worst job, which is for the table to tell; a refusal names no job.
  if (!output.success && !/^\d+/.test(text(output.stdout))) {
    throw new RangeError(
      `Cannot submit to Slurm: ${text(output.stderr).split("\n").at(-1)?.replace(/\.$/, "")}`,
    );
  }
}
