/**
 * Words for a shell.
 *
 * @module
 */

/**
 * Quotes a word that a shell would not take as it is.
 *
 * @param word The word.
 * @returns It, in quotes where it has to be.
 */
export function quoted(word: string): string {
  return /^[\w./:@+,=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
