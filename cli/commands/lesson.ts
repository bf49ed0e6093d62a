/**
 * `lesson`: what the notebooks print on the way, computed anew.
 *
 * @module
 */

import * as z from "zod";
import { type CommandDefinition, defineCommand } from "../command.ts";
import { withUsageErrors } from "../errors.ts";
import { jsonLine } from "../json_line.ts";
import { formatLesson, type Lesson, type LessonOptions, LESSONS } from "../lessons/mod.ts";
import { CORPUS } from "./train_options.ts";

/** The command `lesson`, with one command for each lesson. */
export const LESSON = defineCommand({
  schema: z.object({ json: z.boolean().default(false).describe("Print JSON") }),
  examples: [
    ["Derivatives:", "unroll lesson derivatives"],
    ["With the notebook's mistake:", "unroll lesson plain --corpus nietzsche.txt --faulty"],
  ],
  commands: () =>
    Object.entries(LESSONS).map(([name, lesson]) => ({
      name,
      description: lesson.summary,
      load: () => lessonCommand(lesson),
    })),
  run({ terminal }, { options: { json } }) {
    const list = Object.entries(LESSONS).map(([name, { summary }]) => ({ name, summary }));
    const width = Math.max(...list.map(({ name }) => name.length));
    terminal.write(
      json
        ? jsonLine(list)
        : list.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}\n`).join(""),
    );
  },
});

const OPTIONS = z.object({
  corpus: CORPUS,
  faulty: z.boolean().default(false).describe("Make the notebook's mistake, too"),
  lr: z.number().positive().optional().describe("Learning rate; if left out the notebook's"),
  windows: z.int().min(10).max(1_000_000).optional()
    .describe("Windows of the text to train on; if left out as many as the notebook's"),
  seed: z.int().min(0).default(0).describe("Seed of everything random"),
});

function lessonCommand(lesson: Lesson): CommandDefinition {
  const taken = Object.fromEntries(lesson.takes.map((option) => [option, OPTIONS.shape[option]]));
  return defineCommand({
    schema: z.object({
      ...taken,
      json: z.boolean().default(false).describe("Print JSON, one object for each row"),
    }),
    examples: [],
    async run({ terminal }, { options: { json, ...options } }) {
      await withUsageErrors(async () => {
        for await (const part of lesson.give(options as LessonOptions)) {
          if (!json) terminal.write(formatLesson(part));
          else if (part.kind === "rows") {
            for (const row of part.rows) terminal.write(jsonLine({ event: "row", ...row }));
          }
          if (terminal.isClosed?.()) return;
        }
      });
    },
  });
}
