/**
 * The words of FizzBuzz, and what a model said in them.
 *
 * @module
 */
import { argmaxAt, type Said } from "@unroll/core/plugin";
import type { FizzbuzzOptions } from "./fizzbuzz.ts";

/** Classes: copy the number, fizz, buzz, fizzbuzz. */
export const CLASSES = 4;

/**
 * Returns what to say to a number.
 *
 * @param n A whole number from 0.
 * @returns 0 to copy it, 1 for fizz, 2 for buzz, 3 for fizzbuzz.
 *
 * @example Usage
 * ```ts
 * import { fizzbuzzClass } from "@unroll/tasks";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([1, 3, 5, 15].map(fizzbuzzClass), [0, 1, 2, 3]);
 * ```
 */
export function fizzbuzzClass(n: number): number {
  return (n % 3 === 0 ? 1 : 0) + (n % 5 === 0 ? 2 : 0);
}

/**
 * Formats a class as one would say it.
 *
 * @param n The number.
 * @param said The class.
 *
 * @example Usage
 * ```ts
 * import { fizzbuzzWord } from "@unroll/tasks";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * deepStrictEqual([fizzbuzzWord(9, 1), fizzbuzzWord(7, 0)], ["fizz", "7"]);
 * ```
 */
export function fizzbuzzWord(n: number, said: number): string {
  return ["", "fizz", "buzz", "fizzbuzz"][said] || String(n);
}

/** What stands for each class in a picture. */
const MARKS: readonly string[] = ["·", "f", "b", "F"];

/** Reads what was said of 0, 1, 2, … */
export function says(outputs: Float32Array, length: number): readonly Said[] {
  return Array.from({ length }, (_, n) => {
    const kind = argmaxAt(outputs, n * CLASSES, CLASSES);
    return { mark: MARKS[kind], text: fizzbuzzWord(n, kind) };
  });
}

/** Writes the first numbers as FizzBuzz text, what is wrong set between exclamation marks, and the count. */
export function showAnswers(
  answers: Float32Array,
  { encoding, last }: Pick<FizzbuzzOptions, "encoding" | "last">,
): string[] {
  const said = (n: number) => argmaxAt(answers, n * CLASSES, CLASSES);
  const lines: string[] = [];
  for (let first = 1; first <= 91; first += 15) {
    const words: string[] = [];
    for (let n = first; n < Math.min(first + 15, 101); n++) {
      const word = fizzbuzzWord(n, said(n));
      words.push(said(n) === fizzbuzzClass(n) ? word : `!${word}!`);
    }
    lines.push(words.join(" "));
  }
  const right = (from: number, to: number) => {
    let count = 0;
    for (let n = from; n <= to; n++) if (said(n) === fizzbuzzClass(n)) count++;
    return count;
  };
  lines.push("");
  if (encoding === "binary") {
    lines.push(`${right(1, 100)} of 1..100 right, which it was never shown`);
  }
  lines.push(`${right(1, last)} of 1..${last} right`);
  return lines;
}

/** The number that a person typed. */
export function numberOf(text: string): number {
  const n = Number(text.trim());
  if (/^\d+$/.test(text.trim()) && Number.isSafeInteger(n)) return n;
  throw new RangeError(`Cannot read ${JSON.stringify(text)}: a whole number from 0 is needed`);
}
