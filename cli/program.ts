/**
 * How this program was started, for the commands that it tells people to type.
 *
 * @module
 */

import { basename } from "@std/path/basename";
import config from "./deno.json" with { type: "json" };

/** Unroll's version, of all its packages. */
export const VERSION: string = config.version;

/** What is known of a start. */
export interface Start {
  /** The module that was started. */
  readonly main: string;
  /** This package's place: a file in a clone, otherwise a URL of JSR. */
  readonly place: string;
  /** Reads a variable of the environment, where it may be read. */
  readonly variable: (name: string) => string | undefined;
}

/**
 * Finds out what is typed before a command's name.
 *
 * @param start What is known of the start.
 * @returns `unroll`, `deno task`, or `deno run … ` and a module.
 */
export function programOf({ main, place, variable }: Start): string {
  // Shells say what was typed, and Deno's script for an installed program leaves that as it is.
  if (basename(variable("_") ?? "") === "unroll") return "unroll";
  const byName = isStartedByName(main, place);
  if (place.startsWith("file:") && !byName) return "deno task";
  return `deno run … ${
    main.startsWith("file:") && !byName ? basename(new URL(main).pathname) : PACKAGE
  }`;
}

/** Tells whether the package was started by its name; a clone's own tasks start another module. */
export function isStartedByName(main: string, place: string): boolean {
  return main === new URL("mod.ts", place).href;
}

const PACKAGE = "jsr:@unroll/cli";

let program: string | undefined;

/**
 * Writes a command as it is typed where this program was started.
 *
 * @param words The command's name and what follows it.
 * @param needs What it must be permitted: calling libraries of the system.
 * @returns For example `deno task inspect last`.
 */
export function commandLine(words: string, { ffi = false }: { ffi?: boolean } = {}): string {
  program ??= programOf({ main: Deno.mainModule, place: import.meta.url, variable: environment });
  // Tasks have their permissions; elsewhere they are the user's own.
  return `${program}${ffi && program === "deno task" ? " blas" : ""} ${words}`;
}

/** Reads a variable, where it may be read without asking. */
export function environment(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}
