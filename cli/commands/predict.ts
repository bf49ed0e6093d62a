/**
 * `predict`: what a trained model answers.
 *
 * @module
 */

import type { Predict } from "@unroll/core/plugin";
import * as z from "zod";
import { visible } from "../format.ts";
import { jsonLine } from "../json_line.ts";
import { defineModelCommand, required } from "./model_command.ts";

/** The command `predict`. */
export const PREDICT = defineModelCommand({
  name: "predict",
  description:
    "Ask a trained model: one input from the command line, or many from standard input, a line each.",
  shape: {
    input: z.string().optional()
      .describe("What to ask; without it, each line of standard input"),
    json: z.boolean().default(false).describe("Print one JSON object an answer"),
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
      // One of many is a line, which is the answer; one alone says how sure it is, too.
      const shown = alone ? lines : lines.slice(0, 1);
      terminal.write(
        json
          ? jsonLine({ input, answer: lines })
          : shown.map((line) => `${visible(line)}\n`).join(""),
      );
    };
    if (input !== undefined) return await one(input, true);
    for await (const line of terminal.lines()) if (line !== "") await one(line, false);
  },
});
