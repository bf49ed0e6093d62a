/**
 * How the folders of runs are called.
 *
 * @module
 */
import type { RunConfig } from "./checkpoint.ts";

/**
 * Returns the name of a run's folder: `<date>-<task>-<model>-<seed>`.
 *
 * @param config The run's configuration.
 * @param date Its day, local time.
 * @returns A name without spaces or slashes.
 */
export function runName(config: RunConfig, date: Date): string {
  const two = (part: number) => String(part).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  // A plugin of a module is named by the module's own file.
  const plain = (name: string) =>
    name.replace(/^.*[/\\]/, "").replace(/\.[cm]?[jt]sx?\b/, "").replace(
      /[^A-Za-z0-9_.]+/g,
      "_",
    ).replace(/^\.+/, "") ||
    "plugin";
  return `${day}-${plain(config.task.name)}-${plain(config.model.name)}-${config.seed}`;
}
