/**
 * The examples in TypeScript of documentation comments and documents, as modules that load side by side.
 *
 * `deno test --doc` loads all modules anew for each example, which takes eight times as long as all examples together.
 *
 * @module
 */

/** An example. */
export interface Example {
  /** The line of its first line of code in its file, from 1. */
  readonly line: number;
  /** Its text, of which relative imports begin at the file. */
  readonly code: string;
}

/**
 * Finds the examples of a file: the blocks of `ts` that are not marked `ignore`.
 *
 * @param path The file's name, which says whether they are in comments.
 * @param text Its text.
 * @returns The examples in their order.
 */
export function examplesOf(path: string, text: string): readonly Example[] {
  return proseOf(path, text).flatMap(({ line, prose }) =>
    [...prose.matchAll(/^( *)```ts\n([^]*?)^\1```$/gm)].map((found) => ({
      line: line + prose.slice(0, found.index).split("\n").length,
      code: found[2],
    }))
  );
}

/** The parts of a file that are prose, and the line at which each begins. */
function proseOf(path: string, text: string): readonly { line: number; prose: string }[] {
  if (path.endsWith(".md")) return [{ line: 1, prose: text }];
  return [...text.matchAll(/^ *\/\*\*\n([^]*?)^ *\*\/$/gm)].map(({ index, 1: comment }) => ({
    line: text.slice(0, index).split("\n").length + 1,
    prose: comment.replace(/^ *\* ?/gm, ""),
  }));
}

/**
 * Runs an example as a module.
 *
 * @param example The example.
 * @param file Where it stands.
 * @returns A promise that rejects with what the example throws.
 */
export async function runExample({ code }: Example, file: URL): Promise<void> {
  const resolved = code.replace(
    /(\bfrom |\bimport(?:\(| ))"([^"]+)"/g,
    (_, before, name) =>
      `${before}"${/^\.\.?\//.test(name) ? new URL(name, file) : import.meta.resolve(name)}"`,
  );
  const url = URL.createObjectURL(new Blob([resolved], { type: "application/typescript" }));
  try {
    await import(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}
