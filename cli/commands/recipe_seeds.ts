/**
 * `recipe NAME --seeds 0..63`: how many starts come out as known.
 *
 * @module
 */

import { train } from "@unroll/core/training";
import type { CommandContext, TrainRequest } from "../context.ts";
import { UsageError, withUsageErrors } from "../errors.ts";
import { formatPercent, wrapLines } from "../format.ts";
import { jsonLine } from "../json_line.ts";
import { RecipeMonitor } from "../recipes/monitor.ts";
import { compare, type Comparison, type Recipe } from "../recipes/recipe.ts";
import { formatExpected } from "../recipes/recipe_text.ts";
import { formatInterval, wilsonInterval } from "../reporting/wilson.ts";
import { gridValues } from "../sweep/grid.ts";
import { createTally } from "../sweep/tally.ts";
import { checkDevice } from "./check_device.ts";
import { instantiate, instantiateTask, toTrainSettings } from "./train_action.ts";
import { TRAIN_SHAPE } from "./train_options.ts";
import type { Model } from "@unroll/core/plugin";

/** What is run. */
export interface SeedsSettings {
  /** What to train; its seed is replaced. */
  readonly request: TrainRequest;
  /** What was typed for the seeds. */
  readonly seeds: string;
  /** Whether to print JSON lines. */
  readonly json: boolean;
  /** What is otherwise than in the recipe. */
  readonly changes: readonly string[];
}

/**
 * Trains a recipe from each seed in this process, keeps no run, and tells how many come out as known.
 *
 * @param recipe The recipe.
 * @param settings What is run.
 * @param context What there is.
 * @throws {UsageError} When the seeds are none, or the model cannot learn the task.
 */
export async function runSeeds(
  recipe: Recipe,
  { request, seeds: typed, json, changes }: SeedsSettings,
  context: CommandContext,
): Promise<void> {
  const { terminal } = context;
  const seeds = await withUsageErrors(() =>
    gridValues("--seeds", typed).map((text) => TRAIN_SHAPE.seed.parse(Number(text)))
  );
  const { model, task, training, settings } = request;
  await checkDevice(training.device, terminal);
  const reason = await withUsageErrors(() => context.unsupportedReason(model, task));
  if (reason !== undefined) throw new UsageError(reason);
  const claims = recipe.expected.filter(({ is }) => is !== "beside");
  if (claims.length === 0) {
    throw new UsageError("Cannot tell a share: this recipe's known numbers are only set beside");
  }
  const tally = createTally({ total: seeds.length, done: 0, jobs: 1, ...terminal });
  const good: number[] = [];
  try {
    for (const seed of seeds) {
      const monitor = new RecipeMonitor(recipe, { seed });
      const { seed: _, saveEvery: __, ...rest } = toTrainSettings(training) as
        & ReturnType<typeof toTrainSettings>
        & { readonly saveEvery?: number };
      using trained = await context.interruptible((signal) =>
        train({
          ...rest,
          ...settings,
          model: instantiate(model) as Model,
          task: instantiateTask(task),
          seed,
          signal,
          callbacks: [monitor.callbacks],
        })
      );
      if (trained.ended === "aborted") throw new UsageError("Cannot tell a share: it was stopped");
      const comparisons = compare(recipe, monitor.measured);
      const isGood = comparisons.every(({ passes }) => passes !== false);
      if (isGood) good.push(seed);
      if (json) {
        terminal.write(jsonLine({ event: "seed", seed, passes: isGood, ...got(comparisons) }));
      } else {
        const name = `seed ${seed}`;
        const result = { loss: trained.loss, metrics: {} };
        tally.add({ trial: { name, values: {} }, state: "done", result });
      }
    }
  } finally {
    if (!json) tally.stop();
  }
  const count = seeds.length;
  const right = good.length;
  if (json) {
    const interval = wilsonInterval(right, count);
    terminal.write(jsonLine({ event: "share", right, count, interval, seeds: good, changes }));
    return;
  }
  terminal.write(shareText(recipe, { good, count, changes, columns: terminal.columns() }));
}

function got(comparisons: readonly Comparison[]) {
  return { got: Object.fromEntries(comparisons.map(({ name, actual }) => [name, actual])) };
}

/** What a share is told of. */
interface Share {
  /** Seeds that came out as known. */
  readonly good: readonly number[];
  readonly count: number;
  readonly changes: readonly string[];
  readonly columns: number;
}

/**
 * Tells how many starts come out as known, with the interval, beside the share that is known.
 *
 * @param recipe The recipe.
 * @param share What came of the seeds.
 * @returns Lines, each with its end.
 */
export function shareText(
  { expected, share }: Recipe,
  { good, count, changes, columns }: Share,
): string {
  const claims = expected.filter(({ is }) => is !== "beside").map((one) =>
    `${one.measure.replace("metrics.", "").replaceAll("_", " ")} ${formatExpected(one)}`
  );
  const shareOf = (right: number, of: number) =>
    `${right} of ${of} (${formatPercent(right / of)}, 95 %: ${formatInterval(right, of)})`;
  const lines = [
    `${shareOf(good.length, count)} starts come to ${claims.join(", ")}.`,
    ...(good.length === 0 || good.length === count ? [] : [`Seeds that do: ${good.join(" ")}`]),
    ...(changes.length > 0
      ? [`Not the recipe as it is: ${changes.join(", ")}.`]
      : share === undefined
      ? []
      : [`Known: ${shareOf(share.right, share.count)}, ${share.source}.`]),
  ];
  return lines.flatMap((line) => wrapLines(line, columns)).map((line) => `${line}\n`).join("");
}
