/**
 * `list`: the models, the tasks and which go together.
 *
 * @module
 */

import type { Plugin } from "@unroll/core/plugin";
import { parseOptions } from "@unroll/core/plugin/host";
import type { JsonRecord } from "@unroll/core/runs";
import * as z from "zod";
import { defineCommand } from "../command.ts";
import type { CommandContext, PluginSelection } from "../context.ts";
import { jsonLine } from "../json_line.ts";

/** The command `list`. */
export const LIST = defineCommand({
  name: "list",
  description: "List the models, the tasks and which go together.",
  schema: z.object({ json: z.boolean().default(false).describe("Print JSON") }),
  examples: [["What there is:", "unroll list"]],
  async run(context, { options: { json } }) {
    const list = await gather(context);
    context.terminal.write(json ? jsonLine(list) : format(list));
  },
});

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
    readonly unsupported_reason?: string;
  }[];
}

async function gather(context: CommandContext): Promise<Listed> {
  const named = ({ name, summary }: Plugin) => ({ name, summary });
  const pairs = Object.values(context.models).flatMap((model) =>
    Object.values(context.tasks).map(async (task) => {
      const reason = await context.unsupportedReason(withDefaults(model), withDefaults(task));
      const pair = { model: model.name, task: task.name };
      return reason === undefined ? pair : { ...pair, unsupported_reason: reason };
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

function format({ models, tasks, pairs }: Listed): string {
  const width = Math.max(...[...models, ...tasks].map(({ name }) => name.length));
  const lines = ({ name, summary }: { readonly name: string; readonly summary: string }) =>
    `  ${name.padEnd(width)}  ${summary}\n`;
  const rows = models.map(({ name }) => {
    const marks = tasks.map((task) => {
      const isUnsupported = pairs.some((pair) =>
        pair.model === name && pair.task === task.name && "unsupported_reason" in pair
      );
      return (isUnsupported ? "-" : "yes").padEnd(task.name.length);
    });
    return `  ${name.padEnd(width)}  ${marks.join("  ")}`.trimEnd();
  });
  return `Models\n${models.map(lines).join("")}\nTasks\n${tasks.map(lines).join("")}\n` +
    `Which go together\n  ${" ".repeat(width)}  ${tasks.map(({ name }) => name).join("  ")}\n${
      rows.join("\n")
    }\n`;
}
