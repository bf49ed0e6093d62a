/**
 * `sweep`: trains over a grid of settings, and brings the results together in one table.
 *
 * @module
 */

import type { JsonRecord } from "@unroll/core/runs";
import * as z from "zod";
import { defineCommand } from "../command.ts";
import { UsageError, withUsageErrors } from "../errors.ts";
import { asksHelp, readFlags, type TypedFlags } from "../flags.ts";
import { runSweep } from "../sweep/run_sweep.ts";
import { gridFlags, type Pair, pairsOf, planTrials } from "../sweep/plan.ts";
import { withRecommended } from "./recommended_flags.ts";
import { inGroup } from "./train_options.ts";

/** The command `sweep`. */
export const SWEEP = defineCommand({
  schema: (context) =>
    z.object({
      ...inGroup("What to train", {
        model: z.string().optional().describe("Models, separated by commas")
          .meta({ placeholder: "names", examples: Object.keys(context.models) }),
        task: z.string().optional().describe("Tasks, separated by commas")
          .meta({ placeholder: "names", examples: Object.keys(context.tasks) }),
        seeds: z.string().default("0..4").describe("Seeds").meta({ placeholder: "range" }),
      }),
      ...inGroup("How to run it", {
        jobs: z.int().min(1).optional()
          .describe("Processes at once; as many as processors if left out"),
        engine: z.enum(["local", "slurm"]).default("local").describe(
          "Where: on this machine, or through Slurm, the scheduler of a cluster",
        ),
        sbatch: z.string().optional().describe("More options for sbatch, with --engine slurm")
          .meta({ placeholder: "words" }),
        successError: z.number().min(0).default(0)
          .describe("A run has succeeded if its error is at most this"),
        out: z.string().optional()
          .describe("The sweep's folder; a new one in sweeps if left out")
          .meta({ placeholder: "folder" }),
        json: z.boolean().default(false)
          .describe("Print JSON, one object for each run, then one for each row of the table"),
      }),
    }),
  examples: [
    [
      "How many units does counting to fifteen take:",
      "unroll sweep --model rnn --task fizzbuzz --seeds 0..19 --hidden 4,5,8",
    ],
    [
      "On a cluster:",
      "unroll sweep --model rnn,gru --task fizzbuzz --engine slurm --sbatch=--time=10:00",
    ],
  ],
  async select(args, context, own) {
    const pairs = await withUsageErrors(() => pairsOf(args, context, own));
    const isHelp = asksHelp(args);
    return {
      flags: gridFlags(own, isHelp ? await Promise.all(pairs.map(recommendedTo(args))) : pairs),
      hint: "see sweep --model … --task … --help",
      read: (typed) => ({ pairs, typed }),
    };
  },
  async run(context, { options, selection: { pairs, typed } }) {
    if (pairs.length === 0) {
      throw new UsageError(
        "Cannot sweep without --model and --task: one or more of each are needed",
      );
    }
    const planned = await withUsageErrors(() => planTrials(typed, pairs, options.seeds));
    await runSweep(planned, options, context);
  },
});

/** Gives the flags of a pair the defaults that hold for it. */
function recommendedTo(args: readonly string[]): (pair: Pair) => Promise<Pair> {
  return async (pair) => {
    const { model, task, flags, sources: [training, ofModel, ofTask] } = pair;
    const read = (typed: TypedFlags) => ({
      model: { ...model, options: readFlags(ofModel, flags, typed) as JsonRecord },
      task: { ...task, options: readFlags(ofTask, flags, typed) as JsonRecord },
      typedOfModel: new Set<string>(),
    });
    return { ...pair, flags: await withRecommended({ flags, read }, args, training) };
  };
}
