/**
 * `sample`: how a trained model goes on by itself.
 *
 * @module
 */

import * as z from "zod";
import { visible } from "../format.ts";
import { jsonLine } from "../json_line.ts";
import { defineModelCommand, required } from "./model_command.ts";
import { selectTask } from "./task_options.ts";

/** The command `sample`. */
export const SAMPLE = defineModelCommand({
  name: "sample",
  description: "Let a trained model go on by itself: text, or numbers, a line each.",
  shape: {
    prompt: z.string().optional().describe("What to go on from"),
    length: z.int().min(1).optional().describe("How many characters or numbers"),
    temperature: z.number().min(0).optional()
      .describe("Below 1 is surer, 0 takes the likeliest; 1 if left out"),
    topK: z.int().min(1).optional().describe("Draw only from so many of the likeliest"),
    seed: z.int().min(0).default(0).describe("Seed of chance"),
    json: z.boolean().default(false).describe("Print one JSON object"),
  },
  examples: [
    [
      "A text:",
      "unroll sample runs/2026-01-31-char-gru-0 --prompt 'ROMEO:' --length 500 --temperature 0.8",
    ],
    [
      "FizzBuzz from 100:",
      "unroll sample runs/2026-01-31-fizzbuzz-rnn-0 --prompt 100 --length 15",
    ],
  ],
  select: selectTask,
  async run({ terminal: { write, isClosed, isOutputTerminal } }, loaded, { json, ...request }) {
    const task = loaded.taskInstance;
    const sample = required(task.sample?.bind(task), loaded, "sample");
    let text = "";
    for await (const piece of sample(loaded.predict, request)) {
      text += piece;
      // Each piece is shown as it comes.
      if (!json) write(isOutputTerminal ? visible(piece) : piece);
      if (isClosed?.()) return;
    }
    if (json) write(jsonLine({ prompt: request.prompt, text }));
    else if (!text.endsWith("\n")) write("\n");
  },
});
