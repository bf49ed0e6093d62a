/**
 * What the commands that use a trained model share: which run, on which device.
 *
 * @module
 */

import { type JsonRecord, type LoadedRun, loadRun } from "@unroll/core/runs";
import * as z from "zod";
import { type CommandDefinition, defineCommand, type Selector } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { knownPlugins, TRUST } from "../plugins.ts";
import { checkDevice } from "./check_device.ts";
import { findModel } from "./find_run.ts";
import { otherSizes } from "./task_options.ts";
import { RUNS, TRAIN_SHAPE } from "./train_options.ts";

/** The options that choose a run's parameters. */
export const WEIGHTS_SHAPE = {
  checkpoint: z.enum(["best", "last"]).optional().describe(
    "Which parameters to use; best if left out",
  ),
  runs: RUNS,
  trust: TRUST,
};

/** The options that choose a trained model. */
export const MODEL_SHAPE = { device: TRAIN_SHAPE.device, ...WEIGHTS_SHAPE };

/** A command that uses a trained model. */
export interface ModelCommandDefinition<Shape extends z.ZodRawShape>
  extends Pick<CommandDefinition, "examples"> {
  /** Its options besides those that choose the model. */
  readonly shape: Shape;
  /** Finds options of the task, in place of those it was trained with. */
  readonly select?: Selector<JsonRecord | undefined>;
  /** Does its work with the model, which is disposed of afterwards. */
  run(
    context: CommandContext,
    loaded: LoadedRun,
    options: z.infer<z.ZodObject<Shape>>,
    taskOptions: JsonRecord | undefined,
  ): void | Promise<void>;
}

/**
 * Defines a command that uses a trained model; its argument is `[run]`.
 *
 * @param definition What it does with the model.
 * @returns The command, which takes a run and loads its model first.
 */
export function defineModelCommand<Shape extends z.ZodRawShape>(
  definition: ModelCommandDefinition<Shape>,
): CommandDefinition {
  const { examples, shape, select } = definition;
  const model = z.object(MODEL_SHAPE);
  return defineCommand<z.infer<typeof model>, JsonRecord | undefined>({
    examples,
    schema: z.object({ ...MODEL_SHAPE, ...shape }) as unknown as typeof model,
    ...(select === undefined ? {} : { select }),
    async run(context, { options, positional: [run = "last"], selection }) {
      const { device, checkpoint, runs, trust } = options;
      await checkDevice(device, context.terminal);
      const path = await findModel(run, runs);
      const known = await knownPlugins(context, trust);
      using loaded = await loadRun(path, {
        ...known,
        device,
        ...(checkpoint === undefined ? {} : { checkpoint }),
        taskOptions: selection,
      }).catch(async (error) => {
        if (!(error instanceof TypeError) || selection === undefined) throw error;
        throw await otherSizes(path, selection, known) ?? error;
      });
      const all = options as unknown as z.infer<z.ZodObject<Shape>>;
      await definition.run(context, loaded, all, selection);
    },
  });
}

/**
 * Returns an optional method of the task, or throws if the task lacks it.
 *
 * @param method The method.
 * @param run The run whose task has it.
 * @param does What the command does, for the sentence.
 * @returns The method.
 * @throws {RangeError} When the task lacks it.
 */
export function required<Method>(
  method: Method | undefined,
  run: LoadedRun,
  does: string,
): Method {
  if (method !== undefined) return method;
  throw new RangeError(`Cannot ${does} with ${run.config.task.name}: the task has no way to do it`);
}
