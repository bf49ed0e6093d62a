/**
 * What was known of a recipe beside what a run of it got, for reports.
 *
 * @module
 */

import type { Json, MetricsLine, RunConfig } from "@unroll/core/runs";
import { formatDifference, formatNumber } from "../format.ts";
import { postOf } from "../recipes/posts.ts";
import { compare, type Measured, type Recipe } from "../recipes/recipe.ts";
import { formatExpected, verdictOf } from "../recipes/recipe_text.ts";
import { escapeMarkup } from "./html.ts";
import { resultOf } from "./run_table.ts";

/**
 * Reads out of a run's metrics what is set beside known numbers.
 *
 * @param lines The metrics.
 * @returns What the run gave.
 */
export function measuredOf(lines: readonly MetricsLine[]): Measured {
  const { loss = NaN, error, metrics } = resultOf(lines);
  const last = lines.findLast(({ event }) => event === "recipe");
  const smoothed = (last?.smoothed ?? {}) as Readonly<Record<string, Json>>;
  const number = (value: Json | undefined) => typeof value === "number" ? value : NaN;
  return {
    ...(error === undefined ? {} : { error }),
    validationLoss: loss,
    metrics: metrics as Readonly<Record<string, number>>,
    trainingLoss: number(last?.training_loss),
    smoothedLoss: (iteration) => number(smoothed[iteration]),
  };
}

/**
 * Writes the part of a report that sets known numbers beside those of the run.
 *
 * @param config What decided the run.
 * @param lines Its metrics.
 * @param recipe Its recipe.
 * @returns HTML.
 */
export function knownPart(
  { recipe: name = "" }: Pick<RunConfig, "recipe">,
  lines: readonly MetricsLine[],
  recipe: Recipe,
): string {
  const last = lines.findLast(({ event }) => event === "recipe");
  const changes = Array.isArray(last?.changes) ? last.changes.map(String) : [];
  const rows = compare(recipe, measuredOf(lines)).map((comparison) => {
    const cells = [
      comparison.name,
      formatExpected(comparison.expected),
      formatNumber(comparison.actual),
      formatDifference(comparison.difference),
      changes.length === 0 ? verdictOf(comparison) : "",
      comparison.expected.source,
    ];
    return `<tr>${cells.map((text) => `<td>${escapeMarkup(text)}</td>`).join("")}</tr>`;
  });
  const post = postOf(name);
  const heads = ["", "known", "got", "difference", "", "who measured it"];
  return `<h2>Recipe ${escapeMarkup(name)}: known and got</h2>
<p>${escapeMarkup(recipe.summary)}</p>
<div class="card wide"><table><tr>${heads.map((head) => `<th>${head}</th>`).join("")}</tr>
${rows.join("\n")}</table></div>
${
    changes.length === 0
      ? ""
      : `<p>Not the recipe as it is: ${
        escapeMarkup(changes.join(", "))
      }. So nothing is claimed of what is known.</p>`
  }${
    post === undefined
      ? ""
      : `<p>The post: <a href="${escapeMarkup(post.address)}">${escapeMarkup(post.title)}</a>, ${
        escapeMarkup(post.by)
      }</p>`
  }`;
}
