/**
 * How this program was started, for the commands that it tells people to type.
 *
 * @module
 */

import { fromFileUrl } from "@std/path/from-file-url";
import config from "./deno.json" with { type: "json" };
import { quoted } from "./format.ts";

/** Unroll's version, of all its packages. */
export const VERSION: string = config.version;

/** What is known of a start. */
export interface Start {
  /** The module that was started. */
  readonly main: string;
  /** This package's place: a file in a clone, otherwise a URL of JSR. */
  readonly place: string;
  /** What the shell says that it started, if it does: the variable `_`. */
  readonly shell?: string;
}

/**
 * Finds out what is typed before a command's name. It can be typed as it is: what is not permitted by a flag, Deno asks for.
 *
 * @param start What is known of the start.
 * @returns `unroll`, `deno task`, or `deno run` and a module.
 */
export function programOf({ main, place, shell = "" }: Start): string {
  // Installed by that name, with whatever shell: nothing else tells, and who starts the module by hand is told to install it.
  if (main === new URL("unroll.ts", place).href || INSTALLED.test(main)) return "unroll";
  const isPackage = isStartedByName(main, place);
  // Installed with `--name unroll`: many shells tell, and in the others the longer command does the same.
  if ((isPackage || NAMED.test(main)) && /(^|[/\\])unroll$/.test(shell)) return "unroll";
  if (isPackage) return `deno run ${PACKAGE}`;
  if (!main.startsWith("file:")) return `deno run ${main}`;
  return place.startsWith("file:") ? "deno task" : `deno run ${quoted(fromFileUrl(main))}`;
}

/** Tells whether the package was started by its name; a clone's own tasks start another module. */
export function isStartedByName(main: string, place: string): boolean {
  return main === new URL("mod.ts", place).href;
}

const PACKAGE = "jsr:@unroll/cli";

/** The entry that is installed; see `unroll.ts`. */
const NAMED = /^jsr:\/?@unroll\/cli(@[^/]*)?$/;
const INSTALLED = /^jsr:\/?@unroll\/cli(@[^/]*)?\/unroll$/;

let program: string | undefined;

/**
 * Writes a command as it is typed where this program was started.
 *
 * @param words The command's name and what follows it.
 * @param needs What it must be permitted: calling libraries of the system, or native code.
 * @returns For example `deno task inspect last`.
 */
export function commandLine(
  words: string,
  { ffi = false, native = false }: { ffi?: boolean; native?: boolean } = {},
): string {
  program ??= programOf({
    main: Deno.mainModule,
    place: import.meta.url,
    shell: environment("_"),
  });
  // Tasks have their permissions; elsewhere they are the user's own.
  const set = native ? " native" : ffi ? " blas" : "";
  return `${program}${program === "deno task" ? set : ""} ${words}`;
}

/** Reads a variable, where it may be read without asking and is text. */
export function environment(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  try {
    return state === "granted" ? Deno.env.get(name) : undefined;
  } catch {
    return undefined; // Bytes that are no UTF-8.
  }
}

/**
 * Keeps drivers of WebGPU on Linux from printing `error: XDG_RUNTIME_DIR is invalid or not set`, which reads as a failure
 * and means that no window could be opened: where the variable is not set, it names a folder that is not there.
 */
export function quietDrivers(): void {
  const name = "XDG_RUNTIME_DIR";
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  if (Deno.build.os !== "linux" || state !== "granted" || Deno.env.has(name)) return;
  Deno.env.set(name, "/nonexistent");
}
