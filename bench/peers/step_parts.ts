/**
 * A profile of a training step: how long its forward pass, its gradients and its update take.
 *
 * @module
 */
import {
  type Backend,
  compile,
  flattenTree,
  type Tensor,
  type Tree,
  valueAndGrad,
} from "../core.ts";
import type { JobNumbers } from "../jobs/numbers.ts";
import { type Named, objective, type TrainingState, trainingStep } from "../jobs/programs.ts";
import { emptyBatch, startingState } from "../jobs/run.ts";
import { repeated, secondsPerCall, warmUp } from "../peak.ts";
import type { StepParts } from "./results.ts";

/**
 * Times three programs, each of which does all that the one before it does: the loss, the loss and its gradients, and
 * a whole step. What one takes longer than the one before is the part.
 *
 * @param backend The device.
 * @param job The job.
 * @param seconds How long to time each program, three times.
 */
export async function stepParts(
  backend: Backend,
  job: JobNumbers,
  seconds = 0.1,
): Promise<StepParts> {
  const loss = (state: TrainingState, batch: Named): Tree => [
    ...objective(job, state.parameters, state.hidden, batch),
  ];
  const gradients = ({ parameters, hidden }: TrainingState, batch: Named): Tree =>
    valueAndGrad((p: Named) => objective(job, p, hidden, batch))(parameters) as Tree;
  const step = (state: TrainingState, batch: Named): Tree =>
    trainingStep(job, state, batch) as Tree;
  const times: number[] = [];
  for (const part of [loss, gradients, step]) {
    times.push(await secondsOf(backend, job, part, seconds));
  }
  return {
    forward: times[0],
    backward: Math.max(0, times[1] - times[0]),
    update: Math.max(0, times[2] - times[1]),
  };
}

async function secondsOf(
  backend: Backend,
  job: JobNumbers,
  part: (state: TrainingState, batch: Named) => Tree,
  minimum: number,
): Promise<number> {
  const form = [startingState(job), emptyBatch(job)] as const;
  using compiled = compile(part, { backend });
  const program = await compiled.prepare(...form);
  const upload = async (leaf: Tensor) => backend.upload(leaf.type, await leaf.data());
  const inputs = await Promise.all(flattenTree(form).map(upload));
  const run = repeated(() => {
    for (const output of program.run(inputs)) output.dispose();
  });
  await warmUp(run, 3 * minimum);
  const seconds = secondsPerCall(run, { minimum });
  for (const input of inputs) input.dispose();
  return seconds;
}
