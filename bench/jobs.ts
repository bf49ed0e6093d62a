/**
 * The jobs that speed is measured on: whole training steps of the small systems this project began
 * with, written in the operations of the core.
 *
 * @module
 */
import {
  adagrad,
  adam,
  type Backend,
  clipByValue,
  crossEntropy,
  type DeviceBuffer,
  fill,
  flattenTree,
  gather,
  type Graph,
  mul,
  oneHot,
  type Optimizer,
  randomSource,
  rebuildTree,
  relu,
  reshape,
  scan,
  sgd,
  sigmoid,
  sizeOf,
  split,
  sub,
  sum,
  sumSquaredError,
  tanh,
  type Tensor,
  type TensorType,
  trace,
  type Tree,
  type TypedArray,
  typedArray,
  valueAndGrad,
} from "../core/mod.ts";

/** Parameters by name. */
export type Parameters = Readonly<Record<string, Tensor>>;

/** What a job consists of. */
export interface JobDefinition {
  /** One line on what it is. */
  readonly summary: string;
  /** Shapes of the parameters, and how far from zero they start. */
  readonly parameters: Readonly<Record<string, readonly number[]>>;
  /** Parameters start within ± this. */
  readonly spread: number;
  /** Data of a batch: type, and the number of classes of whole numbers. */
  readonly batch: readonly (TensorType & { readonly classes?: number })[];
  /** State carried from batch to batch. */
  readonly carried?: readonly number[];
  /** Loss of a batch, and the carried state at its end. */
  loss(parameters: Parameters, batch: readonly Tensor[], carried?: Tensor): [Tensor, Tensor?];
  /** How parameters are updated. */
  readonly optimizer: Optimizer;
  /** Learning rate. */
  readonly learningRate: number;
  /** Gradients are cut to ± this. */
  readonly clip?: number;
}

const f32 = (...shape: number[]): TensorType => ({ dtype: "f32", shape });
const i32 = (classes: number, ...shape: number[]) => ({ dtype: "i32" as const, shape, classes });

/** Mean cross entropy. */
function meanCrossEntropy(logits: Tensor, labels: Tensor): Tensor {
  return crossEntropy(logits, labels).mean();
}

interface RecurrentSizes {
  readonly time: number;
  readonly batch: number;
  readonly hidden: number;
  readonly symbols: number;
}

/** Karpathy's min-char-rnn: one-hot symbols, tanh, state carried, clipped gradients, Adagrad. */
function minchar({ time, hidden, symbols }: Omit<RecurrentSizes, "batch">): JobDefinition {
  return {
    summary: `tanh RNN, one-hot V${symbols}, H${hidden} T${time} B1, state carried, Adagrad`,
    parameters: {
      wxh: [symbols, hidden],
      whh: [hidden, hidden],
      why: [hidden, symbols],
      bh: [hidden],
      by: [symbols],
    },
    spread: 0.02,
    batch: [i32(symbols, time, 1), i32(symbols, time, 1)],
    carried: [1, hidden],
    loss(p, [inputs, targets], carried) {
      const [end, states] = scan(
        (h: Tensor, x: Tensor) => {
          const next = tanh(x.matmul(p.wxh).add(h.matmul(p.whh)).add(p.bh));
          return [next, next];
        },
        carried as Tensor,
        oneHot(inputs, symbols),
      );
      const logits = states.matmul(p.why).add(p.by);
      return [sum(crossEntropy(logits, targets)), end];
    },
    optimizer: adagrad(),
    learningRate: 0.1,
    clip: 5,
  };
}

/** Parts of a cell: how many, and one step from the sums of inputs and of state. */
interface Cell {
  readonly gates: number;
  readonly step: (
    fromInput: Tensor,
    h: Tensor,
    c: Tensor,
    weight: Tensor,
    bias: Tensor,
  ) => [Tensor, Tensor];
}

const CELLS: Readonly<Record<"rnn" | "gru" | "lstm", Cell>> = {
  rnn: {
    gates: 1,
    step: (x, h, c, w, b) => [relu(x.add(h.matmul(w)).add(b)), c],
  },
  gru: {
    gates: 3,
    step(x, h, c, w, b) {
      const [xr, xz, xn] = split(x, 3);
      const [hr, hz, hn] = split(h.matmul(w).add(b), 3);
      const [r, z] = [sigmoid(xr.add(hr)), sigmoid(xz.add(hz))];
      const fresh = tanh(xn.add(r.mul(hn)));
      return [sub(1, z).mul(fresh).add(z.mul(h)), c];
    },
  },
  lstm: {
    gates: 4,
    step(x, h, c, w, b) {
      const [i, f, g, o] = split(x.add(h.matmul(w)).add(b), 4);
      const cell = sigmoid(f).mul(c).add(sigmoid(i).mul(tanh(g)));
      return [sigmoid(o).mul(tanh(cell)), cell];
    },
  },
};

