/**
 * The command that makes a run again.
 *
 * @module
 */

import { type LearningPhase, type Plugin } from "@unroll/core/plugin";
import { describeOptions } from "@unroll/core/plugin/host";
import { type RunConfig } from "@unroll/core/runs";
import { formatPhases } from "@unroll/core/training";
import { composeFlags, type FlagSource } from "./flags.ts";
import { quoted } from "./quoted.ts";
import { TRAIN_FLAGS } from "./train_command.ts";
import { TRAIN_OPTIONS } from "./train_options.ts";

/** Where the settings of a run are under other names than the flags. */
const RENAMED: Readonly<Record<string, string>> = { lr: "learningRate" };

/**
 * The command that makes a run again: options at their defaults are left out, settings of training are all said, because
 * what a task recommends may change.
 *
 * @param config What decided the run.
 * @param plugins The run's model and task, for their flags.
 * @returns One line for a shell.
 */
export function reproduceCommand(
  config: RunConfig,
  plugins: { readonly model: Plugin; readonly task: Plugin },
): string {
  const general: FlagSource = { owner: "train", schema: TRAIN_OPTIONS };
  const model = source(plugins.model);
  const task = source(plugins.task);
  const flags = composeFlags([general, model, task], TRAIN_FLAGS);
  const words = ["deno task train", `--model ${quoted(config.model.name)}`];
  const settings: Readonly<Record<string, unknown>> = {
    ...config.training,
    ...config.training.optimizerSettings as object,
    seed: config.seed,
    device: config.device,
  };
  const say = (from: FlagSource, values: Readonly<Record<string, unknown>>, defaults: boolean) => {
    for (const { source, option, flag } of flags) {
      if (source !== from) continue;
      const value = values[RENAMED[option.name] ?? option.name];
      const isDefault = JSON.stringify(value) === JSON.stringify(option.default);
      if (value === undefined || value === null || (isDefault && !defaults)) continue;
      if (typeof value === "boolean") words.push(value ? `--${flag}` : `--no-${flag}`);
      else {words.push(
          `--${flag} ${quoted(Array.isArray(value) ? value.join(",") : String(value))}`,
        );}
    }
  };
  say(model, config.model.options, false);
  words.push(`--task ${quoted(config.task.name)}`);
  say(task, config.task.options, false);
  const { momentum, weightDecay, learningRate, phases, ...rest } = settings;
  say(general, {
    ...rest,
    ...(phases === undefined
      ? { learningRate }
      : { phases: formatPhases(phases as readonly LearningPhase[]) }),
    ...(rest.optimizer === "sgd" && momentum !== 0 ? { momentum } : {}),
    ...(rest.optimizer === "adamw" ? { weightDecay } : {}),
  }, true);
  return words.join(" ");
}

function source(plugin: Plugin): FlagSource {
  // A schema that cannot be read has no flags to say.
  describeOptions(plugin.options);
  return {
    prefix: plugin.kind,
    owner: `the ${plugin.name} ${plugin.kind}`,
    schema: plugin.options,
  };
}
