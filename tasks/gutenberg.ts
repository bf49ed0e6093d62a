/**
 * Texts as Project Gutenberg has them: a header before, a licence after.
 *
 * @module
 */

/** A line such as `*** START OF THE PROJECT GUTENBERG EBOOK ALICE'S ADVENTURES IN WONDERLAND ***`. */
const START = /^\*\*\* ?START OF (?:THE|THIS) PROJECT GUTENBERG EBOOK[^\n]*\n/im;
const END = /^\*\*\* ?END OF (?:THE|THIS) PROJECT GUTENBERG EBOOK/im;

/**
 * Returns a text without what Project Gutenberg puts before and after it. Other texts come back as they are.
 *
 * @param text The text.
 * @returns What is between the lines that mark the book's start and end, without blank lines around it.
 *
 * @example Usage
 * ```ts
 * import { withoutLicence } from "@unroll/tasks";
 * import { strictEqual } from "node:assert/strict";
 *
 * const text = withoutLicence(
 *   "A header\n*** START OF THE PROJECT GUTENBERG EBOOK ALICE ***\n\nDown the\nRabbit-Hole\n\n" +
 *     "*** END OF THE PROJECT GUTENBERG EBOOK ALICE ***\nA licence",
 * );
 * strictEqual(text, "Down the\nRabbit-Hole\n");
 * ```
 */
export function withoutLicence(text: string): string {
  const start = START.exec(text);
  const end = END.exec(text);
  if (start === null || end === null || end.index < start.index) return text;
  const book = text.slice(start.index + start[0].length, end.index);
  return `${book.replace(/^(?:[ \t]*\r?\n)+/, "").trimEnd()}\n`;
}