/** A network over characters: embedding, cell, an answer at every step, Adam. */
function characters(
  kind: keyof typeof CELLS,
  { time, batch, hidden, symbols }: RecurrentSizes,
): JobDefinition {
  const { gates, step } = CELLS[kind];
  const embedding = 42;
  return {
    summary: `${kind}, E${embedding} H${hidden} T${time} B${batch} V${symbols}, Adam`,
    parameters: {
      embedding: [symbols, embedding],
      weight_ih: [embedding, gates * hidden],
      weight_hh: [hidden, gates * hidden],
      bias_ih: [gates * hidden],
      bias_hh: [gates * hidden],
      weight_out: [hidden, symbols],
      bias_out: [symbols],
    },
    spread: 1 / Math.sqrt(hidden),
    batch: [i32(symbols, time, batch), i32(symbols, time, batch)],
    loss(p, [inputs, targets]) {
      const zeros = fill([batch, hidden], 0);
      const [, states] = scan(
        ([h, c]: Tensor[], symbol: Tensor) => {
          const x = gather(p.embedding, symbol).matmul(p.weight_ih).add(p.bias_ih);
          const [next, cell] = step(x, h, c, p.weight_hh, p.bias_hh);
          return [[next, cell], next];
        },
        [zeros, zeros],
        inputs,
      );
      return [meanCrossEntropy(states.matmul(p.weight_out).add(p.bias_out), targets)];
    },
    optimizer: adam(),
    learningRate: 0.001,
  };
}

/** The jobs by name. */
export const JOBS = {
  "fizzbuzz-rnn": {
    summary: "autonomous sigmoid RNN, H5 T61 B1, 4 classes, cross entropy + 1e-4·Σw², Adam",
    parameters: { start: [1, 5], whh: [5, 5], bh: [5], why: [5, 4], by: [4] },
    spread: 0.5,
    batch: [i32(4, 61, 1)],
    loss(p, [targets]) {
      const [, states] = scan(
        (h: Tensor) => {
          const next = sigmoid(h.matmul(p.whh).add(p.bh));
          return [next, next];
        },
        p.start,
        undefined,
        { length: 61 },
      );
      const penalty = Object.values(p).map((w) => sum(w.square())).reduce((a, b) => a.add(b));
      const loss = meanCrossEntropy(states.matmul(p.why).add(p.by), targets);
      return [loss.add(mul(penalty, 1e-4))];
    },
    optimizer: adam(),
    learningRate: 0.01,
  },
  "counting-rnn": {
    summary: "tanh RNN, one-hot digits, H20 T11 B32, 10 classes, Adagrad",
    parameters: { wxh: [10, 20], whh: [20, 20], bh: [20], why: [20, 10], by: [10] },
    spread: 0.2,
    batch: [i32(10, 11, 32), i32(10, 11, 32)],
    loss(p, [inputs, targets]) {
      const [, states] = scan(
        (h: Tensor, x: Tensor) => {
          const next = tanh(x.matmul(p.wxh).add(h.matmul(p.whh)).add(p.bh));
          return [next, next];
        },
        fill([32, 20], 0),
        oneHot(inputs, 10),
      );
      return [meanCrossEntropy(states.matmul(p.why).add(p.by), targets)];
    },
    optimizer: adagrad(),
    learningRate: 0.1,
  },
  "minchar-sevenths": minchar({ time: 64, hidden: 128, symbols: 6 }),
  "minchar-alice": minchar({ time: 256, hidden: 512, symbols: 87 }),
  "char-rnn": characters("rnn", { time: 8, batch: 64, hidden: 256, symbols: 86 }),
  "char-gru": characters("gru", { time: 8, batch: 64, hidden: 256, symbols: 86 }),
  "char-lstm": characters("lstm", { time: 8, batch: 64, hidden: 256, symbols: 86 }),
  "char-lstm-large": characters("lstm", { time: 64, batch: 32, hidden: 512, symbols: 86 }),
  "char-mlp": {
    summary: "3 characters, E42, ReLU H256, V86, B64, Adam",
    parameters: { embedding: [86, 42], w1: [126, 256], b1: [256], w2: [256, 86], b2: [86] },
    spread: 0.06,
    batch: [i32(86, 64, 3), i32(86, 64)],
    loss(p, [inputs, targets]) {
      const x = reshape(gather(p.embedding, inputs), [64, 126]);
      const h = relu(x.matmul(p.w1).add(p.b1));
      return [meanCrossEntropy(h.matmul(p.w2).add(p.b2), targets)];
    },
    optimizer: adam(),
    learningRate: 0.001,
  },
  "fizzbuzz-mlp": {
    summary: "10-50-4 tanh, sum of squares, B32, SGD",
    parameters: { w1: [10, 50], b1: [50], w2: [50, 4], b2: [4] },
    spread: 0.3,
    batch: [f32(32, 10), f32(32, 4)],
    loss(p, [x, y]) {
      const h = tanh(x.matmul(p.w1).add(p.b1));
      return [sumSquaredError(h.matmul(p.w2).add(p.b2), y)];
    },
    optimizer: sgd(),
    learningRate: 0.001,
  },
} as const satisfies Readonly<Record<string, JobDefinition>>;

