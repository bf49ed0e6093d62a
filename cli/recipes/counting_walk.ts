/**
 * What the recipes that count end with: accuracy as they learn, counting on beyond training, and the nine at which the
 * carry is lost.
 *
 * @module
 */

import { argmaxAt, type Probe, randomFor, type TaskInstance } from "@unroll/core/plugin";
import { formatCount, formatNumber, formatPercent, formatTable } from "../format.ts";
import { findingsOf } from "../reporting/findings.ts";
import { captureStudy } from "../reporting/hidden_states.ts";
import { type Limit, limitOf } from "../reporting/limits.ts";
import type { RecipeMoment } from "./recipe.ts";
import { unrolledPart } from "./unrolled.ts";
import { bar, type NextCommand, type Walk, type WalkPart, type WalkRun } from "./walk.ts";

/** The number that the post begins with. */
const POST_NUMBER = "1476233999";
/** Nines that bars are drawn of. */
const DRAWN = 40;
/** Digits of the numbers that the post tried at random. */
const TRIED = 20;
/** Digits in training from which on the nines at the end are looked at. */
const SHORT = 5;
/** Where counting on is shown from and to. */
const [FIRST, LAST] = [1, 110];

/**
 * Measures what fraction of the training numbers is answered right, all digits of each.
 *
 * @param moment The model on its way.
 * @returns `training_accuracy`; nothing for tasks without an end.
 */
export async function trainingAccuracy(
  { task, predict, seed }: RecipeMoment,
): Promise<Readonly<Record<string, number>>> {
  const { stepsPerEpoch, spec: { outputs } } = task;
  if (stepsPerEpoch === undefined || outputs.kind !== "class") return {};
  const batches = Array.from(
    { length: stepsPerEpoch },
    (_, step) => task.batch({ step, seed, random: randomFor(seed, step) }),
  );
  const [{ length, size }] = batches;
  const width = size * batches.length;
  const inputs = new Int32Array(length * width);
  const targets = new Int32Array(length * width);
  batches.forEach((batch, i) => {
    for (let t = 0; t < length; t++) {
      const [from, to] = [t * size, t * width + i * size];
      inputs.set(batch.inputs?.subarray(from, from + size) ?? [], to);
      targets.set(batch.targets.subarray(from, from + size), to);
    }
  });
  const answers = (await predict({ length, size: width, inputs })).outputs;
  const wrong = new Set<number>();
  for (let place = 0; place < targets.length; place++) {
    const said = argmaxAt(answers, place * outputs.classes, outputs.classes);
    if (said !== targets[place]) wrong.add(place % width);
  }
  return { training_accuracy: 1 - wrong.size / width };
}

/**
 * Makes the walk of a recipe that counts.
 *
 * @param run The recipe, trained.
 * @param after What to run next, besides looking at the run.
 * @returns The walk.
 */
export async function countingWalk(
  run: WalkRun,
  after: readonly NextCommand[],
): Promise<Walk> {
  const { task, predict, name } = run;
  const probes: Probe[] = [];
  for await (const probe of task.probes?.(predict) ?? []) probes.push(probe);
  const nines = probes.filter(({ axis }) => !axis.startsWith("digits"));
  const digits = probes.filter(({ axis }) => axis.startsWith("digits"));
  const limit = limitOf(nines);
  const counted = await countOn(run);
  const { lines: examples, wrong } = await examplesOf(run, limit);
  const tried = digits.find(({ at }) => at === TRIED);
  const trained = nines[0].trained ?? TRIED;
  const all = epochOfAll(run);
  const study = await captureStudy(task, predict);
  const fading = study === undefined ? [] : findingsOf(study).filter(({ kind }) =>
    // Where it fails though the carry is kept, the mistake is another one.
    kind === "fades" || (kind === "holds" && limit.wrongFrom === undefined)
  );
  const learned = all === undefined
    ? "It is not right for all numbers of training and validation at any time."
    : `From ${all} on it is right for all numbers of training and of validation.`;
  if (trained < SHORT) {
    return {
      parts: [accuracyPart(run), counted.part],
      sentences: [learned, `Further on, ${limitOf(digits).sentence}.`, lineSentence()],
      beside: [
        ["101, 102, …", "too few examples", counted.further],
        ["y = a·x + b", "a = 1 and b = 1, done", lineText(fitLine(SHOWN))],
      ],
      next: after,
    };
  }
  const unrolled = await unrolledPart(task, predict, POST_NUMBER, run.columns);
  const asked = `1${"9".repeat(wrong ?? Math.max(25, 2 * trained))}`;
  return {
    parts: [
      ...unrolled === undefined ? [] : [unrolled],
      accuracyPart(run),
      counted.part,
      barsPart(nines),
      {
        title: "Predicted beside actual, for 1 and ever more nines",
        lines: examples,
      },
    ],
    sentences: [
      learned,
      ...(tried === undefined || trained >= TRIED ? [] : [
        `Trained on ${trained} digits, it is right for ${tried.right} of ${tried.count} random ` +
        `numbers of ${TRIED} digits.`,
      ]),
      carrySentence(limit, trained),
      ...fading.map(({ text }) => text),
    ],
    beside: [
      ["all right", "after 3 to 4 epochs", all ?? "never"],
      ["20 digits", "worked perfectly well", tried ? `${tried.right} of ${tried.count}` : "-"],
      ["nines", "fails over 25", ninesText(limit)],
    ],
    next: [
      { what: "ask it for the post's own number", words: `predict ${name} --input ${POST_NUMBER}` },
      { what: "see the carry in its units", words: `inspect ${name} --input ${asked}` },
      ...after,
    ],
  };
}

