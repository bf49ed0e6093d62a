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
  reshape(shape: number[]): Tensor;
  clipByValue(least: number, most: number): Tensor;
  assign(value: Tensor): void;
  dispose(): void;
  dataSync(): Float32Array;
}

interface TensorFlow {
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
  variableGrads(fn: () => Tensor): { value: Tensor; grads: Record<string, Tensor> };
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

function start(tf: TensorFlow, backend: string, job: JobNumbers): TrainingRun {
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

  /** Rows of a table. The WebAssembly backend lacks the derivative of `gather`. */
  function rows(table: Tensor, indices: Tensor): Tensor {
    if (backend === "cpu") return tf.gather(table, indices);
    return tf.oneHot(indices, job.classes).matMul(table);
  }

  function output(states: Tensor): Tensor {
    return states.matMul(p.weight_out).add(p.bias_out);
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
        const [hr, hz, hn] = tf.split(h.matMul(p.weight_hh).add(p.bias_hh), 3, 1);
        const [r, z] = [xr.add(hr).sigmoid(), xz.add(hz).sigmoid()];
        const n = xn.add(r.mul(hn)).tanh();
        return [n.add(z.mul(h.sub(n))), c];
      }
      case "lstm": {
        const [i, f, g, o] = tf.split(x.add(h.matMul(p.weight_hh)), 4, 1);
        const cell = f.sigmoid().mul(c).add(i.sigmoid().mul(g.tanh()));
        return [o.sigmoid().mul(cell.tanh()), cell];
      }
      default: {
        const sum = x.add(h.matMul(p.weight_hh));
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
          h = h.matMul(p.weight_hh).add(p.bias_h).sigmoid();
          states.push(h);
        }
        const penalty = Object.values(p).map((w) => w.square().sum()).reduce((a, b) => a.add(b));
        return crossEntropy(output(tf.concat(states, 0)), batch.targets).add(penalty.mul(1e-4));
      }
      case "one-hot":
      case "characters": {
        const table = p.embedding ? rows(p.embedding, batch.inputs).matMul(p.weight_ih) : rows(
          p.weight_ih,
          batch.inputs,
        );
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
        const x = rows(p.embedding, batch.inputs).reshape([job.batch, job.time * job.inputs]);
        return crossEntropy(output(x.matMul(p.weight_1).add(p.bias_1).relu()), batch.targets);
      }
      case "squares": {
        const hidden = batch.inputs.matMul(p.weight_1).add(p.bias_1).tanh();
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
      const { value, grads } = tf.variableGrads(() => loss(batch));
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

  return (first, count) => {
    for (let i = first; i < first + count; i++) step(i % BATCHES);
    return Promise.resolve(lossTensor?.dataSync() ?? []);
  };
}

if (import.meta.main) {
  await servePeer({
    name: "tfjs",
    async load() {
      // Not literals, so that checks and tests of this project never load them.
      const tf: TensorFlow = await import(`npm:@tensorflow/tfjs@${VERSION}`);
      await import(`npm:@tensorflow/tfjs-backend-wasm@${VERSION}`);
      return {
        version: `@tensorflow/tfjs ${VERSION}`,
        variants: (job) =>
          ["wasm", "cpu"].map((backend) => ({
            name: backend,
            threads: 1,
            make: async () => {
              if (!await tf.setBackend(backend)) throw new RangeError(`no backend ${backend}`);
              await tf.ready();
              return start(tf, backend, job);
            },
          })),
      };
    },
  }, Deno.args);
  Deno.exit();
}
