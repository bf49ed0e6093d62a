/**
 * Tracing a training step: its initial state, the types of its batches and its graph. Needs no device.
 *
 * @module
 */
import { zeros, zerosLike } from "../language/ops/creation.ts";
import type { Tree } from "../plugin/model.ts";
import { randomFor } from "../plugin/random_for.ts";
import type { BatchRequest, TaskInstance } from "../plugin/task.ts";
import {
  type Batch,
  inputType,
  targetType,
  type TaskSpec,
  weightType,
} from "../plugin/task_spec.ts";
import { foldIn, randomKey } from "../language/random.ts";
import { formatType, type TensorType } from "../ir/tensor_type.ts";
import type { Tensor } from "../language/tensor.ts";
import { trace, type Traced } from "../language/trace.ts";
import { flattenTree, mapTree, rebuildTree, treeEntries } from "../language/tree.ts";
import {
  type BatchTensors,
  noneRecent,
  type StepSettings,
  type TrainingState,
  trainingStep,
} from "./training_step.ts";

/** What decides a training step and its batches. */
export interface TraceSettings extends Omit<StepSettings, "key" | "spec"> {
  /** What to learn. */
  readonly task: TaskInstance;
  /** Seed of parameters, batches and dropout. */
  readonly seed: number;
  /** Makes the parameters to begin with, given those that the seed makes; those if left out. */
  readonly initialParameters?: (made: Tree) => Tree;
}

/** The shape of a batch. */
export type BatchShape = Pick<Batch, "length" | "size">;

/** A training step as a graph, for batches of one shape. */
export interface TracedStep extends Traced, BatchShape {
  /** The state before the first step; its leaves are the leading inputs and the outputs. */
  readonly stateTemplate: TrainingState;
  /** Names and types of the inputs after the state, in their order. */
  readonly data: readonly { readonly name: keyof BatchTensors; readonly type: TensorType }[];
}

/**
 * Traces a training step.
 *
 * @param settings The model, the task and how it is trained.
 * @param batch Steps and sequences of a batch.
 * @param stateTemplate The state, if it was made before.
 * @returns The graph from state and batch to the next state.
 * @throws {TypeError} If a parameter is not f32, or an operation refuses its inputs.
 */
export function traceStep(
  settings: TraceSettings,
  { length, size }: BatchShape,
  stateTemplate: TrainingState = initialState(settings),
): TracedStep {
  const { spec } = settings.task;
  const key = foldIn(randomKey(settings.seed), 1);
  const step = trainingStep({ ...settings, spec, key }, length, size);
  const data = dataTypes(spec, length, size);
  const leaves = flattenTree(stateTemplate);
  const types = [...leaves, ...data].map(({ type }) => type);
  const traced = trace(types, (...inputs) => {
    const batch = inputs.slice(leaves.length).map((x, i): [string, Tensor] => [data[i].name, x]);
    const state = rebuildTree(stateTemplate, inputs.slice(0, leaves.length));
    const { targets, ...rest } = Object.fromEntries(batch);
    const { loss: _, ...next } = step(state, { ...rest, targets });
    return flattenTree(next);
  });
  return { ...traced, length, size, stateTemplate, data };
}

/**
 * Makes the state before the first step; nothing of it is computed yet.
 *
 * @param settings The model, the task and the optimizer.
 * @returns The state, in tensors that are not evaluated.
 * @throws {TypeError} If a parameter is not f32, or those to begin with are not those of the model.
 */
export function initialState(
  { instance, optimizer, task, seed, initialParameters }: Pick<
    TraceSettings,
    "instance" | "optimizer" | "task" | "seed" | "initialParameters"
  >,
): TrainingState {
  const made = instance.parameters(foldIn(randomKey(seed), 0)) as Tree;
  const parameters = initialParameters ? initialParameters(made) : made;
  if (initialParameters) checkSameTypes(made, parameters);
  for (const [name, { type }] of treeEntries(parameters)) {
    if (type.dtype === "f32") continue;
    throw new TypeError(`Cannot train "${name}": f32 is needed, found ${formatType(type)}`);
  }
  let carried: Tree;
  if (task.spec.stateful) {
    const { size } = task.batch(batchRequest(seed, 0));
    carried = mapTree(zerosLike, instance.initialState(parameters, size));
  }
  return {
    parameters,
    optimizer: optimizer.initialState(parameters),
    step: zeros([], "u32"),
    recent: noneRecent(),
    failed: zeros([], "u32"),
    carried,
  };
}

/** Returns names and types of a batch's data, sorted by name. */
function dataTypes(spec: TaskSpec, length: number, size: number): TracedStep["data"] {
  const inputs = inputType(spec, length, size);
  return [
    ...(inputs ? [{ name: "inputs", type: inputs } as const] : []),
    ...(spec.stateful ? [{ name: "reset", type: { dtype: "u32", shape: [] } } as const] : []),
    { name: "targets", type: targetType(spec, length, size) },
    ...(spec.weighted ? [{ name: "weights", type: weightType(spec, length, size) } as const] : []),
  ];
}

/** Throws unless two trees have the same tensors, but for their values. */
function checkSameTypes(made: Tree, found: Tree): void {
  const types = (tree: Tree) =>
    treeEntries(tree).map(([name, { type }]) => `${name} ${formatType(type)}`).join(", ");
  const [wanted, given] = [types(made), types(found)];
  if (wanted === given) return;
  throw new TypeError(`Cannot begin with these parameters: ${wanted} are needed, found ${given}`);
}

/** Makes the request for the batch of a step. */
export function batchRequest(seed: number, step: number): BatchRequest {
  return { seed, step, random: randomFor(seed, step) };
}
