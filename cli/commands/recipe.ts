/**
 * `recipe`: runs a setting whose result is known, by name, or lists them.
 *
 * @module
 */

import * as z from "zod";
import { type CommandDefinition, defineCommand } from "../command.ts";
import { withUsageErrors } from "../errors.ts";
import { jsonLine } from "../json_line.ts";
import { selectBuiltIn } from "../plugins.ts";
import { formatRecipeEvent, RecipeMonitor } from "../recipes/monitor.ts";
import { compare, type Recipe } from "../recipes/recipe.ts";
import { describeRecipe, formatOutcome, formatRecipes } from "../recipes/recipe_text.ts";
import { taskOptionsOf } from "../recipes/run_recipe.ts";
import { recipeTraining, startTraining } from "./run_training.ts";
import { CORPUS, OUTPUT_SHAPE, TRAIN_SHAPE } from "./train_options.ts";

/** The command `recipe`, with one command for each recipe. */
export const RECIPE = defineCommand({
  name: "recipe",
  description: "Train with settings whose result is known, and compare; without a name, list them.",
  schema: z.object({ json: z.boolean().default(false).describe("Print JSON") }),
  examples: [
    ["What there is:", "unroll recipe"],
    ["One of them, with another seed:", "unroll recipe theano-fizzbuzz --seed 1"],
  ],
  commands: ({ recipes }) => Object.entries(recipes).map((entry) => recipeCommand(...entry)),
  run({ recipes, terminal }, { options: { json } }) {
    const list = () => Object.entries(recipes).map(([name, recipe]) => ({ name, ...recipe }));
    terminal.write(json ? jsonLine(list()) : formatRecipes(recipes));
  },
});

function recipeCommand(name: string, recipe: Recipe): CommandDefinition {
  const schema = z.object({
    corpus: CORPUS,
    ...TRAIN_SHAPE,
    epochs: z.number().positive().optional()
      .describe("Times through the training data, in place of --steps"),
    ...OUTPUT_SHAPE,
  });
  return defineCommand({
    name,
    description: describeRecipe(recipe),
    // A recipe that needs no text has no flag for one.
    schema: recipe.corpus === undefined
      ? schema.omit({ corpus: true }) as unknown as typeof schema
      : schema,
    examples: [],
    async run(context, { options, typed }) {
      const {
        corpus,
        epochs,
        out,
        dashboard,
        samples,
        json,
        quiet,
        verbose,
        name: called,
        ...given
      } = options;
      const { write } = context.terminal;
      const request = await withUsageErrors(async () => {
        const taskOptions = taskOptionsOf(recipe, corpus);
        const model = selectBuiltIn(context, "model", recipe.model, recipe.modelOptions);
        const task = selectBuiltIn(context, "task", recipe.task, taskOptions);
        return {
          model,
          task,
          out,
          title: name,
          ...(called === undefined ? {} : { name: called, title: called }),
          ...await recipeTraining(recipe, task, { given, typed, epochs }),
        };
      });
      const monitor = new RecipeMonitor(recipe, {
        seed: given.seed,
        onEvent(event) {
          if (json) write(jsonLine(event));
          else if (!quiet) write(formatRecipeEvent(event));
        },
      });
      const settings = { ...request.settings, callbacks: [monitor.callbacks] };
      const output = { json, quiet, verbose, dashboard, samples };
      await startTraining({ ...request, settings }, context, output);
      const { measured } = monitor;
      if (!json) return write(formatOutcome(recipe, measured));
      for (const { expected, ...rest } of compare(recipe, measured)) {
        write(jsonLine({ event: "expected", ...expected, ...rest }));
      }
    },
  });
}
