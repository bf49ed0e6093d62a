/**
 * Help that says which defaults hold: what the task recommends for the model, or what a run was trained with.
 *
 * @module
 */

import type { Model, OptimizerName } from "@unroll/core/plugin";
import type { RunConfig } from "@unroll/core/runs";
import { OPTIMIZERS, recordedSettings } from "@unroll/core/training";
import type { SelectedFlags } from "../command.ts";
import { camelCase, findFlagValue, type Flag, type FlagSource, withDefaults } from "../flags.ts";
import type { SelectedPair } from "../plugins.ts";
import { instantiate, instantiateTask } from "./train_action.ts";
import { recommendedOptions } from "./train_options.ts";

/**
 * Gives flags of training the defaults that the task recommends for the model.
 *
 * @param selected The flags, and how the pair is read from them.
 * @param args What was typed.
 * @param own The options of the command itself.
 * @returns The flags; as they are where what is recommended is not known.
 */
export async function withRecommended(
  { flags, read }: Pick<SelectedFlags<SelectedPair>, "flags" | "read">,
  args: readonly string[],
  own: FlagSource,
): Promise<readonly Flag[]> {
  try {
    const typed = Object.fromEntries(
      flags.map(({ flag, option }) => [
        camelCase(flag),
        option.kind.type !== "boolean"
          ? findFlagValue(args, `--${flag}`)
          : args.includes(`--${flag}`) || (args.includes(`--no-${flag}`) ? false : undefined),
      ]),
    );
    const { model, task } = read(typed);
    if (model === undefined || task === undefined) return flags;
    const instance = await instantiateTask(task).create();
    const recommended = instance.defaults(instantiate(model) as Model);
    const optimizer = findFlagValue(args, "--optimizer") ?? "";
    const given = Object.hasOwn(OPTIMIZERS, optimizer)
      ? { optimizer: OPTIMIZERS[optimizer as OptimizerName].create() }
      : {};
    const values = recommendedOptions(given, recommended);
    // What the command has a default of its own for is not what training calls so.
    const had = new Set(
      flags.filter(({ source, option }) => source === own && option.default !== undefined)
        .map(({ option }) => option.name),
    );
    const others = Object.entries(values).filter(([name]) => !had.has(name));
    return withDefaults(flags, own, Object.fromEntries(others));
  } catch (error) {
    // A text that is not named, or an option that is wrong: help comes without.
    if (error instanceof RangeError || error instanceof TypeError) return flags;
    throw error;
  }
}

/**
 * Gives flags of training the defaults that hold where a run goes on.
 *
 * @param flags The flags.
 * @param own The options of the command itself.
 * @param config The run's configuration.
 * @returns The flags; as they are where the settings cannot be read.
 */
export function withRecorded(
  flags: readonly Flag[],
  own: FlagSource,
  { training, seed, device }: RunConfig,
): readonly Flag[] {
  try {
    const recommended = { steps: Number(training.steps) };
    const options = recommendedOptions(recordedSettings(training), recommended);
    return withDefaults(flags, own, { ...options, seed, device });
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return flags;
    throw error;
  }
}
