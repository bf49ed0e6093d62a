/**
 * `lr-find`: looks for a learning rate, by a short training in which it grows.
 *
 * @module
 */

import type { Model } from "@unroll/core/plugin";
import { findLearningRate, type LearningRateCurve } from "@unroll/core/training";
import * as z from "zod";
import { defineCommand } from "../command.ts";
import { UsageError, withUsageErrors } from "../errors.ts";
import { asksHelp } from "../flags.ts";
import { formatFigure, quoted, shortNumber } from "../format.ts";
import { jsonLine } from "../json_line.ts";
import { pairShape, requirePair, selectPair } from "../plugins.ts";
import { commandLine } from "../program.ts";
import { roomFor } from "../reporting/rate_room.ts";
import { plotValues } from "../reporting/terminal_plot.ts";
import { writeOut } from "../reporting/write_out.ts";
import { withRecommended } from "./recommended_flags.ts";
import { checkDevice } from "./check_device.ts";
import { instantiate, instantiateTask, toTrainSettings } from "./train_action.ts";
import { inGroup, TRAIN_SHAPE } from "./train_options.ts";

const { seed, device, optimizer, clip, clipNorm, l2, momentum, nesterov } = TRAIN_SHAPE;
const { beta1, beta2, decay, epsilon, epsilonPlace, weightDecay } = TRAIN_SHAPE;

const SEARCH = inGroup("How to search", {
  minLr: z.number().positive().default(1e-7).describe("Learning rate of the first step"),
  maxLr: z.number().positive().default(10).describe("Learning rate of the last step"),
  steps: z.int().min(20).default(100).describe("Steps, each at a greater rate than the one before"),
  out: z.string().optional().describe("Draw the losses in a file that ends in .svg")
    .meta({ placeholder: "file" }),
  json: z.boolean().default(false).describe("Print one JSON object"),
});

/** What belongs to the search, and not to the training that it is for. */
const OWN = /^--(min-lr|max-lr|steps|out)(=|$)/;

/** The command `lr-find`. */
export const LR_FIND = defineCommand({
  schema: (context) =>
    z.object({
      ...pairShape(context),
      ...SEARCH,
      ...inGroup("How to train", {
        seed,
        device,
        optimizer,
        clip,
        clipNorm,
        l2,
        momentum,
        nesterov,
        beta1,
        beta2,
        decay,
        epsilon,
        epsilonPlace,
        weightDecay,
      }),
    }),
  examples: [
    ["For a network that counts by itself:", "unroll lr-find --model rnn --task fizzbuzz"],
    [
      "For gradient descent, with a picture:",
      "unroll lr-find --model rnn --task fizzbuzz --optimizer sgd --out runs/rates.svg",
    ],
  ],
  async select(args, context, own) {
    const selected = await selectPair(args, context, own);
    const isHelp = asksHelp(args);
    return {
      ...selected,
      flags: isHelp ? await withRecommended(selected, args, own) : selected.flags,
      read: (typed) => ({ ...selected.read(typed), words: trainWords(args) }),
    };
  },
  async run(context, { options, selection: { words, ...pair } }) {
    const { minLr, maxLr, steps, out, json, model: _, task: __, ...training } = options;
    if (out !== undefined && !out.endsWith(".svg")) {
      throw new UsageError(`Cannot use --out ${out}: a name that ends in .svg is needed`);
    }
    const { model, task } = requirePair(pair, context, "look for a learning rate");
    await checkDevice(training.device, context.terminal);
    const reason = await withUsageErrors(() => context.unsupportedReason(model, task));
    if (reason !== undefined) throw new UsageError(reason);
    const curve = await withUsageErrors(() =>
      context.interruptible((signal) =>
        findLearningRate({
          ...toTrainSettings(training),
          model: instantiate(model) as Model,
          task: instantiateTask(task),
          from: minLr,
          to: maxLr,
          steps,
          signal,
        })
      )
    );
    const { valley, steepest } = curve.suggestions;
    const command = (rate: number) => commandLine(`train ${words} --lr ${rounded(rate)}`);
    const { write, columns } = context.terminal;
    if (json) {
      const chosen = valley ?? steepest;
      const train = chosen === undefined ? {} : { command: command(chosen) };
      write(jsonLine({ event: "lr_find", ...curve, ...train }));
    } else {
      write(format(curve, columns(), command));
    }
    if (out !== undefined) {
      const { rateChart } = await import("../charts/rate_chart.ts");
      await writeOut(out, rateChart(curve));
      if (!json) write(`Drawn in ${out}\n`);
    }
  },
});

/** The words of `train` for the same, without those of the search. */
function trainWords(args: readonly string[]): string {
  const words: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const own = OWN.exec(args[i]);
    if (own?.[2] === "") i++;
    if (own === null && args[i] !== "--json") words.push(quoted(args[i]));
  }
  return words.join(" ");
}

/** Rounds a rate to two digits: more say nothing. */
function rounded(rate: number): string {
  return String(Number(rate.toPrecision(2)));
}

function format(
  { points, diverged, suggestions: { valley, steepest } }: LearningRateCurve,
  columns: number,
  command: (rate: number) => string,
): string {
  if (points.length === 0) return "There was no step\n";
  const rates = points.map(({ learningRate }) => learningRate);
  const marks = [{ rate: steepest, letter: "S" }, { rate: valley, letter: "V" }]
    .flatMap(({ rate, letter }) => rate === undefined ? [] : [{ at: rates.indexOf(rate), letter }]);
  const plot = plotValues(points.map(({ smoothed }) => smoothed), {
    columns: Math.min(100, columns),
    ends: [shortNumber(rates[0]), `${shortNumber(rates[rates.length - 1])}  learning rate`],
    marks,
    top: roomFor(points),
  });
  const last = formatFigure(rates[rates.length - 1]);
  const lines = [
    "Loss, smoothed",
    ...plot,
    "",
    diverged
      ? `The loss diverged at learning rate ${last}`
      : `The loss did not diverge up to learning rate ${last}`,
  ];
  const chosen = valley ?? steepest;
  if (chosen === undefined) {
    lines.push(
      "Nowhere does it fall for long: other rates, with --min-lr and --max-lr, may do more",
    );
  } else {
    if (steepest !== undefined) {
      lines.push(`S  ${rounded(steepest).padEnd(8)} where the loss falls most steeply`);
    }
    if (valley !== undefined) {
      lines.push(`V  ${rounded(valley).padEnd(8)} in the valley (fast.ai's rule): the suggestion`);
    }
    lines.push("", `Train with  ${command(chosen)}`);
  }
  return lines.map((line) => `${line}\n`).join("");
}
