/**
 * What values an option takes: read out of a schema, told in words, and read from command-line text.
 *
 * A kind is the small part of JSON Schema that can be typed as a flag. Everything that speaks of options (flags,
 * `--help`, error sentences) speaks from here, so the schema stays the one source.
 *
 * @module
 */

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

/** The part of a JSON Schema node that is read here. */
export interface SchemaNode {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly items?: SchemaNode;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/**
 * Returns the kind of value that a JSON Schema node allows.
 *
 * @param node The node.
 * @returns The kind, or `undefined` when the node allows what no flag can spell (objects, tuples, booleans in lists).
 */
export function kindOf(node: SchemaNode): OptionKind | undefined {
  if (node.enum !== undefined) return choiceOf(node.enum);
  if (node.const !== undefined) return choiceOf([node.const]);
  switch (node.type) {
    case "integer":
    case "number":
      return numberOf(node, node.type);
    case "boolean":
      return { type: "boolean" };
    case "string":
      return {
        type: "text",
        ...given("minimumLength", node.minLength),
        ...given("maximumLength", node.maxLength),
      };
    case "array":
      return listOf(node);
  }
  return undefined;
}

function numberOf(node: SchemaNode, type: "integer" | "number"): OptionKind {
  // Zod bounds every integer by the safe ones; that says nothing to a reader.
  const safe = (bound: number | undefined) =>
    bound !== undefined && Math.abs(bound) === Number.MAX_SAFE_INTEGER ? undefined : bound;
  let minimum = safe(node.minimum);
  let maximum = safe(node.maximum);
  let above = node.exclusiveMinimum;
  let below = node.exclusiveMaximum;
  if (type === "integer") {
    // "More than 0" is "at least 1" among whole numbers.
    if (above !== undefined) minimum = Math.floor(above) + 1;
    if (below !== undefined) maximum = Math.ceil(below) - 1;
    above = below = undefined;
  }
  return {
    type,
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

function listOf(node: SchemaNode): OptionKind | undefined {
  const item = node.items === undefined ? undefined : kindOf(node.items);
  // One comma deep: a list in a list, or a flag without a value, cannot be written between commas.
  if (item === undefined || item.type === "list" || item.type === "boolean") {
    return undefined;
  }
  return {
    type: "list",
    item,
    ...given("minimumLength", node.minItems),
    ...given("maximumLength", node.maxItems),
  };
}

function given<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { readonly [name in Key]?: Value } {
  return value === undefined ? {} : { [key]: value } as { readonly [name in Key]: Value };
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
