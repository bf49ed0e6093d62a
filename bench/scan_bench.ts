/**
 * How long is a step of a loop over time? A tanh network of few units over more and more steps, forward, and with the
 * gradient of its weights.
 *
 * @module
 */
import { matmul, scan, square, sum, tanh, type Tensor } from "@unroll/core";
import { cpuBackend } from "@unroll/core/backends";
import { benchWithGradient, type Call, printAtEnd, someNumbers } from "./calls.ts";
import { formatTime } from "./format.ts";

const TIMES = [8, 64, 512];
const HIDDEN = [5, 20, 64];

/** Sum of squares of all states of `h ← tanh(x + h · W)`. */
function network(weight: Tensor, inputs: Tensor, start: Tensor): Tensor {
  const [, states] = scan(
    (h: Tensor, x: Tensor) => {
      const next = tanh(x.add(matmul(h, weight)));
      return [next, next];
    },
    start,
    inputs,
  );
  return sum(square(states));
}

const backend = cpuBackend();
const calls: Call[] = [];
for (const hidden of HIDDEN) {
  for (const time of TIMES) {
    const inputs = [
      someNumbers(hidden, hidden),
      someNumbers(time, 1, hidden),
      someNumbers(1, hidden),
    ];
    const columns = (seconds: number): readonly string[] => [formatTime(seconds / time)];
    const name = `scan T${time} H${hidden}`;
    calls.push(
      ...await benchWithGradient(backend, network, inputs, { name, alone: "forward", columns }),
    );
  }
}
printAtEnd("Loops over time", ["a step"], calls);
