/**
 * Finds models and tasks by their names.
 *
 * What a run says is never imported, only what somebody types: `--model ./my_model.ts`, `--trust ./my_model.ts`.
 *
 * @module
 */

import type { ModelPlugin, Plugin, TaskPlugin } from "@unroll/core/plugin";
import {
  formatOptionValue,
  isTrustable,
  knownPlugin,
  modulePath,
  parseOptions,
  resolvePlugin,
} from "@unroll/core/plugin/host";
import type { JsonRecord, LoadSettings, RunConfig } from "@unroll/core/runs";
import * as z from "zod";
import type { SelectedFlags } from "./command.ts";
import type { CommandContext, PluginSelection } from "./context.ts";
import { UsageError, waitFor, withUsageErrors } from "./errors.ts";
import {
  composeFlags,
  findFlagValue,
  type FlagSource,
  flagSource,
  readFlags,
  type TypedFlags,
  typedNames,
} from "./flags.ts";
import { quoted } from "./format.ts";

/** What plugins are found in. */
export type PluginContext = Pick<CommandContext, "models" | "tasks" | "base">;

/** The models and tasks that names in a run can mean. */
export type KnownPlugins = Pick<LoadSettings, "models" | "tasks">;

/** Options that choose a model and a task by name; others are read by {@linkcode selectPair}. */
export interface PairOptions {
  /** What finds the model. */
  readonly model?: string;
  /** What finds the task. */
  readonly task?: string;
}

/**
 * Defines the options that choose a model and a task.
 *
 * @param context The models and tasks there are.
 * @returns The options, for a schema.
 */
export function pairShape(
  context: Pick<CommandContext, "models" | "tasks">,
): Readonly<Record<"model" | "task", z.ZodOptional<z.ZodString>>> {
  const name = (what: string, table: Readonly<Record<string, Plugin>>) => {
    const examples = Object.keys(table);
    return z.string().optional().describe(`${what}: ${examples.join(", ")}, or a module`)
      .meta({ group: "What to train", placeholder: "name", examples });
  };
  return { model: name("Model", context.models), task: name("Task", context.tasks) };
}

/** The option that names modules which a run may use. */
export const TRUST: z.ZodOptional<z.ZodString> = z.string().optional()
  .describe("Modules of your own that the run may load as its model or task, separated by commas")
  .meta({ placeholder: "modules" });

/** A model and a task with their options, as far as they were typed. */
export interface SelectedPair {
  /** What learns. */
  readonly model?: PluginSelection;
  /** What is learned. */
  readonly task?: PluginSelection;
  /** Names of the options of the model that were typed. */
  readonly typedOfModel: ReadonlySet<string>;
}

/** A model or task that was found by a name. */
export interface FoundPlugin {
  /** The plugin. */
  readonly plugin: Plugin;
  /** What found it. */
  readonly name: string;
  /** The absolute path of its module, if it came from a file. */
  readonly path?: string;
}

/**
 * Finds a model or task by what was typed: a built-in name, a path or a package.
 *
 * @param context What there is.
 * @param kind What it is to be.
 * @param name What was typed.
 * @returns The plugin.
 * @throws {RangeError} When nothing is found.
 */
export async function findPlugin(
  context: PluginContext,
  kind: Plugin["kind"],
  name: string,
): Promise<FoundPlugin> {
  const table = kind === "model" ? context.models : context.tasks;
  const plugin = await waitFor(
    `load ${kind} "${name}"`,
    resolvePlugin<Plugin>(name, { kind, table, base: context.base }),
  );
  const path = Object.hasOwn(table, name) ? undefined : modulePath(name, context.base);
  return { plugin, name, ...(path === undefined ? {} : { path }) };
}

/**
 * Selects a built-in model or task, with these options checked.
 *
 * @param context What there is.
 * @param kind What it is.
 * @param name Its name.
 * @param options Some of its options.
 * @returns The plugin with all its options.
 */
export function selectBuiltIn(
  context: Pick<CommandContext, "models" | "tasks">,
  kind: Plugin["kind"],
  name: string,
  options: JsonRecord,
): PluginSelection {
  const plugin = knownPlugin(name, {
    kind,
    table: kind === "model" ? context.models : context.tasks,
  });
  return { plugin, name, options: parseOptions(plugin.options, options) as JsonRecord };
}

/**
 * Finds the plugins that `--model` and `--task` name, for a command with such options.
 *
 * @param args What was typed after the command's name.
 * @param context What there is.
 * @param own The command's own options.
 * @param more Other options that become flags.
 * @returns The flags of all, and how the pair is read from them.
 * @throws {UsageError} When a name finds nothing.
 */
export async function selectPair(
  args: readonly string[],
  context: PluginContext,
  own: FlagSource,
  more: readonly FlagSource[] = [],
): Promise<
  SelectedFlags<SelectedPair> & Readonly<Record<Plugin["kind"], FoundPlugin | undefined>>
