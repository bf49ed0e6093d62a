/**
 * What lesson 6 of fast.ai's first course prints of its text before it trains: length, alphabet, first
 * indices, windows and their shapes.
 *
 * @module
 */

import { readCorpus, TASKS } from "@unroll/tasks";
import { quoted, visible } from "../format.ts";
import { RECIPES } from "../recipes/mod.ts";
import { fetchLine, textDifference, TEXTS } from "../recipes/texts.ts";
import {
  formatNumbers,
  type Lesson,
  type LessonOptions,
  type LessonPart,
  type LessonRow,
  NOTEBOOK,
  say,
  sayNext,
  textRow,
} from "./lesson.ts";

/** What the notebook printed. */
const PRINTED = {
  length: 600_893,
  symbols: 85,
  alphabet: "\n !\"'(),-.0123456789:;=?ABCDEFGHIJKLMNOPQRSTUVWXYZ[]_abcdefghijklmnopqrstuvwxy",
  indices: [40, 42, 29, 30, 25, 27, 29, 1, 1, 1],
  beginning: "PREFACE\n\n\nSUPPOSING that Truth is a woman--what then? Is there not gro",
  three: [[40, 30, 29, 1], [42, 25, 1, 43], [29, 27, 1, 45]],
  fourth: [30, 29, 1, 40],
  threes: 200_295,
  eights: 75_109,
  inputs: [
    [40, 1, 33, 2, 72, 67, 73, 2],
    [42, 1, 38, 44, 2, 9, 61, 73],
    [29, 43, 31, 71, 54, 9, 58, 61],
    [30, 45, 2, 74, 2, 76, 67, 58],
    [25, 40, 73, 73, 76, 61, 24, 71],
    [27, 40, 61, 61, 68, 54, 2, 58],
    [29, 39, 54, 2, 66, 73, 33, 2],
    [1, 43, 73, 62, 54, 2, 72, 67],
  ],
  ninth: [1, 33, 2, 72, 67, 73, 2, 68],
} as const;

/** Places at the end of the alphabet that the notebook does not print. */
const UNPRINTED = 6;
/** Symbols of its models: all characters, padding, and one to spare. */
const VOCABULARY = 86;

/** Characters of a window. */
const EIGHT = 8;

/** The lesson on the text. */
export const DATA: Lesson = {
  summary: "The text: its length, alphabet, first indices, windows and shapes",
  takes: ["corpus"],
  give,
};

/** The recipe whose windows these are. */
const RECIPE = "lesson6-sequence";

async function* give({ corpus }: LessonOptions): AsyncGenerator<LessonPart> {
  const name = textOf(corpus);
  const { length, characters, indices } = readText(name);
  const { taskOptions } = RECIPES[RECIPE];
  const { batch, validation } = taskOptions;
  // A text that is too short is refused before anything is said of it.
  const { stepsPerEpoch = NaN } = await TASKS.char({ ...taskOptions, corpus: name }).create();
  const beginning = (count: number) =>
    Array.from(indices.subarray(0, count), (i) => characters[i - 1]).join("");
  yield say(
    'fast.ai, lesson 6, "Setup": Nietzsche\'s writings, character by character. Index 0 is kept for ' +
      "padding, the characters are numbered from 1 in the order of their code points." +
      await otherText(name),
  );
  yield {
    kind: "rows",
    head: NOTEBOOK,
    rows: [
      textRow("corpus length", String(PRINTED.length), String(length)),
      textRow("total chars", String(PRINTED.symbols), String(characters.length + 1)),
      integers("idx[:10]", PRINTED.indices, indices.subarray(0, 10)),
      textRow(
        `chars[1:-${UNPRINTED}]`,
        quote(PRINTED.alphabet),
        quote(characters.slice(0, -UNPRINTED).join("")),
      ),
      textRow("idx[:70] as text", quote(PRINTED.beginning), quote(beginning(70))),
    ],
  };
  const threes = windows(indices, 3, 3);
  const eights = windows(indices, EIGHT, EIGHT);
  yield say(
    "\nThree characters and the next, every third place; then 8 and the next, every eighth. Reading " +
      "down a column gives a window:",
  );
  yield {
    kind: "rows",
    head: NOTEBOOK,
    rows: [
      ...PRINTED.three.map((row, i) => integers(`x${i + 1}[:4]`, row, threes.column(i, 4))),
      integers("y[:4]", PRINTED.fourth, threes.column(3, 4)),
      shape("x1.shape, y.shape", "n,", PRINTED.threes, threes.count),
      textRow("len(xs)", String(PRINTED.inputs.length), String(EIGHT)),
      shape("xs[0].shape", "n,", PRINTED.eights, eights.count),
      ...PRINTED.inputs.map((row, i) => integers(`xs[${i}][:8]`, row, eights.column(i, EIGHT))),
      integers("y[:8]", PRINTED.ninth, eights.column(EIGHT, EIGHT)),
      shape("x_rnn.shape", `n, ${EIGHT}`, PRINTED.eights, eights.count),
      shape("y_rnn.shape", `n, ${EIGHT}, 1`, PRINTED.eights, eights.count),
      shape("oh_x_rnn, oh_y_rnn", `n, ${EIGHT}, ${VOCABULARY}`, PRINTED.eights, eights.count),
    ],
  };
  yield say(
    `\nThe recipes keep the last ${
      100 * Number(validation)
    } % of the text to measure on: an epoch of ` +
      `${RECIPE} is ${stepsPerEpoch} batches of ${batch} windows.`,
  );
  yield sayNext(`recipe lesson6-3char --corpus ${quoted(name)}`);
}

