/**
 * The jobs in jax-js on its WebAssembly device: the whole step under `jit`, its loop over time unrolled by tracing,
 * because there is no scan; optimizers by hand.
 *
 * Its functions use their arguments up; `x.ref` keeps one for another use.
 *
 * @module
 */
import { carriesState } from "../jobs/job.ts";
import { BATCHES, batchOf, type JobNumbers } from "../jobs/numbers.ts";
import { servePeer, type TrainingRun } from "./protocol.ts";

const VERSION = "0.1.25";

/** What is used of an array of jax-js, whose types are not loaded. */
interface JaxArray {
  readonly ref: JaxArray;
  readonly shape: number[];
  add(other: JaxArray | number): JaxArray;
  sub(other: JaxArray | number): JaxArray;
  mul(other: JaxArray | number): JaxArray;
  div(other: JaxArray | number): JaxArray;
  reshape(shape: number[]): JaxArray;
  sum(): JaxArray;
  data(): Promise<Float32Array>;
  dispose(): void;
}

type Tree = Readonly<Record<string, JaxArray>>;

interface JaxJs {
  init(): Promise<string[]>;
  defaultDevice(name: string): unknown;
  jit<F>(fn: F): F;
  valueAndGrad<P, R extends unknown[], A>(
    fn: (p: P, ...rest: R) => [JaxArray, A],
    options: { hasAux: true },
  ): (p: P, ...rest: R) => [[JaxArray, A], P];
  valueAndGrad<P, R extends unknown[]>(
    fn: (p: P, ...rest: R) => JaxArray,
  ): (p: P, ...rest: R) => [JaxArray, P];
  blockUntilReady<T>(tree: T): Promise<T>;
  tree: { dispose(tree: unknown): void };
  nn: {
    sigmoid(x: JaxArray): JaxArray;
    relu(x: JaxArray): JaxArray;
    logSoftmax(x: JaxArray): JaxArray;
    oneHot(x: JaxArray, classes: number): JaxArray;
  };
  numpy: {
    int32: unknown;
    array(data: unknown, options?: { dtype?: unknown; shape?: number[] }): JaxArray;
    zeros(shape: readonly number[]): JaxArray;
    matmul(x: JaxArray, y: JaxArray): JaxArray;
    tanh(x: JaxArray): JaxArray;
    sqrt(x: JaxArray): JaxArray;
    square(x: JaxArray): JaxArray;
    power(x: JaxArray | number, y: JaxArray | number): JaxArray;
    clip(x: JaxArray, min: number, max: number): JaxArray;
    split(x: JaxArray, parts: number, axis: number): JaxArray[];
    concatenate(x: JaxArray[], axis: number): JaxArray;
  };
}

