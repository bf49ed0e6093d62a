/**
 * Training steps of recurrent networks as graphs: what the passes and the backends are measured on.
 *
 * @module
 */
import type { Graph } from "../ir/graph.ts";
import { add, mul, square, sub } from "../language/ops/arithmetic.ts";
import { sigmoid, tanh } from "../language/ops/functions.ts";
import { fill, zerosLike } from "../language/ops/creation.ts";
import { broadcastTo, gather, split } from "../language/ops/layout.ts";
import { crossEntropy, oneHot } from "../language/ops/losses.ts";
import { mean, sum } from "../language/ops/reductions.ts";
import { scan } from "../language/ops/scan.ts";
import type { Tensor } from "../language/tensor.ts";
import type { TensorType } from "../ir/tensor_type.ts";
import { trace } from "../language/trace.ts";
import { flattenTree, rebuildTree } from "../language/tree.ts";
import { valueAndGrad } from "../language/gradient.ts";
import { adam } from "../training/adam.ts";

/** Sizes of a target program. */
export interface TargetSizes {
  /** Number of steps. */
  readonly time?: number;
  /** Rows of a batch. */
  readonly batch?: number;
  /** Hidden units. */
  readonly hidden?: number;
  /** Classes, or symbols of the alphabet. */
  readonly symbols?: number;
}

/** Parameters by name. */
type Parameters = Readonly<Record<string, Tensor>>;

/**
 * Traces one step of Adam on a loss. Inputs: parameters (in the order of their names), the optimizer's
 * state, then the data. Outputs: the loss, and new parameters and state.
 */
export function traceStep(
  types: Readonly<Record<string, TensorType>>,
  data: readonly TensorType[],
  loss: (parameters: Parameters, ...data: Tensor[]) => Tensor,
): Graph {
  const optimizer = adam();
  const names = Object.keys(types).sort();
  const parameters = Object.fromEntries(names.map((name) => [name, zerosLike(types[name])]));
  const before = [parameters, optimizer.initialState(parameters)] as const;
  const leaves = flattenTree(before);
  return trace([...leaves.map(({ type }) => type), ...data], (...inputs) => {
    const [own, state] = rebuildTree(before, inputs.slice(0, leaves.length));
    const [value, gradients] = valueAndGrad((p: Parameters) =>
      loss(p, ...inputs.slice(leaves.length))
    )(own);
    const after = optimizer.update(own, gradients, state, { learningRate: fill([], 0.001) });
    return [value, ...flattenTree([after.parameters, after.state])];
  }).graph;
}

/** Traces a step of a sigmoid network without inputs that learns to say a sequence by itself. */
export function autonomousRnn(sizes: TargetSizes = {}): Graph {
  const { time = 61, batch = 1, hidden = 5, symbols = 4 } = sizes;
  const types = {
    start: f32(batch, hidden),
    weight_hh: f32(hidden, hidden),
    bias_h: f32(hidden),
    weight_out: f32(hidden, symbols),
    bias_out: f32(symbols),
  };
  return traceStep(types, [i32(time, batch)], (p, targets) => {
    const [, states] = scan(
      (h: Tensor) => {
        const next = sigmoid(add(h.matmul(p.weight_hh), p.bias_h));
        return [next, next];
      },
      p.start,
      undefined,
      { length: time },
    );
    const logits = add(states.matmul(p.weight_out), p.bias_out);
    const penalty = Object.values(p).map((w) => sum(square(w))).reduce((a, b) => add(a, b));
    return add(mean(crossEntropy(logits, targets)), mul(penalty, 1e-4));
  });
}

