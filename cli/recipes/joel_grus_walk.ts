/**
 * What the recipes of Joel Grus' library end with: what is predicted beside what is right, and the loss of every epoch; or
 * step by step how it blows up.
 *
 * @module
 */

import { argmaxAt } from "@unroll/core/plugin";
import { fizzbuzzClass, fizzbuzzWord } from "@unroll/tasks";
import { formatCount, formatFigure, formatFixed, formatPercent, formatTable } from "../format.ts";
import type { RecipeMoment } from "./recipe.ts";
import type { NextCommand, Walk, WalkPart, WalkRun } from "./walk.ts";

/** Epochs that are shown at most. */
const ROWS = 20;
/** The numbers that are asked for, which were not trained on. */
const LAST = 100;

/**
 * Makes the walk of XOR.
 *
 * @param run The recipe, trained.
 * @param next What to run next.
 */
export async function xorWalk(run: WalkRun, next: readonly NextCommand[]): Promise<Walk> {
  const { predict } = run;
  const cases = [[0, 0], [1, 0], [0, 1], [1, 1]];
  const rows = await Promise.all(cases.map(async ([a, b]) => {
    const { outputs } = await predict({ length: 2, inputs: Float32Array.of(a, b) });
    return { a, b, outputs, right: argmaxAt(outputs, 0, 2) === (a ^ b) };
  }));
  const right = rows.filter(({ right }) => right).length;
  const near = Math.max(
    ...rows.flatMap(({ outputs }) => [...outputs].map((y) => Math.abs(y - 0.5))),
  );
  return {
    parts: [
      epochsPart(run, []),
      {
        title: "What it says to each case, x beside what is predicted and what is right",
        lines: formatTable([
          ["x", "predicted", "right"],
          ...rows.map(({ a, b, outputs }) => [
            `${a} ${b}`,
            [...outputs].map((y) => formatFixed(y, 3)).join(" "),
            `${Number((a ^ b) === 0)} ${a ^ b}`,
          ]),
        ], [0, 1, 2]),
      },
    ],
    sentences: [
      near > 0.1
        ? `${right} of 4 cases are right.`
        : `It says 0.5 to everything, within ${
          formatFixed(near, 3)
        }: no line divides the two classes, and ` +
          "half is the least that squared errors allow.",
    ],
    beside: [[
      "says",
      near > 0.1 ? "almost 1 and 0, almost 0 and 1" : "0.5 and 0.5",
      rows.map(({ outputs }) => [...outputs].map((y) => formatFixed(y, 2)).join(" ")).join(", "),
    ]],
    next,
  };
}

/**
 * Makes the walk of FizzBuzz from bits.
 *
 * @param run The recipe, trained.
 */
export async function fizzbuzzMlpWalk(run: WalkRun): Promise<Walk | undefined> {
  const { task, predict, columns, name } = run;
  if (task.spec.inputs.kind !== "vector") return undefined;
  const answers: number[] = [];
  for (let n = 1; n <= LAST; n++) {
    const { length, inputs } = task.encode!(String(n));
    answers.push(argmaxAt((await predict({ length, inputs })).outputs, 0, 4));
  }
  const wrong = answers.flatMap((said, i) => said === fizzbuzzClass(i + 1) ? [] : [i + 1]);
  const cells = answers.map((said, i) => {
    const [predicted, actual] = [said, fizzbuzzClass(i + 1)].map((kind) =>
      fizzbuzzWord(i + 1, kind)
    );
    return `${String(i + 1).padStart(3)} ${predicted}${predicted === actual ? "" : ` ≠ ${actual}`}`;
  });
  const width = Math.max(...cells.map((cell) => cell.length)) + 2;
  const across = Math.max(1, Math.floor((columns + 2) / width));
  const down = Math.ceil(LAST / across);
  return {
    parts: [
      epochsPart(run, [[
        "of 1..100",
        ({ validation: { metrics } }) => rightOf(metrics?.error_1_to_100),
      ], [
        "of the trained",
        ({ validation: { error } }) => error === undefined ? "" : formatPercent(1 - error),
      ]]),
      {
        title:
          "1 to 100, which it was never shown: predicted, and what is right where that differs",
        lines: Array.from(
          { length: down },
          (_, row) =>
            cells.filter((_, i) => i % down === row).map((cell) => cell.padEnd(width)).join("")
              .trimEnd(),
        ),
      },
    ],
    sentences: [
      wrong.length === 0
        ? "All of 1 to 100 are right, of which it has seen none."
        : `${LAST - wrong.length} of 1 to 100 are right, of which it has seen none; wrong are ${
          wrong.join(", ")
        }.`,
      "The parameters are those that are best on the numbers it is trained on, not on 1 to 100.",
    ],
    next: [
      {
        what: "see how a rate of 0.01 blows up, as it first did in the video",
        words: "recipe fizzbuzz-mlp-diverges",
      },
      { what: "ask it about a number", words: `predict ${name} --input 97` },
      {
        what: "see a network that counts, and is told no bits",
        words: "recipe theano-fizzbuzz",
      },
    ],
  };
}

function rightOf(error: number | undefined): string {
  return error === undefined ? "" : String(Math.round(LAST * (1 - error)));
}

