/**
 * A job as a program: traced, compiled, and running on a device with its state donated from step to step.
 *
 * @module
 */
import {
  type Backend,
  compile,
  type Compiled,
  type DeviceBuffer,
  flattenTree,
  rebuildTree,
  sizeOf,
  type Tensor,
  tensor,
  trace,
  type Traced,
  type TypedArray,
  typedArray,
} from "../core.ts";
import type { StoredTensor } from "../../core/runs/safetensors.ts";
import { BATCHES, batchOf, type JobNumbers } from "./numbers.ts";
import {
  initialState,
  type Named,
  type TrainingState,
  trainingStep,
  trainingSteps,
} from "./programs.ts";

/** A job on a device. */
export interface RunningJob extends Disposable {
  /** Makes one call: as many training steps as it was started for, from batch number `first` on. */
  step(first: number): void;
  /** Losses of the last call's steps. */
  losses(): Promise<TypedArray>;
}

/** One call of a job's program, as a function of state and batch to trace. */
export function stepFunction(
  job: JobNumbers,
  together = 1,
): (state: TrainingState, batch: Named) => readonly [TrainingState, Tensor] {
  const step = together === 1 ? trainingStep : trainingSteps;
  return (state, batch) => step(job, state, batch);
}

/** The state that a job's training begins with. */
export function startingState(job: JobNumbers): TrainingState {
  return initialState(
    job,
    Object.fromEntries(
      [...job.parameters].map(([name, { data, shape }]) => [
        name,
        tensor(data as Float32Array, { shape: [...shape] }),
      ]),
    ),
  );
}

/** What a call takes as its batch, of zeros. */
export function emptyBatch(job: JobNumbers, together = 1): Named {
  return Object.fromEntries(
    [...job.batches].map(([name, all]) => {
      const shape = together === 1 ? all.shape.slice(1) : [together, ...all.shape.slice(1)];
      const dtype = all.dtype === "I32" ? "i32" : "f32";
      const data = typedArray(dtype, new Float32Array(sizeOf(shape)));
      return [name, tensor(data, { shape, dtype })];
    }),
  );
}

/** Traces one call: the graph takes captured tensors, then the state, then the batch. */
export function traceJob(job: JobNumbers, together = 1): Traced {
  const state = startingState(job);
  const form = [state, emptyBatch(job, together)] as const;
  const types = flattenTree(form).map(({ type }) => type);
  return trace(types, (...inputs) => {
    const [own, batch] = rebuildTree(form, inputs) as typeof form;
    return flattenTree(stepFunction(job, together)(own, batch));
  });
}

/** Donations of a traced job, by position: each part of the state becomes that of the next step. */
export function donationsOf(job: JobNumbers, { captures }: Traced): [number, number][] {
  return flattenTree(startingState(job)).map((_, i) => [i, captures.length + i]);
}

/** A job's program, not yet compiled. */
export function compileJob(
  backend: Backend,
  job: JobNumbers,
  together = 1,
): Compiled<[TrainingState, Named], readonly [TrainingState, Tensor]> {
  return compile(stepFunction(job, together), { backend, name: job.name, donate: [0] });
}

/**
 * Puts a job on a device, ready to train.
 *
 * @param backend The device.
 * @param job The job.
 * @param together Steps a call makes; it must divide the number of batches.
 */
export async function startJob(
  backend: Backend,
  job: JobNumbers,
  together = 1,
): Promise<RunningJob> {
  const state = startingState(job);
  const example = emptyBatch(job, together);
  const compiled = compileJob(backend, job, together);
  const program = await compiled.prepare(state, example);
  let buffers: DeviceBuffer[] = await Promise.all(
    flattenTree(state).map(async (leaf) => backend.upload(leaf.type, await leaf.data())),
  );
  const inputs = await Promise.all(
    flattenTree(example).map(async (leaf) => backend.upload(leaf.type, await leaf.data())),
  );
  const calls = BATCHES / together;
  const names = [...job.batches.keys()].sort();
  const part = (all: StoredTensor, k: number): TypedArray =>
    together === 1 ? batchOf(all, k).data : all.data as Float32Array | Int32Array;
  const data = Array.from(
    { length: calls },
    (_, k) => names.map((name) => part(job.batches.get(name)!, k)),
  );
  let loss: DeviceBuffer | undefined;
  return {
    step(first) {
      const batch = data[Math.floor(first / together) % calls];
      for (let j = 0; j < inputs.length; j++) backend.write(inputs[j], batch[j]);
      loss?.dispose();
      buffers = program.run([...buffers, ...inputs]);
      loss = buffers.pop();
    },
    async losses() {
      if (!loss) throw new RangeError(`Cannot read losses of ${job.name}: no step was made`);
      return await backend.download(loss);
    },
    [Symbol.dispose]() {
      for (const buffer of [...buffers, ...inputs]) buffer.dispose();
      loss?.dispose();
      compiled.dispose();
    },
  };
}
