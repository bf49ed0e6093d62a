/**
 * The options of a recipe: those of its model, its task and training, with its own values where nothing is typed.
 *
 * @module
 */

import { formatOptionValue, knownPlugin } from "@unroll/core/plugin/host";
import type { Json, JsonRecord } from "@unroll/core/runs";
import type { SelectedFlags } from "../command.ts";
import type { CommandContext, PluginSelection } from "../context.ts";
import {
  camelCase,
  composeFlags,
  type Flag,
  type FlagSource,
  flagSource,
  readFlags,
  type TypedFlags,
  withDefaults,
} from "../flags.ts";
import type { Recipe } from "../recipes/recipe.ts";
import { taskOptionsOf } from "../recipes/run_recipe.ts";

/** A recipe with what was typed in place of some of it. */
export interface SelectedRecipe {
  /** Its model. */
  readonly model: PluginSelection;
  /** Its task. */
  readonly task: PluginSelection;
  /** What is otherwise than in the recipe, in words. */
  readonly changes: readonly string[];
}

/** What a text is named by, which recipes have a flag of their own for. */
const OF_TEXT: ReadonlySet<string> = new Set(["corpus", "sha256"]);

/** Options of training by which a run is no other: where it is computed, from which start, and when it is saved. */
export const OF_PLACE: ReadonlySet<string> = new Set(["seed", "device", "saveEvery"]);

/**
 * Finds the flags of a recipe.
 *
 * @param recipe The recipe.
 * @param context What there is.
 * @param own The options of the command itself.
 * @param trained Names of those that are options of training.
 * @param text Finds the text, from what was typed.
 * @returns All flags, and how the model and the task are read from them.
 */
export function selectRecipeOptions(
  recipe: Recipe,
  context: Pick<CommandContext, "models" | "tasks">,
  own: FlagSource,
  trained: ReadonlySet<string>,
  text: (typed: TypedFlags) => string | undefined,
): SelectedFlags<SelectedRecipe> {
  const { models, tasks } = context;
  const model = flagSource(knownPlugin(recipe.model, { kind: "model", table: models }));
  const task = flagSource(knownPlugin(recipe.task, { kind: "task", table: tasks }));
  const flags = composeFlags([own, model, task]);
  const shown = flags.filter(({ source, option }) => source !== task || !OF_TEXT.has(option.name));
  const values = new Map<FlagSource, JsonRecord>([
    [own, ownTraining(recipe)],
    [model, recipe.modelOptions],
    [task, recipe.taskOptions],
  ]);
  return {
    flags: [...values].reduce(
      (flags, [source, own]) => withDefaults(flags, source, own),
      shown as readonly Flag[],
    ),
    read(typed) {
      const select = (kind: "model" | "task", source: FlagSource, options: JsonRecord) => {
        const texts = { ...textsOf(flags, source, options), ...withoutGaps(typed) };
        const read = readFlags(source as ReturnType<typeof flagSource>, flags, texts);
        const name = recipe[kind];
        const plugin = knownPlugin(name, { kind, table: kind === "model" ? models : tasks });
        return { plugin, name, options: read as JsonRecord };
      };
      return {
        model: select("model", model, recipe.modelOptions),
        task: select("task", task, taskOptionsOf(recipe, text(typed))),
        changes: flags.flatMap((flag) => changeOf(flag, typed, values, own, trained)),
      };
    },
  };
}

/** The settings of training that a recipe has, by the names of options. */
function ownTraining({ training }: Recipe): JsonRecord {
  const { lr, phases: _, optimizerSettings = {}, ...rest } = training;
  return { ...rest, ...optimizerSettings, ...(lr === undefined ? {} : { learningRate: lr }) };
}

/** Options as they would be typed. */
function textsOf(flags: readonly Flag[], source: FlagSource, options: JsonRecord): TypedFlags {
  return Object.fromEntries(
    flags.filter((flag) => flag.source === source && options[flag.option.name] !== undefined)
      .map(({ flag, option: { name } }) => [camelCase(flag), textOf(options[name])]),
  );
}

function textOf(value: Json): string | boolean {
  if (typeof value === "boolean") return value;
  return Array.isArray(value) ? value.join() : String(value);
}

function withoutGaps(typed: TypedFlags): TypedFlags {
  return Object.fromEntries(Object.entries(typed).filter(([, text]) => text !== undefined));
}

/** Says what was typed in place of what the recipe has, if it is not the same. */
function changeOf(
  { flag, source, option: { name, default: usual } }: Flag,
  typed: TypedFlags,
  values: ReadonlyMap<FlagSource, JsonRecord>,
  own: FlagSource,
  trained: ReadonlySet<string>,
): string[] {
  const text = typed[camelCase(flag)];
  const isOther = source === own ? trained.has(name) && !OF_PLACE.has(name) : !OF_TEXT.has(name);
  if (text === undefined || !isOther) return [];
  const had = values.get(source)?.[name] ?? usual as Json | undefined;
  const isNumber = typeof had === "number" && Number(text) === had;
  if (had !== undefined && (isNumber || textOf(had) === text)) return [];
  const [now, before] = [text, had].map((value) => formatOptionValue(value ?? null));
  return [`${flag} ${now}${had === undefined ? "" : ` where the recipe has ${before}`}`];
}
