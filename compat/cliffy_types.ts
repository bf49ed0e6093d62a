/**
 * What the stand-in for `jsr:@cliffy/command` parses values with, and the errors
 * it throws. See `cliffy_command.ts`.
 *
 * @module
 */

/** A mistake of who typed the command. */
export class ValidationError extends Error {
  /** What the process exits with. */
  readonly exitCode: number;

  constructor(message: string, options: ErrorOptions & { exitCode?: number } = {}) {
    super(message, { cause: options.cause });
    this.exitCode = options.exitCode ?? 2;
  }
}

/** No words are allowed beside options. */
export class NoArgumentsAllowedError extends ValidationError {}

/** More words than arguments. */
export class TooManyArgumentsError extends ValidationError {}

/** A mistake in options. As in Cliffy, it is the cause of the {@linkcode ValidationError} that is thrown. */
class FlagsError extends Error {}

/** An option that there is not. */
export class UnknownOptionError extends FlagsError {}

/** An option without its value. */
export class MissingOptionValueError extends FlagsError {}

/** An option that was given before. */
export class DuplicateOptionError extends FlagsError {}

/** A value as typed, and where. */
export interface ArgumentValue {
  readonly label: string;
  readonly type: string;
  readonly name: string;
  readonly value: string;
}

/** Parses a value. */
export type TypeHandler<T> = (type: ArgumentValue) => T;

/** Parses a value, and knows which there are. */
export abstract class Type<T> {
  abstract parse(type: ArgumentValue): T;
  values?(): readonly (string | number | boolean)[];
  complete?(): readonly (string | number | boolean)[];
}

/** Either way to parse a value. */
export type Handler = Type<unknown> | TypeHandler<unknown>;

/** The complaint about a value that is not of its type. */
export function invalidType(
  { label, name, type, value }: ArgumentValue,
  expected?: readonly unknown[],
): ValidationError {
  const list = expected?.map((each) => `"${each}"`).join(", ");
  return new ValidationError(
    `${label} "${name}" must be of type "${type}", but got "${value}".${
      list === undefined ? "" : ` Expected values: ${list}`
    }`,
  );
}

/** Any text. */
export class StringType extends Type<string> {
  parse({ value }: ArgumentValue): string {
    return value;
  }
}

/** A finite number. */
export class NumberType extends Type<number> {
  parse(type: ArgumentValue): number {
    const value = Number(type.value);
    if (type.value !== "" && Number.isFinite(value)) return value;
    throw invalidType(type);
  }
}

/** A whole number. */
export class IntegerType extends Type<number> {
  parse(type: ArgumentValue): number {
    const value = Number(type.value);
    if (Number.isInteger(value)) return value;
    throw invalidType(type);
  }
}

/** `true` or `1`, `false` or `0`. */
export class BooleanType extends Type<boolean> {
  parse(type: ArgumentValue): boolean {
    if (["1", "true"].includes(type.value)) return true;
    if (["0", "false"].includes(type.value)) return false;
    throw invalidType(type, ["true", "false", "1", "0"]);
  }

  override complete(): string[] {
    return ["true", "false"];
  }
}

/** One of a list of values. */
export class EnumType<const T extends string | number | boolean> extends Type<T> {
  readonly #values: readonly T[];

  constructor(values: readonly T[] | Readonly<Record<string, T>>) {
    super();
    this.#values = Object.values(values);
  }

  parse(type: ArgumentValue): T {
    const found = this.#values.find((value) => `${value}` === type.value);
    if (found === undefined) throw invalidType(type, this.#values);
    return found;
  }

  override values(): T[] {
    return [...this.#values];
  }

  override complete(): T[] {
    return this.values();
  }
}

/** The types that need no definition. */
export const HANDLERS: Readonly<Record<string, Type<unknown>>> = {
  string: new StringType(),
  file: new StringType(),
  number: new NumberType(),
  integer: new IntegerType(),
  boolean: new BooleanType(),
};

/** The definition of one value: `<name:type>`, `[name:type]`, `<...name:type[]>`. */
export interface Argument {
  readonly raw: string;
  readonly name: string;
  readonly type: string;
  readonly optional: boolean;
  readonly variadic: boolean;
  readonly list: boolean;
  readonly description?: string;
}

/** Reads the definition of one value. */
export function parseArgument(raw: string, description?: string): Argument {
  const match = /^([<[])(\.\.\.)?([^:.\]>]+)(\.\.\.)?(?::([^\]>[]+)(\[\])?)?[\]>]$/.exec(raw);
  if (match === null) {
    throw new TypeError(`Cannot parse "${raw}": wanted an argument such as <name:type>`);
  }
  const [, bracket, before, name, after, type, list] = match;
  return {
    raw,
    name,
    type: type ?? "string",
    optional: bracket === "[",
    variadic: before !== undefined || after !== undefined,
    list: list !== undefined,
    description,
  };
}

/** Splits `-s, --seed <n:integer>` into its flags and its values. */
export function splitDefinition(
  definition: string,
): { readonly names: readonly string[]; readonly values: readonly Argument[] } {
  const parts = definition.trim().split(/[, =]+/);
  const isName = (part: string) => !/^[<[]/.test(part);
  return {
    names: parts.filter(isName),
    values: parts.filter((part) => !isName(part)).map((part) => parseArgument(part)),
  };
}

/** A name as a flag: `x` → `-x`, `seed` → `--seed`. */
export function flagOf(name: string): string {
  return name.startsWith("-") ? name : name.length > 1 ? `--${name}` : `-${name}`;
}

/** How many letters to add, drop or change to make one word the other. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const change = previous[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1);
      row.push(Math.min(change, previous[j] + 1, row[j - 1] + 1));
    }
    previous = row;
  }
  return previous[to.length];
}

/** ` Did you mean command "train"?`, if there is any to mean. */
export function didYouMean(what: string, word: string, known: readonly string[]): string {
  const distances = known.map((each) => editDistance(word.toLowerCase(), each.toLowerCase()));
  const nearest = known[distances.indexOf(Math.min(...distances))];
  return nearest === undefined ? "" : ` Did you mean ${what} "${nearest}"?`;
}

/** `hidden-size` or `HIDDEN_SIZE` → `hiddenSize`. */
export function camelCase(name: string): string {
  return (/[a-z]/.test(name) ? name : name.toLowerCase())
    .replace(/[-_]([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
