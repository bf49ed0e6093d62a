/**
 * The settings of training as a run keeps them: plain JSON, and back.
 *
 * @module
 */
import { unknownName } from "../util/names.ts";
import { type Json, type JsonRecord, plainJson } from "../util/json.ts";
import { formatOptionValue } from "../plugin/options.ts";
import { OPTIMIZERS } from "./optimizers.ts";
import type { ResolvedSettings, TrainingOptions } from "./resolve_settings.ts";
import type { OptimizerName } from "../plugin/training_defaults.ts";

/**
 * Converts training settings to a record of names and numbers.
 *
 * @param settings All settings.
 * @returns What a run keeps of them.
 *
 * @example Usage
 * ```ts
 * import { resolveSettings, trainingRecord } from "@unroll/core/training";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(trainingRecord(resolveSettings({}, { steps: 100 })).optimizer, "adam");
 * ```
 */
export function trainingRecord(settings: ResolvedSettings): JsonRecord {
  const { optimizer, schedule: _, scheduleName, ...rest } = settings;
  const record = {
    ...rest,
    optimizer: optimizer.name,
    optimizerSettings: optimizer.settings,
    schedule: scheduleName,
  };
  return plainJson(record);
}

/**
 * Converts a record back to training settings, to train just so whatever the task recommends.
 *
 * @param record As `config.training` of a run has it.
 * @returns The settings.
 * @throws {RangeError} If its optimizer is a program's own, or has settings that are none.
 *
 * @example Usage
 * ```ts
 * import { recordedSettings, resolveSettings } from "@unroll/core/training";
 * import { strictEqual } from "node:assert/strict";
 *
 * const record = { steps: 9, optimizer: "sgd", optimizerSettings: { momentum: 0 }, clipNorm: 0 };
 * const recommended = { steps: 100, clipNorm: 1 };
 * strictEqual(resolveSettings(recordedSettings(record), recommended).clipNorm, 0);
 * ```
 */
export function recordedSettings(record: JsonRecord): TrainingOptions {
  const { optimizer, optimizerSettings, ...rest } = record;
  const name = String(optimizer);
  if (!Object.hasOwn(OPTIMIZERS, name)) {
    throw new RangeError(unknownName("optimizer", name, Object.keys(OPTIMIZERS)));
  }
  return {
    // Where an old run says nothing of clipping, there was none.
    clip: 0,
    clipNorm: 0,
    ...rest,
    optimizer: optimizerOf(name as OptimizerName, optimizerSettings ?? {}),
  };
}

/** Makes an optimizer with settings that stand in a file. */
function optimizerOf(name: OptimizerName, settings: Json): ResolvedSettings["optimizer"] {
  const { create } = OPTIMIZERS[name];
  const { settings: defaults } = create();
  const wrong = (wanted: string, found: Json) =>
    new RangeError(
      `Cannot use the optimizer ${name}: ${wanted} needed, found ${formatOptionValue(found)}`,
    );
  if (typeof settings !== "object" || settings === null) throw wrong("its settings are", settings);
  const given = settings as Readonly<Record<string, Json>>;
  for (const [setting, value] of Object.entries(defaults)) {
    if (!Object.hasOwn(given, setting) || typeof given[setting] === typeof value) continue;
    throw wrong(`for ${setting} a ${typeof value} is`, given[setting]);
  }
  return create(given as ResolvedSettings["optimizer"]["settings"]);
}

/**
 * Compares two records.
 *
 * @param one A record.
 * @param other Another; what either does not tell of counts as 0.
 * @returns The names of the settings that differ, those of the second record first.
 *
 * @example Usage
 * ```ts
 * import { changedSettings } from "@unroll/core/training";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual(changedSettings({ steps: 100, clip: 0 }, { steps: 200 }), ["steps"]);
 * ```
 */
export function changedSettings(one: JsonRecord, other: JsonRecord): string[] {
  return Object.keys({ ...other, ...one }).filter((name) =>
    JSON.stringify(one[name] ?? 0) !== JSON.stringify(other[name] ?? 0)
  );
}
