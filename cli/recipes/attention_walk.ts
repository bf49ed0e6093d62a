/**
 * What `count-attention` ends with: attention beside the other networks that count, by the number of nines and of digits.
 *
 * @module
 */

import type { Probe } from "@unroll/core/plugin";
import { formatCount, formatPercent } from "../format.ts";
import { axesOf, formatLimits, type Limit, limitOf } from "../reporting/limits.ts";
import type { Recipe } from "./recipe.ts";
import { runRecipe } from "./run_recipe.ts";
import type { Walk, WalkRun } from "./walk.ts";

/** Nines and digits that a table of 80 columns has lines for. */
const SHOWN: ReadonlySet<number> = new Set([
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 40, 50, 70],
  ...[100, 200, 500, 1000],
]);

/** A network that was trained, and what it answers. */
interface Counter {
  readonly name: string;
  /** Fraction of wrong numbers of up to as many digits as in training. */
  readonly error: number;
  readonly probes: readonly Probe[];
}

/** A recipe to set beside, and from which seed; its own where that is left out. */
export interface Rival {
  /** What it is called in the table. */
  readonly name: string;
  /** How it is trained. */
  readonly recipe: Recipe;
  /** The seed. */
  readonly seed?: number;
}

/**
 * Makes the walk: trains the others for as many steps, and asks all of them the same.
 *
 * @param run The recipe, trained.
 * @param rivals What to set beside it, in the order of the table.
 * @returns The walk.
 */
export async function attentionWalk(run: WalkRun, rivals: readonly Rival[]): Promise<Walk> {
  const { validations, task, predict, name } = run;
  const steps = validations.at(-1)?.step;
  const errors = validations.filter(({ best }) => best).map(({ validation }) => validation.error);
  const own: Counter = {
    name: run.changes?.length ? "this run" : "content",
    error: errors.at(-1) ?? NaN,
    probes: await probesOf(task.probes?.(predict)),
  };
  const others: Counter[] = [];
  for (const { name, recipe, seed } of rivals) {
    using result = await runRecipe(recipe, {
      ...(seed === undefined ? {} : { seed }),
      training: { device: "cpu", ...(steps === undefined ? {} : { steps }) },
      // What is told of validations is not looked at.
      taskOptions: { testDigits: 0 },
    });
    const { trained } = result;
    others.push({
      name,
      error: trained.error ?? NaN,
      probes: await probesOf(trained.task.probes?.(trained.predict)),
    });
  }
  const counters = [own, ...others];
  const limits = new Map(counters.map((counter) => [counter.name, limitsOf(counter)]));
  const text = formatLimits(
    counters.map(({ name, probes }) => ({
      name,
      probes: probes.filter(({ at }) => SHOWN.has(at)),
    })),
    { brief: true },
  );
  const count = own.probes[0]?.count ?? 0;
  const trained = own.probes[0]?.trained ?? 0;
  const [nines, digits] = text.trimEnd().split("\n\n");
  const nine = (counter: string) => ninesText(limits.get(counter)?.nines);
  return {
    parts: [
      {
        title: `Right answers of ${count} by the number of nines at the end, after training on ` +
          `numbers of up to ${trained} digits`,
        lines: nines.split("\n"),
      },
      { title: "The same by the number of digits, at random", lines: digits.split("\n") },
    ],
    sentences: [
      `In the length of training: ${
        counters.map(({ name, error }) => `${name} ${formatPercent(1 - error)}`).join(", ")
      } of the numbers right.`,
      ...counters.map(({ name }) => `${name} ${nine(name)}.`),
      ...lengthSentence([own, ...others.filter(({ name }) => name === "location")]),
    ],
    beside: [
      ["training length", "good", formatPercent(1 - own.error)],
      ["beyond, content", "fail, same carry problem", nine(own.name)],
      ["beyond, location", "fail, same carry problem", nine("location")],
      ["external memory", "in search for that one", `a stack: ${nine("stack-rnn")}`],
    ],
    next: [
      {
        what: "see what it learns where training has carries through many nines",
        words: "recipe count-attention --carries 0.5",
      },
      { what: "see the network with the stack", words: "recipe count-stack" },
      { what: "look for the carry in its states", words: `inspect ${name}` },
    ],
  };
}

async function probesOf(asked: AsyncIterable<Probe> | undefined): Promise<Probe[]> {
  const probes: Probe[] = [];
  for await (const probe of asked ?? []) probes.push(probe);
  return probes;
}

/** How far a network is right, along each axis. */
function limitsOf({ probes }: Counter): { readonly nines?: Limit; readonly digits?: Limit } {
  const [nines, digits] = axesOf(probes).map((axis) =>
    limitOf(probes.filter((probe) => probe.axis === axis))
  );
  return { nines, digits };
}

function ninesText(limit: Limit | undefined): string {
  if (limit === undefined) return "says nothing";
  const { rightThrough, wrongFrom } = limit;
  if (wrongFrom === undefined) {
    return `carries through all ${formatCount(rightThrough ?? 0)} nines that were tried`;
  }
  return `loses the carry from ${wrongFrom} nines on`;
}

/** What attention says to the longest numbers at random, of which hardly one carries far. */
function lengthSentence(counters: readonly Counter[]): string[] {
  const longest = counters.map(({ probes }) => probes.findLast(({ axis }) => axis === "digits"));
  const [first] = longest;
  if (first === undefined) return [];
  const right = counters.map(({ name }, i) => `${name} ${longest[i]?.right}`).join(", ");
  const isRight = longest.every((probe) => probe !== undefined && probe.right > probe.count / 2);
  return [
    `Of ${first.count} random numbers of ${
      formatCount(first.at)
    } digits they have right: ${right}. ` +
    (isRight
      ? "So it is not length by itself that is too much: it is a carry from further back than " +
        "nearly all in training, where one number in 10,000 ends with 4 nines."
      : "So it is length by itself that is too much."),
  ];
}
