/**
 * What the recipes of min-char-rnn begin and end with: the text, and what the network writes from iteration 0 on.
 *
 * @module
 */

import type { TaskInstance } from "@unroll/core/plugin";
import { readCorpus } from "@unroll/tasks";
import { formatCount, formatPercent, formatTable, visible } from "../format.ts";
import type { RecipeMoment } from "./recipe.ts";
import type { Walk, WalkRun } from "./walk.ts";

/** The width of what is told before training, where the terminal is not known. */
const COLUMNS = 80;
/** Samples are judged in pieces of so many characters: does the text have them? */
const PIECE = 3;
/** Samples that are shown, the first and the last among them. */
const ROWS = 8;
/** What was read before a sample, at most: far more than such a network remembers. */
const READ = 128;

/** What the notebook says of a text. */
export interface NotebookText {
  /** Its length and how many different characters it has. */
  readonly size: readonly [characters: number, unique: number];
  /** The beginnings of its samples, by iteration. */
  readonly samples: Readonly<Record<number, string>>;
  /** Iterations that it asks for. */
  readonly iterations: number;
}

/**
 * Says what the text is, in the notebook's words, and how it begins.
 *
 * @param task The task.
 * @returns Lines.
 */
export function beginWithText(task: TaskInstance): string[] {
  const text = textOf(task);
  const letters = new Set(text);
  const alphabet = [...letters].sort().join("");
  const corpus = corpusOf(task);
  return [
    `data has ${text.length} characters, ${letters.size} unique.`,
    ...cut(`alphabet ${shown(alphabet)}`),
    ...corpus === "sevenths"
      ? [String(1 / 7), text.slice(0, 30)]
      : cut(shown(text.slice(0, corpus === "fizzbuzz-text" ? undefined : 100))),
    "",
  ];
}

/**
 * Takes what a sample goes on from: the text up to the first character of the next chunk, as the notebook samples from
 * the state that it carries.
 *
 * @param moment The task, and the step that comes next.
 * @returns Characters of the text.
 */
export function carriedPrompt({ task, step }: Pick<RecipeMoment, "task" | "step">): string {
  const { stepsPerEpoch = 1, spec: { length } } = task;
  // The state begins anew with the text.
  const place = step % stepsPerEpoch * Number(length);
  return [...textOf(task).slice(0, 2 * (place + 1))].slice(Math.max(0, place - READ), place + 1)
    .join("");
}

/**
 * Makes the walk.
 *
 * @param run The recipe, trained.
 * @param notebook What the notebook says.
 * @returns The walk; `undefined` where nothing was sampled.
 */
export function minCharWalk(run: WalkRun, notebook: NotebookText): Walk | undefined {
  const { samples, task, name, validations, smoothed } = run;
  if (samples.size === 0) return undefined;
  const text = textOf(task);
  const judged = evenly([...samples.keys()], ROWS).map((iteration) => {
    const sample = samples.get(iteration) ?? "";
    return { iteration, sample, ...judge(sample, text) };
  });
  const [first, last] = [judged[0], judged[judged.length - 1]];
  const width = Math.max(10, run.columns - 30);
  const rows = judged.map(({ iteration, sample, pieces }) => [
    formatCount(iteration),
    shown(sample).slice(0, width),
    formatPercent(pieces),
  ]);
  const steps = validations.at(-1)?.step ?? 0;
  const { size: [characters, unique], samples: theirs, iterations: all } = notebook;
  return {
    parts: [{
      title:
        `What it writes: the first characters of its samples, and how many of their pieces of ` +
        `${PIECE} characters are in the text`,
      lines: formatTable([["iteration", "sample", "in the text"], ...rows], [1]),
    }],
    sentences: [
      first === last
        ? `Untrained, ${formatPercent(first.pieces)} of its pieces are in the text.`
        : `Of what it writes, ${formatPercent(first.pieces)} is from the text at iteration ` +
          `${formatCount(first.iteration)}, ${formatPercent(last.pieces)} at ${
            formatCount(last.iteration)
          }${wordsText(last)}.`,
      ...smoothedSentence(smoothed, lately(validations), Number(task.spec.length)),
    ],
    beside: [
      [
        "characters, unique",
        `${characters}, ${unique}`,
        `${text.length}, ${new Set(text).size}`,
      ],
      // A run that was gone on with has only those from there on.
      ...Object.entries(theirs).flatMap(([iteration, sample]) => {
        const own = samples.get(Number(iteration));
        if (own === undefined) return [];
        return [[`writes at ${iteration}`, inOneLine(sample), inOneLine(own)] as const];
      }),
    ],
    next: [
      ...(steps < all
        ? [{
          what: `train for all of the notebook's ${formatCount(all)} iterations`,
          words: `train --resume ${name} --steps ${all}`,
        }]
        : []),
      {
        what: "let it write more, each character the likeliest",
        words: `sample ${name} --length 400 --temperature 0`,
      },
      { what: "see what its units have found out", words: `inspect ${name}` },
    ],
  };
}

