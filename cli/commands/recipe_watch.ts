/**
 * Tells of a recipe while it is trained, and what it came to; also where its run is resumed.
 *
 * @module
 */

import type { RunCallbacks } from "@unroll/core/runs";
import type { CommandContext } from "../context.ts";
import { jsonLine } from "../json_line.ts";
import { formatRecipeEvent, RecipeMonitor } from "../recipes/monitor.ts";
import { compare, type Recipe } from "../recipes/recipe.ts";
import { formatOutcome } from "../recipes/recipe_text.ts";
import { colorDepth } from "../reporting/heat_map.ts";

/** How to tell of a recipe. */
export interface WatchSettings {
  /** The recipe's name. */
  readonly name: string;
  /** Seed of the run. */
  readonly seed: number;
  /** Whether to print JSON lines. */
  readonly json: boolean;
  /** Whether to print the outcome alone. */
  readonly quiet: boolean;
  /** What is otherwise than in the recipe. */
  readonly changes: readonly string[];
  /** In what its text is otherwise than the one that the known numbers are of. */
  readonly otherText?: string;
}

/** A recipe that is listened to. */
export interface RecipeWatch {
  /** What training must be given. */
  readonly callbacks: RunCallbacks;
  /** Tells what it came to, once it has ended. */
  readonly tell: () => void;
}

/**
 * Listens to a recipe, and tells of it on the terminal.
 *
 * @param recipe The recipe.
 * @param settings How to tell of it.
 * @param context Where text goes.
 */
export function watchRecipe(
  recipe: Recipe,
  { name, seed, json, quiet, changes, otherText }: WatchSettings,
  { terminal }: Pick<CommandContext, "terminal">,
): RecipeWatch {
  const { write } = terminal;
  const columns = terminal.columns();
  // The bar of progress, which is drawn below again.
  const clear = terminal.isTerminal && terminal.isOutputTerminal ? "\r\x1b[K" : "";
  const monitor = new RecipeMonitor(recipe, {
    seed,
    // Reports tell of both alike.
    changes: otherText === undefined ? changes : [...changes, `the text: ${otherText}`],
    onEvent(event) {
      // A validation is an event of its own there.
      if (json) { if (event.event !== "checked") write(jsonLine(event)); }
      else if (!quiet) write(`${clear}${formatRecipeEvent(event)}`);
    },
    ...(quiet
      ? {}
      : { walk: { depth: colorDepth(terminal.outputColor, terminal.variable), columns } }),
  });
  return {
    callbacks: monitor.callbacks,
    tell() {
      const { measured, walk } = monitor;
      if (!json) {
        const outcome = { name, measured, walk, changes, otherText, columns };
        return write(formatOutcome(recipe, outcome));
      }
      for (const { expected, passes, ...rest } of compare(recipe, measured)) {
        const claim = otherText === undefined ? { passes } : { other_text: otherText };
        write(jsonLine({ event: "expected", ...expected, ...rest, ...claim }));
      }
      if (walk !== undefined) write(jsonLine({ event: "walk", ...walk, changes }));
    },
  };
}
