/**
 * `summary`: the layers of a model on a task, what comes out of them and how many parameters they have.
 *
 * @module
 */

import type { Model } from "@unroll/core/plugin";
import { formatSummary } from "@unroll/models";
import * as z from "zod";
import { defineCommand } from "../command.ts";
import { UsageError } from "../errors.ts";
import { type FlagSource, readFlags } from "../flags.ts";
import { jsonLine } from "../json_line.ts";
import { pairShape, requirePair, selectPair } from "../plugins.ts";
import { selectRecipe } from "./run_training.ts";
import { instantiate, instantiateTask } from "./train_action.ts";
import { CORPUS } from "./train_options.ts";

/** The command `summary`. */
export const SUMMARY = defineCommand({
  schema: (context) =>
    z.object({
      ...pairShape(context),
      recipe: z.string().optional()
        .describe("The model and task of a recipe, in place of --model and --task")
        .meta({
          group: "What to train",
          placeholder: "name",
          examples: Object.keys(context.recipes),
        }),
      json: z.boolean().default(false).describe("Print JSON"),
    }),
  examples: [["Of a recipe:", "unroll summary --recipe lesson6-rnn"]],
  async select(args, context, own) {
    // A recipe may need a text, which the task has a flag for if one is named.
    const text: FlagSource & { readonly schema: typeof TEXT } = { owner: "a recipe", schema: TEXT };
    const hasTask = args.some((arg) => /^--task(=|$)/.test(arg));
    const selected = await selectPair(args, context, own, hasTask ? [] : [text]);
    return {
      ...selected,
      read: (typed) => ({
        ...selected.read(typed),
        ...hasTask ? {} : readFlags(text, selected.flags, typed),
      }),
    };
  },
  async run(context, { options, typed, selection }) {
    const { model, task } = options.recipe === undefined
      ? requirePair(selection, context, "describe a model", ", or a --recipe")
      : await selectRecipe(options.recipe, typed, selection.corpus, context);
    const reason = await context.unsupportedReason(model, task);
    if (reason !== undefined) throw new UsageError(reason);
    const { spec } = await instantiateTask(task).create();
    const { layers } = (instantiate(model) as Model).create(spec);
    context.terminal.write(
      options.json ? jsonLine({ layers }) : `${formatSummary(layers)}\n`,
    );
  },
});

const TEXT = z.object({ corpus: CORPUS });
