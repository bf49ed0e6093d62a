/**
 * What a recipe that learns a text ends with: how the loss went, and a sample of what it writes.
 *
 * @module
 */

import { formatCount, formatFigure, formatTable, wrapLines } from "../format.ts";
import { bar, type NextCommand, type Walk, type WalkPart, type WalkRun } from "./walk.ts";

/** Characters of the sample. */
const SAMPLE = 400;
/** Validations in the table at most. */
const ROWS = 14;

/**
 * Makes the walk of a recipe that learns a text.
 *
 * @param run The recipe, trained.
 * @param after What to run next.
 * @returns The walk; `undefined` where nothing can be written.
 */
export async function textWalk(
  run: WalkRun,
  after: (name: string) => readonly NextCommand[],
): Promise<Walk | undefined> {
  const { task, predict, validations, seed, columns, name } = run;
  const { outputs } = task.spec;
  const best = validations.findLast(({ best }) => best);
  if (outputs.kind !== "class" || task.sample === undefined || best === undefined) return undefined;
  let sample = "";
  // Not the sample again that was shown already.
  const request = { length: SAMPLE, seed: seed + 1 };
  for await (const piece of task.sample(predict, request)) sample += piece;
  const start = Math.log(outputs.classes);
  const { validation: { loss } } = best;
  const gap = loss - best.trainingLoss;
  return {
    parts: [lossPart(run, start), {
      title: `${SAMPLE} characters that it writes by itself, drawn by its probabilities (seed ${
        seed + 1
      })`,
      lines: sample.split("\n").flatMap((line) => wrapLines(printable(line), columns)),
    }],
    sentences: [
      `It began with a loss of ln ${outputs.classes} = ${
        start.toFixed(2)
      } nats per character, all ` +
      `characters equally likely, and came to ${
        formatFigure(loss)
      } on text that it was never shown: ` +
      `as if there were ${Math.exp(loss).toFixed(1)} equally likely characters at each place.`,
      gap < 0
        ? `While it learned this, the loss of training was ${
          formatFigure(best.trainingLoss)
        } on average, no less than on text that was held out: nothing is learned by heart.`
        : `On what it trains on the loss is ${formatFigure(best.trainingLoss)}, ${
          formatFigure(gap)
        } lower than on text that was held out: so much is learned by heart.`,
    ],
    next: after(name),
  };
}

/**
 * Makes the command that lets a network write on.
 *
 * @param run The recipe, trained.
 * @param prompt What it begins with, where the network knows all of its characters.
 * @returns The command.
 */
export function writeOn({ task: { options }, name }: WalkRun, prompt: string): NextCommand {
  const { alphabet } = options as { readonly alphabet?: unknown };
  return [...prompt].every((character) => String(alphabet).includes(character))
    ? {
      what: "let it write on from a beginning of yours",
      words: `sample ${name} --prompt ${JSON.stringify(prompt)} --length 500`,
    }
    : { what: "let it write more", words: `sample ${name} --length 500` };
}

function lossPart({ validations, columns }: WalkRun, start: number): WalkPart {
  const every = Math.ceil(validations.length / ROWS);
  const shown = validations.filter((_, i) => (validations.length - 1 - i) % every === 0);
  const rows = shown.map(({ step, validation: { loss }, trainingLoss }) => [
    formatCount(step),
    formatFigure(trainingLoss),
    formatFigure(loss),
    bar(loss / start, Math.min(40, columns - 34)),
  ]);
  return {
    title: `Loss in nats per character; the whole bar is ln of all characters, ${start.toFixed(2)}`,
    lines: formatTable([["step", "training", "held out", ""], ...rows], [3]),
  };
}

/** Takes out what a terminal would obey. */
function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, "·");
}