/** The beginning of a sample, which no space breaks. */
function inOneLine(sample: string): string {
  return shown(sample.slice(0, BESIDE)).replaceAll(" ", "\u00a0");
}

/** Characters of the notebook's samples and ours that are set side by side. */
const BESIDE = 26;

function wordsText({ words }: { readonly words?: JudgedWords }): string {
  if (words === undefined) return "";
  return `; ${words.known} of its ${words.count} words are in it, and of ${
    words.count - 1
  } pairs of ` +
    `words ${words.follow} follow each other there`;
}

/** What is known of a sample's words. */
interface JudgedWords {
  readonly count: number;
  /** Those that the text has. */
  readonly known: number;
  /** Pairs of neighbours that are neighbours in the text too: does it count, or only spell? */
  readonly follow: number;
}

/** The training loss of the last stretch from one validation to the next that is not a short one. */
function lately(validations: WalkRun["validations"]): number | undefined {
  const lengths = validations.map(({ step }, i) => step - (validations[i - 1]?.step ?? 0));
  const whole = Math.max(...lengths);
  return validations.findLast((_, i) => 2 * lengths[i] >= whole)?.trainingLoss;
}

/** The smoothed loss says what was long ago. */
function smoothedSentence(
  smoothed: WalkRun["smoothed"],
  recent: number | undefined,
  length: number,
): string[] {
  const [iteration, loss] = [...smoothed].at(-1) ?? [];
  if (loss === undefined || iteration === undefined || recent === undefined) return [];
  if (!Number.isFinite(recent)) return [];
  return [
    `The smoothed loss, ${loss.toFixed(1)} at iteration ${formatCount(iteration)}, lags: each ` +
    `iteration is a thousandth of it. Lately a chunk of ${length} characters had ${
      recent.toFixed(1)
    } on average, ${(recent / length).toFixed(2)} a character.`,
  ];
}

/** Judges a sample by whether the text has its pieces, and its words where there are spaces. */
function judge(sample: string, text: string) {
  const letters = [...sample];
  const count = Math.max(0, letters.length - PIECE + 1);
  let known = 0;
  for (let i = 0; i < count; i++) {
    if (text.includes(letters.slice(i, i + PIECE).join(""))) known++;
  }
  const all = text.split(/\s+/);
  const vocabulary = new Set(all);
  const pairs = new Set(all.slice(1).map((word, i) => `${all[i]} ${word}`));
  // The first and the last may be cut off.
  const words = sample.split(/\s+/).slice(1, -1);
  const judged: JudgedWords = {
    count: words.length,
    known: words.filter((word) => vocabulary.has(word)).length,
    follow: words.filter((word, i) => i > 0 && pairs.has(`${words[i - 1]} ${word}`)).length,
  };
  return {
    pieces: count === 0 ? 0 : known / count,
    ...(vocabulary.size > 1 && words.length > 1 ? { words: judged } : {}),
  };
}

/** Takes some of many, the first and the last among them. */
function evenly<Item>(all: readonly Item[], count: number): Item[] {
  if (all.length <= count) return [...all];
  const places = Array.from(
    { length: count },
    (_, i) => Math.round(i * (all.length - 1) / (count - 1)),
  );
  return places.map((place) => all[place]);
}

function corpusOf({ options }: TaskInstance): string {
  return String((options as { readonly corpus?: unknown } | undefined)?.corpus);
}

function textOf(task: TaskInstance): string {
  return readCorpus(corpusOf(task));
}

/** Shows ends of lines, and what else a terminal would obey. */
function shown(text: string): string {
  return visible(text.replaceAll("\r", "").replaceAll("\n", "↵"));
}

/** Cuts a text in lines, wherever that is. */
function cut(text: string): string[] {
  const letters = [...text];
  return Array.from(
    { length: Math.ceil(letters.length / COLUMNS) },
    (_, i) => letters.slice(i * COLUMNS, (i + 1) * COLUMNS).join(""),
  );
}
