/**
 * The program that devices are tried with.
 *
 * @module
 */
import type { Graph } from "../ir/graph.ts";
import type { TensorType } from "../ir/tensor_type.ts";
import { valueAndGrad } from "../language/gradient.ts";
import { add, mul, sub } from "../language/ops/arithmetic.ts";
import { sigmoid, tanh } from "../language/ops/functions.ts";
import { fill } from "../language/ops/creation.ts";
import { gather, split } from "../language/ops/layout.ts";
import { crossEntropy } from "../language/ops/losses.ts";
import { mean } from "../language/ops/reductions.ts";
import { scan } from "../language/ops/scan.ts";
import type { Tensor } from "../language/tensor.ts";
import { trace } from "../language/trace.ts";

const [TIME, BATCH, HIDDEN] = [6, 4, 16];

/** Number of symbols: the data are whole numbers below it. */
export const SYMBOLS = 5;

/**
 * Traces a training step of a small network: an embedding, gated units, softmax, and gradient descent.
 *
 * @returns A graph from parameters, inputs and targets to the loss and new parameters.
 */
export function selfTestProgram(): Graph {
  const f32 = (...shape: number[]): TensorType => ({ dtype: "f32", shape });
  const symbols: TensorType = { dtype: "i32", shape: [TIME, BATCH] };
  const types = [
    f32(SYMBOLS, 2 * HIDDEN),
    f32(HIDDEN, 2 * HIDDEN),
    f32(2 * HIDDEN),
    f32(HIDDEN, SYMBOLS),
    f32(SYMBOLS),
    symbols,
    symbols,
  ];
  return trace(types, (...all) => {
    const [inputs, targets] = all.slice(-2);
    const parameters = all.slice(0, -2);
    const [loss, gradients] = valueAndGrad((
      [embedding, recurrent, bias, output, outputBias]: Tensor[],
    ) => {
      const [, states] = scan(
        (h: Tensor, symbol: Tensor) => {
          const sums = add(add(gather(embedding, symbol), h.matmul(recurrent)), bias);
          const [gate, candidate] = split(sums, 2);
          const next = add(h, mul(sigmoid(gate), sub(tanh(candidate), h)));
          return [next, next];
        },
        fill([BATCH, HIDDEN], 0),
        inputs,
      );
      return mean(crossEntropy(add(states.matmul(output), outputBias), targets));
    })(parameters);
    return [loss, ...parameters.map((w, i) => sub(w, mul(gradients[i], 0.1)))];
  }).graph;
}