/** (parameters, carried state, batch) → [loss, [state]] */
function lossFunction(jax: JaxJs, job: JobNumbers) {
  const { numpy: np, nn } = jax;

  const dense = (x: JaxArray, weight: JaxArray, bias: JaxArray): JaxArray =>
    np.matmul(x, weight.ref).add(bias.ref);

  function crossEntropy(logits: JaxArray, targets: JaxArray): JaxArray {
    const rows = logits.shape[0];
    const sum = nn.logSoftmax(logits).mul(nn.oneHot(targets, job.classes)).sum();
    return sum.mul(carriesState(job) ? -1 : -1 / rows);
  }

  function cellStep(p: Tree, h: JaxArray, c: JaxArray, x: JaxArray): [JaxArray, JaxArray] {
    switch (job.cell) {
      case "sigmoid":
        x.dispose();
        return [nn.sigmoid(dense(h, p.weight_hh, p.bias_h)), c];
      case "gru": {
        const [xr, xz, xn] = np.split(x, 3, 1);
        const [hr, hz, hn] = np.split(dense(h.ref, p.weight_hh, p.bias_hh), 3, 1);
        const [r, z] = [nn.sigmoid(xr.add(hr)), nn.sigmoid(xz.add(hz))];
        const n = np.tanh(xn.add(r.mul(hn)));
        return [n.ref.add(z.mul(h.sub(n))), c];
      }
      case "lstm": {
        const [i, f, g, o] = np.split(x.add(np.matmul(h, p.weight_hh.ref)), 4, 1);
        const cell = nn.sigmoid(f).mul(c).add(nn.sigmoid(i).mul(np.tanh(g)));
        return [nn.sigmoid(o).mul(np.tanh(cell.ref)), cell];
      }
      default: {
        const sum = x.add(np.matmul(h, p.weight_hh.ref));
        return [job.cell === "relu" ? nn.relu(sum) : np.tanh(sum), c];
      }
    }
  }

  return (p: Tree, state: JaxArray, batch: Tree): [JaxArray, JaxArray] => {
    const recurrent = job.kind !== "window" && job.kind !== "squares";
    let loss: JaxArray;
    if (recurrent) {
      let xs: JaxArray[] = [];
      if (job.kind === "autonomous") {
        xs = Array.from({ length: job.time }, () => np.zeros([1]));
      } else {
        // A lookup's derivative is not there; a one-hot product is what users write.
        const hot = nn.oneHot(batch.inputs, job.classes);
        const rows = p.embedding
          ? dense(np.matmul(hot, p.embedding.ref), p.weight_ih, p.bias_ih ?? p.bias_h)
          : dense(hot, p.weight_ih, p.bias_h);
        xs = job.time === 1 ? [rows] : np.split(rows, job.time, 0);
      }
      let h = job.kind === "autonomous"
        ? nn.sigmoid(p.start.ref)
        : carriesState(job)
        ? state.ref
        : np.zeros([job.batch, job.hidden]);
      let c = np.zeros([job.batch, job.hidden]);
      const states: JaxArray[] = [];
      for (const x of xs) {
        [h, c] = cellStep(p, h, c, x);
        states.push(h.ref);
      }
      c.dispose();
      loss = crossEntropy(
        dense(np.concatenate(states, 0), p.weight_out, p.bias_out),
        batch.targets,
      );
      if (job.kind === "autonomous") {
        for (const w of Object.values(p)) loss = loss.add(np.square(w.ref).sum().mul(1e-4));
      }
      if (carriesState(job)) {
        state.dispose();
        state = h;
      } else h.dispose();
    } else if (job.kind === "window") {
      const x = np.matmul(nn.oneHot(batch.inputs, job.classes), p.embedding.ref)
        .reshape([job.batch, job.time * job.inputs]);
      const hidden = nn.relu(dense(x, p.weight_1, p.bias_1));
      loss = crossEntropy(dense(hidden, p.weight_out, p.bias_out), batch.targets);
    } else {
      const hidden = np.tanh(dense(batch.inputs, p.weight_1, p.bias_1));
      const errors = dense(hidden, p.weight_out, p.bias_out).sub(batch.targets);
      loss = np.square(errors).sum();
    }
    jax.tree.dispose(p);
    return [loss, state];
  };
}

interface Carry {
  readonly parameters: Tree;
  readonly first: Tree;
  readonly second: Tree;
  readonly steps: JaxArray;
  readonly state: JaxArray;
}

