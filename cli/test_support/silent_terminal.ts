/**
 * A terminal for tests, which say what else they want of one.
 *
 * @module
 */
import type { Terminal } from "../context.ts";

/** Prints nothing, is nobody's, and has nothing to read. */
export const SILENT_TERMINAL: Terminal = {
  write: () => {},
  writeError: () => {},
  isTerminal: false,
  color: false,
  outputColor: false,
  columns: () => 80,
  lines: async function* () {},
  variable: () => undefined,
  debug: false,
};
