/**
 * The jobs that are timed side by side: their sizes, their arithmetic, and the numbers everybody starts from.
 *
 * Initial parameters and batches are made here once and written as safetensors, so that all peers take the same
 * steps and their losses can be compared. Matrices are `[in, out]`, so that a layer is `x · W + b`; sequences are
 * time-major. Gates lie in PyTorch's order: reset, update, new; input, forget, cell, output.
 *
 * @module
 */
import { encodeSafetensors, type StoredTensor } from "../../core/training/safetensors.ts";

/** Number of batches of a job; training goes round them. */
export const BATCHES = 16;

/** What a job computes. */
export type JobKind = "autonomous" | "one-hot" | "characters" | "window" | "squares";

/** One job. */
export interface PeerJob {
  /** Its name, as in `--jobs`. */
  readonly name: string;
  /** What it computes. */
  readonly kind: JobKind;
  /** The recurrent cell, or `mlp`. */
  readonly cell: "sigmoid" | "tanh" | "relu" | "gru" | "lstm" | "mlp";
  /** Steps of time, or characters of a window. */
  readonly time: number;
  /** Rows of a batch. */
  readonly batch: number;
  /** Hidden units. */
  readonly hidden: number;
  /** Symbols, classes, or outputs. */
  readonly classes: number;
  /** Length of an embedding, or number of inputs; 0 for one-hot and no inputs. */
  readonly inputs: number;
  /** The optimizer. */
  readonly optimizer: "adam" | "adagrad" | "adagrad-inside" | "sgd";
  /** Its learning rate. */
  readonly rate: number;
  /**
   * Number of first steps over which losses are compared. Adagrad's first step is the learning rate times the sign of
   * each slope: the weights jump far, the network becomes chaotic, and rounding is soon all there is. With 512
   * units and 256 steps of time the second forward pass is so already.
   */
  readonly compared: number;
  /** Least speed wanted, as a multiple of PyTorch's. */
  readonly target: number;
}

const CHARACTERS = { kind: "characters", time: 8, batch: 64, hidden: 256, classes: 86 } as const;
const ADAM = { optimizer: "adam", rate: 1e-3, compared: 16 } as const;

/** All jobs, in the order of the table. */
export const PEER_JOBS: readonly PeerJob[] = [
  {
    ...{ name: "fizzbuzz-rnn", kind: "autonomous", cell: "sigmoid", inputs: 0, target: 200 },
    ...{ time: 61, batch: 1, hidden: 5, classes: 4, ...ADAM },
  },
  {
    ...{ name: "counting-rnn", kind: "one-hot", cell: "tanh", inputs: 0, target: 12 },
    ...{ time: 11, batch: 32, hidden: 20, classes: 10, optimizer: "adagrad", rate: 1, compared: 3 },
  },
  {
    ...{ name: "minchar-sevenths", kind: "one-hot", cell: "tanh", inputs: 0, target: 10 },
    ...{
      time: 64,
      batch: 1,
      hidden: 128,
      classes: 6,
      optimizer: "adagrad-inside",
      rate: 0.1,
      compared: 3,
    },
  },
  {
    ...{ name: "minchar-alice", kind: "one-hot", cell: "tanh", inputs: 0, target: 4 },
    ...{
      time: 256,
      batch: 1,
      hidden: 512,
      classes: 87,
      optimizer: "adagrad-inside",
      rate: 0.1,
      compared: 1,
    },
  },
  { name: "char-rnn", cell: "relu", inputs: 42, target: 1.5, ...CHARACTERS, ...ADAM },
  { name: "char-gru", cell: "gru", inputs: 42, target: 1.5, ...CHARACTERS, ...ADAM },
  { name: "char-lstm", cell: "lstm", inputs: 42, target: 1.5, ...CHARACTERS, ...ADAM },
  {
    ...{ name: "char-lstm-large", cell: "lstm", inputs: 42, target: 1.2, ...CHARACTERS, ...ADAM },
    ...{ time: 64, batch: 32, hidden: 512 },
  },
  {
    ...{ name: "char-mlp", cell: "mlp", inputs: 42, target: 2, ...CHARACTERS, ...ADAM },
    ...{ kind: "window", time: 3 },
  },
  {
    ...{ name: "fizzbuzz-mlp", kind: "squares", cell: "mlp", inputs: 10, target: 20 },
    ...{ time: 1, batch: 32, hidden: 50, classes: 4, optimizer: "sgd", rate: 1e-3, compared: 16 },
  },
];

