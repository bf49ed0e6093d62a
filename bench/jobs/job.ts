/**
 * The jobs that speed is measured on, by Unroll alone and side by side with others: their sizes and their arithmetic.
 * A job is the training step of a small system: batch in, forward, backward through time, clipping where it has any,
 * optimizer, state carried where it is.
 *
 * @module
 */
/** What a job computes. */
export type JobKind = "autonomous" | "one-hot" | "characters" | "window" | "squares";

/** One job. */
export interface Job {
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

const CHARACTERS = {
  ...{ kind: "characters", time: 8, batch: 64, hidden: 256, classes: 86, inputs: 42 } as const,
};
const ADAM = { optimizer: "adam", rate: 1e-3, compared: 16 } as const;

/**
 * Losses of the compared steps may differ by this, relatively: float32 rounding, which differs with the order of sums
 * and which an optimizer that divides by the size of the slopes enlarges.
 */
export const LOSS_TOLERANCE = 1e-4;

/** All jobs, in the order of the table. */
export const JOBS: readonly Job[] = [
  {
    ...{ name: "fizzbuzz-rnn", kind: "autonomous", cell: "sigmoid" },
    ...{ time: 61, batch: 1, hidden: 5, classes: 4, inputs: 0 },
    ...{ ...ADAM, target: 200 },
  },
  {
    ...{ name: "counting-rnn", kind: "one-hot", cell: "tanh" },
    ...{ time: 11, batch: 32, hidden: 20, classes: 10, inputs: 0 },
    ...{ optimizer: "adagrad", rate: 1, compared: 3, target: 12 },
  },
  {
    ...{ name: "minchar-sevenths", kind: "one-hot", cell: "tanh" },
    ...{ time: 64, batch: 1, hidden: 128, classes: 6, inputs: 0 },
    ...{ optimizer: "adagrad-inside", rate: 0.1, compared: 2, target: 10 },
  },
  {
    ...{ name: "minchar-alice", kind: "one-hot", cell: "tanh" },
    ...{ time: 256, batch: 1, hidden: 512, classes: 87, inputs: 0 },
    ...{ optimizer: "adagrad-inside", rate: 0.1, compared: 1, target: 4 },
  },
  { name: "char-rnn", cell: "relu", ...CHARACTERS, ...ADAM, target: 1.5 },
  { name: "char-gru", cell: "gru", ...CHARACTERS, ...ADAM, target: 1.5 },
  { name: "char-lstm", cell: "lstm", ...CHARACTERS, ...ADAM, target: 1.5 },
  {
    ...{ name: "char-lstm-large", cell: "lstm", ...CHARACTERS },
    ...{ time: 64, batch: 32, hidden: 512 },
    ...{ ...ADAM, target: 1.2 },
  },
  {
    ...{ name: "char-mlp", cell: "mlp", ...CHARACTERS },
    ...{ kind: "window", time: 3 },
    ...{ ...ADAM, target: 2 },
  },
  {
    ...{ name: "fizzbuzz-mlp", kind: "squares", cell: "mlp" },
    ...{ time: 1, batch: 32, hidden: 50, classes: 4, inputs: 10 },
    ...{ optimizer: "sgd", rate: 1e-3, compared: 16, target: 20 },
  },
];

/** Finds a job by its name. */
export function jobNamed(name: string): Job {
  const job = JOBS.find((one) => one.name === name);
  if (job) return job;
  const known = JOBS.map((one) => one.name).join(", ");
  throw new RangeError(`Cannot find job ${JSON.stringify(name)}: known are ${known}`);
}

/** Returns whether a job's state is carried from batch to batch. */
export function carriesState(job: Job): boolean {
  return job.optimizer === "adagrad-inside";
}

/** Returns the number of blocks of a cell's matrices. */
export function gatesOf(job: Job): number {
  return { sigmoid: 1, tanh: 1, relu: 1, mlp: 1, gru: 3, lstm: 4 }[job.cell];
}

/**
 * Counts the arithmetic of one training step, counting only what matrix products need: two a multiply-add, forward, for the
 * gradient of the weights, and for that of what goes in unless it is data. Reading a row by its index costs none.
 */
export function flopsPerStep(job: Job): number {
  const { hidden, classes, inputs, kind } = job;
  const rows = (kind === "window" ? 1 : job.time) * job.batch;
  const output = 6 * rows * hidden * classes;
  if (kind === "squares") return 4 * rows * inputs * hidden + output;
  if (kind === "window") return 6 * rows * job.time * inputs * hidden + output;
  return 6 * rows * (inputs + hidden) * gatesOf(job) * hidden + output;
}

/** Shapes of the parameters by name, in the order of their use. */
export function parameterShapes(job: Job): Readonly<Record<string, readonly number[]>> {
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