/** What the post begins with: the numbers from 1 to 100. */
const SHOWN: readonly number[] = Array.from({ length: 100 }, (_, i) => i + 1);

/**
 * Fits y = a·x + b to x → x + 1 by least squares, which the post names as the simpler way.
 *
 * @param xs The numbers.
 * @returns Both numbers of the line.
 */
export function fitLine(xs: readonly number[]): { readonly a: number; readonly b: number } {
  const mean = xs.reduce((sum, x) => sum + x, 0) / xs.length;
  let both = 0;
  let own = 0;
  for (const x of xs) {
    both += (x - mean) * (x + 1 - (mean + 1));
    own += (x - mean) ** 2;
  }
  const a = both / own;
  return { a, b: mean + 1 - a * mean };
}

function lineText({ a, b }: ReturnType<typeof fitLine>): string {
  return `a = ${formatNumber(a)}, b = ${formatNumber(b)}`;
}

function lineSentence(): string {
  const line = fitLine(SHOWN);
  const x = Number(POST_NUMBER);
  return `A line, fitted to 1 to 100 by least squares, has ${lineText(line)} and says ${
    line.a * x + line.b
  } to ${x}: it is given numbers, where the network must find out what digits are.`;
}

/** How the accuracy went, on numbers of training and of validation. */
function accuracyPart({ validations, task, columns }: WalkRun): WalkPart {
  const isByEpoch = countsEpochs(validations, task);
  const width = Math.min(20, Math.floor((columns - 40) / 2));
  const rows = validations.map(({ step, validation: { metrics = {} }, measured }) => [
    isByEpoch ? String(epochsOf(step, task)) : formatCount(step),
    ...[measured.training_accuracy, metrics.number_accuracy].flatMap((share = NaN) =>
      Number.isNaN(share) ? ["-", ""] : [formatPercent(share), bar(share, width)]
    ),
  ]);
  const heads = [isByEpoch ? "epoch" : "step", "training", "", "validation", ""];
  return {
    title: "Numbers answered right, all digits of each",
    lines: formatTable([heads, ...rows], [2, 4]),
  };
}

type Validations = WalkRun["validations"];

function epochsOf(step: number, { stepsPerEpoch = 1 }: TaskInstance): number {
  return step / stepsPerEpoch;
}

function countsEpochs(validations: Validations, task: TaskInstance): boolean {
  return validations.every(({ step }) => Number.isInteger(epochsOf(step, task)));
}

/** When all numbers are right, for good. */
function epochOfAll({ validations, task }: WalkRun): string | undefined {
  const isRight = ({ validation, measured }: Validations[number]) =>
    validation.metrics?.number_accuracy === 1 && (measured.training_accuracy ?? 1) === 1;
  const last = validations.findLastIndex((one) => !isRight(one));
  const first = validations[last + 1];
  if (first === undefined) return undefined;
  return countsEpochs(validations, task)
    ? `epoch ${epochsOf(first.step, task)}`
    : `step ${formatCount(first.step)}`;
}