> {
  const find = async (kind: Plugin["kind"]) => {
    const name = findFlagValue(args, `--${kind}`);
    if (name === undefined) return undefined;
    const found = await withUsageErrors(() => findPlugin(context, kind, name));
    return { ...found, source: flagSource(found.plugin) };
  };
  const [model, task] = [await find("model"), await find("task")];
  const sources = [model, task].flatMap((found) => found === undefined ? [] : [found.source]);
  const flags = await withUsageErrors(() => composeFlags([own, ...sources, ...more]));
  const read = (found: typeof model, typed: TypedFlags): PluginSelection | undefined =>
    found && {
      plugin: found.plugin,
      name: found.name,
      path: found.path,
      options: readFlags(found.source, flags, typed) as JsonRecord,
    };
  const [modelName, taskName] = [model, task].map((found) =>
    formatOptionValue(found?.plugin.name ?? "…")
  );
  return {
    flags,
    model,
    task,
    hint: `see ${own.owner} --model ${modelName} --task ${taskName} --help`,
    read: (typed) => ({
      model: read(model, typed),
      task: read(task, typed),
      typedOfModel: model ? typedNames(model.source, flags, typed) : new Set(),
    }),
  };
}

/**
 * Loads the modules that may be used, besides the built-in plugins.
 *
 * @param context What there is.
 * @param typed What was typed for `--trust`.
 * @returns All of them, by the names that a run can have for them.
 * @throws {UsageError} When a module cannot be loaded, or nothing in it can be used.
 */
export async function knownPlugins(
  context: PluginContext,
  typed?: string,
): Promise<KnownPlugins> {
  const models: Record<string, Plugin> = { ...context.models };
  const tasks: Record<string, Plugin> = { ...context.tasks };
  for (const name of typed?.split(",") ?? []) {
    if (!isTrustable(name)) {
      throw new UsageError(`Cannot trust "${name}": a file or a package is needed`);
    }
    const find = (kind: Plugin["kind"]) =>
      waitFor(
        `load ${kind} "${name}"`,
        resolvePlugin<Plugin>(name, { kind, table: {}, base: context.base }),
      );
    const [model, task] = await Promise.allSettled([find("model"), find("task")]);
    if (model.status === "fulfilled") models[name] = model.value;
    if (task.status === "fulfilled") tasks[name] = task.value;
    if (model.status === "rejected" && task.status === "rejected") {
      throw new UsageError((model.reason as Error).message, { cause: model.reason });
    }
  }
  // Tests hand in plugins that only have options; what loads them finds that out.
  return {
    models: models as Readonly<Record<string, ModelPlugin>>,
    tasks: tasks as Readonly<Record<string, TaskPlugin>>,
  };
}

/**
 * Lists the words that a command needs after a run's name.
 *
 * @param names What the run has for its model and its task.
 * @returns `--trust` with the modules among them, or nothing.
 */
export function trustWords(...names: readonly (string | undefined)[]): string[] {
  const modules = names.filter((name) => name !== undefined && isTrustable(name));
  return modules.length === 0 ? [] : ["--trust", modules.join(",")];
}

/** Writes the same for a shell, after a space. */
export function trustText({ model, task }: Pick<RunConfig, "model" | "task">): string {
  return trustWords(model.name, task.name).map((word) => ` ${quoted(word)}`).join("");
}

/**
 * Describes the command `train` for a pair, or lists what there is to choose from.
 *
 * @param context What there is.
 * @param model The model, if one was named.
 * @param task The task, if one was named.
 * @returns The description.
 */
export function describePair(
  context: Pick<CommandContext, "models" | "tasks">,
  model: { readonly plugin: Plugin } | undefined,
  task: { readonly plugin: Plugin } | undefined,
): string {
  if (model !== undefined && task !== undefined) {
    const [one, other] = [model.plugin, task.plugin]
      .map(({ name, summary }) => `${name} (${lowerFirst(summary)})`);
    return `Train ${one} on ${other}.`;
  }
  const list = (table: Readonly<Record<string, Plugin>>) =>
    Object.values(table).map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`).join("\n");
  return `Train a model on a task.\n\nModels:\n${list(context.models)}\n\nTasks:\n${
    list(context.tasks)
  }\n\nWith --model and --task, --help lists their options too.`;
}

function lowerFirst(text: string): string {
  // Not an acronym, nor a name with a capital inside.
  return /^[A-Z][a-z ]/.test(text) ? text[0].toLowerCase() + text.slice(1) : text;
}

/**
 * Takes the model and the task that were typed.
 *
 * @param pair Both, as far as they were typed.
 * @param context What there is.
 * @param action What is done with them.
 * @param instead What else could be typed, such as `, or a --recipe`.
 * @returns Both.
 * @throws {UsageError} When one of them was not typed.
 */
export function requirePair(
  { model, task }: { readonly model?: PluginSelection; readonly task?: PluginSelection },
  context: Pick<CommandContext, "models" | "tasks">,
  action: string,
  instead = "",
): { readonly model: PluginSelection; readonly task: PluginSelection } {
  const missing = (kind: string, table: Readonly<Record<string, Plugin>>) =>
    new UsageError(
      `Cannot ${action} without --${kind}${instead}: known ${kind}s are ${
        Object.keys(table).join(", ")
      }`,
    );
  if (model === undefined) throw missing("model", context.models);
  if (task === undefined) throw missing("task", context.tasks);
  return { model, task };
}
