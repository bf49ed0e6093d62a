/**
 * Options that are drawn, and commands as a shell reads them, for tests.
 *
 * @module
 */

import type { Option, OptionKind } from "@unroll/core/plugin/host";
import { type Arbitrary, fc } from "../../core/test_support/fast_check.ts";

/** Text that shells and parsers get wrong, now and then. */
const text = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }),
  fc.array(fc.constantFrom(..."-='\"\\$`!*?~#;&|<>() \n\té,".split(""), "--", "a"), {
    minLength: 1,
    maxLength: 6,
  }).map((parts) => parts.join("")),
).filter((text) => !text.includes("\0") && text.trim() !== "");

/** Draws values of a kind. */
function valuesOf(kind: OptionKind, most: number = 999): Arbitrary<unknown> {
  switch (kind.type) {
    case "integer":
      return fc.integer({ min: kind.minimum ?? 0, max: Math.min(kind.maximum ?? most, most) });
    case "number":
      return fc.double({
        min: kind.minimum ?? kind.above ?? -1e3,
        max: Math.min(kind.maximum ?? kind.below ?? 1e3, most),
        minExcluded: kind.above !== undefined,
        maxExcluded: kind.below !== undefined,
        noNaN: true,
      });
    case "boolean":
      return fc.boolean();
    case "choice":
      return fc.constantFrom(...kind.values);
    case "list":
      return fc.array(valuesOf(kind.item, most), {
        minLength: kind.minimumLength ?? 0,
        maxLength: Math.min(kind.maximumLength ?? 4, 4),
      });
    case "text":
      return text;
  }
}

/** Options of models that most tasks refuse, and one that is a hash. */
const REFUSED = /^(embedding|input.*|sha256)$/;

/**
 * Draws some of the options of a plugin; what files there are is no matter of spelling.
 *
 * @param options The options.
 * @param most The greatest value of some numbers.
 * @returns Values by name.
 */
export function arbitraryOptions(
  options: readonly Option[],
  most: Readonly<Record<string, number>> = {},
): Arbitrary<Record<string, unknown>> {
  const free = options.filter(({ name, kind, required, placeholder }) =>
    !required && !REFUSED.test(name) && (kind.type !== "text" || placeholder === undefined)
  );
  const arbitraries = free.map(({ name, kind }) => [name, valuesOf(kind, most[name])] as const);
  return fc.record(Object.fromEntries(arbitraries), { requiredKeys: [], noNullPrototype: true });
}

/**
 * Has a shell make words of commands, one a line.
 *
 * @param script The commands.
 * @returns The words of each, without those that start it.
 */
export async function commandsOf(script: string): Promise<string[][]> {
  const print = `deno() { shift; printf '%s\\0' "$#" "$@"; }\n${script}`;
  const { stdout } = await new Deno.Command("sh", { args: ["-c", print] }).output();
  const words = new TextDecoder().decode(stdout).split("\0").slice(0, -1);
  const commands: string[][] = [];
  while (words.length > 0) commands.push(words.splice(0, Number(words.shift())));
  return commands;
}

/**
 * Has a shell make words of a command.
 *
 * @param command The command.
 * @returns Its words, without those that start it.
 */
export async function wordsOf(command: string): Promise<string[]> {
  return (await commandsOf(command))[0];
}
