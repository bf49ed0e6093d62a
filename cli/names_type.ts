/**
 * Options whose values a shell can complete: names that there are, and anything else is for us to judge.
 *
 * @module
 */

import { type ArgumentValue, type Command, Type } from "@cliffy/command";

/** A text that is one of some names, or else refused by who reads it. */
class NamesType extends Type<string> {
  readonly #names: readonly string[];

  constructor(names: readonly string[]) {
    super();
    this.#names = names;
  }

  parse({ value }: ArgumentValue): string {
    return value;
  }

  override complete(): string[] {
    return [...this.#names];
  }
}

/**
 * Adds an option that a shell completes with names.
 *
 * @param command The command.
 * @param definition The option with a value in angle brackets, such as `--model <name>`.
 * @param description What it is.
 * @param names The names.
 */
export function addNamesOption(
  command: Command,
  definition: string,
  description: string,
  names: readonly string[],
): void {
  const type = /--([\w-]+)/.exec(definition)![1];
  command.type(type, new NamesType(names));
  command.option(definition.replace(/<(\w+)>/, `<$1:${type}>`), description);
}
