/**
 * The form of a training step: the state that it begins with, the types of its batches, and what it
 * takes to compute. Needs no device.
 *
 * @module
 */
import { zeros, zerosOf } from "../language/ops/creation.ts";
import type { Tree } from "../plugin/model.ts";
import type { TaskInstance } from "../plugin/task.ts";
import { inputType, targetType, type TaskSpec, weightType } from "../plugin/task_spec.ts";
import { foldIn, randomKey } from "../language/random.ts";
import { formatType, type TensorType } from "../ir/tensor_type.ts";
import { trace } from "../language/trace.ts";
import { flattenTree, mapTree, rebuildTree, treeEntries } from "../language/tree.ts";
import { estimateWork, type Work } from "../passes/cost.ts";
import { randomFor } from "../plugin/random_for.ts";
import {
  type BatchTensors,
  type StepSettings,
  type TrainingState,
  trainingStep,
} from "./training_step.ts";

/** What decides the form of a step. */
export interface FormSettings extends Omit<StepSettings, "key" | "spec"> {
  /** What to learn. */
  readonly task: TaskInstance;
  /** Seed of parameters, batches and dropout. */
  readonly seed: number;
}

/**
 * The state before the first step; nothing of it is computed yet.
 *
 * @param settings The model, the task and the optimizer.
 * @returns The state, in tensors that are not evaluated.
 * @throws {TypeError} If a parameter is not f32.
 */
export function initialForm(
  { instance, optimizer, task, seed }: Pick<
    FormSettings,
    "instance" | "optimizer" | "task" | "seed"
  >,
): TrainingState {
  const parameters = instance.parameters(foldIn(randomKey(seed), 0)) as Tree;
  for (const [name, { type }] of treeEntries(parameters)) {
    if (type.dtype === "f32") continue;
    throw new TypeError(`Cannot train "${name}": f32 is needed, found ${formatType(type)}`);
  }
  let carried: Tree;
  if (task.spec.stateful) {
    const { size } = task.batch(requestOf(seed, 0));
    carried = mapTree((x) => zerosOf(x.type), instance.initialState(parameters, size));
  }
  return {
    parameters,
    optimizer: optimizer.initialState(parameters),
    step: zeros([], "u32"),
    lossSum: zeros([]),
    failed: zeros([], "u32"),
    carried,
  };
}

/** Types of a batch's data, by name. */
export function dataTypes(
  spec: TaskSpec,
  length: number,
  size: number,
): { readonly [name in keyof BatchTensors]?: TensorType } {
  const inputs = inputType(spec, length, size);
  return {
    ...(inputs ? { inputs } : {}),
    targets: targetType(spec, length, size),
    ...(spec.weighted ? { weights: weightType(spec, length, size) } : {}),
    ...(spec.stateful ? { reset: { dtype: "u32", shape: [] } } : {}),
  };
}

/**
 * What a training step takes, by the form of the first batch.
 *
 * @param settings The model, the task and how it is trained.
 * @returns An estimate, before the program is optimised.
 */
export function estimateStep(settings: FormSettings): Work {
  const { task, seed } = settings;
  const form = initialForm(settings);
  const { length, size } = task.batch(requestOf(seed, 0));
  const types = dataTypes(task.spec, length, size);
  const names = Object.keys(types).sort() as (keyof BatchTensors)[];
  const leaves = flattenTree(form);
  const key = foldIn(randomKey(seed), 1);
  const step = trainingStep({ ...settings, spec: task.spec, key }, length, size);
  const { graph } = trace(
    [...leaves.map(({ type }) => type), ...names.map((name) => types[name] as TensorType)],
    (...inputs) => {
      const state = rebuildTree(form, inputs.slice(0, leaves.length));
      const data = Object.fromEntries(names.map((name, i) => [name, inputs[leaves.length + i]]));
      return flattenTree(step(state, data as unknown as BatchTensors));
    },
  );
  return estimateWork(graph);
}

/** What a task is asked for a batch with. */
export function requestOf(seed: number, step: number): Parameters<TaskInstance["batch"]>[0] {
  return { seed, step, random: randomFor(seed, step) };
}
