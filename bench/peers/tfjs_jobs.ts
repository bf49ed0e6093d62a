/**
 * The jobs in TensorFlow.js: loops over time in JavaScript, `variableGrads`, its own optimizers where their formula
 * is the job's; on its WebAssembly backend, and on its plain one.
 *
 * @module
 */
import { carriesState } from "../jobs/job.ts";
import { BATCHES, batchOf, type JobNumbers } from "../jobs/numbers.ts";
import { servePeer, type TrainingRun } from "./protocol.ts";

const VERSION = "4.22.0";

/** What is used of a tensor of TensorFlow.js, whose types are not loaded. */
interface Tensor {
  readonly shape: number[];
  add(other: Tensor | number): Tensor;
  sub(other: Tensor | number): Tensor;
  mul(other: Tensor | number): Tensor;
  div(other: Tensor | number): Tensor;
  sqrt(): Tensor;
  square(): Tensor;
  sum(): Tensor;
  tanh(): Tensor;
  sigmoid(): Tensor;
  relu(): Tensor;
  matMul(other: Tensor): Tensor;
  transpose(): Tensor;
  toFloat(): Tensor;
  reshape(shape: number[]): Tensor;
  clipByValue(min: number, max: number): Tensor;
  assign(value: Tensor): void;
  dispose(): void;
  dataSync(): Float32Array;
}

interface TensorFlow {
  enableProdMode(): void;
  getBackend(): string;
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  env(): { getAsync(name: string): Promise<boolean | number> };
  tensor(data: ArrayLike<number>, shape: readonly number[], dtype: string): Tensor;
  variable(initial: Tensor, trainable: boolean, name?: string): Tensor;
  zeros(shape: number[]): Tensor;
  keep(x: Tensor): Tensor;
  tidy<T>(fn: () => T): T;
  oneHot(indices: Tensor, depth: number): Tensor;
  gather(table: Tensor, indices: Tensor): Tensor;
  concat(tensors: Tensor[], axis: number): Tensor;
  split(x: Tensor, parts: number, axis: number): Tensor[];
  unstack(x: Tensor, axis: number): Tensor[];
  losses: {
    softmaxCrossEntropy(
      labels: Tensor,
      logits: Tensor,
      weights?: number,
      smoothing?: number,
      reduction?: number,
    ): Tensor;
  };
  Reduction: { SUM: number; MEAN: number };
  customGrad(
    fn: (x: Tensor, y: Tensor, save: (kept: Tensor[]) => void) => {
      value: Tensor;
      gradFunc: (dy: Tensor, kept: Tensor[]) => Tensor[];
    },
  ): (x: Tensor, y: Tensor) => Tensor;
  variableGrads(
    fn: () => Tensor,
    variables: Tensor[],
  ): { value: Tensor; grads: Record<string, Tensor> };
  train: {
    adam(rate: number, beta1: number, beta2: number, epsilon: number): Optimizer;
    sgd(rate: number): Optimizer;
  };
}

interface Optimizer {
  applyGradients(gradients: Record<string, Tensor>): void;
}

type Batch = Readonly<Record<string, Tensor>>;

let made = 0;

/** How a job is written: on which backend, and whether products are differentiated by hand. */
interface Way {
  readonly backend: "wasm" | "cpu";
  /**
   * The WebAssembly backend has fast products only of matrices that are not transposed, and the derivatives that
   * come with the library transpose: a user who looks where the time goes transposes first.
   */
  readonly transposing: boolean;
}

