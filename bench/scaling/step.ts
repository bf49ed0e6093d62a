/**
 * A training step of a given size, made of the packages as users have them: its graph, what it must compute and move at
 * least, the memory that is planned for it, and the time it takes.
 *
 * @module
 */
import {
  compile,
  flattenTree,
  randomKey,
  rebuildTree,
  type Tensor,
  tensor,
  zeros,
} from "@unroll/core";
import { type Backend } from "@unroll/core/backends";
import {
  type BatchTensors,
  type Graph,
  optimize,
  sizeOf,
  trace,
  type TrainingState,
  trainingStep,
} from "@unroll/core/compiler";
import { type ModelInstance, type TaskSpec } from "@unroll/core/plugin";
import { adam, constantRate } from "@unroll/core/training";
import { gru, lstm, rnn } from "@unroll/models";
import { lowerForCpu } from "../../core/loops/lower_for_cpu.ts";
import { printWasm } from "../../core/codegen/wasm/printer/print_wasm.ts";
import { scattered } from "../calls.ts";
import { repeated, secondsPerCall, type Timing, warmUp } from "../peak.ts";

/** What decides the size of a step. */
export interface Size {
  /** The model. */
  readonly model: "rnn" | "gru" | "lstm";
  /** Hidden units of a layer. */
  readonly hidden: number;
  /** Steps of time. */
  readonly time: number;
  /** Sequences of a batch. */
  readonly batch: number;
  /** Layers. */
  readonly layers: number;
  /** Steps of a segment that is computed again; 0 where everything is stored. */
  readonly recompute: number;
}

/** Symbols that are read and told at each step. */
export const SYMBOLS = 64;

/** The size around which one number at a time is changed. */
export const BASE: Size = {
  model: "gru",
  hidden: 128,
  time: 64,
  batch: 16,
  layers: 1,
  recompute: 0,
};

/** Blocks of weights of each model. */
const GATES = { rnn: 1, gru: 3, lstm: 4 } as const;
/** Functions such as tanh that a cell takes of each of its units. */
const FUNCTIONS = { rnn: 1, gru: 3, lstm: 5 } as const;
const MODELS = { rnn, gru, lstm } as const;

const SPEC: TaskSpec = {
  inputs: { kind: "symbol", vocabulary: SYMBOLS },
  outputs: { kind: "class", classes: SYMBOLS, at: "every" },
  length: "variable",
  loss: { kind: "cross-entropy", reduction: "mean" },
  weighted: false,
  stateful: false,
};

/** Engines are given so long for their optimising compiler. */
const PATIENCE = 0.3;
const TIMING: Timing = { minimum: 0.02, rounds: 6, limit: 0.8 };

type Step = (state: TrainingState, batch: BatchTensors) => TrainingState;

interface Prepared {
  readonly step: Step;
  readonly state: TrainingState;
  readonly batch: BatchTensors;
}

function prepareStep({ model, hidden, time, batch, layers, recompute }: Size): Prepared {
  const instance: ModelInstance = MODELS[model]({ hidden, layers, recompute }).create(SPEC);
  const optimizer = adam();
  const settings = {
    instance,
    spec: SPEC,
    optimizer,
    learningRate: 1e-3,
    schedule: constantRate(),
    steps: 1000,
    l2: 0,
    key: randomKey(1),
  };
  // Numbers of the right size, not drawn by the interpreter, which takes long for large ones.
  const form = instance.parameters(randomKey(0));
  const parameters = rebuildTree(form, flattenTree(form).map(({ shape }) => waves(shape)));
  const state: TrainingState = {
    parameters,
    optimizer: optimizer.initialState(parameters),
    step: zeros([], "u32"),
    lossSum: zeros([]),
    failed: zeros([], "u32"),
    carried: undefined,
  };
  const symbols = (shift: number) =>
    tensor(
      Int32Array.from({ length: time * batch }, (_, i) => scattered(i + shift) % SYMBOLS),
      { shape: [time, batch], dtype: "i32" },
    );
  return {
    step: trainingStep(settings, time, batch),
    state,
    batch: { inputs: symbols(0), targets: symbols(1) },
  };
}