/** Names of the jobs. */
export type JobName = keyof typeof JOBS;

/** A job as a graph, with what it starts from. */
export interface Job {
  /** Inputs: the state, then a batch. Outputs: the loss, then the state. */
  readonly graph: Graph;
  /** The state to begin with. */
  readonly state: readonly TypedArray[];
  /** A batch. */
  readonly batch: readonly TypedArray[];
}

/** Traces a job. */
export function makeJob(name: JobName): Job {
  const job: JobDefinition = JOBS[name];
  const random = randomSource(1);
  const form: Tree = Object.fromEntries(
    Object.entries(job.parameters).map(([name, shape]) => [name, fill(shape, 0)]),
  );
  const typesOf = (tree: Tree) => flattenTree(tree).map(({ type }) => type);
  const parameterTypes = typesOf(form);
  const optimizerForm = job.optimizer.initialState(form);
  const carried = job.carried ? [f32(...job.carried)] : [];
  const count = parameterTypes.length;
  const state = [...parameterTypes, ...typesOf(optimizerForm), ...carried];
  const { graph } = trace([...state, ...job.batch], (...inputs) => {
    const parameters = rebuildTree(form, inputs.slice(0, count));
    const batch = inputs.slice(state.length);
    const start = job.carried ? inputs[state.length - 1] : undefined;
    const [[loss, end], slopes] = valueAndGrad((own: Tree) =>
      job.loss(own as Parameters, batch, start)
    )(parameters);
    const { parameters: next, state: moved } = job.optimizer.update(
      parameters,
      job.clip === undefined ? slopes : clipByValue(slopes, job.clip),
      rebuildTree(optimizerForm, inputs.slice(count)),
      { learningRate: fill([], job.learningRate) },
    );
    return [loss, ...flattenTree(next), ...flattenTree(moved), ...end ? [end] : []];
  });
  return {
    graph,
    state: state.map(({ dtype, shape }, i) => {
      const spread = i < count ? job.spread : 0;
      const values = Array.from({ length: sizeOf(shape) }, () => spread * (2 * random() - 1));
      return typedArray(dtype, values);
    }),
    batch: job.batch.map(({ dtype, shape, classes }) => {
      const scale = classes ?? 1;
      const values = Array.from({ length: sizeOf(shape) }, () => scale * random());
      return typedArray(dtype, classes ? values.map(Math.floor) : values);
    }),
  };
}

/** A job on a device. */
export interface RunningJob extends Disposable {
  /** Milliseconds that compiling took. */
  readonly compileTime: number;
  /** One training step: the batch goes in, the state is updated in place. */
  step(): void;
  /** The loss of the last step. */
  loss(): Promise<number>;
}

/** Puts a job on a device. */
export async function startJob(backend: Backend, job: Job): Promise<RunningJob> {
  const { graph } = job;
  const count = job.state.length;
  const donated = job.state.map((_, i) => [i + 1, i] as const);
  const started = performance.now();
  const executable = await backend.compile(graph, { donated });
  const compileTime = performance.now() - started;
  const inputs = graph.inputs.map(({ type }, i) =>
    backend.upload(type, i < count ? job.state[i] : job.batch[i - count])
  );
  let loss: DeviceBuffer | undefined;
  return {
    compileTime,
    step() {
      job.batch.forEach((data, i) => backend.write(inputs[count + i], data));
      loss?.dispose();
      const outputs = executable.run(inputs);
      loss = outputs[0];
      for (let i = 0; i < count; i++) inputs[i] = outputs[i + 1];
    },
    async loss() {
      return loss ? (await backend.download(loss))[0] : NaN;
    },
    [Symbol.dispose]() {
      for (const buffer of inputs) buffer.dispose();
      loss?.dispose();
      executable.dispose();
    },
  };
}
