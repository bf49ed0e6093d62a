/**
 * How long are matrix products, and how near do they come to the machine's peak? Through the whole compiler, as users
 * get them.
 *
 * @module
 */
import { matmul, type Tensor, transpose } from "@unroll/core";
import { cpuBackend } from "@unroll/core/backends";
import { benchCall, type Call, formatRate, prepareCall, printAtEnd, someNumbers } from "./calls.ts";
import { preparePeak } from "./peak.ts";

/** Rows, what is summed over, columns, which operand is transposed: squares, then the shapes of the jobs. */
const SHAPES: readonly (readonly [m: number, k: number, n: number, transposed?: "x" | "y"])[] = [
  [64, 64, 64],
  [128, 128, 128],
  [256, 256, 256],
  [512, 512, 512],
  [512, 512, 512, "x"],
  [512, 512, 512, "y"],
  [1, 128, 128],
  [1, 128, 128, "y"],
  [1, 512, 512],
  [1, 512, 512, "y"],
  [32, 20, 20],
  [64, 256, 256],
  [64, 256, 256, "y"],
  [64, 126, 256],
  [512, 256, 86],
  [86, 512, 256, "x"],
  [32, 512, 2048],
];

const backend = cpuBackend();
const measurePeak = await preparePeak();
const calls: Call[] = [];
for (const [m, k, n, transposed] of SHAPES) {
  const [x, y] = [transposed === "x" ? [k, m] : [m, k], transposed === "y" ? [n, k] : [k, n]];
  const product = (x: Tensor, y: Tensor) =>
    matmul(transposed === "x" ? transpose(x) : x, transposed === "y" ? transpose(y) : y);
  const name = ([rows, columns]: readonly number[], operand: "x" | "y") =>
    `[${rows}, ${columns}]${operand === transposed ? "ᵀ" : ""}`;
  const call: Call = {
    name: `${name(x, "x")} · ${name(y, "y")}`,
    run: await prepareCall(backend, product, [someNumbers(...x), someNumbers(...y)]),
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
