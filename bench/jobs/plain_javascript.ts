/**
 * Three of the jobs as a careful programmer writes them in JavaScript without any library: loops over
 * `Float32Array`s that are allocated once. What a compiler must beat to be worth anything.
 *
 * @module
 */
import { BATCHES, batchOf, type JobNumbers } from "./numbers.ts";

/** A training step, and the loss it had. */
export type PlainStep = () => number;

/** Parameters, to be changed. */
function copyParameters(job: JobNumbers, names: readonly string[]): Float32Array[] {
  return names.map((name) => job.parameters.get(name)!.data.slice() as Float32Array);
}

/** The batches of a name. */
function copyBatches(job: JobNumbers, name: string): Int32Array[] {
  const all = job.batches.get(name)!;
  return Array.from({ length: BATCHES }, (_, k) => Int32Array.from(batchOf(all, k).data));
}

/** Makes the job `fizzbuzz-rnn`: sigmoid network without inputs, cross entropy, 1e-4·Σw², Adam. */
export function plainFizzbuzz(job: JobNumbers): PlainStep {
  const { hidden: H, time: T, classes: C } = job;
  const names = ["bias_h", "bias_out", "start", "weight_hh", "weight_out"];
  const parameters = copyParameters(job, names);
  const [bh, by, start, whh, why] = parameters;
  const gradients = parameters.map(({ length }) => new Float32Array(length));
  const [dbh, dby, dstart, dwhh, dwhy] = gradients;
  const means = parameters.map(({ length }) => new Float32Array(length));
  const squares = parameters.map(({ length }) => new Float32Array(length));
  const allTargets = copyBatches(job, "targets");
  const states = new Float32Array((T + 1) * H);
  const slopes = new Float32Array(T * C);
  const [dh, previous] = [new Float32Array(H), new Float32Array(H)];
  let [power1, power2] = [1, 1];
  let step = 0;
  return () => {
    const targets = allTargets[step++ % BATCHES];
    for (let i = 0; i < H; i++) states[i] = 1 / (1 + Math.exp(-start[i]));
    let loss = 0;
    for (let t = 0; t < T; t++) {
      for (let j = 0; j < H; j++) {
        let sum = bh[j];
        for (let i = 0; i < H; i++) sum += states[t * H + i] * whh[i * H + j];
        states[(t + 1) * H + j] = 1 / (1 + Math.exp(-sum));
      }
    }
    for (let t = 0; t < T; t++) {
      let max = -Infinity;
      for (let c = 0; c < C; c++) {
        let sum = by[c];
        for (let i = 0; i < H; i++) sum += states[(t + 1) * H + i] * why[i * C + c];
        slopes[t * C + c] = sum;
        if (sum > max) max = sum;
      }
      let total = 0;
      const own = slopes[t * C + targets[t]] - max;
      for (let c = 0; c < C; c++) {
        total += slopes[t * C + c] = Math.exp(slopes[t * C + c] - max);
      }
      for (let c = 0; c < C; c++) slopes[t * C + c] /= total * T;
      slopes[t * C + targets[t]] -= 1 / T;
      loss += (Math.log(total) - own) / T;
    }
    for (let p = 0; p < parameters.length; p++) {
      const [w, g] = [parameters[p], gradients[p]];
      for (let i = 0; i < w.length; i++) {
        loss += 1e-4 * w[i] * w[i];
        g[i] = 2e-4 * w[i];
      }
    }
    dh.fill(0);
    for (let t = T - 1; t >= 0; t--) {
      for (let i = 0; i < H; i++) {
        const h = states[(t + 1) * H + i];
        let sum = dh[i];
        for (let c = 0; c < C; c++) {
          sum += slopes[t * C + c] * why[i * C + c];
          dwhy[i * C + c] += h * slopes[t * C + c];
        }
        dh[i] = sum * h * (1 - h);
        dbh[i] += dh[i];
      }
      for (let c = 0; c < C; c++) dby[c] += slopes[t * C + c];
      for (let i = 0; i < H; i++) {
        let sum = 0;
        for (let j = 0; j < H; j++) {
          sum += dh[j] * whh[i * H + j];
          dwhh[i * H + j] += states[t * H + i] * dh[j];
        }
        previous[i] = sum;
      }
      dh.set(previous);
    }
    for (let i = 0; i < H; i++) dstart[i] += dh[i] * states[i] * (1 - states[i]);
    power1 *= 0.9;
    power2 *= 0.999;
    const rate = job.rate / (1 - power1);
    const scale = 1 / Math.sqrt(1 - power2);
    for (let p = 0; p < parameters.length; p++) {
      const [w, g, m, v] = [parameters[p], gradients[p], means[p], squares[p]];
      for (let i = 0; i < w.length; i++) {
        m[i] = 0.9 * m[i] + 0.1 * g[i];
        v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
        w[i] -= rate * m[i] / (Math.sqrt(v[i]) * scale + 1e-8);
      }
    }
    return loss;
  };
}

