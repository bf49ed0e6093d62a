/**
 * How long is softmax cross entropy, alone and with its gradient?
 *
 * @module
 */
import { crossEntropy, mean, type Tensor } from "@unroll/core";
import { cpuBackend } from "@unroll/core/backends";
import { benchWithGradient, type Call, printAtEnd, someLabels, someNumbers } from "./calls.ts";
import { formatTime } from "./format.ts";

/** Rows and classes. */
const SHAPES = [[61, 4], [352, 10], [512, 86], [2048, 86]] as const;

const loss = (logits: Tensor, labels: Tensor): Tensor => mean(crossEntropy(logits, labels));

const backend = cpuBackend();
const calls: Call[] = [];
for (const [rows, classes] of SHAPES) {
  const name = `cross entropy [${rows}, ${classes}]`;
  const inputs = [someNumbers(rows, classes), someLabels(classes, rows)];
  const columns = (seconds: number): readonly string[] => [formatTime(seconds / (rows * classes))];
  calls.push(...await benchWithGradient(backend, loss, inputs, { name, alone: "loss", columns }));
}
printAtEnd("Softmax cross entropy", ["an element"], calls);
