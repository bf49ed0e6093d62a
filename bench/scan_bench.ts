/**
 * How long is a step of a loop over time? A tanh network of few units over more and more steps, forward, and with the
 * gradient of its weights.
 *
 * @module
 */
import { cpuBackend, grad, matmul, scan, square, sum, tanh, type Tensor } from "./core.ts";
import { benchCall, type Call, formatTime, prepareCall, printAtEnd, someNumbers } from "./calls.ts";

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
    const forward: Call = {
      name: `scan T${time} H${hidden}: forward`,
      run: await prepareCall(backend, network, inputs),
      columns,
    };
    const both: Call = {
      name: `scan T${time} H${hidden}: gradient`,
      run: await prepareCall(
        backend,
        (weight, xs, start) => grad((w: Tensor) => network(w, xs, start))(weight),
        inputs,
      ),
      columns,
    };
    calls.push(forward, both);
    benchCall(forward);
    benchCall(both);
  }
}
printAtEnd("Loops over time", ["a step"], calls);