/** Makes the jobs `minchar-…`: Karpathy's min-char-rnn, its state carried, Adagrad. */
export function plainMinchar(job: JobNumbers): PlainStep {
  const { hidden: H, time: T, classes: V } = job;
  const names = ["bias_h", "bias_out", "weight_hh", "weight_out", "weight_ih"];
  const parameters = copyParameters(job, names);
  const [bh, by, whh, why, wxh] = parameters;
  const gradients = parameters.map(({ length }) => new Float32Array(length));
  const [dbh, dby, dwhh, dwhy, dwxh] = gradients;
  const sums = parameters.map(({ length }) => new Float32Array(length));
  const allInputs = copyBatches(job, "inputs");
  const allTargets = copyBatches(job, "targets");
  const states = new Float32Array((T + 1) * H);
  const slopes = new Float32Array(T * V);
  const [dh, acc] = [new Float32Array(H), new Float32Array(Math.max(H, V))];
  let step = 0;
  return () => {
    const inputs = allInputs[step % BATCHES];
    const targets = allTargets[step++ % BATCHES];
    states.copyWithin(0, T * H);
    let loss = 0;
    for (let t = 0; t < T; t++) {
      const x = inputs[t] * H;
      for (let j = 0; j < H; j++) acc[j] = bh[j] + wxh[x + j];
      // Row by row, so that memory is read straight ahead.
      for (let i = 0; i < H; i++) {
        const h = states[t * H + i];
        for (let j = 0; j < H; j++) acc[j] += h * whh[i * H + j];
      }
      for (let j = 0; j < H; j++) states[(t + 1) * H + j] = Math.tanh(acc[j]);
      for (let c = 0; c < V; c++) acc[c] = by[c];
      for (let i = 0; i < H; i++) {
        const h = states[(t + 1) * H + i];
        for (let c = 0; c < V; c++) acc[c] += h * why[i * V + c];
      }
      let max = -Infinity;
      for (let c = 0; c < V; c++) if (acc[c] > max) max = acc[c];
      let total = 0;
      for (let c = 0; c < V; c++) total += slopes[t * V + c] = Math.exp(acc[c] - max);
      loss += Math.log(total) + max - acc[targets[t]];
      for (let c = 0; c < V; c++) slopes[t * V + c] /= total;
      slopes[t * V + targets[t]] -= 1;
    }
    for (const g of gradients) g.fill(0);
    dh.fill(0);
    for (let t = T - 1; t >= 0; t--) {
      for (let i = 0; i < H; i++) {
        const h = states[(t + 1) * H + i];
        let sum = dh[i];
        for (let c = 0; c < V; c++) {
          const s = slopes[t * V + c];
          sum += s * why[i * V + c];
          dwhy[i * V + c] += h * s;
        }
        acc[i] = sum * (1 - h * h);
      }
      for (let c = 0; c < V; c++) dby[c] += slopes[t * V + c];
      const x = inputs[t] * H;
      for (let j = 0; j < H; j++) {
        dbh[j] += acc[j];
        dwxh[x + j] += acc[j];
      }
      for (let i = 0; i < H; i++) {
        const h = states[t * H + i];
        let sum = 0;
        for (let j = 0; j < H; j++) {
          sum += acc[j] * whh[i * H + j];
          dwhh[i * H + j] += h * acc[j];
        }
        dh[i] = sum;
      }
    }
    for (let p = 0; p < parameters.length; p++) {
      const [w, g, s] = [parameters[p], gradients[p], sums[p]];
      for (let i = 0; i < w.length; i++) {
        const slope = Math.min(Math.max(g[i], -5), 5);
        s[i] += slope * slope;
        w[i] -= job.rate * slope / Math.sqrt(s[i] + 1e-8);
      }
    }
    return loss;
  };
}
