/**
 * What the recipes of fast.ai's lesson 6 end with: what is asked of the network, character by character, and how its loss
 * went from epoch to epoch and goes from place to place.
 *
 * @module
 */

import { type Candidate, softmaxAt, type TaskInstance } from "@unroll/core/plugin";
import { formatTable, quoted, visible } from "../format.ts";
import { joinBatches } from "./join_batches.ts";
import type { NextCommand, Walk, WalkPart, WalkRun } from "./walk.ts";

/** What the lesson says. */
export interface LessonAnswers {
  /** What it asked, and what its network answered: the next character, or that after each character. */
  readonly answers: Readonly<Record<string, string>>;
  /** Its training loss after the last epoch, place by place. */
  readonly places?: readonly number[];
  /** What to run next, on the same text. */
  readonly next: NextCommand;
}

/** Of the likeliest characters, those that are shown. */
const SHOWN = 3;
/** Windows that the loss is taken of: few of them would differ by chance as much as places do. */
const WINDOWS = 2560;
/** Nats by which a loss differs little from another. */
const LITTLE = 0.1;

/**
 * Makes the walk.
 *
 * @param run The recipe, trained.
 * @param lesson What the lesson says.
 * @returns The walk.
 */
export async function lessonWalk(run: WalkRun, lesson: LessonAnswers): Promise<Walk> {
  const { task, name } = run;
  const isEvery = task.spec.outputs.at === "every";
  const asked = await Promise.all(
    Object.entries(lesson.answers).map(([question, answer]) => ask(run, question, answer)),
  );
  const places = isEvery ? await lossByPlace(run) : [];
  const right = asked.reduce((sum, { right }) => sum + right, 0);
  const count = asked.reduce((sum, { count }) => sum + count, 0);
  return {
    parts: [
      ...(isEvery ? asked.map(({ part }) => part) : [together(asked.map(({ part }) => part))]),
      ...(places.length === 0 ? [] : [placesPart(places, lesson.places)]),
      ...epochsPart(run),
    ],
    sentences: [
      ...count === 0 ? [] : [
        `Of the ${count} characters that the lesson printed, ${right} ${
          right === 1 ? "is" : "are"
        } the same here.`,
      ],
      ...placesSentence(places),
      ...epochsSentence(run),
    ],
    next: [
      ...(isEvery
        ? [{
          what: "ask it another one, with all chances after each character",
          words: `predict ${name} --input ' part of' --each`,
        }]
        : [{
          what: "ask it another one",
          words: `predict ${name} --input '${"queens a".slice(-Number(task.spec.length))}'`,
        }]),
      { ...lesson.next, words: `${lesson.next.words} --corpus ${quoted(corpusOf(task))}` },
      { what: "let it write", words: `sample ${name} --prompt 'this is '` },
    ],
  };
}

function corpusOf({ options }: TaskInstance): string {
  return String((options as { readonly corpus?: unknown } | undefined)?.corpus);
}

/** What came of a question. */
interface Asked {
  readonly part: WalkPart;
  /** Characters that are as the lesson's. */
  readonly right: number;
  readonly count: number;
}

async function ask({ task, predict }: WalkRun, question: string, answer: string): Promise<Asked> {
  const theirs = [...answer];
  const read = [...question];
  const at = theirs.length === 1
    ? [{ after: question, candidates: await task.candidates?.(predict, question) ?? [] }]
    : await task.candidatesAtEach?.(predict, question) ?? [];
  const heads = ["after", "lesson", "here", "likeliest"];
  const rows = at.map(({ candidates }, i) => [
    quote(theirs.length === 1 ? question : read.slice(0, i + 1).join("")),
    quote(theirs[i] ?? ""),
    quote(candidates[0]?.text ?? ""),
    candidates.slice(0, SHOWN).map(chanceText).join("  "),
  ]);
  const said = at.map(({ candidates }) => candidates[0]?.text ?? "");
  return {
    part: {
      title: theirs.length === 1
        ? "What comes next:"
        : `After each character of ${quote(question)}: the lesson says ${
          quote(answer)
        }, here it is ` +
          quote(said.join("")),
      lines: formatTable([heads, ...rows], [0, 1, 2, 3]),
    },
    right: said.filter((character, i) => character === theirs[i]).length,
    count: theirs.length,
  };
}

