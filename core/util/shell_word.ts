/**
 * Words for a shell.
 *
 * @module
 */

/** Writes a word as a shell takes it: in quotes where it has to be. */
export function shellWord(text: string): string {
  return /^[\w./:@%+~#,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
