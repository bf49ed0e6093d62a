/**
 * `tour`: the write-ups that recipes repeat, and the order in which to walk through one.
 *
 * @module
 */

import { unknownName } from "@unroll/core/plugin";
import * as z from "zod";
import { defineCommand } from "../command.ts";
import { UsageError } from "../errors.ts";
import { formatDuration, wrapLines } from "../format.ts";
import { jsonLine } from "../json_line.ts";
import { commandLine } from "../program.ts";
import { measuredText, type Post, POSTS, type Stop } from "../recipes/posts.ts";

/** The command `tour`. */
export const TOUR = defineCommand({
  schema: z.object({ json: z.boolean().default(false).describe("Print JSON") }),
  examples: [
    ["Which there are:", "unroll tour"],
    ["One of them:", "unroll tour counting"],
  ],
  run({ terminal }, { options: { json }, positional: [name] }) {
    const { write } = terminal;
    if (name !== undefined && !Object.hasOwn(POSTS, name)) {
      throw new UsageError(unknownName("post", name, Object.keys(POSTS)));
    }
    const posts = name === undefined ? POSTS : { [name]: POSTS[name] };
    if (json) {
      for (const [name, post] of Object.entries(posts)) write(jsonLine({ name, ...post }));
      return;
    }
    const columns = terminal.columns();
    const lines = name === undefined ? listLines(columns) : tourLines(POSTS[name], columns);
    write(lines.map((line) => `${line}\n`).join(""));
  },
});

/** The write-ups, each with the command of its tour. */
function listLines(columns: number): string[] {
  return [
    ...Object.entries(POSTS).flatMap(([name, { title, by, stops }]) => {
      const seconds = stops.reduce((sum, { seconds }) => sum + seconds, 0);
      const count = `${stops.length} ${stops.length === 1 ? "stop" : "stops"}`;
      return [
        ...wrapLines(`${title} (${by})`, columns),
        `  ${commandLine(`tour ${name}`)}`,
        `  ${count}, about ${formatDuration(seconds)} together`,
        "",
      ];
    }),
    ...wrapLines(measuredText(Object.values(POSTS).flatMap(({ stops }) => stops)), columns),
  ];
}

/** The stops of one. */
function tourLines({ title, by, address, stops }: Post, columns: number): string[] {
  return [
    ...wrapLines(`${title} (${by})`, columns),
    address,
    "",
    ...stops.flatMap((stop, index) => [
      // The times of texts are those with a BLAS.
      `${index + 1}. ${commandLine(wordsOf(stop), { ffi: stop.needsText ?? false })}`,
      ...wrapLines(
        `About ${formatDuration(stop.seconds)}. Look for ${stop.look}${
          /[.?!]$/.test(stop.look) ? "" : "."
        }`,
        columns,
        "   ",
      ),
      "",
    ]),
    ...wrapLines(measuredText(stops), columns),
    ...(stops.some(({ needsText }) => needsText)
      ? wrapLines("--fetch gets the text; --corpus FILE takes one that is here.", columns)
      : []),
  ];
}

function wordsOf({ recipe, words = `recipe ${recipe}`, needsText }: Stop): string {
  return `${words}${needsText ? " --fetch" : ""}`;
}
