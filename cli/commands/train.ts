/**
 * `train`: composes a model and a task by name, with the options of both.
 *
 * @module
 */

import { flagName, parseOptions } from "@unroll/core/plugin/host";
import type { JsonRecord, RunCallbacks, RunConfig, RunFolder } from "@unroll/core/runs";
import { defineCommand } from "../command.ts";
import type { CommandContext, PluginSelection } from "../context.ts";
import { UsageError } from "../errors.ts";
import { asksHelp, findFlagValue } from "../flags.ts";
import { describePair, knownPlugins, requirePair, selectPair } from "../plugins.ts";
import { checkDevice, checkResumable } from "./check_device.ts";
import { taskOfRun, typedOptions } from "./task_options.ts";
import { findRun } from "./find_run.ts";
import { readWeights, type StartingWeights } from "./from_weights.ts";
import { OF_PLACE } from "./recipe_options.ts";
import { withRecommended, withRecorded } from "./recommended_flags.ts";
import { reportTraining, startTraining } from "./run_training.ts";
import { changesOf, isKept, trainSchema } from "./train_options.ts";

/** Options of a task that may change when a run is resumed. */
const CHANGEABLE_OF_TASK: ReadonlySet<string> = new Set(["corpus"]);

/** The command `train`. */
export const TRAIN = defineCommand({
  schema: trainSchema,
  examples: [
    [
      "FizzBuzz, by a network that counts by itself:",
      "unroll train --model rnn --task fizzbuzz",
    ],
    ["Follow it in a browser:", "unroll train --model rnn --task fizzbuzz --dashboard"],
    [
      "Continue a run that was stopped, or for longer:",
      "unroll train --resume runs/2026-01-31-fizzbuzz-rnn-0 --steps 20000",
    ],
    [
      "Start a new run with the weights of another, or of PyTorch:",
      "unroll train --model rnn --task fizzbuzz --from runs/2026-01-31-fizzbuzz-rnn-0",
    ],
  ],
  async select(args, context, own) {
    const resumed = findFlagValue(args, "--resume");
    const run = resumed?.startsWith("-") ? undefined : resumed || undefined;
    const isHelp = asksHelp(args);
    const kept = run === undefined ? undefined : await taskOfRun(run, args, context)
      .catch((error) => {
        // Without help, what is the matter with the run is said when it is opened.
        if (isHelp && error instanceof UsageError) throw error;
        return undefined;
      });
    // A run keeps its model and task: what others are typed bring no options.
    const pairArgs = run === undefined ? args : [];
    const more = kept === undefined ? [] : [kept.source];
    const selected = await selectPair(pairArgs, context, own, more);
    const { model, task } = selected;
    return {
      ...selected,
      description: kept === undefined
        ? describePair(context, model, task)
        : `Continue a run: ${kept.config.task.name} by ${kept.config.model.name}.`,
      flags: !isHelp
        ? selected.flags
        : kept === undefined
        ? await withRecommended(selected, args, own)
        : withRecorded(selected.flags, own, kept.config)
          .filter(({ source, option: { name } }) =>
            source === own ? !isKept(name) : CHANGEABLE_OF_TASK.has(name)
          ),
      ...(findFlagValue(args, "--resume") === undefined ? {} : {
        hint:
          "with --resume a run keeps its model and task, settings of training such as --steps " +
          "and --lr may change",
      }),
      read: (typed) => ({
        ...selected.read(typed),
        taskOptions: kept === undefined
          ? undefined
          : typedOptions(kept.source, selected.flags, typed),
      }),
    };
  },
  async run(context, { options, typed, selection: { model, task, typedOfModel, taskOptions } }) {
    const {
      resume,
      from,
      trust,
      model: _,
      task: __,
      out,
      name,
      dashboard,
      samples,
      json,
      quiet,
      verbose,
      ...training
    } = options;
    const output = { json, quiet, verbose, dashboard, samples };
    if (resume !== undefined) {
      const changes = changesOf(training, typed);
      const other = Object.keys(taskOptions ?? {}).find((name) => !CHANGEABLE_OF_TASK.has(name));
      if (other !== undefined) {
        throw new UsageError(`Cannot use --${flagName(other)} with --resume: a run keeps its own`);
      }
      const run = await findRun(resume);
      if (changes.device !== undefined) await checkDevice(changes.device, context.terminal);
      await checkResumable(run, changes.device, context.terminal);
      const lost = await lostSteps(run);
      if (lost > 0) {
        context.terminal.writeError(
          `The checkpoint of ${run.path} is not there: it begins again, its metrics showed ${lost} ` +
            `${lost === 1 ? "step" : "steps"}\n`,
        );
      }
      const plugins = trust === undefined ? {} : { plugins: await knownPlugins(context, trust) };
      const { recipe: known = "", seed } = run.config;
      const recipe = Object.hasOwn(context.recipes, known) ? context.recipes[known] : undefined;
      const otherwise = Object.entries(changes)
        .filter(([name, value]) => !OF_PLACE.has(name) && recipe?.training.steps !== value)
        .map(([name, value]) => `${flagName(name)} ${value} to go on with`);
      const watch = recipe && (await import("./recipe_watch.ts"))
        .watchRecipe(recipe, {
          name: known,
          seed,
          json,
          quiet,
          changes: otherwise,
          otherText: await (await import("../recipes/texts.ts"))
            .textDifference(recipe.text, run.config.task.options.corpus),
        }, context);
      await reportTraining(
        context,
        { title: run.name, steps: changes.steps, advises: recipe?.walk === undefined, ...output },
        (callbacks) =>
          context.resume(
            { run: run.path, changes, taskOptions, ...plugins },
            [tellOfText(run.config, context), ...callbacks, ...watch ? [watch.callbacks] : []],
            output,
          ),
      );
      return watch?.tell();
    }
    if (trust !== undefined) {
      throw new UsageError("Cannot use --trust without --resume: --model and --task load a module");
    }
    const pair = requirePair({ model, task }, context, "train");
    const weights = from === undefined ? undefined : await readWeights(from);
    const learner = weights === undefined
      ? pair.model
      : withOptionsOf(weights, pair.model, typedOfModel);
    const request = { model: learner, task: pair.task, training, weights, out, name };
    await startTraining(request, context, output);
  },
});

/** The steps that a run's metrics show and no checkpoint has. */
async function lostSteps(run: RunFolder): Promise<number> {
  try {
    await Deno.stat(run.checkpointPath("last"));
    return 0;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return (await run.readMetrics()).reduce(
    (most, { step, steps }) => Math.max(most, Number(step ?? steps ?? 0)),
    0,
  );
}

/** Says that a run goes on with another text than its own, where that is known of both. */
function tellOfText({ task: { options } }: RunConfig, { terminal }: CommandContext): RunCallbacks {
  return {
    onRunCreated({ config: { task } }) {
      const { sha256 } = task.options;
      if (options.sha256 === undefined || options.sha256 === sha256) return;
      terminal.writeError(
        `Going on with another text: SHA-256 ${
          sha256 ?? "unknown"
        }, begun with ${options.sha256}\n`,
      );
    },
  };
}

/** The model with the options of the one that the weights are of, but for those that were typed. */
function withOptionsOf(
  { model: of }: StartingWeights,
  model: PluginSelection,
  typed: ReadonlySet<string>,
): PluginSelection {
  if (of?.name !== model.name) return model;
  const own = Object.entries(model.options).filter(([name]) => typed.has(name));
  const options = { ...of.options, ...Object.fromEntries(own) };
  return { ...model, options: parseOptions(model.plugin.options, options) as JsonRecord };
}
