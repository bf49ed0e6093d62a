/**
 * `recipe`: runs a setting whose result is known, by name, or lists them.
 *
 * @module
 */

import { Command } from "@cliffy/command";
import {
  type JsonRecord,
  type OptionsSchema,
  parseOptions,
  type Plugin,
  resolvePlugin,
  unknownName,
} from "@unroll/core";
import { asUsage, UsageError } from "./errors.ts";
import { composeFlags, type Flag, type FlagSource, readFlags, type TypedFlags } from "./flags.ts";
import { addFlag, type DefinedCommand, runTraining } from "./train_command.ts";
import { TRAIN_OPTIONS, type TrainOptions } from "./train_options.ts";
import type { Chosen, Recipe, World } from "./world.ts";

const RECIPE_FLAGS = ["out", "watch", "json", "quiet", "help", "version"];

/**
 * Defines `recipe`, with one command for each recipe.
 *
 * @param args The arguments after `recipe`.
 * @param world What there is.
 * @returns The command.
 * @throws {UsageError} When the first argument names no recipe.
 */
export function defineRecipes(args: readonly string[], world: World): DefinedCommand {
  const names = Object.keys(world.recipes);
  if (args.length > 0 && !args[0].startsWith("-") && !names.includes(args[0])) {
    throw new UsageError(unknownName("recipe", args[0], names));
  }
  const general: GeneralSource = { owner: "recipe", schema: TRAIN_OPTIONS };
  const flags = composeFlags([general], RECIPE_FLAGS);
  const command = new Command();
  command.description("Run a setting whose result is known; without a name, list them.");
  command.example("What there is:", "deno task recipe");
  for (const name of names.slice(0, 1)) {
    command.example("One of them, from another start:", `deno task recipe ${name} --seed 1`);
  }
  command.action(() => world.terminal.write(formatRecipes(world.recipes)));
  for (const name of names) {
    command.command(name, defineRecipe(world.recipes[name], general, flags, world));
  }
  return { command, flags, hint: `see recipe ${args[0] ?? "NAME"} --help` };
}

type GeneralSource = FlagSource & { readonly schema: OptionsSchema<TrainOptions> };

function defineRecipe(
  recipe: Recipe,
  general: GeneralSource,
  flags: readonly Flag[],
  world: World,
): Command {
  const command = new Command();
  command.description(`${recipe.summary}\n\nKnown: ${recipe.known}`);
  for (const flag of flags) addFlag(command, flag);
  command.option("--out <folder>", "Folder in which the run's own folder is made (default runs)");
  command.option("--watch", "Serve a page that follows the run, on this machine only");
  command.option("--json", "Print one JSON object a line");
  command.option("--quiet", "Print the result only");
  command.action(async (options: unknown) => {
    const typed = options as TypedFlags;
    const request = await asUsage(async () => ({
      model: await choose("model", recipe.model, recipe.modelOptions, world),
      task: await choose("task", recipe.task, recipe.taskOptions, world),
      training: { ...readFlags(general, flags, typed), ...fromRecipe(recipe, typed) },
      out: typeof typed.out === "string" ? typed.out : "runs",
    }));
    const json = typed.json === true;
    await runTraining(request, world, {
      json,
      quiet: typed.quiet === true,
      watch: typed.watch === true,
    });
    if (!json) world.terminal.write(`Known: ${recipe.known}\n`);
  });
  return command;
}

/** The recipe's own settings, but for those that were typed. */
function fromRecipe(recipe: Recipe, typed: TypedFlags): Partial<TrainOptions> {
  return Object.fromEntries(
    Object.entries(parseOptions(TRAIN_OPTIONS, recipe.training)).filter(([name]) =>
      name in recipe.training && typed[name] === undefined
    ),
  );
}

async function choose(
  kind: Plugin["kind"],
  name: string,
  options: JsonRecord,
  world: World,
): Promise<Chosen> {
  const table = kind === "model" ? world.models : world.tasks;
  const plugin = await resolvePlugin<Plugin>(name, { kind, table, base: world.base });
  return {
    plugin,
    name,
    options: parseOptions(plugin.options, options) as JsonRecord,
  };
}

function formatRecipes(recipes: Readonly<Record<string, Recipe>>): string {
  const width = Math.max(0, ...Object.keys(recipes).map((name) => name.length));
  return Object.entries(recipes).map(([name, { summary }]) =>
    `  ${name.padEnd(width)}  ${summary}\n`
  ).join("");
}
