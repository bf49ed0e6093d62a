/**
 * Recipes and their results, for people.
 *
 * @module
 */

import { formatDifference, formatNumber, formatTable } from "../format.ts";
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
    ...comparisons.map(({ expected, name, actual, difference, passes }) => [
      name,
      formatExpected(expected),
      formatNumber(actual),
      formatDifference(difference),
      `${
        passes ? "as known" : Number.isNaN(actual) ? "not measured" : "not as known"
      }: ${expected.source}`,
    ]),
  ];
  return formatTable(rows, [0, 4]).map((line) => `${line}\n`).join("");
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
  return `${{ "near": "", "at most": "≤ ", "at least": "≥ " }[is]}${formatNumber(value)}`;
}

/**
 * Formats what came of a run of a recipe.
 *
 * @param recipe The recipe.
 * @param measured What the run gave.
 * @returns Lines, each with its end.
 */
export function formatOutcome(recipe: Recipe, measured: Measured): string {
  const comparisons = compare(recipe, measured);
  const { trainingLoss, validationLoss } = measured;
  const isTraining = comparisons.some(({ expected }) => expected.measure === "training loss");
  return [
    `\n${formatComparisons(comparisons)}`,
    ...(isTraining
      ? [
        `Mean training loss ${trainingLoss.toFixed(3)}; on text that was held out, ` +
        `${validationLoss.toFixed(3)} nats per character\n`,
      ]
      : []),
    ...(recipe.note === undefined ? [] : [`${recipe.note}\n`]),
  ].join("");
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
 * @returns Lines, each with its end.
 */
export function formatRecipes(recipes: Readonly<Record<string, Recipe>>): string {
  const width = Math.max(0, ...Object.keys(recipes).map((name) => name.length));
  return Object.entries(recipes).map(([name, { summary, corpus }]) =>
    `  ${name.padEnd(width)}  ${summary}${corpus === undefined ? "" : "; needs --corpus"}\n`
  ).join("");
}
