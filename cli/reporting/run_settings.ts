/**
 * What sets runs of one kind apart: the settings that differ among them.
 *
 * @module
 */

import type { Json, JsonRecord, RunConfig } from "@unroll/core/runs";
import { flagName } from "@unroll/core/plugin/host";

/** What two runs may have otherwise without being set apart by it: it follows from other settings. */
const FOLLOWS: ReadonlySet<string> = new Set(
  ["alphabet", "sha256", "bytes", "phases", "optimizerSettings"],
);

/** Characters of a value that are shown. */
const SHOWN = 24;

/**
 * Finds the settings in which runs of the same model and task differ.
 *
 * @param configs What decided the runs; nothing for those that cannot be read.
 * @param kindOf Says of what kind a run is: those of one are compared.
 * @returns For each run its values of those settings, by their names.
 */
export function differingSettings(
  configs: readonly (RunConfig | undefined)[],
  kindOf: (config: RunConfig) => string = ({ model, task }) => `${model.name} ${task.name}`,
): readonly Readonly<Record<string, Json>>[] {
  const all = configs.map((config) => config && settingsOf(config));
  const kinds = configs.map((config) => config && kindOf(config));
  // What some runs do not have is set otherwise there, too.
  const differs = (kind: string, name: string) =>
    new Set(
      all.flatMap((settings, i) => kinds[i] === kind ? [JSON.stringify(settings?.[name])] : []),
    )
      .size > 1;
  const names = new Map<string, ReadonlySet<string>>();
  for (const kind of new Set(kinds)) {
    if (kind === undefined) continue;
    const known = new Set(all.flatMap((one, i) => kinds[i] === kind ? Object.keys(one ?? {}) : []));
    names.set(kind, new Set([...known].filter((name) => differs(kind, name))));
  }
  return all.map((settings = {}, i) =>
    Object.fromEntries(
      Object.entries(settings).filter(([name]) => names.get(kinds[i] ?? "")?.has(name)),
    )
  );
}

/** All settings of a run, of its model, its task and its training, but for what follows from others. */
export function settingsOf({ model, task, training, seed }: RunConfig): JsonRecord {
  const all = { ...model.options, ...task.options, ...training, seed };
  return Object.fromEntries(Object.entries(all).filter(([name]) => !FOLLOWS.has(name)));
}

/** Writes settings as they would be typed, such as `hidden 64, lr 0.01`. */
export function settingsText(settings: Readonly<Record<string, Json>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${settingName(name)} ${settingValue(value)}`).join(", ");
}

/** Names a setting as its flag is. */
export function settingName(name: string): string {
  return name === "learningRate" ? "lr" : flagName(name);
}

/** Writes the value of a setting, of a long one its end. */
export function settingValue(value: Json): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > SHOWN ? `…${text.slice(1 - SHOWN)}` : text;
}
