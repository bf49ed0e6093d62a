/**
 * `summary`: the layers of a model on a task, what comes out of them and how many parameters they have.
 *
 * @module
 */

import { Command } from "@cliffy/command";
import { type Model, type Plugin } from "@unroll/core/plugin";
import { resolvePlugin } from "@unroll/core/plugin/host";
import { type JsonRecord } from "@unroll/core/runs";
import { formatSummary } from "@unroll/models";
import { unknownName } from "@unroll/core/plugin";
import { UsageError, withUsageErrors } from "../errors.ts";
import { composeFlags, type FlagSource, readFlags, type TypedFlags } from "../flags.ts";
import { chooseFrom } from "./recipe.ts";
import type { Recipe } from "../recipes/recipe.ts";
import { taskOptionsOf } from "../recipes/run_recipe.ts";
import { instantiate, instantiateTask } from "./train_action.ts";
import { addFlag, type DefinedCommand, peek } from "./train.ts";
import type { CliContext, PluginSelection } from "../context.ts";

const SUMMARY_FLAGS = ["model", "task", "recipe", "json", "help", "version"];

/**
 * Defines `summary` for the model and task that the arguments name, or those of a recipe.
 *
 * @param args The arguments after `summary`.
 * @param context What there is.
 * @returns The command.
 * @throws {UsageError} When a name finds nothing.
 */
export async function defineSummary(
  args: readonly string[],
  context: CliContext,
): Promise<DefinedCommand> {
  const model = await sourceOf("model", peek(args, "--model"), context);
  const task = await sourceOf("task", peek(args, "--task"), context);
  const sources = [model, task].filter((source) => source !== undefined);
  // A recipe may need a text, which has no plugin's flag here.
  const own = task === undefined ? [...SUMMARY_FLAGS, "corpus"] : SUMMARY_FLAGS;
  const flags = await withUsageErrors(() => composeFlags(sources, own));
  const command = new Command();
  command.description(
    "Describe a model on a task: its layers, what comes out of them, how many parameters they have.",
  );
  command.option("--model <name>", `Model: ${Object.keys(context.models).join(", ")}, or a module`);
  command.option("--task <name>", `Task: ${Object.keys(context.tasks).join(", ")}, or a module`);
  command.option(
    "--recipe <name>",
    "The model and task of a recipe, in place of --model and --task",
  );
  if (task === undefined) {
    command.option("--corpus <file>", "The text of a recipe, if it needs one");
  }
  for (const flag of flags) addFlag(command, flag);
  command.option("--json", "Print one JSON object");
  command.example("A recipe's:", "deno task summary --recipe lesson6-rnn");
  command.action(async (options: unknown) => {
    const typed = options as TypedFlags;
    const pair = typeof typed.recipe === "string"
      ? await fromRecipe(typed.recipe, typed, context)
      : await withUsageErrors(() =>
        [
          choose("model", model, typed, flags, context),
          choose("task", task, typed, flags, context),
        ] as const
      );
    const refusal = await context.refusal(pair[0], pair[1]);
    if (refusal !== undefined) throw new UsageError(refusal);
    const { spec } = await instantiateTask(pair[1]).create();
    const { layers } = (instantiate(pair[0]) as Model).create(spec);
    context.terminal.write(
      typed.json === true ? `${JSON.stringify({ layers })}\n` : `${formatSummary(layers)}\n`,
    );
  });
  const chosen = `--model ${model?.plugin.name ?? "…"} --task ${task?.plugin.name ?? "…"}`;
  return { command, flags, hint: `see summary ${chosen} --help` };
}

type PluginSource = FlagSource & { readonly plugin: Plugin; readonly name: string };

async function sourceOf(
  kind: Plugin["kind"],
  name: string | undefined,
  context: CliContext,
): Promise<PluginSource | undefined> {
  if (name === undefined) return undefined;
  const table = kind === "model" ? context.models : context.tasks;
  const plugin = await withUsageErrors(() =>
    resolvePlugin<Plugin>(name, { kind, table, base: context.base })
  );
  const owner = `the ${plugin.name} ${kind}`;
  return { plugin, name, prefix: kind, owner, schema: plugin.options };
}

function choose(
  kind: Plugin["kind"],
  source: PluginSource | undefined,
  typed: TypedFlags,
  flags: ReturnType<typeof composeFlags>,
  context: CliContext,
): PluginSelection {
  if (source === undefined) {
    const table = kind === "model" ? context.models : context.tasks;
    throw new UsageError(
      `Cannot describe a model without --${kind}, or a --recipe: known ${kind}s are ${
        Object.keys(table).join(", ")
      }`,
    );
  }
  const { plugin, name } = source;
  return { plugin, name, options: readFlags(source, flags, typed) as JsonRecord };
}

async function fromRecipe(
  name: string,
  typed: TypedFlags,
  context: CliContext,
): Promise<readonly [PluginSelection, PluginSelection]> {
  for (const flag of ["model", "task"]) {
    if (typed[flag] !== undefined) {
      throw new UsageError(`Cannot use --${flag} with --recipe: a recipe has its own`);
    }
  }
  const recipe = Object.hasOwn(context.recipes, name) ? context.recipes[name] : undefined;
  if (recipe === undefined) {
    throw new UsageError(unknownName("recipe", name, Object.keys(context.recipes)));
  }
  return await withUsageErrors(() => [
    chooseFrom("model", recipe.model, recipe.modelOptions, context),
    chooseFrom("task", recipe.task, optionsWithoutText(recipe, typed.corpus), context),
  ]);
}

/** Where a recipe fixes the vocabulary, the text makes no difference to the model and is not needed. */
function optionsWithoutText(recipe: Recipe, corpus: string | boolean | undefined): JsonRecord {
  if (typeof corpus === "string" || recipe.taskOptions.vocabulary === undefined) {
    return taskOptionsOf(recipe, typeof corpus === "string" ? corpus : undefined);
  }
  // With an alphabet a text is not read before training.
  return { ...recipe.taskOptions, corpus: "-", alphabet: " " };
}
