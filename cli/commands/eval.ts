/**
 * `eval`: measures a trained model, on the task as it was trained or with other options of it.
 *
 * @module
 */

import * as z from "zod";
import { withUsageErrors } from "../errors.ts";
import { formatFigure, formatPercent, visible } from "../format.ts";
import { jsonLine } from "../json_line.ts";
import { defineModelCommand } from "./model_command.ts";
import { selectTask } from "./task_options.ts";

/** The command `eval`. */
export const EVAL = defineModelCommand({
  name: "eval",
  description:
    "Measure a trained model, on its task as it was trained, or with other options of the task.",
  shape: {
    show: z.boolean().default(false).describe("Print what the model says, too"),
    json: z.boolean().default(false).describe("Print one JSON object"),
  },
  examples: [
    ["As it was trained:", "unroll eval runs/2026-01-31-fizzbuzz-rnn-0"],
    ["On other data:", "unroll eval runs/2026-01-31-char-gru-0 --corpus other.txt"],
  ],
  select: selectTask,
  async run({ terminal: { write } }, loaded, { show, json }, typed = {}) {
    const { taskInstance: task, predict, path, device, checkpoint: { step } } = loaded;
    const { loss, error, metrics = {} } = Object.keys(typed).length === 0
      ? await task.validate(predict)
      // What it reads was typed, such as a text.
      : await withUsageErrors(() => task.validate(predict));
    if (json) {
      const line = { event: "eval", run: path, step, device, loss, error: error ?? null, metrics };
      write(jsonLine(line));
      return;
    }
    if (show) { for (const line of await task.show?.(predict) ?? []) write(`${visible(line)}\n`); }
    const parts = [
      ...(error === undefined ? [] : [`error ${formatPercent(error)}`]),
      `loss ${formatFigure(loss)}`,
      ...Object.entries(metrics).map(([name, value]) =>
        `${name.replaceAll("_", " ")} ${
          /error|accuracy/.test(name) ? formatPercent(value) : formatFigure(value)
        }`
      ),
    ];
    write(`${parts.join(", ")}\n`);
  },
});
