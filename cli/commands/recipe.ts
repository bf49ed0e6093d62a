/**
 * `recipe`: runs a setting whose result is known, by name, or lists them.
 *
 * @module
 */

import { Command } from "@cliffy/command";
import {
  type OptionsSchema,
  type Plugin,
  type TaskInstance,
  unknownName,
} from "@unroll/core/plugin";
import { knownPlugin, parseOptions } from "@unroll/core/plugin/host";
import { type JsonRecord } from "@unroll/core/runs";
import { type TrainSettings } from "@unroll/core/training";
import { UsageError, withUsageErrors } from "../errors.ts";
import {
  camelCase,
  composeFlags,
  type Flag,
  type FlagSource,
  readFlags,
  type TypedFlags,
} from "../flags.ts";
import { compare, formatComparisons, formatExpected, type Recipe } from "../recipes/recipe.ts";
import { recipeSettings, taskOptionsOf } from "../recipes/run_recipe.ts";
import { formatRecipeEvent, RecipeMonitor } from "../recipes/monitor.ts";
import { instantiateTask } from "./train_action.ts";
import { addFlag, type DefinedCommand, runTraining } from "./train.ts";
import { TRAIN_OPTIONS, type TrainOptions } from "./train_options.ts";
import type { CliContext, PluginSelection } from "../context.ts";

const RECIPE_FLAGS = ["corpus", "epochs", "out", "watch", "json", "quiet", "help", "version"];

/**
 * Defines `recipe`, with one command for each recipe.
 *
 * @param args The arguments after `recipe`.
 * @param context What there is.
 * @returns The command.
 * @throws {UsageError} When the first argument names no recipe.
 */
export function defineRecipes(args: readonly string[], context: CliContext): DefinedCommand {
  const names = Object.keys(context.recipes);
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
  command.option("--json", "Print one JSON object");
  command.action((options: unknown) => {
    const { json } = options as { readonly json?: boolean };
    context.terminal.write(
      json ? `${JSON.stringify(context.recipes)}\n` : formatRecipes(context.recipes),
    );
  });
  for (const name of names) {
    command.command(name, defineRecipe(context.recipes[name], general, flags, context));
  }
  return { command, flags, hint: `see recipe ${args[0] ?? "NAME"} --help` };
}

type GeneralSource = FlagSource & { readonly schema: OptionsSchema<TrainOptions> };

function defineRecipe(
  recipe: Recipe,
  general: GeneralSource,
  flags: readonly Flag[],
  context: CliContext,
): Command {
  const command = new Command();
  command.description(describe(recipe));
  if (recipe.corpus !== undefined) {
    command.option("--corpus <file>", "The text: a file, files as a pattern in quotes, or -");
  }
  for (const flag of flags) addFlag(command, flag);
  command.option("--epochs <number>", "Times through the training data, in place of --steps");
  command.option("--out <folder>", "Folder in which the run's own folder is made (default runs)");
  command.option("--watch", "Serve a page that follows the run, on this machine only");
  command.option("--json", "Print one JSON object a line");
  command.option("--quiet", "Print the result only");
  command.action(async (options: unknown) => {
    await runOne(recipe, options as TypedFlags, { general, flags, context });
  });
  return command;
}

interface Surroundings {
  readonly general: GeneralSource;
  readonly flags: readonly Flag[];
  readonly context: CliContext;
}

async function runOne(
  recipe: Recipe,
  typed: TypedFlags,
  { general, flags, context }: Surroundings,
): Promise<void> {
  const { write } = context.terminal;
  const json = typed.json === true;
  const quiet = typed.quiet === true;
  const request = await withUsageErrors(async () => {
    const corpus = typeof typed.corpus === "string" ? typed.corpus : undefined;
    const taskOptions = taskOptionsOf(recipe, corpus);
    const model = chooseFrom("model", recipe.model, recipe.modelOptions, context);
    const task = chooseFrom("task", recipe.task, taskOptions, context);
    const { training, settings } = await trainingOf(recipe, task, typed, { general, flags });
    const out = typeof typed.out === "string" ? typed.out : "runs";
    return { model, task, training, settings, out };
  });
  const watch = new RecipeMonitor(recipe, {
    seed: request.training.seed,
    onEvent: (news) => {
      if (json) write(`${JSON.stringify(news)}\n`);
      else if (!quiet) write(formatRecipeEvent(news));
    },
  });
  const settings = { ...request.settings, ...watch.listeners };
  const page = typed.watch === true;
  await runTraining({ ...request, settings }, context, { json, quiet, watch: page });
  const comparisons = compare(recipe, watch.measured);
  if (json) {
    for (const { expected, ...rest } of comparisons) {
      write(`${JSON.stringify({ event: "expected", ...expected, ...rest })}\n`);
    }
    return;
  }
  write(`\n${formatComparisons(comparisons)}`);
  if (comparisons.some(({ expected }) => expected.measure === "training loss")) {
    const { trainingLoss, validationLoss } = watch.measured;
    write(
      `Mean training loss ${trainingLoss.toFixed(3)}; on text that was held out, ` +
        `${validationLoss.toFixed(3)} nats per character\n`,
    );
  }
  if (recipe.note !== undefined) write(`${recipe.note}\n`);
}

