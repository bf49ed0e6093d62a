/**
 * The command that makes a run again.
 *
 * @module
 */

import type { LearningPhase, OptimizerName, Plugin } from "@unroll/core/plugin";
import type { Option } from "@unroll/core/plugin/host";
import type { EarlierConfig, JsonRecord, RunConfig } from "@unroll/core/runs";
import { formatPhases, formatStopRule, OPTIMIZERS, type StopRule } from "@unroll/core/training";
import { composeFlags, type FlagSource, flagSource } from "../flags.ts";
import { quoted } from "../format.ts";
import { trainSchema } from "../commands/train_options.ts";
import { commandLine } from "../program.ts";

/**
 * Writes the command that makes a run again, and one more for each time that it was gone on with otherwise. Options at their
 * defaults are left out, settings of training are all said, because what a task recommends may change.
 *
 * @param config What decided the run.
 * @param plugins The run's model and task, for their flags.
 * @returns Lines for a shell.
 */
export function reproduceCommand(
  config: RunConfig,
  plugins: { readonly model: Plugin; readonly task: Plugin },
): string {
  const general: FlagSource = { owner: "train", schema: trainSchema({ models: {}, tasks: {} }) };
  const model = flagSource(plugins.model);
  const task = flagSource(plugins.task);
  const flags = composeFlags([general, model, task]);
  /** The flags of one source that say values which are not those known before. */
  const say = (from: FlagSource, values: Values, known: (option: Option) => unknown) =>
    flags.flatMap(({ source, option, flag }) => {
      const value = values[option.name];
      const isKnown = JSON.stringify(value) === JSON.stringify(known(option));
      if (source !== from || value === undefined || isKnown) return [];
      if (typeof value === "boolean") return [value ? `--${flag}` : `--no-${flag}`];
      const text = textOf(value);
      // What begins like a flag is a value only behind an equals sign.
      return [`--${flag}${text.startsWith("-") ? "=" : " "}${quoted(text)}`];
    });
  const byDefault = (option: Option) => option.default;
  const stages = [...config.before ?? [], { ...config, step: Infinity }];
  return stages.map(({ training, device, step }, index) => {
    const values = optionsOf(training, device);
    const before = index === 0 ? undefined : stages[index - 1];
    const words = before === undefined
      ? [
        `--model ${quoted(config.model.name)}`,
        // With --from the defaults are those of the run that the weights are of.
        ...say(model, config.model.options, config.from ? () => undefined : byDefault),
        `--task ${quoted(config.task.name)}`,
        ...say(task, config.task.options, byDefault),
        ...say(general, {
          ...values,
          seed: config.seed,
          from: config.from?.path,
          name: config.title,
        }, () => undefined),
      ]
      : [
        "--resume last",
        ...say(general, values, ({ name }) => inForce(before, values)[name]),
      ];
    const stop = step < Number(training.steps) ? ` --until ${step}` : "";
    return commandLine(`train ${words.join(" ")}${stop}`);
  }).join("\n");
}

/** Writes a value as it is typed; a blank for a list of nothing, as what is empty counts as not typed. */
function textOf(value: unknown): string {
  if (value === null) return "none";
  return Array.isArray(value) ? value.join() || " " : String(value);
}

type Values = Readonly<Record<string, unknown>>;

/** What would be in force if nothing but the learning rate were said. */
function inForce({ training, device }: EarlierConfig, { phases }: Values): Values {
  const before = optionsOf(training, device);
  // Phases that are typed take the place of the schedule.
  return phases === undefined || phases === before.phases
    ? before
    : { ...before, schedule: "constant" };
}

/** Takes the settings of training as options; of the optimizer's own those that are not its defaults. */
function optionsOf(training: JsonRecord, device: string): Values {
  const { learningRate, phases, optimizer, optimizerSettings, ...all } = training;
  const { stopAtError, stopAtLoss, ...rest } = all;
  const defaults: Values = Object.hasOwn(OPTIMIZERS, String(optimizer))
    ? OPTIMIZERS[optimizer as OptimizerName].create().settings
    : {};
  return {
    // Where an old run says nothing of clipping, there was none.
    clip: 0,
    clipNorm: 0,
    ...rest,
    device,
    stopAt: formatStopRule({ stopAtError, stopAtLoss } as StopRule),
    optimizer,
    ...Object.fromEntries(
      Object.entries(optimizerSettings as Values).filter(([name, value]) =>
        value !== defaults[name]
      ),
    ),
    ...(phases === undefined
      ? { learningRate }
      : { phases: formatPhases(phases as unknown as readonly LearningPhase[]) }),
  };
}
