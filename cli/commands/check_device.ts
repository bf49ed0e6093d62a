/**
 * Looks at the device that the environment names, before anything is opened.
 *
 * @module
 */

import type { Terminal } from "../context.ts";
import { UsageError } from "../errors.ts";
import { TRAIN_SHAPE, type TrainOptions } from "./train_options.ts";

/**
 * Refuses a variable `UNROLL_BACKEND` that names no device.
 *
 * @param device What is asked for; only `auto`, which is also what nothing is, means the variable.
 * @param terminal Reads the variable.
 * @throws {UsageError} When there is no device of that name.
 */
export function checkDevice(
  device: TrainOptions["device"] = "auto",
  { variable }: Pick<Terminal, "variable">,
): void {
  const named = variable("UNROLL_BACKEND") ?? "";
  const known = TRAIN_SHAPE.device.unwrap().options.filter((name) => name !== "auto");
  if (device !== "auto" || named === "" || known.some((name) => name === named)) return;
  throw new UsageError(`Cannot use UNROLL_BACKEND=${named}: one of ${known.join(", ")} is needed`);
}
