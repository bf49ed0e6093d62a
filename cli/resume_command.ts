/**
 * The command that resumes a run.
 *
 * @module
 */

import type { RunFolder } from "@unroll/core/runs";
import { isGranted } from "./permissions.ts";
import { quoted } from "./format.ts";
import { trustText } from "./plugins.ts";
import { commandLine } from "./program.ts";

/**
 * Returns the command that resumes a run.
 *
 * @param run The run.
 * @returns Words for a shell.
 */
export function resumeCommand(run: RunFolder): string {
  // A run that could call a BLAS goes on to the same bits only where it still can.
  const words = `train --resume ${quoted(run.path)}${trustText(run.config)}`;
  const native = run.config.device === "native";
  return commandLine(words, { ffi: isGranted({ name: "ffi" }), native });
}
