/**
 * Writes what a command makes.
 *
 * @module
 */

/**
 * Writes a file.
 *
 * @param path The file.
 * @param contents Its contents.
 * @throws {RangeError} When it cannot be written.
 */
export async function writeOut(path: string, contents: string | Uint8Array): Promise<void> {
  try {
    await (typeof contents === "string"
      ? Deno.writeTextFile(path, contents)
      : Deno.writeFile(path, contents));
  } catch (error) {
    const reason = (error as Error).message.replace(/ \(os error.*$/, "");
    throw new RangeError(`Cannot write ${path}: ${reason}`, { cause: error });
  }
}
