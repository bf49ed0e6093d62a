/**
 * Recipes and their results, for people.
 *
 * @module
 */

import { formatDifference, formatNumber, formatTable, wrapLines } from "../format.ts";
import { commandLine } from "../program.ts";
import { type Post, postOf } from "./posts.ts";
import { formatWalk, type Walk } from "./walk.ts";
import {
  compare,
  type Comparison,
  type ExpectedResult,
  type Measured,
  type Recipe,
} from "./recipe.ts";

/**
 * Formats comparisons as a table.
 *
 * @param comparisons What was known and what a run got.
 * @returns Lines of text, or none where nothing was known.
 *
 * @example Usage
 * ```ts
 * import { compare, formatComparisons, RECIPES } from "@unroll/cli/recipes";
 * import { strictEqual } from "node:assert/strict";
 *
 * const measured = {
 *   validationLoss: 2,
 *   metrics: {},
 *   trainingLoss: 2,
 *   smoothedLoss: () => NaN,
 * };
 * strictEqual(
 *   formatComparisons(compare(RECIPES["xor-linear"], measured)).split("\n")[0],
 *   "                 known  got  difference",
 * );
 * ```
 */
export function formatComparisons(comparisons: readonly Comparison[]): string {
  if (comparisons.length === 0) return "";
  const rows = [
    ["", "known", "got", "difference", ""],
    ...comparisons.map((comparison) => {
      const { expected, name, actual, difference } = comparison;
      return [
        name,
        formatExpected(expected),
        formatNumber(actual),
        formatDifference(difference),
        `${verdictOf(comparison)}: ${expected.source}`,
      ];
    }),
  ];
  return formatTable(rows, [0, 4]).map((line) => `${line}\n`).join("");
}

/** Says whether a number is as known. */
export function verdictOf({ actual, passes }: Pick<Comparison, "actual" | "passes">): string {
  if (Number.isNaN(actual)) return "not measured";
  if (passes === undefined) return "set beside";
  return passes ? "as known" : "not as known";
}

/**
 * Formats a known number, with the sign of a bound.
 *
 * @example Usage
 * ```ts
 * import { formatExpected } from "@unroll/cli/recipes";
 * import { strictEqual } from "node:assert/strict";
 *
 * const expected = { measure: "error", value: 0.1, is: "at most", source: "their page" } as const;
 * strictEqual(formatExpected(expected), "≤ 0.1");
 * ```
 */
export function formatExpected({ is, value }: ExpectedResult): string {
  return `${{ "near": "", "beside": "", "at most": "≤ ", "at least": "≥ " }[is]}${
    formatNumber(value)
  }`;
}

/** What a recipe came to, and how it was run. */
export interface Outcome {
  /** Its name. */
  readonly name: string;
  /** What the run gave. */
  readonly measured: Measured;
  /** What it ends with, where something was made. */
  readonly walk?: Walk;
  /** What was otherwise than in the recipe, such as `hidden 4 where the recipe has 5`. */
  readonly changes: readonly string[];
  /** In what its text is otherwise than the one that the known numbers are of. */
  readonly otherText?: string;
  /** The width of the terminal. */
  readonly columns: number;
}

/**
 * Formats what came of a run of a recipe: its walk, with the known numbers beside those of the run.
 *
 * @param recipe The recipe.
 * @param outcome What it came to.
 * @returns Lines, each with its end.
 */
export function formatOutcome(recipe: Recipe, outcome: Outcome): string {
  const { name, measured, changes, otherText, columns } = outcome;
  const { walk = { parts: [], sentences: [], next: [] } } = outcome;
  const { note, spread } = recipe;
  const isAsKnown = changes.length === 0;
  const known = [
    ...knownLines(compare(recipe, measured), columns, isAsKnown && otherText === undefined),
    ...(otherText === undefined ? [] : wrapLines(
      `Not the text of the known numbers: ${otherText}. So nothing is claimed of what is known.`,
      columns,
    )),
    ...(isAsKnown ? [] : wrapLines(
      `Not the recipe as it is: ${changes.join(", ")}. So nothing is claimed of what is known.`,
      columns,
    )),
    ...trainingLines(recipe, measured, columns),
    // What is said of the recipe holds for it as it is.
    ...(note === undefined || !isAsKnown ? [] : wrapLines(`${note}.`, columns)),
  ];
  const post: Post | undefined = postOf(name);
  return formatWalk(walk, {
    known,
    ...(isAsKnown && spread !== undefined ? { spread } : {}),
    ...(post === undefined ? {} : { post }),
    command: (words) => commandLine(words),
    columns,
  });
}

/** A table of the known numbers, and below it who measured them. */
function knownLines(
  comparisons: readonly Comparison[],
  columns: number,
  isClaimed: boolean,
): string[] {
  if (comparisons.length === 0) return [];
  const rows = [
    ["", "known", "got", "difference", ""],
    ...comparisons.map((comparison) => [
      comparison.name,
      formatExpected(comparison.expected),
      formatNumber(comparison.actual),
      formatDifference(comparison.difference),
      isClaimed ? verdictOf(comparison) : "",
    ]),
  ];
  const sources = new Map<string, string[]>();
  for (const { name, expected: { source } } of comparisons) {
    sources.set(source, [...sources.get(source) ?? [], name]);
  }
  return [
    ...formatTable(rows, [0, 4]),
    ...[...sources].flatMap(([source, names]) =>
      wrapLines(
        sources.size === 1 ? `Known: ${source}.` : `${nameList(names)}: ${source}.`,
        columns,
      )
    ),
  ];
}

function nameList(names: readonly string[]): string {
  const [first] = names;
  return names.length > 3 ? `${first} and ${names.length - 1} more` : names.join(", ");
}

/** The loss of training beside that of text which was held out, both for one character. */
function trainingLines(recipe: Recipe, measured: Measured, columns: number): string[] {
  const one = recipe.expected.find(({ measure }) => measure === "training loss");
  if (one === undefined) return [];
  const { per = 1 } = one;
  const loss = (measured.trainingLoss / per).toFixed(3);
  return wrapLines(
    `Mean training loss ${loss}, on text that was held out ${
      measured.validationLoss.toFixed(3)
    }, ` +
      "both in nats per character.",
    columns,
  );
}

/**
 * Describes a recipe and what is known of it.
 *
 * @param recipe The recipe.
 * @returns Paragraphs.
 */
export function describeRecipe({ summary, expected, corpus, note }: Recipe): string {
  const parts = [
    summary,
    ...expected.slice(0, 3).map((one) =>
      `Known: ${one.measure} ${formatExpected(one)}, ${one.source}`
    ),
    ...(corpus === undefined ? [] : [`Its text, for --corpus: ${corpus}`]),
    ...(note === undefined ? [] : [note]),
  ];
  return parts.join("\n\n");
}

/**
 * Lists recipes.
 *
 * @param recipes The recipes by name.
 * @param columns The width of the terminal.
 * @returns Lines, each with its end.
 */
export function formatRecipes(
  recipes: Readonly<Record<string, Recipe>>,
  columns: number,
): string {
  const width = Math.max(0, ...Object.keys(recipes).map((name) => name.length));
  return Object.entries(recipes).flatMap(([name, { summary, corpus }]) =>
    wrapLines(
      `${summary}${corpus === undefined ? "" : "; needs --corpus"}`,
      columns,
      `  ${name.padEnd(width)}  `,
    )
  ).map((line) => `${line}\n`).join("");
}
