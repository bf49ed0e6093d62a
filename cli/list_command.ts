/**
 * `list`: the models, the tasks and which go together.
 *
 * @module
 */

import { Command } from "@cliffy/command";
import { type JsonRecord, parseOptions, type Plugin } from "@unroll/core";
import type { Chosen, World } from "./world.ts";

/**
 * Defines `list`.
 *
 * @param world What there is.
 * @returns The command.
 */
export function defineList(world: World): Command {
  const command = new Command();
  command.description("List the models, the tasks and which go together.");
  command.option("--json", "Print one JSON object");
  command.action((options: unknown) => {
    const json = (options as { readonly json?: boolean }).json === true;
    world.terminal.write(json ? `${JSON.stringify(listed(world))}\n` : formatList(world));
  });
  return command;
}

/** A pair with default options; the options can change whether it makes sense. */
function listed(world: World) {
  const named = ({ name, summary }: Plugin) => ({ name, summary });
  return {
    models: Object.values(world.models).map(named),
    tasks: Object.values(world.tasks).map(named),
    pairs: Object.values(world.models).flatMap((model) =>
      Object.values(world.tasks).map((task) => {
        const refusal = world.refusal(withDefaults(model), withDefaults(task));
        return {
          model: model.name,
          task: task.name,
          ...(refusal === undefined ? {} : { refusal }),
        };
      })
    ),
  };
}

function withDefaults(plugin: Plugin): Chosen {
  let options: JsonRecord = {};
  try {
    options = parseOptions(plugin.options, {}) as JsonRecord;
  } catch {
    // An option is required: the pair is judged without it.
  }
  return { plugin, name: plugin.name, options };
}

function formatList(world: World): string {
  const { models, tasks, pairs } = listed(world);
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
