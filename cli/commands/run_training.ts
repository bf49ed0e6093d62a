/**
 * Trains and tells of it, for every command that does.
 *
 * @module
 */

import type { CommandContext, TrainRequest } from "../context.ts";
import { UsageError } from "../errors.ts";
import { serveDashboard } from "../reporting/dashboard.ts";
import { createReporter, type Reporter, together } from "../reporting/reporter.ts";
import type { OutputOptions } from "./train_options.ts";

/**
 * Trains what was asked for, after a look at whether the pair makes sense.
 *
 * @param request What to train.
 * @param context What there is.
 * @param output How to tell of it.
 * @throws {UsageError} When the model cannot learn the task.
 */
export async function runTraining(
  request: TrainRequest,
  context: CommandContext,
  output: Omit<OutputOptions, "out">,
): Promise<void> {
  const refusal = await context.refusal(request.model, request.task);
  if (refusal !== undefined) throw new UsageError(refusal);
  const title = `${request.task.plugin.name} · ${request.model.plugin.name}`;
  await reportTraining(
    context,
    { title, steps: request.training.steps, ...output },
    (reporter) => context.train(request, reporter),
  );
}

/**
 * Trains with a reporter, which is closed in any case.
 *
 * @param context What there is.
 * @param settings What runs, and how to tell of it.
 * @param act Trains.
 */
export async function reportTraining(
  context: CommandContext,
  settings: Omit<OutputOptions, "out"> & { readonly title: string; readonly steps?: number },
  act: (reporter: Reporter) => Promise<void>,
): Promise<void> {
  const { terminal } = context;
  const first = createReporter({ terminal, ...settings });
  const page = settings.dashboard ? await serveDashboard(settings.title) : undefined;
  if (page !== undefined) terminal.writeError(`Watch at ${page.url}\n`);
  const reporter = page === undefined ? first : together([first, page.reporter]);
  try {
    await act(reporter);
  } finally {
    reporter.close();
    await page?.close();
  }
}