/**
 * Tells of a text that is not the lesson's.
 *
 * @param corpus Its name.
 * @returns A paragraph, with the empty line before it; nothing where the text is not another.
 */
export async function otherText(corpus: string): Promise<string> {
  const difference = await textDifference(TEXTS.nietzsche, corpus);
  return difference === undefined ? "" : `\n\nNot the text of the known numbers: ${difference}.`;
}

/**
 * Takes the text that was named.
 *
 * @param corpus Its name.
 * @throws {RangeError} If none was.
 */
export function textOf(corpus: string | undefined): string {
  if (corpus !== undefined) return corpus;
  throw new RangeError(
    `Cannot give this lesson without its text: say --corpus FILE; ${
      fetchLine(TEXTS.nietzsche)
    } fetches it`,
  );
}

/** A text as numbers. */
interface IndexedText {
  /** Its length in characters. */
  readonly length: number;
  /** Its characters, each once; the first has index 1. */
  readonly characters: readonly string[];
  readonly indices: Int32Array;
}

/**
 * Reads a text and numbers its characters, as the notebook does.
 *
 * @throws {RangeError} If it cannot be read.
 */
export function readText(corpus: string): IndexedText {
  const letters = [...readCorpus(corpus)];
  const characters = [...new Set(letters)].sort((a, b) => code(a) - code(b));
  const numbers = new Map(characters.map((character, i) => [character, i + 1]));
  return {
    length: letters.length,
    characters,
    indices: Int32Array.from(letters, (letter) => numbers.get(letter) ?? 0),
  };
}

function code(character: string): number {
  return character.codePointAt(0) ?? 0;
}

/** Windows of a text, as many as the notebook has: those that fit with what comes next, but the last two. */
interface Windows {
  readonly count: number;
  /** What stands at a place of the first windows; after the last place is what comes next. */
  column(place: number, windows: number): number[];
}

function windows(indices: Int32Array, size: number, stride: number): Windows {
  return {
    count: Math.max(0, Math.ceil((indices.length - 1 - size) / stride) - 2),
    column: (place, windows) =>
      [...indices.filter((_, i) => i % stride === place % stride && i >= place)].slice(0, windows),
  };
}

function integers(what: string, theirs: readonly number[], ours: Iterable<number>): LessonRow {
  return textRow(what, formatNumbers(theirs, 0), formatNumbers(ours, 0));
}

/** Sets shapes beside each other that differ in how many windows there are, n. */
function shape(what: string, form: string, theirs: number, ours: number): LessonRow {
  const of = (n: number) => `(${form.replace("n", String(n))})`;
  return textRow(what, of(theirs), of(ours));
}

/** Shows ends of lines, and nothing that a terminal would obey. */
function quote(text: string): string {
  return visible(text.replaceAll("\n", "\\n").replaceAll("\r", "\\r"));
}
