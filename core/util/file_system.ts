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

/** A file that is being written, or a folder whose changes are forced to disk. */
export interface OpenFile {
  /** Writes some of the bytes, and says how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Forces to disk what was written. */
  sync(): Promise<void>;
  /** Closes it. */
  close(): void | Promise<void>;
}

/** What every run does with files. */
export interface FileWriting {
  /** Makes a folder, and with `recursive` those above it too, or nothing if it is there. */
  mkdir(path: string, options?: { readonly recursive: boolean }): Promise<unknown>;
  /** Makes a file, in place of what is there: a link is not followed, it may be of somebody else. */
  create(path: string): Promise<OpenFile>;
  /** Opens a folder. */
  open(path: string): Promise<OpenFile>;
  /** Moves a file to where another may be. */
  rename(from: string, to: string): Promise<void>;
  /** Writes a text at the end of a file, which it makes if there is none. */
  append(path: string, text: string): Promise<void>;
}

/**
 * Returns what every run does with files: of Deno by itself, where Node's module takes longer to load than all that is
 * done with it, elsewhere of that module.
 *
 * @returns The functions; errors have the system's word in both, see {@linkcode errorCode}.
 */
export function fileWriting(): FileWriting {
  if (typeof Deno !== "undefined") return DENO;
  const { mkdir, open, rename, appendFile, rm } = fileSystem().promises;
  const opened = async (path: string, flags: string): Promise<OpenFile> => {
    const file = await open(path, flags);
    return {
      write: async (bytes) => (await file.write(bytes)).bytesWritten,
      sync: () => file.sync(),
      close: () => file.close(),
    };
  };
  return {
    mkdir,
    create: (path) => makeAnew(path, () => opened(path, "wx"), rm),
    open: (path) => opened(path, "r"),
    rename,
    append: (path, text) => appendFile(path, text),
  };
}

async function makeAnew(
  path: string,
  make: () => Promise<OpenFile | Deno.FsFile>,
  remove: (path: string) => Promise<void>,
): Promise<OpenFile> {
  try {
    return await make() as OpenFile;
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
  await remove(path);
  return await make() as OpenFile;
}

const DENO: FileWriting = {
  mkdir: (path, options) => Deno.mkdir(path, options),
  create: (path) =>
    makeAnew(path, () => Deno.open(path, { write: true, createNew: true }), async () => {
      // Deno removes an empty folder too, which is none of ours.
      const { isDirectory } = await Deno.lstat(path);
      if (isDirectory) throw new Error("a folder is in the way");
      await Deno.remove(path);
    }),
  open: (path) => Deno.open(path),
  rename: (from, to) => Deno.rename(from, to),
  append: (path, text) => Deno.writeTextFile(path, text, { append: true }),
};

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