/** Puts tables of one row together. */
function together(parts: readonly WalkPart[]): WalkPart {
  const [{ title, lines: [heads] }] = parts;
  const rows = parts.map(({ lines }) => lines[lines.length - 1]);
  return { title, lines: [heads, ...rows] };
}

function chanceText({ text, probability }: Candidate): string {
  return `${quote(text)} ${(100 * probability).toFixed(1).padStart(4)} %`;
}

function quote(text: string): string {
  return `"${visible(text.replaceAll("\n", "↵"))}"`;
}

/** The mean loss at each place of windows that are trained on. */
async function lossByPlace({ task, predict, seed }: WalkRun): Promise<number[]> {
  const { spec: { outputs, length } } = task;
  if (outputs.kind !== "class" || length === "variable") return [];
  const count = Math.min(
    Math.ceil(
      WINDOWS / Number((task.options as { readonly batch?: number } | undefined)?.batch ?? 1),
    ),
    task.stepsPerEpoch ?? 0,
  );
  if (count === 0) return [];
  const { size, inputs, targets } = joinBatches(task, { count, seed });
  const { outputs: logits } = await predict({ length, size, inputs });
  const sums = new Float64Array(length);
  for (const [place, target] of targets.entries()) {
    const chances = softmaxAt(logits, place * outputs.classes, outputs.classes);
    sums[Math.floor(place / size)] -= Math.log(chances[target]);
  }
  return [...sums].map((sum) => sum / size);
}

function placesPart(places: readonly number[], theirs: readonly number[] | undefined): WalkPart {
  const numbers = (row: readonly number[]) => row.map((loss) => loss.toFixed(2));
  return {
    title: "The loss after so many characters, in nats, of windows that it is trained on",
    lines: formatTable([
      ["characters read", ...places.map((_, i) => String(i + 1))],
      ...(theirs === undefined ? [] : [["the lesson", ...numbers(theirs)]]),
      ["here", ...numbers(places)],
    ], [0]),
  };
}

function placesSentence(places: readonly number[]): string[] {
  const [first, last] = [places[0], places[places.length - 1]];
  if (first === undefined) return [];
  return [
    `After one character the next is guessed with a loss of ${first.toFixed(2)}, after ` +
    `${places.length} with ${last.toFixed(2)}: ${memoryText(places)}.`,
  ];
}

/** Says up to which place what was read lowers the loss, to within a tenth of a nat of the least. */
function memoryText(places: readonly number[]): string {
  const least = Math.min(...places);
  if (!(places[0] - least > LITTLE)) return "what was read before helps little yet";
  const enough = places.findIndex((loss) => loss <= least + LITTLE) + 1;
  if (enough > 2) return `up to ${enough} characters back, what was read is remembered, and helps`;
  return "one character before the last helps, and what was read before that little yet";
}

/** Epochs that are shown, at most. */
const EPOCHS = 12;

function epochsPart({ validations, task: { spec, stepsPerEpoch } }: WalkRun): WalkPart[] {
  if (validations.length < 2) return [];
  const per = spec.loss.reduction === "sum" && spec.length !== "variable" ? spec.length : 1;
  const every = Math.ceil(validations.length / EPOCHS);
  const chosen = validations.filter((_, i) =>
    (i + 1) % every === 0 || i === validations.length - 1
  );
  return [{
    title: "Training loss since the line before, and the loss on text that was held out",
    lines: formatTable([
      [stepsPerEpoch === undefined ? "step" : "epoch", "training", "held out"],
      ...chosen.map(({ step, trainingLoss, validation }) => [
        stepsPerEpoch === undefined ? String(step) : epochText(step / stepsPerEpoch),
        (trainingLoss / per).toFixed(3),
        validation.loss.toFixed(3),
      ]),
    ]),
  }];
}

function epochText(epochs: number): string {
  return Number.isInteger(epochs) ? String(epochs) : epochs.toFixed(2);
}

function epochsSentence({ validations }: WalkRun): string[] {
  if (validations.length < 2) return [];
  const losses = validations.map(({ validation }) => validation.loss);
  const least = Math.min(...losses);
  const place = losses.indexOf(least);
  if (place === losses.length - 1) {
    return [
      `Held-out text was still guessed better at the end (${least.toFixed(3)}): it could go on.`,
    ];
  }
  return [
    `Held-out text was guessed best at validation ${place + 1} of ${losses.length} ` +
    `(${least.toFixed(3)}, at the end ${
      losses[losses.length - 1].toFixed(3)
    }): from there on it learns ` +
    `its own text by heart.`,
  ];
}
