/**
 * When training ends early, as text: `error=0`, `loss=0.1`, `error=0,loss=0.1` for both, or `none`.
 *
 * @module
 */
import type { TrainingDefaults } from "../plugin/training_defaults.ts";

/** When training ends early. */
export type StopRule = Pick<TrainingDefaults, "stopAtError" | "stopAtLoss">;

/** No error is so low. */
const NEVER: StopRule = { stopAtError: -1 };

/**
 * Reads when training ends early.
 *
 * @param text Error, loss or both, with a comma between; or `none`.
 * @returns The settings, which take the place of those that a task recommends.
 * @throws {RangeError} If the text is anything else.
 *
 * @example Usage
 * ```ts
 * import { parseStopRule } from "@unroll/core/training";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual(parseStopRule("error=0,loss=1e-3"), { stopAtError: 0, stopAtLoss: 1e-3 });
 * ```
 */
export function parseStopRule(text: string): StopRule {
  if (text.trim() === "none") return NEVER;
  const rule: { stopAtError?: number; stopAtLoss?: number } = {};
  for (const part of text.split(",")) {
    const [, name, value] = /^\s*(error|loss)=([\d.]+(?:e[+-]?\d+)?)\s*$/i.exec(part) ?? [];
    const key = name?.toLowerCase() === "error" ? "stopAtError" : "stopAtLoss";
    if (!Number.isFinite(Number(value)) || rule[key] !== undefined) {
      throw new RangeError(
        `Cannot read when to stop ${JSON.stringify(text)}: error=0, loss=0.1, both with a comma ` +
          `between, or none is needed, found ${JSON.stringify(part)}`,
      );
    }
    rule[key] = Number(value);
  }
  return rule;
}

/**
 * Formats when training ends early as {@linkcode parseStopRule} reads it.
 *
 * @param rule The settings.
 * @returns The text, or `undefined` where they say nothing.
 *
 * @example Usage
 * ```ts
 * import { formatStopRule } from "@unroll/core/training";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(formatStopRule({ stopAtLoss: 0.1 }), "loss=0.1");
 * ```
 */
export function formatStopRule({ stopAtError, stopAtLoss }: StopRule): string | undefined {
  if (stopAtError !== undefined && stopAtError < 0) return "none";
  const parts = [
    ...(stopAtError === undefined ? [] : [`error=${stopAtError}`]),
    ...(stopAtLoss === undefined ? [] : [`loss=${stopAtLoss}`]),
  ];
  return parts.length === 0 ? undefined : parts.join(",");
}