function start(tf: TensorFlow, { backend, transposing }: Way, job: JobNumbers): TrainingRun {
  const prefix = `run${made++}/`;
  const p: Record<string, Tensor> = {};
  for (const [name, { data, shape }] of job.parameters) {
    p[name] = tf.variable(tf.tensor(data as Float32Array, shape, "float32"), true, prefix + name);
  }
  const sums: Record<string, Tensor> = {};
  for (const name in p) sums[name] = tf.variable(tf.zeros(p[name].shape), false);
  const optimizer = job.optimizer === "adam"
    ? tf.train.adam(job.rate, 0.9, 0.999, 1e-8)
    : tf.train.sgd(job.rate);
  let state = tf.zeros([job.batch, job.hidden]);

  /** Its own Adagrad has another epsilon. */
  function adagrad(gradients: Record<string, Tensor>): void {
    const inside = job.optimizer === "adagrad-inside";
    for (const name in p) {
      let g = gradients[prefix + name];
      if (inside) g = g.clipByValue(-5, 5);
      const s = sums[name].add(g.square());
      const root = inside ? s.add(1e-8).sqrt() : s.sqrt().add(1e-10);
      p[name].assign(p[name].sub(g.mul(job.rate).div(root)));
      sums[name].assign(s);
    }
  }

  /** Matrices of parameters, transposed: once a step, however long it is. */
  let transposed: Record<string, Tensor> = {};

  /** A product with a matrix of parameters. */
  function product(left: Tensor, name: string): Tensor {
    if (!transposing) return left.matMul(p[name]);
    return tf.customGrad((x, w, save) => {
      save([x]);
      const gradFunc = (dy: Tensor, [x]: Tensor[]): Tensor[] => [
        dy.matMul(transposed[name]),
        x.transpose().matMul(dy),
      ];
      return { value: x.matMul(w), gradFunc };
    })(left, p[name]);
  }

  /**
   * Rows of a table. The WebAssembly backend lacks the derivative of `gather`, and its `oneHot` is wrong if it is
   * asked for floats.
   */
  function rows(name: string, indices: Tensor): Tensor {
    if (backend === "cpu") return tf.gather(p[name], indices);
    return product(tf.oneHot(indices, job.classes).toFloat(), name);
  }

  function output(states: Tensor): Tensor {
    return product(states, "weight_out").add(p.bias_out);
  }

  function crossEntropy(logits: Tensor, targets: Tensor): Tensor {
    const reduction = carriesState(job) ? tf.Reduction.SUM : tf.Reduction.MEAN;
    return tf.losses.softmaxCrossEntropy(
      tf.oneHot(targets, job.classes),
      logits,
      undefined,
      undefined,
      reduction,
    );
  }

  function cellStep(h: Tensor, c: Tensor, x: Tensor): [Tensor, Tensor] {
    switch (job.cell) {
      case "gru": {
        const [xr, xz, xn] = tf.split(x, 3, 1);
        const [hr, hz, hn] = tf.split(product(h, "weight_hh").add(p.bias_hh), 3, 1);
        const [r, z] = [xr.add(hr).sigmoid(), xz.add(hz).sigmoid()];
        const n = xn.add(r.mul(hn)).tanh();
        return [n.add(z.mul(h.sub(n))), c];
      }
      case "lstm": {
        const [i, f, g, o] = tf.split(x.add(product(h, "weight_hh")), 4, 1);
        const cell = f.sigmoid().mul(c).add(i.sigmoid().mul(g.tanh()));
        return [o.sigmoid().mul(cell.tanh()), cell];
      }
      default: {
        const sum = x.add(product(h, "weight_hh"));
        return [job.cell === "relu" ? sum.relu() : sum.tanh(), c];
      }
    }
  }

  let last = state;
  function loss(batch: Batch): Tensor {
    switch (job.kind) {
      case "autonomous": {
        let h = p.start.sigmoid();
        const states: Tensor[] = [];
        for (let t = 0; t < job.time; t++) {
          h = product(h, "weight_hh").add(p.bias_h).sigmoid();
          states.push(h);
        }
        const penalty = Object.values(p).map((w) => w.square().sum()).reduce((a, b) => a.add(b));
        return crossEntropy(output(tf.concat(states, 0)), batch.targets).add(penalty.mul(1e-4));
      }
      case "one-hot":
      case "characters": {
        const table = p.embedding
          ? product(rows("embedding", batch.inputs), "weight_ih")
          : rows("weight_ih", batch.inputs);
        const x = table.add(p.bias_ih ?? p.bias_h);
        const zero = tf.zeros([job.batch, job.hidden]);
        let h = carriesState(job) ? state : zero;
        let c = zero;
        const states: Tensor[] = [];
        for (const xt of tf.unstack(x.reshape([job.time, job.batch, -1]), 0)) {
          [h, c] = cellStep(h, c, xt);
          states.push(h);
        }
        if (carriesState(job)) last = tf.keep(h);
        return crossEntropy(output(tf.concat(states, 0)), batch.targets);
      }
      case "window": {
        const x = rows("embedding", batch.inputs).reshape([job.batch, job.time * job.inputs]);
        return crossEntropy(output(product(x, "weight_1").add(p.bias_1).relu()), batch.targets);
      }
      case "squares": {
        const hidden = product(batch.inputs, "weight_1").add(p.bias_1).tanh();
        return output(hidden).sub(batch.targets).square().sum();
      }
    }
  }

  // The model sees indices as one list.
  const hostBatches = Array.from(
    { length: BATCHES },
    (_, k) =>
      [...job.batches].map(([name, all]) => ({ name, dtype: all.dtype, ...batchOf(all, k) })),
  );

  function step(k: number): number | undefined {
    tf.tidy(() => {
      const batch: Record<string, Tensor> = {};
      for (const { name, dtype, data, shape } of hostBatches[k]) {
        const ints = dtype === "I32";
        batch[name] = tf.tensor(data, ints ? [data.length] : shape, ints ? "int32" : "float32");
      }
      if (transposing) {
        const matrices = Object.entries(p).filter(([name]) => /weight|embedding/.test(name));
        transposed = Object.fromEntries(matrices.map(([name, w]) => [name, w.transpose()]));
      }
      const { value, grads } = tf.variableGrads(() => loss(batch), Object.values(p));
      if (job.optimizer.startsWith("adagrad")) adagrad(grads);
      else optimizer.applyGradients(grads);
      lossTensor?.dispose();
      lossTensor = tf.keep(value);
    });
    if (last !== state) {
      state.dispose();
      state = last;
    }
    return undefined;
  }
  let lossTensor: Tensor | undefined;

  return async (first, count) => {
    // The backend is global, and another variant may have changed it.
    if (tf.getBackend() !== backend) await tf.setBackend(backend);
    for (let i = first; i < first + count; i++) step(i % BATCHES);
    return lossTensor?.dataSync() ?? [];
  };
}

const WAYS: readonly Way[] = [
  { backend: "wasm", transposing: true },
  { backend: "wasm", transposing: false },
  { backend: "cpu", transposing: false },
];

if (import.meta.main) {
  await servePeer({
    name: "tfjs",
    async load() {
      // Not literals, so that checks and tests of this project never load them.
      const tf: TensorFlow = await import(`npm:@tensorflow/tfjs@${VERSION}`);
      await import(`npm:@tensorflow/tfjs-backend-wasm@${VERSION}`);
      tf.enableProdMode();
      return {
        version: `@tensorflow/tfjs ${VERSION}`,
        variants: (job) =>
          WAYS.map((way) => ({
            name: `${way.backend}${way.transposing ? ", transposing by hand" : ""}`,
            threads: 1,
            make: async () => {
              if (!await tf.setBackend(way.backend)) {
                throw new RangeError(`no backend ${way.backend}`);
              }
              await tf.ready();
              return start(tf, way, job);
            },
          })),
      };
    },
  }, Deno.args);
  Deno.exit();
}
