/**
 * `eval`: measures a trained model, on the task as it was trained or with other options of it.
 *
 * @module
 */

import * as z from "zod";
import { withUsageErrors } from "../errors.ts";
import { formatCount, lineColumns, visible } from "../format.ts";
import { jsonLine } from "../json_line.ts";
import { formatEvaluation } from "../reporting/eval_table.ts";
import { defineModelCommand } from "./model_command.ts";
import { selectTask } from "./task_options.ts";

/** The command `eval`. */
export const EVAL = defineModelCommand({
  shape: {
    show: z.boolean().default(false).describe("Also print what the model says"),
    json: z.boolean().default(false).describe("Print JSON"),
  },
  examples: [
    ["As it was trained:", "unroll eval runs/2026-01-31-fizzbuzz-rnn-0"],
    ["On longer numbers:", "unroll eval runs/2026-01-31-counting-rnn-0 --digits 20"],
    [
      "On the whole of another text, not a tenth of it:",
      "unroll eval runs/2026-01-31-char-gru-0 --corpus other.txt --validation 0",
    ],
  ],
  select: selectTask,
  async run({ terminal }, loaded, { show, json }, typed = {}) {
    const { write } = terminal;
    const { taskInstance: task, predict, path, device, config, checkpoint: { step } } = loaded;
    const measure = async () => ({
      validation: await task.validate(predict),
      breakdown: await task.breakdown?.(predict),
    });
    const { validation, breakdown } = Object.keys(typed).length === 0
      ? await measure()
      // What it reads was typed, such as a text.
      : await withUsageErrors(measure);
    if (json) {
      const { loss, error, metrics = {} } = validation;
      const line = { event: "eval", run: path, step, device, loss, error: error ?? null, metrics };
      write(jsonLine({ ...line, ...breakdown }));
      return;
    }
    if (show) { for (const line of await task.show?.(predict) ?? []) write(`${visible(line)}\n`); }
    const { model, task: { name } } = config;
    write(`${name} · ${model.name}, ${checkpointName(path)} step ${formatCount(step)}\n\n`);
    write(formatEvaluation(validation, breakdown, lineColumns(terminal)));
  },
});

/** Names the checkpoint that a path ends in, if it is one of a run's. */
function checkpointName(path: string): string {
  return /(best|last)\.safetensors$/.exec(path)?.[1] ?? "of";
}
