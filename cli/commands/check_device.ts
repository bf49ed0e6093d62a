/**
 * Looks at the device that is named, before anything is opened.
 *
 * @module
 */

import type { RunFolder } from "@unroll/core/runs";
import type { Terminal } from "../context.ts";
import { UsageError } from "../errors.ts";
import { permitNative } from "../permissions.ts";
import { TRAIN_SHAPE, type TrainOptions } from "./train_options.ts";

/**
 * Refuses native code that is not permitted, and a variable `UNROLL_BACKEND` that names no device.
 *
 * @param device What is asked for; only `auto`, which is also what nothing is, means the variable, where what cannot be
 * had is no fault.
 * @param terminal Reads the variable.
 * @throws {RangeError} When native code is asked for and not permitted; it says how to permit it.
 * @throws {UsageError} When there is no device of that name.
 */
export async function checkDevice(
  device: TrainOptions["device"] = "auto",
  { variable }: Pick<Terminal, "variable">,
): Promise<void> {
  const how = device === "native" ? await permission("…") : undefined;
  if (how !== undefined) {
    throw new RangeError(`Cannot open native: it is not permitted, permit it with ${how}`);
  }
  const named = variable("UNROLL_BACKEND") ?? "";
  const known = TRAIN_SHAPE.device.unwrap().options.filter((name) => name !== "auto");
  if (device !== "auto" || named === "" || known.some((name) => name === named)) return;
  throw new UsageError(`Cannot use UNROLL_BACKEND=${named}: one of ${known.join(", ")} is needed`);
}

/**
 * Refuses to go on with a run that was trained on native code, where that cannot be had and no other device is named: the
 * CPU rounds otherwise. Says so where the run stays on its device and the variable `UNROLL_BACKEND` names another.
 *
 * @param run The run.
 * @param device The device that is named.
 * @param terminal Reads the variable, and tells.
 * @throws {RangeError} When native code cannot be had; it says how to go on.
 */
export async function checkResumable(
  { path, config }: RunFolder,
  device: TrainOptions["device"] | undefined,
  { variable, writeError }: Pick<Terminal, "variable" | "writeError">,
): Promise<void> {
  if (device !== undefined) return;
  const named = variable("UNROLL_BACKEND") ?? "";
  if (named !== "" && named !== config.device) {
    writeError(
      `Going on with ${config.device}, as the run began, not with ${named}, which rounds otherwise: ` +
        `--device ${named} changes it\n`,
    );
  }
  if (config.device !== "native") return;
  const how = await permission("train …");
  const reason = how === undefined
    ? await failureOf("native")
    : `it is not permitted, permit it with ${how}`;
  if (reason === undefined) return;
  throw new RangeError(
    `Cannot go on with ${path} on native: ${reason}, or go on with --device cpu, which rounds otherwise`,
  );
}

/** Says how to permit native code, if it is not. */
async function permission(words: string): Promise<string | undefined> {
  const { nativePermissions } = await import("@unroll/core/backends");
  return permitNative(words, nativePermissions().missing);
}

/** Says why a device cannot be opened. */
async function failureOf(device: "native"): Promise<string | undefined> {
  const { openBackend } = await import("@unroll/core/backends");
  try {
    (await openBackend(device)).dispose();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return error.message.replace(/^Cannot open native: /, "");
  }
}
