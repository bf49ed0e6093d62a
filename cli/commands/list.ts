/**
 * `list`: the models and the tasks with their options, which go together, and the recipes.
 *
 * @module
 */

import type { Plugin } from "@unroll/core/plugin";
import { describeOptions, parseOptions } from "@unroll/core/plugin/host";
import type { JsonRecord } from "@unroll/core/runs";
import * as z from "zod";
import { defineCommand } from "../command.ts";
import type { CommandContext, PluginSelection } from "../context.ts";
import { wrapLines } from "../format.ts";
import { jsonLine } from "../json_line.ts";
import { formatRecipes } from "../recipes/recipe_text.ts";

/** The command `list`. */
export const LIST = defineCommand({
  schema: z.object({ json: z.boolean().default(false).describe("Print JSON") }),
  examples: [["What there is:", "unroll list"]],
  async run(context, { options: { json } }) {
    const list = await gather(context);
    const columns = context.terminal.columns();
    context.terminal.write(
      json
        ? jsonLine(list)
        : format(list, formatRecipes(context.recipes, columns), Math.min(100, columns)),
    );
  },
});

interface Named {
  readonly name: string;
  readonly summary: string;
}

/** A model or a task. */
interface ListedPlugin extends Named {
  /** The flags of its options, without dashes. */
  readonly flags: readonly string[];
}

/** What there is. A pair is judged with default options. */
interface Listed {
  readonly models: readonly ListedPlugin[];
  readonly tasks: readonly ListedPlugin[];
  readonly recipes: readonly Named[];
  readonly pairs: readonly {
    readonly model: string;
    readonly task: string;
    readonly unsupported_reason?: string;
    /** Options with which they go together after all, as they are typed. */
    readonly supported_with?: readonly string[];
  }[];
}

async function gather(context: CommandContext): Promise<Listed> {
  const listed = ({ name, summary, options }: Plugin) => ({
    name,
    summary,
    flags: describeOptions(options).map(({ flag }) => flag),
  });
  const pairs = Object.values(context.models).flatMap((model) =>
    Object.values(context.tasks).map(async (task) => {
      const reason = await context.unsupportedReason(withDefaults(model), withDefaults(task));
      const pair = { model: model.name, task: task.name };
      if (reason === undefined) return pair;
      const supported = await supportedWith(model, task, context);
      return {
        ...pair,
        unsupported_reason: reason,
        ...(supported.length === 0 ? {} : { supported_with: supported }),
      };
    })
  );
  return {
    models: Object.values(context.models).map(listed),
    tasks: Object.values(context.tasks).map(listed),
    recipes: Object.entries(context.recipes).map(([name, { summary }]) => ({ name, summary })),
    pairs: await Promise.all(pairs),
  };
}

/** Tries each choice that an option of the task gives, the others left as they are. */
async function supportedWith(
  model: Plugin,
  task: Plugin,
  context: CommandContext,
): Promise<string[]> {
  const found: string[] = [];
  const given = withDefaults(task);
  for (const { name, flag, kind } of describeOptions(task.options)) {
    if (kind.type !== "choice") continue;
    for (const value of kind.values) {
      const other = { ...given, options: { ...given.options, [name]: value } };
      if (await context.unsupportedReason(withDefaults(model), other) !== undefined) continue;
      found.push(`--${flag} ${value}`);
    }
  }
  return found;
}

function withDefaults(plugin: Plugin): PluginSelection {
  let options: JsonRecord = {};
  try {
    options = parseOptions(plugin.options, {}) as JsonRecord;
  } catch {
    // An option is required: the pair is judged without it.
  }
  return { plugin, name: plugin.name, options };
}

function format({ models, tasks, pairs }: Listed, recipes: string, columns: number): string {
  const width = Math.max(...[...models, ...tasks].map(({ name }) => name.length));
  const lines = ({ name, summary, flags }: ListedPlugin) =>
    `${wrapLines(summary, columns, `  ${name.padEnd(width)}  `).join("\n")}\n${
      flags.length === 0 ? "" : wrapped(flags.map((flag) => `--${flag}`), width + 4, columns)
    }`;
  const rows = models.map(({ name }) => {
    const marks = tasks.map((task) => {
      const pair = pairs.find((pair) => pair.model === name && pair.task === task.name);
      const mark = pair?.unsupported_reason === undefined
        ? "yes"
        : pair.supported_with === undefined
        ? "-"
        : "*";
      return mark.padEnd(task.name.length);
    });
    return `  ${name.padEnd(width)}  ${marks.join("  ")}`.trimEnd();
  });
  const notes = pairs.flatMap(({ model, task, supported_with }) =>
    supported_with === undefined
      ? []
      : [`  * ${model} learns ${task} with ${supported_with.join(" or ")}\n`]
  );
  return `Models\n${models.map(lines).join("")}\nTasks\n${tasks.map(lines).join("")}\n` +
    `Which go together\n  ${" ".repeat(width)}  ${tasks.map(({ name }) => name).join("  ")}\n${
      rows.join("\n")
    }\n${notes.join("")}${recipes === "" ? "" : `\nRecipes\n${recipes}`}`;
}

/** Puts words in lines of so many columns at most, that begin with so many spaces. */
function wrapped(words: readonly string[], indent: number, columns: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of words) {
    if (line !== "" && indent + line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((line) => `${" ".repeat(indent)}${line}\n`).join("");
}
