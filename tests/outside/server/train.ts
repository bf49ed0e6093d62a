/** Trains a network XOR, and prints the folder of its run. */
import { trainAndSave } from "@unroll/core/runs";
import { rnn } from "@unroll/models";
import { xor } from "@unroll/tasks";

using trained = await trainAndSave({
  model: rnn({ hidden: 8 }),
  task: xor(),
  out: "runs",
  version: "1.0.0",
});
console.log(trained.run.path);
