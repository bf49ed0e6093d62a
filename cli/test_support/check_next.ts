/**
 * Tries the commands that a walk tells people to type.
 *
 * @module
 */

import { assertStrictEquals } from "@std/assert";
import { StoppedError } from "../errors.ts";
import type { NextCommand } from "../recipes/walk.ts";
import { runCommand } from "./run_command.ts";

/**
 * Fails where a command names what is not there: recipes begin and are stopped, of others the help is asked for.
 *
 * @param next The commands.
 */
export async function checkNext(next: readonly NextCommand[]): Promise<void> {
  for (const { words } of next) {
    const typed = words.replaceAll('"', "").split(" ");
    let hasBegun = false;
    const begin = () => {
      hasBegun = true;
      return Promise.reject(new StoppedError("Enough"));
    };
    if (typed[0] === "recipe") {
      const change = { train: begin, interruptible: begin };
      const { errors } = await runCommand(typed, change);
      assertStrictEquals(hasBegun, true, `${words}: ${errors}`);
      continue;
    }
    const flags = typed.filter((word) => word.startsWith("--"));
    const { code, output, errors } = await runCommand([typed[0], "--help"]);
    assertStrictEquals(code, 0, `${words}: ${errors}`);
    for (const flag of flags) {
      assertStrictEquals(output.includes(`${flag} `), true, `${words}: ${flag}`);
    }
  }
}
