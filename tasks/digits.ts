/**
 * Numbers as digits in any base from 2 to 16, least significant digit first, however long.
 *
 * @module
 */

/**
 * Reads a number.
 *
 * @param text Its digits, most significant first, as one writes it; `a` to `f` (or `A` to `F`) are 10 to 15.
 * @param base The base, from 2 to 16.
 * @returns The digits, least significant first.
 * @throws {RangeError} If the text is not a number in that base.
 *
 * @example Usage
 * ```ts
 * import { parseDigits } from "@unroll/tasks";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...parseDigits("2f0", 16)], [0, 15, 2]);
 * ```
 */
export function parseDigits(text: string, base: number): Uint8Array {
  const digits = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const digit = digitOf(text.charCodeAt(i));
    if (!(digit < base)) throw notANumber(text, base, text[i]);
    digits[text.length - 1 - i] = digit;
  }
  if (digits.length === 0) throw notANumber(text, base);
  return digits;
}

/** The digit of a character code; NaN if it is none. */
function digitOf(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : NaN;
}

function notANumber(text: string, base: number, found?: string): RangeError {
  const highest = (base - 1).toString(16);
  const shown = text.length > 40 ? `${text.slice(0, 39)}…` : text;
  return new RangeError(
    `Cannot read "${shown}" as a number in base ${base}: digits from 0 to ${highest} are needed` +
      (found === undefined ? "" : `, found "${found}"`),
  );
}

/**
 * Writes a number.
 *
 * @param digits The digits, least significant first; zeros at the end are left out.
 * @returns Its text, most significant digit first.
 *
 * @example Usage
 * ```ts
 * import { formatDigits } from "@unroll/tasks";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(formatDigits([0, 15, 2, 0]), "2f0");
 * ```
 */
export function formatDigits(digits: ArrayLike<number>): string {
  let end = digits.length;
  while (end > 1 && digits[end - 1] === 0) end--;
  let text = "";
  while (end > 0) text += digits[--end].toString(16);
  return text;
}

/**
 * Adds one to a number.
 *
 * @param digits Digits of a number, least significant first.
 * @param base The base.
 * @returns As many digits, those of n + 1; a carry out of the last one is lost.
 *
 * @example Usage
 * ```ts
 * import { nextDigits } from "@unroll/tasks";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([...nextDigits([9, 9, 1], 10)], [0, 0, 2]);
 * ```
 */
export function nextDigits(digits: ArrayLike<number>, base: number): Uint8Array {
  const next = Uint8Array.from(digits);
  for (let i = 0; i < next.length; i++) {
    if (next[i] < base - 1) {
      next[i]++;
      break;
    }
    next[i] = 0;
  }
  return next;
}

/**
 * Counts the digits at the start that are the greatest: how far adding 1 carries.
 */
export function carryLength(digits: ArrayLike<number>, base: number): number {
  let length = 0;
  while (length < digits.length && digits[length] === base - 1) length++;
  return length;
}
