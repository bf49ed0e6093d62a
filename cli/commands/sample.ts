/**
 * `sample`: how a trained model goes on by itself.
 *
 * @module
 */

import * as z from "zod";
import { withUsageErrors } from "../errors.ts";
import { visible } from "../format.ts";
import { jsonLine } from "../json_line.ts";
import { forEachLine } from "./each_line.ts";
import { defineModelCommand, required } from "./model_command.ts";
import { selectTask } from "./task_options.ts";

/** The command `sample`. */
export const SAMPLE = defineModelCommand({
  shape: {
    prompt: z.string().optional().describe(
      "The text to continue, or the number to start from; - for each line of standard input",
    ),
    length: z.int().min(1).optional().describe("How many characters or numbers to generate"),
    temperature: z.number().min(0).optional()
      .describe("Below 1 favours likely choices, 0 always takes the likeliest; 1 if left out"),
    topK: z.int().min(1).optional().describe("Draw only from this many of the likeliest"),
    seed: z.int().min(0).default(0).describe("Seed of the random choices"),
    json: z.boolean().default(false).describe("Print JSON"),
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
  async run({ terminal }, loaded, { json, ...request }) {
    const task = loaded.taskInstance;
    const sample = required(task.sample?.bind(task), loaded, "sample");
    const one = async (prompt: string | undefined) => {
      let text = "";
      for await (const piece of sample(loaded.predict, { ...request, prompt })) {
        // A text goes on from the prompt; lines follow it.
        if (text === "" && !json && !/.\n$/.test(piece)) terminal.write(prompt ?? "");
        text += piece;
        // Each piece is shown as it comes.
        if (!json) terminal.write(terminal.isOutputTerminal ? visible(piece) : piece);
        if (terminal.isClosed?.()) return;
      }
      if (json) terminal.write(jsonLine({ prompt, text }));
      else if (!text.endsWith("\n")) terminal.write("\n");
    };
    const { prompt } = request;
    if (prompt === undefined) return await one(prompt);
    if (prompt !== "-") return await withUsageErrors(() => one(prompt));
    await forEachLine(terminal, "sample from", one);
  },
});
