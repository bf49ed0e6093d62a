/**
 * `predict`: what a trained model answers.
 *
 * @module
 */

import type { Candidate, Predict } from "@unroll/core/plugin";
import * as z from "zod";
import { withUsageErrors } from "../errors.ts";
import { formatTable, visible } from "../format.ts";
import { jsonLine } from "../json_line.ts";
import { forEachLine } from "./each_line.ts";
import { defineModelCommand, required } from "./model_command.ts";
import { selectTask } from "./task_options.ts";

/** The command `predict`. */
export const PREDICT = defineModelCommand({
  shape: {
    input: z.string().optional()
      .describe("The input; each line of standard input if left out, until Ctrl-D"),
    each: z.boolean().default(false)
      .describe(
        "Say what may come next after each character of the input, not only after the last",
      ),
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
    [
      "After each character of a text, and how likely it is:",
      "unroll predict runs/2026-01-31-char-gru-0 --input ' this is' --each",
    ],
    ["Many at once:", "seq 1 100 | unroll predict runs/2026-01-31-fizzbuzz-rnn-0"],
  ],
  select: selectTask,
  async run({ terminal }, loaded, { input, each, json }) {
    const task = loaded.taskInstance;
    const answer = required(task.answer?.bind(task), loaded, "predict");
    const atEach = each
      ? required(task.candidatesAtEach?.bind(task), loaded, "predict after each character")
      : undefined;
    const predict: Predict = async (request) => {
      const result = await loaded.predict(request);
      // Less than nothing rules an answer out; NaN and more than anything say nothing of any.
      if (!result.outputs.every((output) => output < Infinity)) {
        // Not a mistake in typing, whatever was typed.
        throw new Error(
          `Cannot predict with ${loaded.path}: the model's answers are not finite numbers`,
        );
      }
      return result;
    };
    const one = async (input: string, alone: boolean) => {
      if (atEach !== undefined) {
        const places = await atEach(predict, input);
        return terminal.write(
          json ? jsonLine({ input, at_each: places }) : formatPlaces(places),
        );
      }
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
    if (input !== undefined) return await withUsageErrors(() => one(input, true));
    await forEachLine(terminal, "predict", (line) => one(line, terminal.isInputTerminal === true));
  },
});

/** Of the candidates after a character, those that are shown. */
const SHOWN = 5;

/** Lays out what may come after each character, a line each. */
function formatPlaces(
  places: readonly { readonly after: string; readonly candidates: readonly Candidate[] }[],
): string {
  const likely = places.map(({ candidates }) => candidates.slice(0, SHOWN));
  const rows = places.map(({ after }, i) => [
    JSON.stringify(after),
    ...Array.from({ length: SHOWN }, (_, rank) => {
      const found = likely[i][rank];
      return found === undefined
        ? ""
        : `${JSON.stringify(found.text)} ${(100 * found.probability).toFixed(1).padStart(5)} %`;
    }),
  ]);
  const heads = ["after", "likeliest", ...Array<string>(SHOWN - 1).fill("")];
  const best = likely.map(([{ text }]) => text).join("");
  return formatTable([heads, ...rows], [0, 1, 2, 3, 4, 5]).map((line) => `${line}\n`).join("") +
    `\nlikeliest after each character: ${JSON.stringify(best)}\n`;
}
