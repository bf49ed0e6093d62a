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

/**
 * Makes a folder's name of a text.
 *
 * @param text The text.
 * @returns At most 100 letters, digits, `_`, `-` and `.`, with a letter or digit or `_` first.
 * @throws {RangeError} If none is left, or it is `last`, which means the newest run.
 */
export function plainName(text: string): string {
  const name = text.replace(/[^\p{L}\p{N}_.-]+/gu, "_").replace(/^[.-]+/, "").slice(0, 100);
  if (/[\p{L}\p{N}]/u.test(name) && name !== "last") return name;
  throw new RangeError(
    `Cannot name a run "${text}": letters or digits are needed, and not "last", which means the newest`,
  );
}
