/**
 * Doing something with each line of standard input, which a person may type.
 *
 * @module
 */

import type { Terminal } from "../context.ts";
import { EXIT, exitCodeOf } from "../errors.ts";

/**
 * Does something with each line that is not empty. One that is refused is told of and passed over. A person sees a
 * prompt, and ends with Ctrl-D.
 *
 * @param terminal Where the lines are from.
 * @param what What is done with a line, for the sentence at the end.
 * @param act Does it.
 * @throws {RangeError} At the end, when lines were refused.
 */
export async function forEachLine(
  terminal: Terminal,
  what: string,
  act: (line: string) => Promise<void>,
): Promise<void> {
  const { isInputTerminal = false, writeError, debug } = terminal;
  // Not on standard output, which may go elsewhere.
  const prompt = () => isInputTerminal ? writeError("> ") : undefined;
  let [count, refused] = [0, 0];
  prompt();
  for await (const line of terminal.lines()) {
    if (terminal.isClosed?.()) return;
    if (line !== "") {
      count++;
      const code = await exitCodeOf(() => act(line), { writeError, debug });
      if (code !== EXIT.success) refused++;
    }
    prompt();
  }
  if (isInputTerminal) writeError("\n");
  if (refused > 0) {
    throw new RangeError(`Cannot ${what} ${refused} of ${count} lines: they are told of above`);
  }
}
