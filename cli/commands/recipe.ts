/**
 * `recipe`: runs a setting whose result is known, by name, or lists them.
 *
 * @module
 */

import { DivergenceError } from "@unroll/core/training";
import * as z from "zod";
import { type CommandDefinition, defineCommand } from "../command.ts";
import { UsageError, withUsageErrors } from "../errors.ts";
import { jsonLine } from "../json_line.ts";
import { divergesOf, type Recipe } from "../recipes/recipe.ts";
import { describeRecipe, formatRecipes } from "../recipes/recipe_text.ts";
import { fetchText, textDifference, textPath } from "../recipes/texts.ts";
import { selectRecipeOptions } from "./recipe_options.ts";
import { runSeeds } from "./recipe_seeds.ts";
import { watchRecipe } from "./recipe_watch.ts";
import { recipeTraining, startTraining } from "./run_training.ts";
import { CORPUS, OUTPUT_SHAPE, TRAIN_SHAPE } from "./train_options.ts";

/** The command `recipe`, with one command for each recipe. */
export const RECIPE = defineCommand({
  schema: z.object({ json: z.boolean().default(false).describe("Print JSON") }),
  examples: [
    ["What there is:", "unroll recipe"],
    ["One of them, with another seed:", "unroll recipe theano-fizzbuzz --seed 1"],
    ["With fewer units:", "unroll recipe theano-fizzbuzz --hidden 4"],
    ["How many starts get there:", "unroll recipe count-rnn --seeds 0..9"],
  ],
  commands: ({ recipes }) =>
    Object.entries(recipes).map(([name, recipe]) => ({
      name,
      description: describeRecipe(recipe),
      load: () => recipeCommand(name, recipe),
    })),
  run({ recipes, terminal }, { options: { json } }) {
    const list = () => Object.entries(recipes).map(([name, recipe]) => ({ name, ...recipe }));
    terminal.write(json ? jsonLine(list()) : formatRecipes(recipes, terminal.columns()));
  },
});

/** Names of the options of training, and of epochs. */
const TRAINED: ReadonlySet<string> = new Set([...Object.keys(TRAIN_SHAPE), "epochs"]);

function recipeCommand(name: string, recipe: Recipe): CommandDefinition {
  const schema = z.object({
    corpus: CORPUS,
    fetch: z.boolean().default(false).describe(
      "Fetch the text from its address, once, and make sure that it is the right one",
    ),
    ...TRAIN_SHAPE,
    seed: TRAIN_SHAPE.seed.default(recipe.seed ?? 0),
    epochs: z.number().positive().optional()
      .describe("Times through the training data, in place of --steps"),
    seeds: z.string().optional().describe(
      "Train from each of these seeds, such as 0..9, keep no run, and tell the share that gets there",
    ).meta({ placeholder: "seeds" }),
    ...OUTPUT_SHAPE,
  });
  // A recipe that needs no text has no flag for one.
  const own = recipe.corpus === undefined
    ? schema.omit({ corpus: true, fetch: true }) as unknown as typeof schema
    : recipe.text === undefined
    ? schema.omit({ fetch: true }) as unknown as typeof schema
    : schema;
  return defineCommand({
    schema: own,
    examples: [],
    select: (_args, context, source) =>
      withUsageErrors(() =>
        selectRecipeOptions(
          recipe,
          context,
          source,
          TRAINED,
          ({ corpus, fetch }) =>
            typeof corpus === "string"
              ? corpus
              : fetch === true && recipe.text !== undefined
              ? textPath(recipe.text)
              : undefined,
        )
      ),
    async run(context, { options, typed, selection: { model, task, changes } }) {
      const {
        corpus,
        fetch: fetches,
        epochs,
        seeds,
        out,
        dashboard,
        samples,
        json,
        quiet,
        verbose,
        name: called,
        ...given
      } = options;
      if (fetches && corpus === undefined && recipe.text !== undefined) {
        await fetchText(recipe.text);
      }
      const request = await withUsageErrors(async () => ({
        model,
        task,
        out,
        title: name,
        recipe: name,
        ...(called === undefined ? {} : { name: called, title: called }),
        ...await recipeTraining(recipe, task, { given, typed, epochs }),
      }));
      const otherText = await textDifference(recipe.text, request.task.options.corpus);
      if (seeds !== undefined) {
        if (typed.has("seed")) {
          throw new UsageError("Cannot use --seed with --seeds: one of them says where to start");
        }
        const ignored = ["name", "dashboard", "samples"].find((option) => typed.has(option));
        if (ignored !== undefined) {
          throw new UsageError(`Cannot use --${ignored} with --seeds: no run is kept`);
        }
        const all = otherText === undefined ? changes : [...changes, `the text: ${otherText}`];
        return await runSeeds(recipe, { request, seeds, json, changes: all }, context);
      }
      const watch = watchRecipe(
        recipe,
        { name, seed: given.seed, json, quiet, changes, otherText },
        context,
      );
      const settings = { ...request.settings, callbacks: [watch.callbacks] };
      const advises = recipe.walk === undefined;
      const output = { json, quiet, verbose, dashboard, samples, advises };
      try {
        await startTraining({ ...request, settings }, context, output);
      } catch (error) {
        // There the known result is that it fails.
        if (!(error instanceof DivergenceError) || !divergesOf(recipe)) throw error;
        if (!json) context.terminal.write(`${error.message}\n`);
      }
      watch.tell();
    },
  });
}
