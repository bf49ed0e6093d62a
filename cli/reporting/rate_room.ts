/**
 * How high the picture of a search for a learning rate is: what matters is where the loss falls, not how far it diverges.
 *
 * @module
 */

import type { LearningRatePoint } from "@unroll/core/training";

/**
 * Finds the greatest loss that a picture has room for.
 *
 * @param points The steps.
 * @returns Half again as far above the least loss as the losses before that are.
 */
export function roomFor(points: readonly LearningRatePoint[]): number {
  const losses = points.map(({ smoothed }) => smoothed);
  const low = Math.min(...losses);
  const before = losses.slice(0, losses.indexOf(low) + 1);
  const head = Math.max(...before) - low;
  return head > 0 ? low + 1.5 * head : Infinity;
}