function waves(shape: readonly number[]): Tensor {
  const scale = 1 / Math.sqrt(shape[0]);
  const data = Float32Array.from(
    { length: sizeOf(shape) },
    (_, i) => (scattered(i) / 1001 - 1) * scale,
  );
  return tensor(data, { shape });
}

/** Bytes that the step's program keeps beside its inputs and outputs: the arena of the CPU device. */
export function plannedBytes(size: Size): number {
  const { step, state, batch } = prepareStep(size);
  const form = [state, batch] as const;
  const { graph, captures } = trace(flattenTree(form).map(({ type }) => type), (...leaves) => {
    const [own, given] = rebuildTree(form, leaves);
    return flattenTree(step(own, given));
  });
  const count = flattenTree(state).length;
  const donated = Array.from(
    { length: count },
    (_, i) => [i, captures.length + i] as [number, number],
  );
  return arenaOf(graph, donated);
}

function arenaOf(graph: Graph, donated: readonly (readonly [number, number])[]): number {
  return printWasm(lowerForCpu(optimize(graph), { donated })).arenaBytes;
}

/** Best seconds of a step on a device. */
export async function secondsPerStep(backend: Backend, size: Size): Promise<number> {
  const { step, state, batch } = prepareStep(size);
  using compiled = compile(step, { backend, name: "step", donate: [0] });
  const program = await compiled.prepare(state, batch);
  const upload = (tree: unknown) =>
    Promise.all(
      flattenTree(tree).map(async (leaf) => backend.upload(leaf.type, await leaf.data())),
    );
  let buffers = await upload(state);
  const inputs = await upload(batch);
  const run = () => {
    buffers = program.run([...buffers, ...inputs]);
  };
  await warmUp(run, PATIENCE);
  const seconds = secondsPerCall(repeated(run), TIMING);
  for (const buffer of [...buffers, ...inputs]) buffer.dispose();
  return seconds;
}

/** Weights of the matrices that a step of time multiplies by, state to state and layer to layer. */
function weightsOf(
  { model, hidden, layers }: Size,
): { readonly state: number; readonly all: number } {
  const block = GATES[model] * hidden * hidden;
  // The first layer reads symbols, which takes a row of a matrix and no product.
  return { state: layers * block, all: (2 * layers - 1) * block + hidden * SYMBOLS };
}

/**
 * Operations that a training step needs at least, two for each term of a product: each matrix is multiplied by once
 * forward, and twice backward, for the gradient of what it multiplies and for its own.
 */
export function operationsOf(size: Size): number {
  return 3 * 2 * size.time * size.batch * weightsOf(size).all;
}

/** Functions such as exp that a training step needs at least: those of the cells, and one for each class of softmax. */
export function functionsOf({ model, hidden, time, batch, layers }: Size): number {
  return time * batch * (layers * FUNCTIONS[model] * hidden + SYMBOLS);
}

/** Parameters that the optimizer changes. */
export function parametersOf(size: Size): number {
  const { model, hidden, layers } = size;
  const columns = GATES[model] * hidden;
  return weightsOf(size).all + columns * SYMBOLS + layers * columns + SYMBOLS;
}

/** What a training step must read or copy at least. */
export interface Traffic {
  /** Bytes written once and read once: what is kept of the way forward. */
  readonly kept: number;
  /** Bytes that the optimizer copies: parameters, gradients, two moments, each read and written. */
  readonly optimizer: number;
  /** Bytes of weights that every step of time reads, forward and backward. */
  readonly weights: number;
  /** How often it does. */
  readonly passes: number;
}

/** What a step moves, if `planned` bytes are kept. */
export function trafficOf(size: Size, planned: number): Traffic {
  return {
    kept: planned,
    optimizer: 4 * 4 * parametersOf(size),
    weights: 4 * weightsOf(size).state,
    passes: 2 * size.time,
  };
}