function trainingStep(jax: JaxJs, job: JobNumbers) {
  const { numpy: np } = jax;
  const loss = lossFunction(jax, job);

  function update(
    w: JaxArray,
    g: JaxArray,
    m: JaxArray,
    v: JaxArray,
    c1: JaxArray,
    c2: JaxArray,
  ): JaxArray[] {
    switch (job.optimizer) {
      case "adam": {
        const first = m.mul(0.9).add(g.ref.mul(0.1));
        const second = v.mul(0.999).add(np.square(g).mul(0.001));
        const root = np.sqrt(second.ref.div(c2)).add(1e-8);
        return [w.sub(first.ref.div(c1).mul(job.rate).div(root)), first, second];
      }
      case "sgd":
        c1.dispose();
        c2.dispose();
        return [w.sub(g.mul(job.rate)), m, v];
      default: {
        c1.dispose();
        c2.dispose();
        const inside = job.optimizer === "adagrad-inside";
        const clipped = inside ? np.clip(g, -5, 5) : g;
        const sums = v.add(np.square(clipped.ref));
        const root = inside ? np.sqrt(sums.ref.add(1e-8)) : np.sqrt(sums.ref).add(1e-10);
        return [w.sub(clipped.mul(job.rate).div(root)), m, sums];
      }
    }
  }

  return jax.jit((carry: Carry, batch: Tree): [Carry, JaxArray] => {
    // The optimizer reads the parameters once more.
    const parameters = Object.fromEntries(
      Object.entries(carry.parameters).map(([name, w]) => [name, w.ref]),
    );
    let value: JaxArray;
    let state = carry.state;
    let gradients: Tree;
    if (carriesState(job)) {
      [[value, state], gradients] = jax.valueAndGrad(loss, { hasAux: true })(
        parameters,
        state,
        batch,
      );
    } else {
      // What passes through a derivative untouched may not come out of it.
      [value, gradients] = jax.valueAndGrad((p: Tree, b: Tree) => loss(p, state, b)[0])(
        parameters,
        batch,
      );
    }
    const steps = carry.steps.add(1);
    const correction = (beta: number): JaxArray => np.power(beta, steps.ref).mul(-1).add(1);
    const [c1, c2] = [correction(0.9), correction(0.999)];
    const next: Record<"parameters" | "first" | "second", Record<string, JaxArray>> = {
      parameters: {},
      first: {},
      second: {},
    };
    for (const name of Object.keys(carry.parameters)) {
      const [w, m, v] = update(
        carry.parameters[name],
        gradients[name],
        carry.first[name],
        carry.second[name],
        c1.ref,
        c2.ref,
      );
      next.parameters[name] = w;
      next.first[name] = m;
      next.second[name] = v;
    }
    c1.dispose();
    c2.dispose();
    return [{ ...next, steps, state }, value];
  });
}

function start(
  jax: JaxJs,
  job: JobNumbers,
  step: ReturnType<typeof trainingStep>,
): TrainingRun {
  const { numpy: np } = jax;
  const tree = (make: (data: Float32Array, shape: readonly number[]) => JaxArray): Tree =>
    Object.fromEntries(
      [...job.parameters].map(([name, { data, shape }]) => [
        name,
        make(data as Float32Array, shape),
      ]),
    );
  let carry: Carry = {
    parameters: tree((data, shape) => np.array(data.slice()).reshape([...shape])),
    first: tree((_, shape) => np.zeros(shape)),
    second: tree((_, shape) => np.zeros(shape)),
    steps: np.zeros([]),
    state: np.zeros([job.batch, job.hidden]),
  };
  // Indices are one list.
  const hostBatches = Array.from(
    { length: BATCHES },
    (_, k) => [...job.batches].map(([name, all]) => ({ name, ...batchOf(all, k) })),
  );
  return async (first, count) => {
    let loss: JaxArray | undefined;
    for (let i = first; i < first + count; i++) {
      const batch: Record<string, JaxArray> = {};
      for (const { name, data, shape } of hostBatches[i % BATCHES]) {
        batch[name] = data instanceof Int32Array
          ? np.array(data, { dtype: np.int32 })
          : np.array(data).reshape(shape);
      }
      loss?.dispose();
      [carry, loss] = step(carry, batch);
    }
    await jax.blockUntilReady(carry);
    return await loss!.data();
  };
}

if (import.meta.main) {
  await servePeer({
    name: "jaxjs",
    async load() {
      // Not a literal, so that checks and tests of this project never load it.
      const jax: JaxJs = await import(`npm:@jax-js/jax@${VERSION}`);
      const devices = await jax.init();
      if (!devices.includes("wasm")) throw new RangeError("no WebAssembly device");
      jax.defaultDevice("wasm");
      return {
        version: `@jax-js/jax ${VERSION}`,
        variants: (job) => {
          // Compiled once, however often training starts.
          const step = trainingStep(jax, job);
          return [{
            name: "wasm, jit",
            threads: navigator.hardwareConcurrency,
            make: () => Promise.resolve(start(jax, job, step)),
          }];
        },
      };
    },
  }, Deno.args);
  Deno.exit();
}
