/**
 * What a lesson is: the prints of a notebook, computed anew and set beside what it printed.
 *
 * @module
 */

import { formatTable } from "../format.ts";
import { commandLine } from "../program.ts";

/** What was printed beside what comes out here. */
export interface LessonRow {
  /** What it is. */
  readonly what: string;
  /** What the notebook printed, or what its formula gives. */
  readonly theirs: string;
  /** What is computed here. */
  readonly ours: string;
  /** Whether they are to be the same, and are; left out where chance has a part in them. */
  readonly same?: boolean;
}

/** A piece of a lesson, as it comes. */
export type LessonPart =
  | {
    readonly kind: "text";
    readonly text: string;
    /** Whether its lines are commands, which are not broken. */
    readonly isWhole?: boolean;
  }
  | {
    readonly kind: "rows";
    /** Names of the columns; none for rows that go on from those before. */
    readonly head?: readonly [theirs: string, ours: string];
    readonly rows: readonly LessonRow[];
  };

/** How to give a lesson. */
export interface LessonOptions {
  /** A text, as the task `char` takes it. */
  readonly corpus?: string;
  /** Whether to make the mistake that the notebook makes. */
  readonly faulty?: boolean;
  /** Learning rate. */
  readonly lr?: number;
  /** How many windows of the text to train on. */
  readonly windows?: number;
  /** Seed of everything random. */
  readonly seed?: number;
}

/** A picture of a lesson: curves, in blue, orange, green and red. */
export interface LessonChart {
  /** What stands above, with the colours of the curves. */
  readonly title: string;
  /** What the horizontal axis counts. */
  readonly xLabel: string;
  /** Whether equal ratios are equal heights. */
  readonly logarithmic?: boolean;
  /** The curves. */
  readonly series: readonly {
    readonly name: string;
    readonly points: readonly { readonly x: number; readonly y: number }[];
  }[];
}

/** A lesson. */
export interface Lesson {
  /** What it shows, in one line. */
  readonly summary: string;
  /** The options that it takes. */
  readonly takes: readonly (keyof LessonOptions)[];
  /**
   * Gives it.
   *
   * @throws {RangeError} If it needs a text and none is given, or the text is too short.
   */
  readonly give: (options: LessonOptions) => AsyncIterable<LessonPart> | Iterable<LessonPart>;
  /** Makes its picture, for those that a chapter of `learn/` is about. */
  readonly chart?: () => Promise<LessonChart>;
}

/** What the columns are called where a notebook printed something. */
export const NOTEBOOK: readonly [string, string] = ["the notebook", "here"];

/** Says something. */
export function say(text: string): LessonPart {
  return { kind: "text", text };
}

/** Says what to run next, by the words after the program's name. */
export function sayNext(...commands: readonly string[]): LessonPart {
  const lines = commands.map((words) => commandLine(words)).join("\n      ");
  return { kind: "text", text: `\nNext: ${lines}`, isWhole: true };
}

/** Says a table; the first row is its heads. */
export function sayTable(
  rows: readonly (readonly string[])[],
  left: readonly number[] = [],
): LessonPart {
  return say(["", ...formatTable(rows, left), ""].join("\n"));
}

/** Sets numbers beside those that were printed: the same if they are to as many places. */
export function numbersRow(
  what: string,
  theirs: readonly number[],
  ours: Iterable<number>,
  places: number,
): LessonRow {
  return textRow(what, formatNumbers(theirs, places), formatNumbers(ours, places));
}

/** Sets a text beside the one that was printed. */
export function textRow(what: string, theirs: string, ours: string): LessonRow {
  return { what, theirs, ours, same: theirs === ours };
}

/** Formats numbers to some places, with spaces between; no zero is below nothing. */
export function formatNumbers(numbers: Iterable<number>, places: number): string {
  return Array.from(numbers, (x) => x.toFixed(places).replace(/^-(?=[0.]+$)/, "")).join(" ");
}

/** Formats a piece of a lesson for people. */
export function formatLesson(part: LessonPart): string {
  if (part.kind === "text") {
    return linesOf(part.isWhole ? part.text.split("\n") : wrapText(part.text, COLUMNS));
  }
  const { head, rows } = part;
  const lines: string[] = head === undefined ? [] : [""];
  let short: LessonRow[] = [];
  const flush = () => {
    const cells = short.map((row) => [row.what, row.theirs, row.ours, verdict(row)]);
    if (cells.length > 0) {
      lines.push(...formatTable(head === undefined ? cells : [["", ...head, ""], ...cells], LEFT));
    }
    short = [];
  };
  for (const row of rows) {
    if (widthOf(row) <= COLUMNS) {
      short.push(row);
      continue;
    }
    // What is long stands below each other.
    flush();
    const [theirs, ours] = head ?? NOTEBOOK;
    const width = Math.max(theirs.length, ours.length) + 4;
    lines.push(`${row.what}  ${verdict(row)}`.trimEnd());
    for (const [name, text] of [[theirs, row.theirs], [ours, row.ours]]) {
      pieces(text, COLUMNS - width).forEach((piece, i) =>
        lines.push(`  ${i === 0 ? name : ""}`.padEnd(width) + piece)
      );
    }
  }
  flush();
  return linesOf(lines);
}

const LEFT = [0, 1, 2, 3];

function widthOf(row: LessonRow): number {
  return [row.what, row.theirs, row.ours, verdict(row)].join("  ").trimEnd().length;
}

function verdict({ same }: LessonRow): string {
  return same === undefined ? "" : same ? "same" : "differs";
}

function pieces(text: string, size: number): string[] {
  const letters = [...text];
  const count = Math.max(1, Math.ceil(letters.length / size));
  return Array.from({ length: count }, (_, i) => letters.slice(i * size, (i + 1) * size).join(""));
}

function linesOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

/** The width that every terminal has. */
const COLUMNS = 80;

/** Breaks a text at spaces, its lines as they are where they fit. */
function wrapText(text: string, columns: number): string[] {
  return text.split("\n").flatMap((line) => {
    const lines = [""];
    // Words keep the spaces before them, so that what is indented stays so.
    for (const word of line.match(/\s*\S+/g) ?? []) {
      if (lines[lines.length - 1].length + word.length <= columns) lines[lines.length - 1] += word;
      else lines.push(word.trimStart());
    }
    return lines;
  });
}