/** Whether a job's state is carried from batch to batch. */
export function carriesState(job: PeerJob): boolean {
  return job.optimizer === "adagrad-inside";
}

/** Number of blocks of a cell's matrices. */
export function gatesOf(job: PeerJob): number {
  return { sigmoid: 1, tanh: 1, relu: 1, mlp: 1, gru: 3, lstm: 4 }[job.cell];
}

/**
 * Arithmetic of one training step, counting only what matrix products need: two a multiply-add, forward, for the
 * gradient of the weights, and for that of what goes in unless it is data. Reading a row by its index costs none.
 */
export function flopsPerStep(job: PeerJob): number {
  const { hidden, classes, inputs, kind } = job;
  const rows = (kind === "window" ? 1 : job.time) * job.batch;
  const output = 6 * rows * hidden * classes;
  if (kind === "squares") return 4 * rows * inputs * hidden + output;
  if (kind === "window") return 6 * rows * job.time * inputs * hidden + output;
  return 6 * rows * (inputs + hidden) * gatesOf(job) * hidden + output;
}

/** Shapes of the parameters by name, in the order of their use. */
export function parameterShapes(job: PeerJob): Readonly<Record<string, readonly number[]>> {
  const { hidden, classes, inputs } = job;
  const output = { weight_out: [hidden, classes], bias_out: [classes] };
  const wide = gatesOf(job) * hidden;
  switch (job.kind) {
    case "autonomous":
      return { start: [1, hidden], weight_hh: [hidden, hidden], bias_h: [hidden], ...output };
    case "one-hot":
      return {
        weight_ih: [classes, hidden],
        weight_hh: [hidden, hidden],
        bias_h: [hidden],
        ...output,
      };
    case "characters":
      return {
        embedding: [classes, inputs],
        weight_ih: [inputs, wide],
        weight_hh: [hidden, wide],
        // The new gate of a GRU has a bias inside of the reset gate's product.
        ...(job.cell === "gru" ? { bias_ih: [wide], bias_hh: [wide] } : { bias_h: [wide] }),
        ...output,
      };
    case "window":
      return {
        embedding: [classes, inputs],
        weight_1: [job.time * inputs, hidden],
        bias_1: [hidden],
        ...output,
      };
    case "squares":
      return { weight_1: [inputs, hidden], bias_1: [hidden], ...output };
  }
}

/** Numbers in (0, 1), the same for the same seed (SplitMix32). */
function uniformSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (((z ^ (z >>> 15)) >>> 0) + 0.5) / 2 ** 32;
  };
}

/** Normally distributed numbers (Box and Muller, 1958). */
function normalSource(uniform: () => number): () => number {
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Initial parameters by name, with the scales the systems start from. */
export function initialParameters(job: PeerJob): Map<string, StoredTensor> {
  const uniform = uniformSource(1 + PEER_JOBS.findIndex(({ name }) => name === job.name));
  const normal = normalSource(uniform);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, shape] of Object.entries(parameterShapes(job))) {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    let next: () => number;
    if (job.kind === "autonomous") {
      next = name === "start" || name === "weight_hh" ? () => 0.1 * normal() : () => 0;
    } else if (carriesState(job)) {
      next = name.startsWith("weight") ? () => 0.01 * normal() : () => 0;
    } else if (name === "embedding") {
      next = normal;
    } else {
      // As PyTorch's layers start: ±1/√(inputs), for recurrent ones ±1/√(hidden units).
      const width = name === "weight_1" || name === "bias_1"
        ? parameterShapes(job).weight_1[0]
        : job.hidden;
      next = () => (2 * uniform() - 1) / Math.sqrt(width);
    }
    for (let i = 0; i < data.length; i++) data[i] = next();
    tensors.set(name, { dtype: "F32", shape, data });
  }
  return tensors;
}

