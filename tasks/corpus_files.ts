/**
 * Texts from outside: a built-in one by name, a file, several files by a pattern, or standard input.
 * The only part of the tasks that touches files.
 *
 * @module
 */
import { unknownName } from "@unroll/core/plugin";
import type { Dirent } from "node:fs";
import { CORPORA } from "./corpora.ts";

/**
 * Reads a corpus.
 *
 * @param name The name of a built-in text; `-` for standard input; a path; or a pattern of paths, where
 *   `*` and `?` stand for any letters and any letter of a name, and `**` for any folders. The files of
 *   a pattern are put together in the order of their paths. A built-in name comes before a file of that
 *   name, which `./name` would be.
 * @returns The text, without a byte order mark.
 * @throws {RangeError} If there is no such text, it is empty, it cannot be read, or it is not UTF-8.
 *
 * @example A built-in text
 * ```ts
 * import { readCorpus } from "@unroll/tasks";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(readCorpus("fizzbuzz-text").slice(0, 13), "1 2 fizz 4 bu");
 * ```
 */
export function readCorpus(name: string): string {
  return openCorpus(name).text;
}

/** A text, and what finds it again. */
export interface CorpusText {
  /** The text, without a byte order mark. */
  readonly text: string;
  /** Its name: a path or a pattern of paths from the root. */
  readonly name: string;
  /** The SHA-256 of the bytes that were read; none of a built-in text. */
  readonly sha256?: string;
  /** How many bytes they are. */
  readonly bytes?: number;
}

/** In place of a SHA-256: one that no text has. */
export const UNKNOWN_TEXT = "unknown";

/** Tests whether a name is that of a built-in text. */
export function isBuiltInCorpus(name: string): boolean {
  return Object.hasOwn(CORPORA, name);
}

/**
 * Reads a corpus, perhaps one that a run names: only the very text that it was trained on is that.
 *
 * Who wrote the run chose the name, so no file is opened for it that has not the size of the text, no more names are looked at
 * than {@linkcode MOST_NAMES}, nothing is read from standard input or asked of another machine, and what is told of a file that
 * is another one is only that.
 *
 * @param name Its name, as {@linkcode readCorpus} takes it.
 * @param sha256 The SHA-256 that the bytes must have, if there is one.
 * @param size How many bytes they must be, which says that a run names the text. It is then also found where it lies below the
 *   current folder as it lay before, which finds one that was moved together with its runs.
 * @returns The text.
 * @throws {RangeError} If it cannot be read, or is another one.
 */
export function openCorpus(name: string, sha256?: string, size?: number): CorpusText {
  if (isBuiltInCorpus(name)) return { text: CORPORA[name](), name };
  if (!hasFiles()) {
    const known = Object.keys(CORPORA).join(", ");
    throw cannotRead(name, `files need Deno, Node from 20.16 on or Bun; built in are ${known}`);
  }
  if (sha256 === UNKNOWN_TEXT) {
    throw cannotRead(
      name,
      "a run that names a file is not a reason to read it, unless it knows its SHA-256; name it with --corpus",
    );
  }
  const path = absoluteName(name);
  const isOfRun = size !== undefined;
  // Windows would tell another machine who asks.
  if (isOfRun && (name === "-" || path.startsWith("//"))) {
    throw cannotRead(
      name,
      "a run is not a reason to read standard input, or from another machine; name it with --corpus",
    );
  }
  const left = { names: isOfRun ? MOST_NAMES : Infinity };
  let problem: unknown;
  for (const place of isOfRun ? [path, ...endsOf(path)] : [name]) {
    try {
      const found = readOutside(place, left, size);
      const { text, bytes } = found ?? {};
      if (text === "") throw cannotRead(place, "text is needed, and there is none");
      const hash = bytes && sha256Of(bytes);
      if (text !== undefined && (sha256 ?? hash) === hash) {
        return { text, name: absoluteName(place), sha256: hash, bytes: lengthOf(bytes ?? []) };
      }
      problem ??= cannotRead(
        place,
        isOfRun
          ? "it is not the text of the run any more; to use it all the same name it with --corpus"
          : `it is another text: SHA-256 ${sha256} is needed, found ${hash}`,
      );
    } catch (error) {
      problem ??= error;
    }
  }
  throw problem;
}

/** The ends of a path, the longest first, as paths from the current folder. */
function endsOf(path: string): string[] {
  const parts = path.split("/").slice(1).filter((part) => part !== "");
  return parts.map((_, index) => parts.slice(index).join("/"));
}

