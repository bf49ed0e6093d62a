/**
 * `list`: the models, the tasks and which go together.
 *
 * @module
 */

import { Command } from "@cliffy/command";
import { type Plugin } from "@unroll/core/plugin";
import { parseOptions } from "@unroll/core/plugin/host";
import { type JsonRecord } from "@unroll/core/runs";
import type { CliContext, PluginSelection } from "../context.ts";

/**
 * Defines `list`.
 *
 * @param context What there is.
 * @returns The command.
 */
export function defineList(context: CliContext): Command {
  const command = new Command();
  command.description("List the models, the tasks and which go together.");
  command.option("--json", "Print one JSON object");
  command.example("What there is:", "deno task list");
  command.action(async (options: unknown) => {
    const json = (options as { readonly json?: boolean }).json === true;
    const list = await listed(context);
    context.terminal.write(json ? `${JSON.stringify(list)}\n` : formatList(list));
  });
  return command;
}

interface Named {
  readonly name: string;
  readonly summary: string;
}

/** What there is. A pair is judged with default options; other options may change it. */
interface Listed {
  readonly models: readonly Named[];
  readonly tasks: readonly Named[];
  readonly pairs: readonly {
    readonly model: string;
    readonly task: string;
    readonly refusal?: string;
  }[];
}

async function listed(context: CliContext): Promise<Listed> {
  const named = ({ name, summary }: Plugin) => ({ name, summary });
  const pairs = Object.values(context.models).flatMap((model) =>
    Object.values(context.tasks).map(async (task) => {
      const refusal = await context.refusal(withDefaults(model), withDefaults(task));
      return { model: model.name, task: task.name, ...(refusal === undefined ? {} : { refusal }) };
    })
  );
  return {
    models: Object.values(context.models).map(named),
    tasks: Object.values(context.tasks).map(named),
    pairs: await Promise.all(pairs),
  };
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

function formatList({ models, tasks, pairs }: Listed): string {
  const width = Math.max(...[...models, ...tasks].map(({ name }) => name.length));
  const lines = ({ name, summary }: { readonly name: string; readonly summary: string }) =>
    `  ${name.padEnd(width)}  ${summary}\n`;
  const rows = models.map(({ name }) => {
    const marks = tasks.map((task) => {
      const refused = pairs.some((pair) =>
        pair.model === name && pair.task === task.name && "refusal" in pair
      );
      return (refused ? "-" : "yes").padEnd(task.name.length);
    });
    return `  ${name.padEnd(width)}  ${marks.join("  ")}`.trimEnd();
  });
  return `Models\n${models.map(lines).join("")}\nTasks\n${tasks.map(lines).join("")}\n` +
    `Which go together\n  ${" ".repeat(width)}  ${tasks.map(({ name }) => name).join("  ")}\n${
      rows.join("\n")
    }\n`;
}
