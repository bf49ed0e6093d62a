/**
 * What keys of JSON look like, for tests.
 *
 * @module
 */

import { assert } from "@std/assert";

/** Fields whose keys are names of options, of metrics or of a task's states. */
const NAMED_BY_OTHERS = /^(options|\w+_options|values|metrics|annotations|correlation_ratio)$/;

/**
 * Checks that lines of JSON have keys in snake case, but where these are names of options and the like.
 *
 * @param text The lines.
 * @param subject What printed them.
 */
export function assertSnakeKeys(text: string, subject: string): void {
  const lines = text.trim().split("\n");
  assert(lines[0] !== "", `${subject} printed nothing`);
  const check = (value: unknown, path: string): void => {
    if (Array.isArray(value)) return value.forEach((part) => check(part, path));
    if (typeof value !== "object" || value === null) return;
    for (const [key, part] of Object.entries(value)) {
      assert(/^[a-z0-9_]+$/.test(key), `${subject}: ${path}${key}`);
      if (!NAMED_BY_OTHERS.test(key)) check(part, `${path}${key}.`);
    }
  };
  for (const line of lines) check(JSON.parse(line), "");
}
