/**
 * Modules that a run may use. What a run says is never imported, only what somebody types: `--trust ./my_model.ts`.
 *
 * @module
 */

import type { Command } from "@cliffy/command";
import { type ModelPlugin, type Plugin, type TaskPlugin } from "@unroll/core/plugin";
import { isTrustable, resolvePlugin } from "@unroll/core/plugin/host";
import { type LoadSettings, type RunConfig } from "@unroll/core/runs";
import { UsageError } from "./errors.ts";
import { quoted } from "./format.ts";
import type { CliContext } from "./context.ts";

/** The models and tasks that names in a run can mean. */
export type KnownPlugins = Pick<LoadSettings, "models" | "tasks">;

/**
 * Adds the option that names the modules.
 *
 * @param command The command.
 */
export function addTrustOption(command: Command): void {
  command.option(
    "--trust <modules>",
    "Modules of your own that the run may use as its model or task, with commas",
  );
}

/**
 * The plugins of the context, and those of the modules that were typed.
 *
 * @param context What there is.
 * @param typed What was typed for `--trust`.
 * @returns All of them, by the names that a run can have for them.
 * @throws {UsageError} When a module cannot be loaded, or nothing in it can be used.
 */
export async function pluginsOf(
  context: Pick<CliContext, "models" | "tasks" | "base">,
  typed?: unknown,
): Promise<KnownPlugins> {
  const models: Record<string, Plugin> = { ...context.models };
  const tasks: Record<string, Plugin> = { ...context.tasks };
  for (const name of typeof typed === "string" ? typed.split(",") : []) {
    if (!isTrustable(name)) {
      throw new UsageError(`Cannot trust "${name}": a file or a package is needed`);
    }
    const find = (kind: Plugin["kind"]) =>
      resolvePlugin<Plugin>(name, { kind, table: {}, base: context.base });
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
 * The words that a command needs after a run's name.
 *
 * @param names What the run has for its model and its task.
 * @returns `--trust` with the modules among them, or nothing.
 */
export function trustWords(...names: readonly (string | undefined)[]): string[] {
  const modules = names.filter((name) => name !== undefined && isTrustable(name));
  return modules.length === 0 ? [] : ["--trust", modules.join(",")];
}

/** The same for a shell, after a space. */
export function trustText({ model, task }: Pick<RunConfig, "model" | "task">): string {
  return trustWords(model.name, task.name).map((word) => ` ${quoted(word)}`).join("");
}
