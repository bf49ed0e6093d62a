/** Learns XOR in the page. */
import { train } from "@unroll/core/training";
import { rnn } from "@unroll/models";
import { xor } from "@unroll/tasks";

using trained = await train({ model: rnn({ hidden: 8 }), task: xor(), device: "cpu" });

/** What there is to show. */
export const lines: readonly string[] = [
  `error ${trained.error}`,
  ...await trained.task.show?.(trained.predict) ?? [],
];
