/**
 * The jobs as programs of Unroll: one training step, or several in a row, traced to one graph.
 *
 * @module
 */
import {
  adagrad,
  adam,
  add,
  clipByValue,
  crossEntropy,
  gather,
  matmul,
  mean,
  mul,
  oneHot,
  type Optimizer,
  relu,
  reshape,
  scan,
  sgd,
  sigmoid,
  split,
  square,
  sum,
  sumSquaredError,
  tanh,
  type Tensor,
  tensor,
  type Tree,
  valueAndGrad,
  zeros,
} from "../core.ts";
import { carriesState, type Job } from "./job.ts";

/** Tensors by name. */
export type Named = Readonly<Record<string, Tensor>>;

/** What goes from step to step. */
export interface TrainingState {
  /** The parameters. */
  readonly parameters: Named;
  /** What the optimizer remembers. */
  readonly optimizer: Tree;
  /** The hidden state, if the job carries it. */
  readonly hidden: readonly Tensor[];
}

/** The optimizer of a job. */
export function optimizerOf(job: Job): Optimizer {
  switch (job.optimizer) {
    case "adam":
      return adam();
    case "adagrad":
      return adagrad({ epsilon: 1e-10, epsilonPlace: "outside" });
    case "adagrad-inside":
      return adagrad({ epsilon: 1e-8 });
    case "sgd":
      return sgd();
  }
}

/** State before the first step. */
export function initialState(job: Job, parameters: Named): TrainingState {
  return {
    parameters,
    optimizer: optimizerOf(job).initialState(parameters),
    hidden: carriesState(job) ? [zeros([job.batch, job.hidden])] : [],
  };
}

/** From parameters, hidden state and batch to the loss and the hidden state after the batch. */
export function objective(
  job: Job,
  p: Named,
  hidden: readonly Tensor[],
  batch: Named,
): readonly [Tensor, readonly Tensor[]] {
  const output = (states: Tensor): Tensor => add(matmul(states, p.weight_out), p.bias_out);
  switch (job.kind) {
    case "autonomous": {
      const [, states] = scan(
        (h: Tensor) => {
          const next = sigmoid(add(matmul(h, p.weight_hh), p.bias_h));
          return [next, reshape(next, [job.hidden])];
        },
        sigmoid(p.start),
        undefined,
        { length: job.time },
      );
      const penalty = Object.values(p).map((w) => sum(square(w))).reduce((a, b) => add(a, b));
      const loss = mean(crossEntropy(output(states), batch.targets));
      return [add(loss, mul(penalty, 1e-4)), hidden];
    }
    case "one-hot":
    case "characters": {
      const inputs = p.embedding
        ? gather(p.embedding, batch.inputs)
        : oneHot(batch.inputs, job.classes);
      const zero = zeros([job.batch, job.hidden]);
      const start = job.cell === "lstm" ? [zero, zero] : hidden.length > 0 ? hidden : [zero];
      const [last, states] = scan(
        (carry: readonly Tensor[], x: Tensor) => {
          const next = cellStep(job, p, carry, x);
          return [next, next[0]];
        },
        start,
        inputs,
      );
      const losses = crossEntropy(output(states), batch.targets);
      // Karpathy's loss is a sum.
      return carriesState(job) ? [sum(losses), last] : [mean(losses), hidden];
    }
    case "window": {
      const x = reshape(gather(p.embedding, batch.inputs), [job.batch, job.time * job.inputs]);
      const states = relu(add(matmul(x, p.weight_1), p.bias_1));
      return [mean(crossEntropy(output(states), batch.targets)), hidden];
    }
    case "squares": {
      const states = tanh(add(matmul(batch.inputs, p.weight_1), p.bias_1));
      return [sumSquaredError(output(states), batch.targets), hidden];
    }
  }
}

/** One step of a cell: from its state, hidden units first, to the next. */
function cellStep(job: Job, p: Named, carry: readonly Tensor[], x: Tensor): readonly Tensor[] {
  const h = carry[0];
  const fromInput = add(matmul(x, p.weight_ih), p.bias_ih ?? p.bias_h);
  const fromHidden = matmul(h, p.weight_hh);
  switch (job.cell) {
    case "gru": {
      const [xr, xz, xn] = split(fromInput, 3);
      const [hr, hz, hn] = split(add(fromHidden, p.bias_hh), 3);
      const [r, z] = [sigmoid(add(xr, hr)), sigmoid(add(xz, hz))];
      const n = tanh(add(xn, mul(r, hn)));
      return [add(n, mul(z, h.sub(n)))];
    }
    case "lstm": {
      const [i, f, g, o] = split(add(fromInput, fromHidden), 4);
      const c = add(mul(sigmoid(f), carry[1]), mul(sigmoid(i), tanh(g)));
      return [mul(sigmoid(o), tanh(c)), c];
    }
    default: {
      const sums = add(fromInput, fromHidden);
      return [job.cell === "relu" ? relu(sums) : tanh(sums)];
    }
  }
}

/** One training step: from state and batch to the next state and the loss. */
export function trainingStep(
  job: Job,
  state: TrainingState,
  batch: Named,
): readonly [TrainingState, Tensor] {
  const [[loss, hidden], slopes] = valueAndGrad((p: Named) =>
    objective(job, p, state.hidden, batch)
  )(state.parameters);
  const gradients = carriesState(job) ? clipByValue(slopes, 5) : slopes;
  const next = optimizerOf(job).update(state.parameters, gradients, state.optimizer, {
    learningRate: tensor(job.rate),
  });
  return [{ parameters: next.parameters, optimizer: next.state, hidden }, loss];
}

/** Several training steps in a row: batches have their number in front, and so have the losses. */
export function trainingSteps(
  job: Job,
  state: TrainingState,
  batches: Named,
): readonly [TrainingState, Tensor] {
  return scan((s: TrainingState, batch: Named) => trainingStep(job, s, batch), state, batches);
}
