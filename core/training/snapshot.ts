/**
 * From the state of a run to a checkpoint, and back.
 *
 * @module
 */

import type { Validation } from "../plugin/task.ts";
import type { DType, TypedArray } from "../tensor_type.ts";
import { typedArray } from "../tensor_type.ts";
import {
  type Checkpoint,
  type Json,
  type JsonRecord,
  type RunConfig,
  toStored,
} from "./checkpoint.ts";
import type { StoredTensor } from "./safetensors.ts";
import type { BestParameters, Snapshot } from "./train.ts";
import type { HostTensor, TensorMap } from "./trainer.ts";

/** The parameters' names in a checkpoint begin with this. */
const PARAMETERS = "parameters.";
/** In the last checkpoint, the best parameters' names begin with this. */
const BEST = "best.";

/**
 * The checkpoint from which a run goes on: all state, and the best parameters so far.
 *
 * One file holds all of it, so that a crash between two files cannot set them apart.
 *
 * @param config What decides the run.
 * @param snapshot The state.
 * @param more What else is to be kept, such as the seconds so far.
 * @returns The checkpoint.
 */
export function checkpointOf(
  config: RunConfig,
  snapshot: Snapshot,
  more: JsonRecord = {},
): Checkpoint {
  const { step, best } = snapshot;
  const tensors = stored(snapshot.tensors, "");
  // The best that are the newest are there already.
  if (best.step !== step) {
    for (const [name, tensor] of stored(best.parameters, BEST)) tensors.set(name, tensor);
  }
  return { config, step, progress: { ...progressOf(best), ...more }, tensors };
}

/**
 * The checkpoint of the best parameters, to be used and not to be gone on from.
 *
 * @param config What decides the run.
 * @param best The parameters.
 * @returns The checkpoint.
 */
export function bestCheckpointOf(config: RunConfig, best: BestParameters): Checkpoint {
  return {
    config,
    step: best.step,
    progress: progressOf(best),
    tensors: stored(best.parameters, PARAMETERS),
  };
}

/**
 * The state of a run in its last checkpoint.
 *
 * @param checkpoint What {@linkcode checkpointOf} made.
 * @returns The state to go on from.
 * @throws {RangeError} When it holds the best parameters alone, or something is missing.
 */
export function snapshotOf(checkpoint: Checkpoint): Snapshot {
  const { step, progress } = checkpoint;
  const all = new Map([...checkpoint.tensors].map(([name, tensor]) => [name, hosted(tensor)]));
  if (!all.has("step")) {
    throw new RangeError(
      "Cannot resume from this checkpoint: it holds parameters without the state of training",
    );
  }
  const under = (prefix: string) =>
    new Map(
      [...all].flatMap(([name, tensor]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), tensor] as const] : []
      ),
    );
  const bestStep = typeof progress.best_step === "number" ? progress.best_step : step;
  const validation = validationOf(progress);
  return {
    step,
    tensors: new Map([...all].filter(([name]) => !name.startsWith(BEST))),
    best: {
      step: bestStep,
      ...(validation === undefined ? {} : { validation }),
      parameters: under(bestStep === step ? PARAMETERS : BEST),
    },
  };
}

function stored(tensors: TensorMap, prefix: string): Map<string, StoredTensor> {
  return new Map(
    [...tensors].map(([name, { type, data }]) => [`${prefix}${name}`, toStored(type, data)]),
  );
}

const DTYPES: Readonly<Record<string, DType>> = {
  F32: "f32",
  I32: "i32",
  U32: "u32",
  BOOL: "bool",
};

function hosted({ dtype, shape, data }: StoredTensor): HostTensor {
  const known = DTYPES[dtype];
  if (known === undefined) {
    throw new RangeError(`Cannot resume: f32, i32, u32 and bool are known, found ${dtype}`);
  }
  const elements = known === "bool" ? typedArray("bool", data as Uint8Array) : data as TypedArray;
  return { type: { dtype: known, shape }, data: elements };
}

function progressOf({ step, validation }: BestParameters): JsonRecord {
  const finite = (value: number | undefined) =>
    value !== undefined && Number.isFinite(value) ? value : null;
  const metrics = Object.entries(validation?.metrics ?? {}).filter(([, value]) =>
    Number.isFinite(value)
  );
  return {
    best_step: step,
    loss: finite(validation?.loss),
    error: finite(validation?.error),
    metrics: Object.fromEntries(metrics),
  };
}

function validationOf(progress: JsonRecord): Validation | undefined {
  const { loss, error, metrics } = progress;
  if (typeof loss !== "number") return undefined;
  const isRecord = (value: Json | undefined): value is JsonRecord =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  return {
    loss,
    ...(typeof error === "number" ? { error } : {}),
    ...(isRecord(metrics) ? { metrics: metrics as Record<string, number> } : {}),
  };
}
