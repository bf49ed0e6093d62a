/**
 * What values an option takes: read out of a schema, told in words, and read from command-line text.
 *
 * A kind is the small part of a schema that can be typed as a flag. Everything that speaks of options (flags,
 * `--help`, error sentences) speaks from here, so the schema stays the one source.
 *
 * @module
 */
import * as z from "zod/mini";

/** The values that one option takes. */
export type OptionKind =
  | NumberKind
  | TextKind
  | ChoiceKind
  | ListKind
  | BooleanKind;

/** Whole or real numbers in a range. */
export interface NumberKind {
  /** Whether the numbers are whole. */
  readonly type: "integer" | "number";
  /** The least. */
  readonly minimum?: number;
  /** The greatest. */
  readonly maximum?: number;
  /** Greater than this, when the bound itself is not allowed. */
  readonly above?: number;
  /** Less than this, when the bound itself is not allowed. */
  readonly below?: number;
}

/** Any text of some length. */
export interface TextKind {
  /** Tells this kind from others. */
  readonly type: "text";
  /** The fewest characters. */
  readonly minimumLength?: number;
  /** The most characters. */
  readonly maximumLength?: number;
}

/** One of a few values. */
export interface ChoiceKind {
  /** Tells this kind from others. */
  readonly type: "choice";
  /** The values, in the order to list them. */
  readonly values: readonly (string | number)[];
}

/** Several values of one kind, typed with commas between. */
export interface ListKind {
  /** Tells this kind from others. */
  readonly type: "list";
  /** The kind of each. */
  readonly item: OptionKind;
  /** The fewest. */
  readonly minimumLength?: number;
  /** The most. */
  readonly maximumLength?: number;
}

/** True or false. */
export interface BooleanKind {
  /** Tells this kind from others. */
  readonly type: "boolean";
}

/**
 * What is read of the definition of a schema or of a check: zod keeps it under `_zod.def`, for libraries. Its
 * converter to JSON Schema would say the same, and is as large as the rest of `zod/mini`.
 */
interface Definition {
  readonly type?: string;
  readonly innerType?: z.core.$ZodType;
  readonly out?: z.core.$ZodType;
  readonly getter?: () => z.core.$ZodType;
  readonly element?: z.core.$ZodType;
  readonly checks?: readonly { readonly _zod: { readonly def: unknown } }[];
  readonly check?: string;
  readonly format?: string;
  readonly value?: number | bigint | Date;
  readonly inclusive?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly length?: number;
}