/** Traces a step of a tanh network that reads one-hot symbols. */
export function oneHotRnn(sizes: TargetSizes = {}): Graph {
  const { time = 64, batch = 1, hidden = 128, symbols = 6 } = sizes;
  const types = {
    weight_ih: f32(symbols, hidden),
    weight_hh: f32(hidden, hidden),
    bias_h: f32(hidden),
    weight_out: f32(hidden, symbols),
    bias_out: f32(symbols),
  };
  return traceStep(types, [i32(time, batch), i32(time, batch)], (p, inputs, targets) => {
    const [, logits] = scan(
      (h: Tensor, x: Tensor) => {
        const sums = add(add(x.matmul(p.weight_ih), h.matmul(p.weight_hh)), p.bias_h);
        const next = tanh(sums);
        return [next, add(next.matmul(p.weight_out), p.bias_out)];
      },
      fill([batch, hidden], 0),
      oneHot(inputs, symbols),
    );
    return mean(crossEntropy(logits, targets));
  });
}

/** Traces a step of an embedding and a network of long short-term memory, its gates in one product each. */
export function embeddingLstm(sizes: TargetSizes = {}): Graph {
  const { time = 8, batch = 64, hidden = 256, symbols = 86 } = sizes;
  const types = {
    embedding: f32(symbols, hidden),
    weight_ih: f32(hidden, 4 * hidden),
    weight_hh: f32(hidden, 4 * hidden),
    bias: f32(4 * hidden),
    weight_out: f32(hidden, symbols),
    bias_out: f32(symbols),
  };
  return traceStep(types, [i32(time, batch), i32(time, batch)], (p, inputs, targets) => {
    const zeros = fill([batch, hidden], 0);
    const [, states] = scan(
      ([h, c]: Tensor[], symbol: Tensor) => {
        const x = gather(p.embedding, symbol);
        const gates = add(add(x.matmul(p.weight_ih), h.matmul(p.weight_hh)), p.bias);
        const [i, f, g, o] = split(gates, 4);
        const cell = add(mul(sigmoid(f), c), mul(sigmoid(i), tanh(g)));
        const next = mul(sigmoid(o), tanh(cell));
        return [[next, cell], next];
      },
      [zeros, zeros],
      inputs,
    );
    const logits = add(states.matmul(p.weight_out), p.bias_out);
    return mean(crossEntropy(logits, targets));
  });
}

/** Traces a step of a network of gated recurrent units whose reset comes after the product. */
export function gatedRnn(sizes: TargetSizes = {}): Graph {
  const { time = 16, batch = 8, hidden = 32, symbols = 10 } = sizes;
  const types = {
    weight_ih: f32(symbols, 3 * hidden),
    weight_hh: f32(hidden, 3 * hidden),
    bias_ih: f32(3 * hidden),
    bias_hh: f32(3 * hidden),
    start: f32(hidden),
    weight_out: f32(hidden, symbols),
    bias_out: f32(symbols),
  };
  return traceStep(types, [i32(time, batch), i32(time, batch)], (p, inputs, targets) => {
    const [, states] = scan(
      (h: Tensor, x: Tensor) => {
        const [xr, xz, xn] = split(add(x.matmul(p.weight_ih), p.bias_ih), 3);
        const [hr, hz, hn] = split(add(h.matmul(p.weight_hh), p.bias_hh), 3);
        const reset = sigmoid(add(xr, hr));
        const update = sigmoid(add(xz, hz));
        const fresh = tanh(add(xn, mul(reset, hn)));
        const next = add(mul(sub(1, update), fresh), mul(update, h));
        return [next, next];
      },
      broadcastTo(p.start, [batch, hidden]),
      oneHot(inputs, symbols),
    );
    const logits = add(states.matmul(p.weight_out), p.bias_out);
    return mean(crossEntropy(logits, targets));
  });
}

/** The target programs by name. */
export const TARGET_PROGRAMS: Readonly<Record<string, (sizes?: TargetSizes) => Graph>> = {
  autonomousRnn,
  oneHotRnn,
  embeddingLstm,
  gatedRnn,
};

function f32(...shape: number[]): TensorType {
  return { dtype: "f32", shape };
}

function i32(...shape: number[]): TensorType {
  return { dtype: "i32", shape };
}
