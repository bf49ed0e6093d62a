/**
 * How long is softmax cross entropy, alone and with its gradient?
 *
 * @module
 */
import { cpuBackend, crossEntropy, grad, mean, type Tensor } from "./core.ts";
import {
  benchCall,
  type Call,
  formatTime,
  prepareCall,
  printAtEnd,
  someLabels,
  someNumbers,
} from "./calls.ts";

/** Rows and classes. */
const SHAPES = [[61, 4], [352, 10], [512, 86], [2048, 86]] as const;

const loss = (logits: Tensor, labels: Tensor): Tensor => mean(crossEntropy(logits, labels));

const backend = cpuBackend();
const calls: Call[] = [];
for (const [rows, classes] of SHAPES) {
  const name = `cross entropy [${rows}, ${classes}]`;
  const inputs = [someNumbers(rows, classes), someLabels(classes, rows)];
  const columns = (seconds: number): readonly string[] => [formatTime(seconds / (rows * classes))];
  const forward: Call = {
    name: `${name}: loss`,
    run: await prepareCall(backend, loss, inputs),
    columns,
  };
  const both: Call = {
    name: `${name}: gradient`,
    run: await prepareCall(
      backend,
      (logits, labels) => grad((own: Tensor) => loss(own, labels))(logits),
      inputs,
    ),
    columns,
  };
  calls.push(forward, both);
  benchCall(forward);
  benchCall(both);
}
printAtEnd("Softmax cross entropy", ["an element"], calls);
