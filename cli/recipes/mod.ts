/**
 * The recipes: models, tasks and settings whose result is known.
 *
 * @example Run one, and see whether the result is as known
 * ```ts
 * import { formatComparisons, RECIPES, runRecipe } from "@unroll/cli/recipes";
 * import { match } from "node:assert/strict";
 *
 * using run = await runRecipe(RECIPES["xor-linear"], { epochs: 2000 });
 * match(formatComparisons(run.comparisons), /as known/);
 * ```
 *
 * @module
 */

import { BEYOND } from "./beyond.ts";
import { DIGIT_RNN } from "./digit_rnn.ts";
import { JOEL_GRUS } from "./joel_grus.ts";
import { LESSON6 } from "./lesson6.ts";
import { MIN_CHAR_RNN } from "./min_char_rnn.ts";
import type { Recipe } from "./recipe.ts";
import { THEANO_FIZZBUZZ } from "./theano_fizzbuzz.ts";

export * from "./recipe.ts";
export { formatComparisons, formatExpected } from "./recipe_text.ts";
export { formatDifference, formatNumber } from "../format.ts";
export * from "./run_recipe.ts";
export * from "./posts.ts";
export { fetchLine, type Text, TEXTS } from "./texts.ts";
export type { ColorDepth } from "../reporting/heat_map.ts";
export type { NextCommand, Walk, WalkPart, WalkRun, WalkValidation } from "./walk.ts";
export type { RecipeEvent } from "./monitor.ts";

/** The recipes by name, write-up by write-up. */
export const RECIPES: Readonly<Record<string, Recipe>> = {
  ...THEANO_FIZZBUZZ,
  ...DIGIT_RNN,
  ...MIN_CHAR_RNN,
  ...LESSON6,
  ...JOEL_GRUS,
  ...BEYOND,
};
