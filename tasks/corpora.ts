/**
 * Texts that need no file, because a few lines make them.
 *
 * @module
 */
import { fizzbuzzClass, fizzbuzzWord } from "./fizzbuzz_words.ts";

/** The digits of 1/7, a thousand times over: 6,000 characters. */
function sevenths(): string {
  return "142857".repeat(1000);
}

/** FizzBuzz from 1 to 100 with a space after each: 413 characters. */
function fizzbuzzText(): string {
  let text = "";
  for (let n = 1; n <= 100; n++) text += `${fizzbuzzWord(n, fizzbuzzClass(n))} `;
  return text;
}

/** The built-in texts by name. */
export const CORPORA: Readonly<Record<string, () => string>> = {
  sevenths,
  "fizzbuzz-text": fizzbuzzText,
};
