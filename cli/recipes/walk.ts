/**
 * What a recipe ends with: the picture or table of its write-up, read in sentences from the numbers of the run, the
 * known result beside it, and where to go on.
 *
 * @module
 */

import type { Predict, TaskInstance, Validation } from "@unroll/core/plugin";
import { formatTable, wrapLines } from "../format.ts";
import type { ColorDepth } from "../reporting/heat_map.ts";
import type { Post } from "./posts.ts";

/** What a walk is made from: a recipe that was trained. */
export interface WalkRun {
  /** The task. */
  readonly task: TaskInstance;
  /** Runs the model with the best parameters. */
  readonly predict: Predict;
  /** All validations, in order. */
  readonly validations: readonly WalkValidation[];
  /** Smoothed losses by their iterations, where the recipe tells them. */
  readonly smoothed: ReadonlyMap<number, number>;
  /** Samples by their iterations, where the recipe tells them. */
  readonly samples: ReadonlyMap<number, string>;
  /** Where training came to a loss that is not finite, the first step of that; nothing is predicted then. */
  readonly divergedAt?: number;
  /** Seed of everything random. */
  readonly seed: number;
  /** The run as a word for the shell, such as `runs/2026-01-31-fizzbuzz-rnn-0` or `last`. */
  readonly name: string;
  /** Colours of the terminal. */
  readonly depth: ColorDepth;
  /** Its width. */
  readonly columns: number;
}

/** What was measured on the way. */
export interface WalkValidation {
  /** Steps done. */
  readonly step: number;
  /** What the task measured. */
  readonly validation: Validation;
  /** Whether these parameters were the best so far. */
  readonly best: boolean;
  /** Mean training loss since the validation before. */
  readonly trainingLoss: number;
  /** What {@linkcode Recipe.measure} measured. */
  readonly measured: Readonly<Record<string, number>>;
}

/** A picture or a table. */
export interface WalkPart {
  /** What it is. */
  readonly title: string;
  /** Its lines, as long as the terminal is wide at most. */
  readonly lines: readonly string[];
}

/** A command to go on with. */
export interface NextCommand {
  /** What it shows. */
  readonly what: string;
  /** Its words after the program's name, such as `inspect last`. */
  readonly words: string;
}

/** What a recipe ends with. */
export interface Walk {
  /** Pictures and tables of the write-up, in its order. */
  readonly parts: readonly WalkPart[];
  /** What is to be seen in them, in two or three sentences read from the numbers. */
  readonly sentences: readonly string[];
  /** What the write-up says beside what came out here: what is compared, theirs, ours. */
  readonly beside?: readonly (readonly [what: string, theirs: string, ours: string])[];
  /** What to run next, the best first. */
  readonly next: readonly NextCommand[];
}

/** What stands around a walk. */
export interface WalkFrame {
  /** The known numbers beside those of the run, as lines; none where nothing was known. */
  readonly known: readonly string[];
  /** What happens with other seeds, in a sentence. */
  readonly spread?: string;
  /** The write-up, where there is one. */
  readonly post?: Post;
  /** Writes a command as it is typed. */
  readonly command: (words: string) => string;
  /** The width of the terminal. */
  readonly columns: number;
}

/**
 * Formats a walk for the terminal.
 *
 * @param walk What the recipe shows.
 * @param frame What stands around it.
 * @returns Lines, each with its end.
 */
export function formatWalk(
  { parts, sentences, beside = [], next }: Walk,
  { known, spread, post, command, columns }: WalkFrame,
): string {
  const heading = (text: string) => ["", ...wrapLines(text, columns)];
  const lines = [
    ...parts.flatMap(({ title, lines }) => [...heading(title), ...lines]),
    ...(sentences.length === 0 ? [] : [
      ...heading("What it shows:"),
      ...sentences.flatMap((text) => wrapLines(text, columns, "- ")),
    ]),
    ...(beside.length === 0 ? [] : [
      "",
      ...besideLines([["", "the post", "here"], ...beside], columns),
    ]),
    ...(known.length === 0 ? [] : ["", ...known]),
    ...(spread === undefined ? [] : wrapLines(spread, columns)),
    ...(next.length === 0 ? [] : ["", ...nextLines(next, command)]),
    ...(post === undefined ? [] : [
      "",
      ...wrapLines(`The post: ${post.title} (${post.by})`, columns),
      post.address,
    ]),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** A table of three columns, whose texts are broken where they are too long together. */
function besideLines(rows: readonly (readonly [string, string, string])[], columns: number) {
  const first = Math.max(...rows.map(([what]) => what.length));
  const room = columns - first - 4;
  const half = Math.floor(room / 2);
  const longest = [1, 2].map((column) => Math.max(...rows.map((row) => row[column].length)));
  const broken = rows.flatMap(([what, ...texts]) => {
    // What one does not need, the other has.
    const [theirs, ours] = texts.map((text, column) =>
      wrapLines(text, Math.max(half, room - longest[1 - column]))
    );
    return Array.from(
      { length: Math.max(theirs.length, ours.length) },
      (_, i) => [i === 0 ? what : "", theirs[i] ?? "", ours[i] ?? ""],
    );
  });
  return formatTable(broken, [0, 1, 2]);
}

/** Each command below what it shows. */
function nextLines(next: readonly NextCommand[], command: WalkFrame["command"]): string[] {
  return next.flatMap(({ what, words }, index) => [
    `${index === 0 ? "Next, " : "Or "}${what}:`,
    `  ${command(words)}`,
  ]);
}

/**
 * Draws a bar of a share.
 *
 * @param share From 0 to 1.
 * @param width Characters of the whole.
 * @returns Blocks, in eighths; the rest is dots.
 */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const rest = eighths % 8;
  const full = "█".repeat(Math.floor(eighths / 8)) + (rest === 0 ? "" : "▏▎▍▌▋▊▉"[rest - 1]);
  return full.padEnd(width, "·");
}