/** What the schema of an option says: the kind of its values, and what `.describe()` and `.meta()` add. */
export interface SchemaFacts {
  /** The kind, or `undefined` when no flag can spell what is allowed (objects, tuples, booleans in lists). */
  readonly kind: OptionKind | undefined;
  /** The metadata, also of a schema inside of a default and the like. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/**
 * Reads the schema of an option.
 *
 * @param schema The schema.
 * @returns Its kind and its metadata.
 */
export function readSchema(schema: z.core.$ZodType): SchemaFacts {
  const definition = schema._zod.def as Definition;
  // Of a pipe the values that come out; a transform has no kind, for its values would not come back from JSON.
  const inner = definition.type === "nullable"
    ? undefined
    : definition.innerType ?? definition.out ?? definition.getter?.();
  const own = z.globalRegistry.get(schema) ?? {};
  if (inner === undefined) return { kind: kindOf(schema, definition), metadata: own };
  const { kind, metadata } = readSchema(inner);
  return { kind, metadata: { ...metadata, ...own } };
}

function kindOf(schema: z.core.$ZodType, definition: Definition): OptionKind | undefined {
  switch (definition.type) {
    case "enum":
    case "literal":
      return choiceOf([...schema._zod.values ?? []]);
    case "number":
      return numberOf(boundsOf(definition));
    case "boolean":
      return { type: "boolean" };
    case "string":
    case "template_literal":
      return { type: "text", ...lengthsOf(definition) };
    case "array":
      return definition.element && listOf(definition.element, lengthsOf(definition));
  }
  return undefined;
}

/** A schema with a format, such as `z.int()`, is its own first check. */
function checksOf(definition: Definition): readonly Definition[] {
  const checks = definition.checks?.map((check) => check._zod.def as Definition) ?? [];
  return [definition, ...checks];
}

/** The bounds of a number, and whether it is whole. */
interface Bounds extends Required<Omit<NumberKind, "type">> {
  readonly isWhole: boolean;
}

/** The ranges of zod's formats of numbers, but for those that say nothing. Its own table is in no small module. */
const FORMAT_RANGES: Readonly<Record<string, readonly [least: number, most: number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  float32: [-(2 ** 128 - 2 ** 104), 2 ** 128 - 2 ** 104],
};

function boundsOf(definition: Definition): Bounds {
  let [minimum, above, maximum, below] = [-Infinity, -Infinity, Infinity, Infinity];
  let isWhole = false;
  for (const { check, format, value, inclusive } of checksOf(definition)) {
    const bound = Number(value);
    if (check === "greater_than" && inclusive) minimum = Math.max(minimum, bound);
    else if (check === "greater_than") above = Math.max(above, bound);
    else if (check === "less_than" && inclusive) maximum = Math.min(maximum, bound);
    else if (check === "less_than") below = Math.min(below, bound);
    else if (check === "number_format" && format !== undefined) {
      const [least, most] = FORMAT_RANGES[format] ?? [-Infinity, Infinity];
      isWhole ||= format.includes("int");
      [minimum, maximum] = [Math.max(minimum, least), Math.min(maximum, most)];
    }
  }
  return { isWhole, minimum, above, maximum, below };
}

function lengthsOf(
  definition: Definition,
): { readonly minimumLength?: number; readonly maximumLength?: number } {
  let [least, most] = [-Infinity, Infinity];
  for (const { minimum, maximum, length } of checksOf(definition)) {
    least = Math.max(least, minimum ?? length ?? least);
    most = Math.min(most, maximum ?? length ?? most);
  }
  return { ...given("minimumLength", least), ...given("maximumLength", most) };
}

function numberOf({ isWhole, ...bounds }: Bounds): OptionKind {
  let { minimum, maximum, above, below } = bounds;
  if (isWhole) {
    // "More than 0" is "at least 1" among whole numbers.
    minimum = Math.max(minimum, Math.floor(above) + 1);
    maximum = Math.min(maximum, Math.ceil(below) - 1);
  }
  // What another bound says already, is said once.
  if (isWhole || minimum > above) above = -Infinity;
  if (isWhole || maximum < below) below = Infinity;
  return {
    type: isWhole ? "integer" : "number",
    ...given("minimum", minimum),
    ...given("maximum", maximum),
    ...given("above", above),
    ...given("below", below),
  };
}

function choiceOf(values: readonly unknown[]): OptionKind | undefined {
  if (
    values.length > 0 && values.every((value) => typeof value === "boolean")
  ) {
    return { type: "boolean" };
  }
  const choices: (string | number)[] = [];
  for (const value of values) {
    if (typeof value !== "string" && typeof value !== "number") {
      return undefined;
    }
    choices.push(value);
  }
  return { type: "choice", values: choices };
}

function listOf(
  element: z.core.$ZodType,
  lengths: Pick<ListKind, "minimumLength" | "maximumLength">,
): OptionKind | undefined {
  const item = readSchema(element).kind;
  // One comma deep: a list in a list, or a flag without a value, cannot be written between commas.
  if (item === undefined || item.type === "list" || item.type === "boolean") {
    return undefined;
  }
  return { type: "list", item, ...lengths };
}

/** A bound, if it is one: infinity says nothing, nor do the safe integers. */
function given<Key extends string>(key: Key, bound: number): { readonly [name in Key]?: number } {
  const isBound = Number.isFinite(bound) && Math.abs(bound) !== Number.MAX_SAFE_INTEGER;
  return isBound ? { [key]: bound } as { readonly [name in Key]: number } : {};
}

/**
 * Says in words what values a kind takes, to finish the sentence "… is needed".
 *
 * @param kind The kind.
 * @returns For example `a whole number from 1 to 4096`.
 *
 * @example Usage
 * ```ts
 * import { formatKind } from "@unroll/core/plugin/host";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(formatKind({ type: "integer", minimum: 1, maximum: 4096 }), "a whole number from 1 to 4096");
 * ```
 */
export function formatKind(kind: OptionKind): string {
  switch (kind.type) {
    case "integer":
    case "number":
      return `a ${kind.type === "integer" ? "whole number" : "number"}${spaced(formatRange(kind))}`;
    case "boolean":
      return "true or false";
    case "text":
      return formatText(kind);
    case "choice":
      return kind.values.length === 1 ? `${kind.values[0]}` : `one of ${kind.values.join(", ")}`;
    case "list": {
      const count = formatCount(kind.minimumLength, kind.maximumLength);
      return `a list with commas${count === "" ? "" : ` of ${count}`}, each ${
        formatKind(kind.item)
      },`;
    }
  }
}

function formatText(kind: TextKind): string {
  const minimum = kind.minimumLength ?? 0;
  if (minimum === 0 && kind.maximumLength === undefined) return "a text";
  if (minimum === 1 && kind.maximumLength === undefined) {
    return "a text that is not empty";
  }
  return `a text of ${formatCount(kind.minimumLength, kind.maximumLength)} characters`;
}

function formatCount(
  minimum: number | undefined,
  maximum: number | undefined,
): string {
  if (minimum !== undefined && maximum !== undefined) {
    return minimum === maximum ? `${minimum}` : `${minimum} to ${maximum}`;
  }
  if (minimum !== undefined) return `at least ${minimum}`;
  return maximum === undefined ? "" : `at most ${maximum}`;
}

/**
 * Says the range of a number in words.
 *
 * @param kind The kind of number.
 * @returns For example `from 1 to 4096`, `above 0`, or nothing when there are no bounds.
 */
export function formatRange(kind: NumberKind): string {
  const { minimum, maximum, above, below } = kind;
  const words: string[] = [];
  if (minimum !== undefined && maximum !== undefined) {
    words.push(`from ${minimum} to ${maximum}`);
  } else {
    if (minimum !== undefined) {
      words.push(
        below === undefined ? `of at least ${minimum}` : `from ${minimum}`,
      );
    }
    if (above !== undefined) words.push(`above ${above}`);
    if (maximum !== undefined) words.push(`of at most ${maximum}`);
    if (below !== undefined) words.push(`below ${below}`);
  }
  return words.join(" and ").replace(/^(from \S+) and below/, "$1 to below");
}

function spaced(words: string): string {
  return words === "" ? "" : ` ${words}`;
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Reads a value of a kind from the text of a command line.
 *
 * The text is only turned into the right type; whether the value is in range is the schema's to say.
 *
 * @param kind The kind of value.
 * @param text What was typed.
 * @returns The value, or the text itself when it spells no such value.
 */
export function readText(kind: OptionKind, text: string): unknown {
  switch (kind.type) {
    case "integer":
    case "number":
      // One that no number holds stays as it was typed, for the sentence about it.
      return NUMBER.test(text.trim()) && isHeld(kind, Number(text)) ? Number(text) : text;
    case "boolean":
      return text === "true" ? true : text === "false" ? false : text;
    case "text":
      return text;
    case "choice":
      return kind.values.find((value) => String(value) === text) ?? text;
    case "list":
      return text.trim() === ""
        ? []
        : text.split(",").map((part) => readText(kind.item, part.trim()));
  }
}

function isHeld({ type }: NumberKind, value: number): boolean {
  return type === "integer"
    ? Math.abs(value) <= Number.MAX_SAFE_INTEGER
    : Math.abs(value) < Infinity;
}