/** The batches by name, the number of the batch in front of the shape. */
export function batches(job: PeerJob): Map<string, StoredTensor> {
  const uniform = uniformSource(101 + PEER_JOBS.findIndex(({ name }) => name === job.name));
  const { time, batch, classes } = job;
  const below = (limit: number): number => Math.floor(uniform() * limit);
  // Some symbols are common and most are rare, as in text.
  const symbol = (): number => Math.floor(uniform() ** 2 * classes);
  const ints = (shape: readonly number[], data: Int32Array): StoredTensor => ({
    dtype: "I32",
    shape,
    data,
  });
  const pair = (
    inputs: StoredTensor,
    targets: StoredTensor,
  ): Map<string, StoredTensor> => new Map([["inputs", inputs], ["targets", targets]]);
  switch (job.kind) {
    case "autonomous": {
      const targets = Int32Array.from({ length: BATCHES * time }, (_, i) => fizzBuzz(i % time));
      return new Map([["targets", ints([BATCHES, time], targets)]]);
    }
    case "one-hot": {
      const shape = [BATCHES, time, batch];
      const inputs = new Int32Array(BATCHES * time * batch);
      const targets = new Int32Array(inputs.length);
      if (carriesState(job)) {
        const sevenths = [0, 1, 2, 3, 4, 5];
        const text = Array.from(
          { length: inputs.length + 1 },
          (_, i) => job.name === "minchar-sevenths" ? sevenths[i % 6] : symbol(),
        );
        inputs.set(text.slice(0, -1));
        targets.set(text.slice(1));
      } else {
        for (let k = 0; k < BATCHES; k++) {
          for (let row = 0; row < batch; row++) {
            const number = below(10 ** (1 + below(10)));
            for (let t = 0; t < time; t++) {
              const at = (k * time + t) * batch + row;
              inputs[at] = Math.floor(number / 10 ** t) % 10;
              targets[at] = Math.floor((number + 1) / 10 ** t) % 10;
            }
          }
        }
      }
      return pair(ints(shape, inputs), ints(shape, targets));
    }
    case "characters":
    case "window": {
      const window = job.kind === "window";
      const inputs = Int32Array.from({ length: BATCHES * time * batch }, symbol);
      // What comes next is a fixed function of what is there, with noise: something to learn.
      const after = Int32Array.from({ length: classes }, symbol);
      const targets = Int32Array.from(
        { length: window ? BATCHES * batch : inputs.length },
        (_, i) => uniform() < 0.5 ? after[inputs[window ? i * time + time - 1 : i]] : symbol(),
      );
      return window
        ? pair(ints([BATCHES, batch, time], inputs), ints([BATCHES, batch], targets))
        : pair(ints([BATCHES, time, batch], inputs), ints([BATCHES, time, batch], targets));
    }
    case "squares": {
      const inputs = new Float32Array(BATCHES * batch * 10);
      const targets = new Float32Array(BATCHES * batch * 4);
      for (let row = 0; row < BATCHES * batch; row++) {
        const number = 101 + below(923);
        for (let bit = 0; bit < 10; bit++) inputs[row * 10 + bit] = number >> bit & 1;
        targets[row * 4 + fizzBuzz(number)] = 1;
      }
      return pair(
        { dtype: "F32", shape: [BATCHES, batch, 10], data: inputs },
        { dtype: "F32", shape: [BATCHES, batch, 4], data: targets },
      );
    }
  }
}

/** 0 to copy, 1 fizz, 2 buzz, 3 fizzbuzz. */
function fizzBuzz(number: number): number {
  return (number % 3 === 0 ? 1 : 0) + (number % 5 === 0 ? 2 : 0);
}

/** All of a job as one safetensors file: `p.NAME` parameters, `b.NAME` batches, the sizes as metadata. */
export function encodeJob(job: PeerJob): Uint8Array<ArrayBuffer> {
  const tensors = new Map<string, StoredTensor>();
  for (const [name, tensor] of initialParameters(job)) tensors.set(`p.${name}`, tensor);
  for (const [name, tensor] of batches(job)) tensors.set(`b.${name}`, tensor);
  return encodeSafetensors(tensors, { job: JSON.stringify(job) });
}