/** Makes a path, or a pattern, one from the root; other names stay as they are. */
export function absoluteName(name: string): string {
  if (isBuiltInCorpus(name) || name === "-" || !hasFiles()) return name;
  const isAbsolute = /^([/\\]|[a-z]:[/\\])/i.test(name);
  const parts: string[] = [];
  for (
    const part of (isAbsolute ? name : `${globalThis.process.cwd()}/${name}`).replaceAll("\\", "/")
      .split("/")
  ) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** Whether this is a process: pages have no files. An import of Node's modules would be in the way of those. */
function hasFiles(): boolean {
  return globalThis.process?.getBuiltinModule !== undefined;
}

function files(): typeof import("node:fs") {
  return globalThis.process.getBuiltinModule("node:fs");
}

function sha256Of(parts: readonly Uint8Array[]): string {
  // Of the platform, and at once: a batch cannot wait.
  const hash = globalThis.process.getBuiltinModule("node:crypto").createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/** What is read, or nothing where it has another size than is needed. */
function readOutside(
  name: string,
  left: NamesLeft,
  size?: number,
): { readonly bytes: readonly Uint8Array[]; readonly text: string } | undefined {
  if (name === "-") {
    const bytes = readInput();
    return { bytes: [bytes], text: decode(name, bytes) };
  }
  const paths = /[*?]/.test(name) ? expandPattern(name, left) : [name];
  if (paths.length === 0) throw cannotRead(name, "no file fits the pattern");
  const sizes = paths.map((path) => tryFile(path, () => sizeOf(path)));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (size !== undefined && size !== total) return undefined;
  if (total > LONGEST) throw cannotRead(name, TOO_LONG);
  const bytes = paths.map((path) => tryFile(path, () => files().readFileSync(path)));
  return { bytes, text: bytes.map((part, index) => decode(paths[index], part)).join("") };
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

function cannotRead(name: string, reason: string, cause?: unknown): RangeError {
  return new RangeError(`Cannot read corpus "${name}": ${reason}`, { cause });
}

/** Bytes of a text at most: V8 holds no longer one. */
const LONGEST = 2 ** 29 - 24;
const TOO_LONG = `at most ${LONGEST} bytes are read as one text`;

/** Names that are looked at, in all, to find the files of a pattern that a run names. */
const MOST_NAMES = 10_000;

/** How many names may still be looked at. */
interface NamesLeft {
  names: number;
}

/** The size of a file, if it is one. */
function sizeOf(path: string): number {
  const found = files().statSync(path);
  if (found.isDirectory()) {
    throw cannotRead(
      path,
      'it is a folder; its files are named by a pattern such as "folder/*.txt"',
    );
  }
  // A pipe might never answer, a device never end.
  if (!found.isFile()) {
    throw cannotRead(path, "a file is needed, found a pipe or a device; - reads standard input");
  }
  return found.size;
}

/** Does something with a file, and says what is wrong with it. */
function tryFile<Result>(path: string, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    if (error instanceof RangeError) throw error;
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      // Said as any unknown name is, with the nearest built-in one.
      const name = path.split("/").at(-1) ?? path;
      const rest = unknownName("corpus", name, Object.keys(CORPORA))
        .slice(`Cannot find corpus "${name}": `.length);
      const tried = absoluteName(path);
      const where = tried === path ? "there is no such file" : `there is no such file as ${tried}`;
      throw cannotRead(path, `${where}; ${rest}`, error);
    }
    // What permits it is not for a text that a run names to say.
    const [reason] = (error as Error).message.split("\n");
    throw cannotRead(path, reason.replace(/, run again with.*$/, ""), error);
  }
}

/** Reads standard input to its end, which may never come. */
function readInput(): Uint8Array {
  const parts: Uint8Array[] = [];
  let length = 0;
  const part = new Uint8Array(1 << 20);
  for (;;) {
    const count = files().readSync(0, part);
    if (count === 0) break;
    parts.push(part.slice(0, count));
    length += count;
    if (length > LONGEST) throw cannotRead("-", TOO_LONG);
  }
  const bytes = new Uint8Array(length);
  let position = 0;
  for (const part of parts) {
    bytes.set(part, position);
    position += part.length;
  }
  return bytes;
}

function decode(name: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw cannotRead(name, "UTF-8 text is needed", error);
  }
}

/** The files that fit a pattern, sorted by path, so that every machine reads them in the same order. */
function expandPattern(pattern: string, left: NamesLeft): string[] {
  const parts = pattern.replaceAll("\\", "/").split("/");
  const fixed = parts.findIndex((part) => /[*?]/.test(part));
  const start = parts.slice(0, fixed).join("/");
  const root = fixed === 0 ? "." : start === "" ? "/" : start;
  const found: string[] = [];
  walk(root, parts.slice(fixed), found, fixed === 0 ? "" : `${start}/`, left);
  if (left.names < 0) {
    throw cannotRead(pattern, "it is a pattern of too many names for a run; name it with --corpus");
  }
  return [...new Set(found)].sort();
}

function walk(
  folder: string,
  parts: readonly string[],
  found: string[],
  prefix: string,
  left: NamesLeft,
): void {
  if (left.names < 0) return;
  const [part, ...rest] = parts;
  if (part === "**" && rest.length > 0) walk(folder, rest, found, prefix, left);
  const fits = part === "**" ? /^[^.]/ : nameFilter(part);
  let entries: Dirent[];
  try {
    entries = files().readdirSync(folder, { withFileTypes: true });
  } catch {
    // A folder that is not there or may not be read has no files that fit.
    return;
  }
  left.names -= entries.length;
  for (const entry of entries) {
    if (!fits.test(entry.name)) continue;
    const path = `${folder === "/" ? "" : folder}/${entry.name}`;
    if (entry.isDirectory() && part === "**") {
      walk(path, parts, found, `${prefix}${entry.name}/`, left);
    } else if (entry.isDirectory() && rest.length > 0) {
      walk(path, rest, found, `${prefix}${entry.name}/`, left);
    } else if (!entry.isDirectory() && rest.length === 0) found.push(`${prefix}${entry.name}`);
  }
}

/** `*` and `?` as a regular expression; hidden names only fit where the dot is written. */
function nameFilter(part: string): RegExp {
  const body = part.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
  return new RegExp(`^${/^[*?]/.test(part) ? "(?!\\.)" : ""}${body}$`, "u");
}
