/**
 * How long are matrix products, and how near do they come to the machine's peak? Through the whole compiler, as users
 * get them; `matmul_table.ts` looks at the kernels alone.
 *
 * @module
 */
import { cpuBackend, matmul } from "./core.ts";
import { benchCall, type Call, formatRate, prepareCall, printAtEnd, someNumbers } from "./calls.ts";
import { preparePeak } from "./peak.ts";

/** Rows, what is summed over, columns: squares, then the shapes of the jobs. */
const SHAPES: readonly (readonly [m: number, k: number, n: number])[] = [
  [64, 64, 64],
  [128, 128, 128],
  [256, 256, 256],
  [512, 512, 512],
  [1, 128, 128],
  [1, 512, 512],
  [32, 20, 20],
  [64, 256, 256],
  [64, 126, 256],
  [512, 256, 86],
  [32, 512, 2048],
];

const backend = cpuBackend();
const measurePeak = await preparePeak();
const calls: Call[] = [];
for (const [m, k, n] of SHAPES) {
  const call: Call = {
    name: `[${m}, ${k}] · [${k}, ${n}]`,
    run: await prepareCall(backend, (x, y) => matmul(x, y), [someNumbers(m, k), someNumbers(k, n)]),
    columns: (seconds, peak) => formatRate(2 * m * k * n, seconds, peak),
  };
  calls.push(call);
  benchCall(call, m * k * n > 1e7 ? { n: 10, warmup: 3 } : {});
}
printAtEnd(
  "Matrix products",
  ["GFLOP/s", "of peak"],
  calls,
  measurePeak,
);
