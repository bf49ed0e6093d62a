/**
 * `predict`: what a trained model answers.
 *
 * @module
 */

import type { Predict } from "@unroll/core/plugin";
import * as z from "zod";
import { visible } from "../format.ts";
import { jsonLine } from "../json_line.ts";
import { forEachLine } from "./each_line.ts";
import { defineModelCommand, required } from "./model_command.ts";

/** The command `predict`. */
export const PREDICT = defineModelCommand({
  name: "predict",
  description: "Get a trained model's answers: to --input, or to each line of standard input.",
  shape: {
    input: z.string().optional()
      .describe("The input; each line of standard input if left out, until Ctrl-D"),
    json: z.boolean().default(false)
      .describe("Print JSON, one object for each answer, with all candidates and probabilities"),
  },
  examples: [
    [
      "The number after this one:",
      "unroll predict runs/2026-01-31-counting-rnn-0 --input 1476233999",
    ],
    [
      "What comes next in a text:",
      "unroll predict runs/2026-01-31-char-gru-0 --input 'part of '",
    ],
    ["Many at once:", "seq 1 100 | unroll predict runs/2026-01-31-fizzbuzz-rnn-0"],
  ],
  async run({ terminal }, loaded, { input, json }) {
    const task = loaded.taskInstance;
    const answer = required(task.answer?.bind(task), loaded, "predict");
    const predict: Predict = async (request) => {
      const result = await loaded.predict(request);
      // Less than nothing rules an answer out; NaN and more than anything say nothing of any.
      if (!result.outputs.every((output) => output < Infinity)) {
        throw new RangeError(
          `Cannot predict with ${loaded.path}: the model's answers are not finite numbers`,
        );
      }
      return result;
    };
    const one = async (input: string, alone: boolean) => {
      const lines = await answer(predict, input);
      if (json) {
        const candidates = await task.candidates?.(predict, input);
        const [best = { text: lines[0] }] = candidates ?? [];
        return terminal.write(jsonLine({ input, answer: best.text, candidates, lines }));
      }
      // One of many is a line, which is the answer; one alone says how sure it is, too.
      const shown = alone ? lines : lines.slice(0, 1);
      terminal.write(shown.map((line) => `${visible(line)}\n`).join(""));
    };
    if (input !== undefined) return await one(input, true);
    await forEachLine(terminal, "predict", (line) => one(line, terminal.isInputTerminal === true));
  },
});
