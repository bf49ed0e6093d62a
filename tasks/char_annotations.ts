/**
 * What is known of a text at each character: where in its line and its word it is, and what kind of character it is.
 *
 * @module
 */
import type { Annotation } from "@unroll/core/plugin";

/** Positions beyond this are taken for this: longer lines and words are too rare to compare. */
const FARTHEST = 99;

/** Kinds of characters: what a model could tell by the last alone. */
const KINDS: readonly (readonly [name: string, when: string, pattern: RegExp])[] = [
  ["vowels", "at vowels", /[aeiouäöüàáâèéêìíîòóôùúû]/iu],
  ["spaces", "at spaces", /[ \t]/],
  ["newlines", "after a newline", /\n/],
  ["capital letters", "at capital letters", /\p{Lu}/u],
  ["digits", "at digits", /\p{Nd}/u],
  ["punctuation", "at punctuation", /[.,;:!?]/],
];

/**
 * Says what is known of a text at each of its characters.
 *
 * @param text The characters.
 * @returns One annotation for each thing that there is in the text.
 */
export function textAnnotations(text: readonly string[]): readonly Annotation[] {
  const places = {
    line: new Int32Array(text.length),
    word: new Int32Array(text.length),
    quotes: new Int32Array(text.length),
    brackets: new Int32Array(text.length),
  };
  let [line, word, quoted, bracketed] = [0, 0, 0, 0];
  text.forEach((character, i) => {
    word = /[\p{L}\p{N}'’]/u.test(character) ? word + 1 : 0;
    // A paragraph ends what somebody forgot to end.
    if (character === "\n" && text[i - 1] === "\n") quoted = bracketed = 0;
    if (character === '"') quoted = 1 - quoted;
    else if (character === "“") quoted = 1;
    else if (character === "”") quoted = 0;
    if (character === "(") bracketed = 1;
    else if (character === ")") bracketed = 0;
    places.line[i] = Math.min(FARTHEST, line);
    places.word[i] = Math.min(FARTHEST, word);
    places.quotes[i] = quoted;
    places.brackets[i] = bracketed;
    line = character === "\n" ? 0 : line + 1;
  });
  return [
    { name: "inside quotes", when: "inside quotes", values: places.quotes },
    { name: "inside brackets", when: "inside brackets", values: places.brackets },
    { name: "position in line", values: places.line },
    { name: "position in word", values: places.word },
    ...KINDS.map(([name, when, pattern]) => ({
      name,
      when,
      values: Int32Array.from(text, (character) => Number(pattern.test(character))),
    })),
  ].filter(({ values }) => values.some((value) => value !== values[0]));
}

/**
 * Says the same of sequences that lie side by side, each by itself.
 *
 * @param text The characters, [time, batch] row-major.
 * @param size How many sequences.
 * @returns Annotations in the same order; those that some sequences lack are 0 there.
 */
export function batchAnnotations(text: readonly string[], size: number): readonly Annotation[] {
  const all = new Map<string, { readonly when?: string; readonly values: Int32Array }>();
  for (let i = 0; i < size; i++) {
    const own = text.filter((_, place) => place % size === i);
    for (const { name, when, values } of textAnnotations(own)) {
      const found = all.get(name) ?? { when, values: new Int32Array(text.length) };
      all.set(name, found);
      values.forEach((value, t) => found.values[t * size + i] = value);
    }
  }
  return [...all].map(([name, rest]) => ({ name, ...rest }));
}
