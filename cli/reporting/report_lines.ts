/**
 * What `--json` prints: one JSON object a line on standard output, each with an `event`. Events on the way
 * are as a run's metrics have them.
 *
 * The names are those of other tools' logs (snake case), and stay: programs read them.
 *
 * @module
 */

import { configToJson, endLine, type MetricsLine, type RunFolder } from "@unroll/core/runs";
import type { TrainingStart, TrainResult } from "@unroll/core/training";
import { resumeCommand } from "../resume_command.ts";

/**
 * Returns the first line, `config`: everything that decides the run.
 *
 * @param run The run.
 * @param start What is known of its training.
 * @returns Configuration, folder and device, with why it was chosen (`device_reason`) and what it was when
 *   the run began (`device_before`) where there is something to say, and the step it is resumed from.
 */
export function configLine(run: RunFolder, start: TrainingStart): MetricsLine {
  const { device, deviceDescription, deviceReason, step } = start;
  const began = run.config.deviceDescription ?? deviceDescription;
  return {
    event: "config",
    config: configToJson(run.config),
    run: run.path,
    device,
    device_description: deviceDescription,
    ...(deviceReason !== undefined && { device_reason: deviceReason }),
    ...(began !== deviceDescription && { device_before: began }),
    ...(step > 0 && { step }),
  };
}

/**
 * Returns the last line, `done`, or `stopped` with the command that resumes the run.
 *
 * @param result What training gave.
 * @param run The run.
 * @returns Steps, speed, the best results and the folder.
 */
export function resultLine(result: TrainResult, run: RunFolder): MetricsLine {
  const line = endLine(result);
  if (result.ended !== "aborted") return { ...line, run: run.path };
  const { steps } = run.config.training;
  return { ...line, step: result.steps, steps, run: run.path, resume: resumeCommand(run) };
}