/** Lets the model count by itself, each answer the next question, and marks what is wrong. */
async function countOn(
  { task, predict, columns }: WalkRun,
): Promise<{ readonly part: WalkPart; readonly further: string }> {
  const words: string[] = [];
  let wrong: { readonly at: number; readonly said: string } | undefined;
  const request = { prompt: String(FIRST - 1), length: LAST };
  let n = FIRST;
  for await (const piece of task.sample?.(predict, request) ?? []) {
    const said = piece.trim();
    if (said !== String(n)) {
      wrong = { at: n, said };
      words.push(`!${said}!`);
      // One mistake would be counted on from.
      break;
    }
    words.push(said);
    n++;
  }
  const end = wrong === undefined
    ? `1 to 100, then 101, 102, … ${LAST}: all right`
    : `1 to ${wrong.at - 1} are right, and then ${wrong.said} where ${wrong.at} is right`;
  // The beginning and the end, as long as a line is wide.
  const shown: string[] = [];
  for (const word of words.toReversed()) {
    if ([...shown, word].join(" ").length > columns - 10) break;
    shown.unshift(word);
  }
  const begins = shown.length < words.length ? "1 2 3 … " : "";
  const further = wrong === undefined
    ? "right"
    : wrong.at > 100
    ? `${wrong.said} for ${wrong.at}`
    : `wrong at ${wrong.at} already`;
  return {
    further,
    part: {
      title: `Counting on by itself, each answer the next question. ${end}`,
      lines: [`${begins}${shown.join(" ")}`],
    },
  };
}

/** Eighths of a character, from the bottom. */
const EIGHTHS = [..." ▁▂▃▄▅▆▇█"];
/** Lines of the bars. */
const HEIGHT = 4;

/** Bars of right answers by the number of nines. */
function barsPart(nines: readonly Probe[]): WalkPart {
  const drawn = nines.filter(({ at }) => at <= DRAWN);
  const [{ count, trained = 0 }] = drawn;
  const levels = drawn.map(({ right, count }) => Math.round(right / count * HEIGHT * 8));
  const rows = Array.from({ length: HEIGHT }, (_, i) => {
    const below = (HEIGHT - 1 - i) * 8;
    const label = i === 0 ? "100 %" : i === HEIGHT - 1 ? "0 %" : "";
    const blocks = levels.map((level) => EIGHTHS[Math.min(8, Math.max(0, level - below))]);
    return `${label.padStart(6)} ${blocks.join("")}`.trimEnd();
  });
  const ruler = Array.from({ length: Math.ceil(drawn.length / 5) }, (_, i) => String(i * 5));
  const far = nines.filter(({ at }) => at > DRAWN).map(({ at, right }) =>
    `${formatCount(at)}: ${right}`
  );
  return {
    title: `Right answers by the number of nines at the end, of ${count} numbers each ` +
      `(training has up to ${trained} digits)`,
    lines: [
      ...rows,
      `       ${ruler.map((text) => text.padEnd(5)).join("")}`.trimEnd(),
      `       further on, of ${count}: ${far.join(", ")}`,
    ],
  };
}

/** What it says to 1999…9, before the first mistake and at it. */
async function examplesOf(
  { task, predict, columns }: WalkRun,
  { rightThrough = 0, wrongFrom }: Limit,
): Promise<{ readonly lines: string[]; readonly wrong?: number }> {
  const ask = async (count: number) => {
    const [said] = await task.answer?.(predict, `1${"9".repeat(count)}`) ?? [""];
    return { count, said, wanted: `2${"0".repeat(count)}` };
  };
  const asked = [await ask(Math.min(rightThrough, DRAWN))];
  for (let count = wrongFrom ?? DRAWN + 1; count <= DRAWN; count++) {
    const one = await ask(count);
    if (one.said === one.wanted) continue;
    asked.push(one);
    break;
  }
  const rows = asked.map(({ count, said, wanted }) => [
    String(count),
    said,
    wanted,
    said === wanted ? "" : "wrong",
  ]);
  const wrong = asked.find(({ said, wanted }) => said !== wanted)?.count;
  const heads = ["nines", "predicted", "actual", ""];
  const table = formatTable([heads, ...rows], [3]);
  const lines = table.every((line) => line.length <= columns)
    ? table
    // One below the other where two do not fit side by side.
    : rows.flatMap(([count, said, wanted, verdict]) => [
      `${count} nines: predicted ${said.padStart(wanted.length)} ${verdict}`.trimEnd(),
      `${" ".repeat(count.length)}           actual ${wanted}`,
    ]);
  return { lines, ...(wrong === undefined ? {} : { wrong }) };
}

function carrySentence({ rightThrough, wrongFrom, sentence }: Limit, trained: number): string {
  if (wrongFrom === undefined) {
    return `Trained on ${trained} digits, it carries through ${
      formatCount(rightThrough ?? 0)
    } nines, the most that were tried: this start keeps its carry.`;
  }
  return `The carry gets lost: ${sentence}.`;
}

function ninesText({ rightThrough, wrongFrom }: Limit): string {
  return wrongFrom === undefined
    ? `right through ${formatCount(rightThrough ?? 0)}`
    : `fails from ${wrongFrom}`;
}
