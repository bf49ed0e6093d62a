/**
 * How a training run went, in words: how good the model is, when it was best, and why training ended.
 *
 * @module
 */

import type { Validation } from "@unroll/core/plugin";
import {
  formatStopRule,
  type TrainingEvent,
  type TrainingStart,
  type TrainResult,
} from "@unroll/core/training";
import {
  formatCount,
  formatDuration,
  formatFigure,
  formatPercent,
  formatSteps,
} from "../format.ts";

/**
 * Formats what says most of a model beside its loss: of texts bits per character, of others the error.
 *
 * @param validation What was measured.
 * @returns Its name and the number, or `undefined` where there is none.
 */
export function formatMeasure({ error, metrics }: Validation): string | undefined {
  const { bits } = metrics ?? {};
  if (bits !== undefined) return `${formatFigure(bits)} bits per character`;
  return error === undefined ? undefined : `error ${formatPercent(error)}`;
}

/** Formats all that is measured. */
function formatValidation(validation: Validation): string {
  const measure = formatMeasure(validation);
  return `validation loss ${formatFigure(validation.loss)}${measure ? `, ${measure}` : ""}`;
}

/**
 * Says how training went.
 *
 * @param result What training gave.
 * @param start What was known when it began.
 * @returns Lines without their ends.
 */
export function outcomeLines(result: TrainResult, start: TrainingStart): string[] {
  const { steps, seconds, device, stepsPerSecond, best } = result;
  const measured = best.validation ?? { loss: result.loss, error: result.error };
  const ending = endingLine(result, start);
  return [
    `${formatSteps(steps)} in ${formatDuration(seconds)} on ${device} ` +
    `(${formatCount(stepsPerSecond)} steps/s): ${formatValidation(measured)}`,
    ...(ending === undefined ? [] : [ending]),
  ];
}

/** Says when the model was best and why training ended, where that is not simply its end. */
function endingLine(result: TrainResult, start: TrainingStart): string | undefined {
  const { steps, best, ended, last } = result;
  const { settings, recommended } = start;
  const total = formatCount(settings.steps);
  if (ended === "good") {
    const rule = formatStopRule(settings);
    const asks = rule === formatStopRule(recommended) ? "the task asks" : `--stop-at ${rule} asks`;
    const { stopAtError, stopAtLoss } = settings;
    const reached = [
      ...(stopAtError === undefined ? [] : [`error ${formatPercent(last?.error ?? NaN)}`]),
      ...(stopAtLoss === undefined ? [] : [`validation loss ${formatFigure(last?.loss ?? NaN)}`]),
    ].join(" and ");
    return `Stopped at step ${formatCount(steps)} of ${total}: ${reached}, as ${asks}`;
  }
  if (ended === "patience") {
    return `Stopped at step ${
      formatCount(steps)
    } of ${total} by --patience ${settings.patience}: ` +
      `no better validation since step ${formatCount(best.step)}`;
  }
  if (last === undefined || best.step >= steps || best.validation === undefined) return undefined;
  const name = last.loss > best.validation.loss ? "validation loss" : "error";
  // Where a loss is worse by little, three digits would hide by how much.
  const isNear = last.loss < 1.02 * best.validation.loss && last.loss < 0.1;
  const figure = isNear ? (loss: number) => loss.toPrecision(4) : formatFigure;
  const [then, now] = [best.validation, last].map(({ loss, error = NaN }) =>
    name === "error" ? formatPercent(error) : figure(loss)
  );
  const after = steps - best.step;
  const words = after === 1 ? "the last step" : `the last ${formatCount(after)} steps`;
  // Less than what is printed is no news.
  if (then === now) {
    return `Best at step ${formatCount(best.step)} of ${total}; ${words} made it no better`;
  }
  return `Best at step ${formatCount(best.step)} of ${total} (${name} ${then}); ` +
    `${words} made it worse (${now})`;
}

/** Validations in a row that are worse than the one before, before that is said. */
const RISES = 3;

/**
 * Watches for a model that learns its training data by heart: validation loss rises while training loss falls.
 *
 * @returns A function that is told of each validation, and gives a line to print, once.
 */
export function createOverfittingWatch(): (
  event: TrainingEvent & { readonly event: "validation" },
) => string | undefined {
  let seen: { readonly step: number; readonly loss: number; readonly trainingLoss: number }[] = [];
  let isTold = false;
  return ({ step, validation: { loss }, trainingLoss }) => {
    const before = seen.at(-1);
    if (before !== undefined && !(loss > before.loss && trainingLoss < before.trainingLoss)) {
      seen = [];
    }
    seen.push({ step, loss, trainingLoss });
    if (isTold || seen.length <= RISES) return undefined;
    isTold = true;
    const [{ step: since, loss: then }] = seen;
    return `Validation loss has risen since step ${formatCount(since)}, from ` +
      `${formatFigure(then)} to ${formatFigure(loss)}, while training loss falls: the model ` +
      "learns its training data by heart (overfitting). --patience 3 would end it; more data, " +
      "fewer units, --dropout or --l2 may help";
  };
}
