/**
 * The commands that documents tell people to type.
 *
 * @module
 */

/** A command in a document. */
export interface DocumentedCommand {
  /** The document and what of it, for messages. */
  readonly place: string;
  /** Its words, without quotes. */
  readonly words: readonly string[];
  /** What stands before `|`. */
  readonly input: string;
}

/**
 * Finds the commands in the blocks of `sh` of a document.
 *
 * @param path The document's name.
 * @param markdown Its text.
 * @returns The commands in their order, without comments.
 */
export function commandsOf(path: string, markdown: string): readonly DocumentedCommand[] {
  const blocks = markdown.matchAll(/^( *)```(?:sh|bash|shell|console)\n([^]*?)^\1```$/gm);
  return [...blocks].flatMap(([, , block]) =>
    block.replace(/\\\n/g, " ").split("\n").map((line) => line.replace(/(^|\s)#.*$/, "").trim())
      .filter((line) => line !== "").map((line) => {
        const [last, ...before] = line.split(" | ").reverse();
        return { place: `${path}: ${line}`, words: wordsOf(last), input: before.join(" | ") };
      })
  );
}

/**
 * Finds the commands and options in a document's sentences and tables.
 *
 * @param path The document's name.
 * @param markdown Its text.
 * @returns What stands in backquotes and begins with a program or with dashes.
 */
export function mentionsOf(path: string, markdown: string): readonly DocumentedCommand[] {
  const text = markdown.replace(/^ *```[^]*?^ *```$/gm, "");
  return [...text.matchAll(/`([^`\n]+(?:\n[^`\n]+)?)`/g)]
    .map(([, span]) => span.replace(/\s+/g, " "))
    .filter((span) => /^(deno|npx|unroll) |^--\w/.test(span))
    .map((span) => ({ place: `${path}: ${span}`, words: wordsOf(span), input: "" }));
}

/** Splits a line as a shell does, as far as documents need it. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)]
    .map(([word]) => word.replace(/'([^']*)'|"([^"]*)"/g, (_, one, two) => one ?? two));
}