/** What the recipe says, but for what was typed: as options where there are such, and the rest. */
async function trainingOf(
  recipe: Recipe,
  task: PluginSelection,
  typed: TypedFlags,
  { general, flags }: Pick<Surroundings, "general" | "flags">,
): Promise<{ readonly training: TrainOptions; readonly settings: Partial<TrainSettings> }> {
  const epochs = epochsOf(typed.epochs);
  if (epochs !== undefined && typed.steps !== undefined) {
    throw new UsageError("Cannot use --epochs with --steps: one of them says how long to train");
  }
  const counted = epochs !== undefined || recipe.training.epochs !== undefined ||
    recipe.training.phases !== undefined;
  // Only where epochs count is the task made to know how long they are: it may read a text.
  const instance: Pick<TaskInstance, "stepsPerEpoch"> = counted
    ? await instantiateTask(task).create()
    : {};
  if (epochs !== undefined && instance.stepsPerEpoch === undefined) {
    throw new UsageError(`Cannot count epochs of ${task.name}: its data have no end, say --steps`);
  }
  const own = recipeSettings(recipe, instance, epochs);
  const { learningRate, optimizer: _, phases, ...rest } = own;
  const isTyped = (name: string) =>
    flags.some((flag) => flag.option.name === name && typed[camelCase(flag.flag)] !== undefined);
  const { optimizer, optimizerSettings } = recipe.training;
  const options: Partial<TrainOptions> = {
    ...rest as Partial<TrainOptions>,
    ...(learningRate === undefined || isTyped("phases") ? {} : { lr: learningRate }),
    // The settings of one optimizer mean nothing to another.
    ...(optimizer === undefined || isTyped("optimizer") ? {} : { optimizer, ...optimizerSettings }),
  };
  const kept = Object.fromEntries(Object.entries(options).filter(([name]) => !isTyped(name)));
  // Phases, which only rates that are typed replace.
  const settings: Partial<TrainSettings> = phases === undefined || isTyped("lr") ||
      isTyped("phases")
    ? {}
    : { phases };
  return { training: { ...readFlags(general, flags, typed), ...kept }, settings };
}

function epochsOf(typed: string | boolean | undefined): number | undefined {
  if (typeof typed !== "string") return undefined;
  const epochs = Number(typed);
  if (!(epochs > 0 && epochs < Infinity)) {
    throw new UsageError(`Cannot use --epochs ${typed}: a number above 0 is needed`);
  }
  return epochs;
}

/**
 * A plugin by its name, with these options checked.
 *
 * @param kind What it is.
 * @param name Its name.
 * @param options Some of its options.
 * @param context What there is.
 * @returns The plugin with all its options.
 */
export function chooseFrom(
  kind: Plugin["kind"],
  name: string,
  options: JsonRecord,
  context: Pick<CliContext, "models" | "tasks">,
): PluginSelection {
  const table = kind === "model" ? context.models : context.tasks;
  const plugin = knownPlugin(name, { kind, table });
  return { plugin, name, options: parseOptions(plugin.options, options) as JsonRecord };
}

function describe({ summary, expected, corpus, note }: Recipe): string {
  const parts = [
    summary,
    ...expected.slice(0, 3).map((expected) =>
      `Known: ${expected.measure} ${formatExpected(expected)}, ${expected.source}`
    ),
    ...(corpus === undefined ? [] : [`Its text, for --corpus: ${corpus}`]),
    ...(note === undefined ? [] : [note]),
  ];
  return parts.join("\n\n");
}

function formatRecipes(recipes: Readonly<Record<string, Recipe>>): string {
  const width = Math.max(0, ...Object.keys(recipes).map((name) => name.length));
  return Object.entries(recipes).map(([name, { summary, corpus }]) =>
    `  ${name.padEnd(width)}  ${summary}${corpus === undefined ? "" : "; needs --corpus"}\n`
  ).join("");
}
