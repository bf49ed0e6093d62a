/**
 * `inspect`: the hidden states of a trained model over time, in the terminal or as a picture.
 *
 * @module
 */

import * as z from "zod";
import { jsonLine } from "../json_line.ts";
import { captureHiddenStates, thresholdOf } from "../reporting/hidden_states.ts";
import { captureAsJson, captureAsText, writeCapture } from "../reporting/heat_map.ts";
import { defineModelCommand } from "./model_command.ts";
import { selectTask } from "./task_options.ts";

/** The command `inspect`. */
export const INSPECT = defineModelCommand({
  name: "inspect",
  description:
    "Look at what a trained model thinks: its hidden states over time, raw and as on or off, and for each unit " +
    "its period and how much of it the task's own state explains.",
  shape: {
    input: z.string().optional()
      .describe("What the model reads; the first of a batch if left out"),
    length: z.int().min(1).max(1_000_000).optional().describe("Steps"),
    seed: z.int().min(0).optional().describe("Seed of the batch; 0 if left out"),
    threshold: z.number().optional()
      .describe("Above this is on; 0.5 if left out, or 0 for units with a sign"),
    out: z.string().refine((name) => /\.(svg|png)$/.test(name), {
      error: "a name that ends in .svg or .png is needed",
    }).optional().describe("Write a picture, .svg or .png, and beside it one as on or off")
      .meta({ placeholder: "file" }),
    json: z.boolean().default(false)
      .describe("Print the states and what was found as one JSON object"),
  },
  examples: [
    ["In the terminal:", "unroll inspect runs/2026-01-31-fizzbuzz-rnn-0"],
    [
      "Of a number, as pictures:",
      "unroll inspect runs/2026-01-31-counting-rnn-0 --input 129999 --out runs/carry.png",
    ],
  ],
  select: selectTask,
  async run(context, loaded, { threshold: given, out, json, ...request }) {
    const { taskInstance, predict, path, config } = loaded;
    const capture = await captureHiddenStates(taskInstance, predict, request);
    if (capture === undefined) {
      throw new RangeError(
        `Cannot inspect ${path}: the ${config.model.name} model shows no hidden states`,
      );
    }
    const threshold = given ?? thresholdOf(capture.states);
    const { write } = context.terminal;
    if (json) write(jsonLine(captureAsJson(capture)));
    else if (out === undefined) write(captureAsText(capture, threshold, context.terminal));
    if (out === undefined) return;
    for (const path of await writeCapture(capture, threshold, out)) {
      if (!json) write(`${path}\n`);
    }
  },
});
