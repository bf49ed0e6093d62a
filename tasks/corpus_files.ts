/**
 * Texts from outside: a built-in one by name, a file, several files by a pattern, or standard input.
 * The only part of the tasks that touches files.
 *
 * @module
 */
import { unknownName } from "@unroll/core/plugin";
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
  const text = Object.hasOwn(CORPORA, name) ? CORPORA[name]() : readOutside(name);
  if (text === "") throw cannotRead(name, "text is needed, and there is none");
  return text;
}

function readOutside(name: string): string {
  if (typeof Deno === "undefined") {
    throw cannotRead(name, `files need Deno; built in are ${Object.keys(CORPORA).join(", ")}`);
  }
  if (name === "-") return decode(name, readStandardInput());
  if (!/[*?]/.test(name)) return decode(name, readFile(name));
  const paths = expandPattern(name);
  if (paths.length === 0) throw cannotRead(name, "no file fits the pattern");
  return paths.map((path) => decode(path, readFile(path))).join("");
}

function cannotRead(name: string, reason: string, cause?: unknown): RangeError {
  return new RangeError(`Cannot read corpus "${name}": ${reason}`, { cause });
}

function readFile(path: string): Uint8Array {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      const known = Object.keys(CORPORA);
      // Said as any unknown name is, with the nearest built-in one.
      const [, rest] = unknownName("corpus", path, known).split(/:(.*)/s);
      throw cannotRead(path, `there is no such file;${rest}`, error);
    }
    throw cannotRead(path, (error as Error).message.split("\n")[0], error);
  }
}

function readStandardInput(): Uint8Array {
  const parts: Uint8Array[] = [];
  const buffer = new Uint8Array(65_536);
  let size = 0;
  for (let n = Deno.stdin.readSync(buffer); n !== null; n = Deno.stdin.readSync(buffer)) {
    parts.push(buffer.slice(0, n));
    size += n;
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
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
function expandPattern(pattern: string): string[] {
  const parts = pattern.replaceAll("\\", "/").split("/");
  const fixed = parts.findIndex((part) => /[*?]/.test(part));
  const start = parts.slice(0, fixed).join("/");
  const root = fixed === 0 ? "." : start === "" ? "/" : start;
  const found: string[] = [];
  walk(root, parts.slice(fixed), found, fixed === 0 ? "" : `${start}/`);
  return [...new Set(found)].sort();
}

function walk(folder: string, parts: readonly string[], found: string[], prefix: string): void {
  const [part, ...rest] = parts;
  if (part === "**" && rest.length > 0) walk(folder, rest, found, prefix);
  const fits = part === "**" ? /^[^.]/ : nameFilter(part);
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(folder)];
  } catch {
    // A folder that is not there or may not be read has no files that fit.
    return;
  }
  for (const entry of entries) {
    if (!fits.test(entry.name)) continue;
    const path = `${folder === "/" ? "" : folder}/${entry.name}`;
    if (entry.isDirectory && part === "**") walk(path, parts, found, `${prefix}${entry.name}/`);
    else if (entry.isDirectory && rest.length > 0) {
      walk(path, rest, found, `${prefix}${entry.name}/`);
    } else if (!entry.isDirectory && rest.length === 0) found.push(`${prefix}${entry.name}`);
  }
}

/** `*` and `?` as a regular expression; hidden names only fit where the dot is written. */
function nameFilter(part: string): RegExp {
  const body = part.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
  return new RegExp(`^${/^[*?]/.test(part) ? "(?!\\.)" : ""}${body}$`, "u");
}
