/**
 * Runs the trials of a sweep as one job array of Slurm.
 *
 * @module
 */

import { quoted } from "../format.ts";
import { FAILURE, readTrial, trialFolder, type TrialResult } from "./trial.ts";
import { jobArguments } from "./run_trials.ts";

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
