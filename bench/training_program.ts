/**
 * The training step of `@unroll/core/training` as a program: traced, or running on a device with its state donated from
 * step to step.
 *
 * @module
 */
import {
  compile,
  flattenTree,
  mapTree,
  randomKey,
  rebuildTree,
  scan,
  type Tensor,
  type TensorType,
  type Tree,
  type TypedArray,
  zeros,
} from "@unroll/core";
import type { Backend, DeviceBuffer } from "@unroll/core/backends";
import { type Graph, noneRecent, trace, trainingStep } from "@unroll/core/compiler";
import { inputType, type ModelInstance, targetType, type TaskSpec } from "@unroll/core/plugin";
import { constantRate, type Optimizer } from "@unroll/core/training";

/** What decides a training step. */
export interface ProgramSettings {
  /** The model. */
  readonly instance: ModelInstance;
  /** What it is asked. */
  readonly spec: TaskSpec;
  /** The parameters before training. */
  readonly parameters: Tree;
  /** The optimizer, and its learning rate. */
  readonly optimizer: Optimizer;
  readonly learningRate: number;
  /** Steps of time, and sequences of a batch. */
  readonly time: number;
  readonly batch: number;
  /** Gradient elements are cut to ± this. */
  readonly clip?: number;
  /** This much of Σw² is added to the loss; nothing if left out. */
  readonly l2?: number;
}

/** What goes from step to step. */
export interface ProgramState {
  /** The parameters. */
  readonly parameters: Tree;
  /** What the optimizer remembers. */
  readonly optimizer: Tree;
  /** The model's state, where the task carries it. */
  readonly carried: Tree;
}

/** What a step is given; several have their number in front. */
export interface ProgramBatch {
  /** What the model reads. */
  readonly inputs?: Tensor;
  /** What it should answer. */
  readonly targets: Tensor;
}

/** A training step to trace or compile. */
export interface TrainingProgram {
  /** One call: from state and batch to the next state and the loss, or the losses of several steps. */
  readonly step: (
    state: ProgramState,
    batch: ProgramBatch,
  ) => readonly [ProgramState, loss: Tensor];
  /** What training starts from. */
  readonly state: ProgramState;
  /** A batch of zeros. */
  readonly batch: ProgramBatch;
}

/** Makes the program of one training step. */
export function trainingProgram(settings: ProgramSettings): TrainingProgram {
  const { instance, spec, parameters, optimizer, time, batch, l2 = 0 } = settings;
  const step = trainingStep(
    { ...settings, l2, schedule: constantRate(), steps: 1, key: randomKey(0) },
    time,
    batch,
  );
  const form = (type: TensorType) => zeros(type.shape, type.dtype);
  const inputs = inputType(spec, time, batch);
  return {
    step(state, data) {
      // Losses are told with the penalty. It is computed before the update, which is in place.
      const squares = flattenTree(l2 > 0 ? state.parameters : []).map((w) => w.square().sum());
      // The count of steps and of failures is nobody's result here, so no program computes it.
      const none = zeros([], "u32");
      const { parameters, optimizer, carried, loss: own } = step(
        { ...state, step: none, failed: none, recent: noneRecent() },
        spec.stateful ? { ...data, reset: none } : data,
      );
      const loss = l2 > 0 ? own.add(squares.reduce((sum, x) => sum.add(x)).mul(l2)) : own;
      return [{ parameters, optimizer, carried }, loss];
    },
    state: {
      parameters,
      optimizer: optimizer.initialState(parameters),
      carried: spec.stateful ? instance.initialState(parameters, batch) : undefined,
    },
    batch: { inputs: inputs && form(inputs), targets: form(targetType(spec, time, batch)) },
  };
}

/** Makes a program that makes several steps in a call. */
export function repeatProgram(
  { step, state, batch }: TrainingProgram,
  count: number,
): TrainingProgram {
  return {
    step: (state, batches) => scan(step, state, batches),
    state,
    batch: mapTree(({ shape, type }) => zeros([count, ...shape], type.dtype), batch),
  };
}

/** A traced program. */
export interface TracedProgram {
  /** Takes captured tensors, then the state, then the batch. Not yet optimized. */
  readonly graph: Graph;
  /** Donations by position: each part of the state becomes that of the next step. */
  readonly donated: readonly (readonly [output: number, input: number])[];
}

/** Traces a program. */
export function traceProgram({ step, state, batch }: TrainingProgram): TracedProgram {
  const form = [state, batch] as const;
  const types = flattenTree(form).map(({ type }) => type);
  const { graph, captures } = trace(
    types,
    (...inputs) => flattenTree(step(...rebuildTree(form, inputs))),
  );
  return { graph, donated: flattenTree(state).map((_, i) => [i, captures.length + i] as const) };
}

/** A program on a device. */
export interface RunningProgram extends Disposable {
  /** Makes one call; on what it had before if it is given no numbers. */
  step(batch?: readonly TypedArray[]): void;
  /** Losses of the last call's steps. */
  losses(): Promise<TypedArray>;
}

/** Puts a program on a device, ready to train. */
export async function startProgram(
  backend: Backend,
  { step, state, batch }: TrainingProgram,
  name = "step",
): Promise<RunningProgram> {
  const compiled = compile(step, { backend, name, donate: [0] });
  const program = await compiled.prepare(state, batch);
  const upload = (tree: unknown): Promise<DeviceBuffer[]> =>
    Promise.all(
      flattenTree(tree).map(async (leaf) => backend.upload(leaf.type, await leaf.data())),
    );
  let buffers = await upload(state);
  const inputs = await upload(batch);
  let loss: DeviceBuffer | undefined;
  return {
    step(numbers = []) {
      for (let i = 0; i < numbers.length; i++) backend.write(inputs[i], numbers[i]);
      loss?.dispose();
      buffers = program.run([...buffers, ...inputs]);
      loss = buffers.pop();
    },
    async losses() {
      if (!loss) throw new RangeError(`Cannot read losses of ${name}: no step was made`);
      return await backend.download(loss);
    },
    [Symbol.dispose]() {
      for (const buffer of [...buffers, ...inputs]) buffer.dispose();
      loss?.dispose();
      compiled.dispose();
    },
  };
}
