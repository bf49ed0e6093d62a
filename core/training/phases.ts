/**
 * Learning rates one after the other, as text: `4000:1e-3,8000:1e-4`.
 *
 * @module
 */
import type { LearningPhase } from "../plugin/training_defaults.ts";

/**
 * Reads learning rates one after the other.
 *
 * @param text Steps and rate of each, `steps:rate,steps:rate`; the last goes on to the end of a run.
 * @returns The phases, at least one.
 * @throws {RangeError} If the text is anything else.
 *
 * @example Usage
 * ```ts
 * import { parsePhases } from "@unroll/core/training";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual(parsePhases("400:1e-3,800:1e-4"), [
 *   { steps: 400, learningRate: 1e-3 },
 *   { steps: 800, learningRate: 1e-4 },
 * ]);
 * ```
 */
export function parsePhases(text: string): LearningPhase[] {
  return text.split(",").map((phase) => {
    const [, steps, rate] = /^\s*(\d+):([\d.]+(?:e[+-]?\d+)?)\s*$/i.exec(phase) ?? [];
    const [count, learningRate] = [Number(steps), Number(rate)];
    if (Number.isSafeInteger(count) && count >= 1 && learningRate > 0 && learningRate < Infinity) {
      return { steps: count, learningRate };
    }
    throw new RangeError(
      `Cannot read the learning-rate phases ${
        JSON.stringify(text)
      }: steps and a rate of each are ` +
        `needed, such as 400:1e-3,800:1e-4, found ${JSON.stringify(phase)}`,
    );
  });
}

/**
 * Formats learning rates one after the other as {@linkcode parsePhases} reads them.
 *
 * @param phases The phases.
 * @returns Steps and rate of each, `steps:rate,steps:rate`.
 *
 * @example Usage
 * ```ts
 * import { formatPhases } from "@unroll/core/training";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(formatPhases([{ steps: 400, learningRate: 0.01 }]), "400:0.01");
 * ```
 */
export function formatPhases(phases: readonly LearningPhase[]): string {
  return phases.map(({ steps, learningRate }) => `${steps}:${learningRate}`).join(",");
}