type Column = readonly [head: string, text: (validation: WalkRun["validations"][number]) => string];

/** The loss of epochs, summed over all cases as in the video. */
function epochsPart({ validations, task }: WalkRun, more: readonly Column[]): WalkPart {
  const { stepsPerEpoch = 1 } = task;
  const every = Math.ceil(validations.length / ROWS);
  const chosen = validations.filter((_, i) =>
    (i + 1) % every === 0 || i === validations.length - 1
  );
  return {
    title: "Epoch and loss, summed over an epoch's batches, on average since the line before",
    lines: formatTable([
      ["epoch", "loss", ...more.map(([head]) => head)],
      ...chosen.map((validation) => [
        formatCount(validation.step / stepsPerEpoch),
        formatFigure(validation.trainingLoss * stepsPerEpoch),
        ...more.map(([, text]) => text(validation)),
      ]),
    ]),
  };
}

const KINDS = ["number", "fizz", "buzz", "fizzbuzz"] as const;

/**
 * Measures what a network says of 1 to 100, as counts of each word, and how large its outputs are.
 *
 * @param moment The network on its way.
 */
export async function measureAnswers(
  { task, predict }: Pick<RecipeMoment, "task" | "predict">,
): Promise<Readonly<Record<string, number>>> {
  const counts = KINDS.map(() => 0);
  let largest = 0;
  let right = 0;
  for (let n = 1; n <= LAST; n++) {
    const { length, inputs } = task.encode!(String(n));
    const { outputs } = await predict({ length, inputs });
    const said = argmaxAt(outputs, 0, KINDS.length);
    counts[said]++;
    right += Number(said === fizzbuzzClass(n));
    largest = Math.max(largest, ...outputs.map(Math.abs));
  }
  return {
    right_of_100: right,
    ...Object.fromEntries(KINDS.map((kind, i) => [`says_${kind}`, counts[i]])),
    ...(Number.isFinite(largest) ? { largest_output: largest } : {}),
  };
}

/**
 * Makes the walk of a training that diverges.
 *
 * @param run The recipe, up to where its loss was no number any more.
 * @param divergedAt The step of that, counted from 1.
 */
export function divergedWalk({ validations, task }: WalkRun, divergedAt?: number): Walk {
  const { stepsPerEpoch = 1 } = task;
  const last = validations.at(-1);
  const losses = validations.map(({ trainingLoss }) => trainingLoss);
  const growth = losses.slice(1).map((loss, i) => loss / losses[i]);
  const most = Math.max(0, ...growth.filter(Number.isFinite));
  return {
    parts: [{
      title: "The loss of each step's 32 numbers, and what is then said to 1 to 100",
      lines: formatTable([
        ["step", "loss", "largest output", "right", ...KINDS.map((kind) => `"${kind}"`)],
        ...validations.slice(-ROWS).map(({ step, trainingLoss, measured }) => [
          String(step),
          large(trainingLoss),
          measured.largest_output === undefined ? "∞" : large(measured.largest_output),
          String(measured.right_of_100),
          ...KINDS.map((kind) => String(measured[`says_${kind}`])),
        ]),
        ...(divergedAt === undefined
          ? []
          : [[String(divergedAt), "no number", ...Array<string>(KINDS.length + 2).fill("")]]),
      ]),
    }],
    sentences: divergedAt === undefined || last === undefined ? ["It did not blow up."] : [
      `The loss starts at ${large(losses[0])} and grows by up to ${
        large(most)
      } times a step. At step ` +
      `${divergedAt}, in epoch ${
        Math.ceil(divergedAt / stepsPerEpoch)
      }, it is more than numbers of 32 ` +
      `bits hold; those of 64 bits, at this pace, are full in epoch ${
        Math.ceil(stepsTo(Number.MAX_VALUE, losses) / stepsPerEpoch)
      }: the video sees some losses grow before its own is no number.`,
      "Each step overshoots: what it takes from the error on its 32 numbers it adds many times over on " +
      "the other side, and the next step is larger by that.",
      `In the end it says ${
        KINDS.filter((kind) => (last.measured[`says_${kind}`] ?? 0) > 0)
          .map((kind) => `"${kind}" to ${last.measured[`says_${kind}`]}`).join(", ")
      } of 100, and ${last.measured.right_of_100} are right.`,
    ],
    beside: [[
      "losses",
      "huge, huger, huger, not a number",
      divergedAt === undefined ? "finite" : `no number at step ${divergedAt}`,
    ]],
    next: [
      { what: "take a tenth of the rate, as the video does", words: "recipe fizzbuzz-mlp" },
      {
        what: "look for a rate by growing it step by step",
        words: "lr-find --model mlp --task fizzbuzz --encoding binary",
      },
    ],
  };
}

/** Steps until numbers that grow as these do are larger than a limit. */
function stepsTo(limit: number, losses: readonly number[]): number {
  const last = losses[losses.length - 1];
  const pace = Math.log(last / losses[0]) / (losses.length - 1);
  return losses.length + Math.log(limit / last) / pace;
}

function large(value: number): string {
  return value < 1e5 ? formatCount(value) : value.toExponential(1);
}
