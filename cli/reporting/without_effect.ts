/**
 * Settings that were given and do nothing, said before training begins.
 *
 * @module
 */

import type { RunConfig } from "@unroll/core/runs";
import type { ResolvedSettings } from "@unroll/core/training";
import { formatCount } from "../format.ts";

/**
 * Finds settings that have no effect, or another one than they seem to.
 *
 * @param config What decides the run.
 * @param settings All settings of training.
 * @returns A sentence for each.
 */
export function withoutEffect(
  { model: { options } }: Pick<RunConfig, "model">,
  settings: ResolvedSettings,
): string[] {
  const { steps, phases, patience, validateEvery, warmup, optimizer } = settings;
  const found: string[] = [];
  const { layers, dropout } = options;
  if (layers === 1 && typeof dropout === "number" && dropout > 0) {
    found.push(`--dropout ${dropout} has no effect on one layer: it is between layers, --layers 2`);
  }
  if (phases !== undefined) {
    const sum = phases.reduce((sum, phase) => sum + phase.steps, 0);
    const before = sum - phases[phases.length - 1].steps;
    if (steps > sum) {
      found.push(
        `--phases are of ${formatCount(sum)} steps and the run is of ${formatCount(steps)}: the ` +
          `last rate goes on to its end, --steps ${sum} ends with them`,
      );
    } else if (steps <= before) {
      found.push(
        `The last of --phases begins after step ${formatCount(before)} and the run is of ` +
          `${formatCount(steps)}: it has no effect, --steps ${sum} goes through all`,
      );
    }
  }
  const { momentum, nesterov } = optimizer.settings;
  if (nesterov === true && momentum === 0) {
    found.push("--nesterov has no effect without momentum: --momentum 0.9 is usual");
  }
  // As many validations are needed after the first, which is the best so far.
  const validations = Math.ceil(steps / validateEvery);
  if (patience > 0 && patience >= validations - 1) {
    found.push(
      `--patience ${patience} has no effect on a run of ${validations} validations: ` +
        "--validate-every makes them more",
    );
  }
  if (warmup >= steps) {
    found.push(
      `--warmup ${warmup} is as long as the run: the learning rate never comes to its height`,
    );
  }
  return found;
}
