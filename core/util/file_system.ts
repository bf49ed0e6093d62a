/**
 * Files, through the interface that Deno, Node and Bun have in common.
 *
 * It is asked for when it is needed, and never imported: a bundle for pages would have to go without it.
 *
 * @module
 */

/**
 * Returns the files of this machine.
 *
 * @returns Node's module of files, which Deno and Bun have too.
 * @throws {RangeError} In a page, which has none.
 */
export function fileSystem(): typeof import("node:fs") {
  const files = globalThis.process?.getBuiltinModule?.("node:fs");
  if (files === undefined) {
    throw new RangeError("Cannot use files: Deno, Node from 20.16 on or Bun is needed, found none");
  }
  return files;
}

/**
 * Reads why the system refused something.
 *
 * @param error What was thrown.
 * @returns The system's word for it, such as `ENOENT`; `undefined` if it is none of the system's.
 */
export function errorCode(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}
