/**
 * What runs differ in, which of them are alike but for the seed, and which difference mattered.
 *
 * @module
 */

import type { RunConfig } from "@unroll/core/runs";
import { settingName, settingsOf, settingValue } from "./run_settings.ts";

/** A run among others. */
export interface ComparedRun<Run> {
  /** What it is. */
  readonly run: Run;
  /** What sets it apart from the others, such as `hidden 64, lr 0.01, seed 2`; its own name where nothing does. */
  readonly name: string;
  /** Setting → value, of those that differ, the seed too. */
  readonly values: Readonly<Record<string, string>>;
}

/** Runs that are alike but for the seed. */
export interface RunGroup<Run> {
  /** What sets it apart from the others, such as `hidden 64, lr 0.01`. */
  readonly name: string;
  /** Setting → value, of those that differ, without the seed. */
  readonly values: Readonly<Record<string, string>>;
  /** Its runs. */
  readonly runs: readonly ComparedRun<Run>[];
}

/** Runs beside each other. */
export interface Comparison<Run> {
  /** The settings that differ, without the seed. */
  readonly settings: readonly string[];
  /** The groups, in the order of their first runs. */
  readonly groups: readonly RunGroup<Run>[];
}

const SEED = "seed";
/** What stands for a setting that a run has none of. */
const NONE = "–";

/**
 * Finds what runs differ in, and brings together those that are alike but for the seed.
 *
 * @param runs The runs, with their names and what decided them.
 * @returns The groups.
 */
export function compareRuns<Run extends { readonly name: string; readonly config: RunConfig }>(
  runs: readonly Run[],
): Comparison<Run> {
  const all = runs.map(({ config }) => textsOf(config));
  // What only some have, such as options of one of the models, differs where these differ in it.
  const differs = (name: string) =>
    new Set(all.flatMap((settings) => settings[name] ?? [])).size > 1;
  const names = [...new Set(all.flatMap((settings) => Object.keys(settings)))].filter(differs);
  const settings = names.filter((name) => name !== SEED);
  const pick = (index: number, names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, all[index][name] ?? NONE]));
  const compared = runs.map((run, index): ComparedRun<Run> => {
    const values = pick(index, names);
    return { run, values, name: nameOf(values) };
  });
  const taken = Map.groupBy(compared, ({ name }) => name);
  // Where the settings do not tell two apart, their folders do.
  const named = compared.map((one) =>
    one.name !== "" && taken.get(one.name)!.length === 1
      ? one
      : { ...one, name: [one.name, one.run.name].filter(Boolean).join(", ") }
  );
  const groups = [
    ...Map.groupBy(
      named.map((one, index) => ({ one, index })),
      ({ index }) => JSON.stringify(pick(index, settings)),
    ).values(),
  ].map((members): RunGroup<Run> => {
    const values = pick(members[0].index, settings);
    const { one } = members[0];
    return {
      name: members.length === 1 ? one.name : nameOf(values) || `${members.length} runs`,
      values,
      runs: members.map(({ one }) => one),
    };
  });
  return { settings, groups };
}

/** Names what is set apart by its settings, such as `hidden 64, lr 0.01`. */
export function nameOf(values: Readonly<Record<string, string>>): string {
  return Object.entries(values).filter(([, value]) => value !== NONE).map(([name, value]) =>
    name === "model" || name === "task" ? value : `${name} ${value}`
  ).join(", ");
}

/** Lists all that decided a run, named as on the command line. */
function textsOf(config: RunConfig): Record<string, string> {
  const { model, task, device } = config;
  const { seed, ...settings } = settingsOf(config);
  const texts = Object.entries(settings).map(([name, value]) =>
    [settingName(name), settingValue(value)] as const
  );
  return {
    model: model.name,
    task: task.name,
    ...Object.fromEntries(texts),
    device,
    [SEED]: String(seed),
  };
}

/** How much a setting explains. */
export interface Importance {
  /** The setting. */
  readonly name: string;
  /** The share of the variance of the loss that lies between its values, η², from 0 to 1. */
  readonly share: number;
  /** The share to be expected of a setting that does nothing, which grows with the number of its values. */
  readonly chance: number;
}

/**
 * Finds which of the settings that differ explain the loss: the correlation ratio η² of each.
 *
 * Settings with nearly as many values as there are runs are left out: they explain everything and nothing.
 *
 * @param runs The values of the settings and the loss of each run.
 * @returns The settings, what explains most first; none where all losses are the same.
 */
export function importanceOf(
  runs: readonly { readonly values: Readonly<Record<string, string>>; readonly loss?: number }[],
): readonly Importance[] {
  const known = runs.flatMap(({ values, loss }) =>
    loss !== undefined && Number.isFinite(loss) ? [{ values, loss }] : []
  );
  const mean = meanOf(known);
  const all = known.reduce((sum, { loss }) => sum + (loss - mean) ** 2, 0);
  if (!(all > 0)) return [];
  return Object.keys(known[0].values).flatMap((name): Importance[] => {
    const groups = [...Map.groupBy(known, ({ values }) => values[name]).values()];
    if (groups.length < 2 || groups.length * 2 > known.length) return [];
    const between = groups.reduce(
      (sum, group) => sum + group.length * (meanOf(group) - mean) ** 2,
      0,
    );
    return [{ name, share: between / all, chance: (groups.length - 1) / (known.length - 1) }];
  }).sort((a, b) => b.share - a.share);
}

function meanOf(runs: readonly { readonly loss: number }[]): number {
  return runs.reduce((sum, { loss }) => sum + loss, 0) / runs.length;
}

/**
 * Says what mattered.
 *
 * @param importance What is known of it.
 * @returns A sentence; `undefined` where there is nothing to say.
 */
export function importanceSentence(importance: readonly Importance[]): string | undefined {
  if (importance.length === 0) return undefined;
  const parts = importance.map(({ name, share, chance }, index) =>
    `${name === SEED ? "the seed" : name} explains ${shareText(share)} %` +
    `${index === 0 ? " of the variance of the final loss" : ""}${
      share <= chance ? " (no more than chance would)" : ""
    }`
  );
  const last = parts.pop()!;
  const text = parts.length === 0 ? last : `${parts.join(", ")} and ${last}`;
  const alone = importance.length > 1
    ? ", each by itself: what they do only together is not counted"
    : "";
  return `What mattered: ${text}${alone}.`;
}

/** Rounds to whole percent, but never to all or nothing. */
function shareText(share: number): string {
  if (share > 0.99 && share < 1) return ">99";
  return share > 0 && share < 0.01 ? "<1" : String(Math.round(share * 100));
}
