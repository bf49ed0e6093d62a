/**
 * What this program may do, as far as it passes that on or tells of it. The sets are in the workspace's `deno.json`.
 *
 * @module
 */

import type { NativePermissions } from "@unroll/core/backends";
import { commandLine } from "./program.ts";
import { TEXTS } from "./recipes/texts.ts";

/** Where measurements of GPUs are kept if the system's folder for caches is out of bounds. */
export const LOCAL_TUNING = "runs/.tuning";

/** The variables that are read. */
const VARIABLES: readonly string[] = [
  "INIT_CWD",
  "DEBUG",
  "TERM",
  "COLORTERM",
  "UNROLL_BACKEND",
  "UNROLL_CACHE",
  "UNROLL_DUMP",
  "UNROLL_GL_ADAPTER",
  "UNROLL_THREADS",
  "UNROLL_VALIDATE",
];

/** Where the texts of recipes are. */
export const TEXT_HOSTS: readonly string[] = Object.values(TEXTS).map(({ address }) =>
  new URL(address).host
);

/** Tells whether something may be done without asking. */
export function isGranted(descriptor: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(descriptor).state === "granted";
}

/**
 * Lists what a trial of a sweep may do, as flags: to read what the sweep may read, to write its own run, and nothing
 * else that matters.
 *
 * @param folder The sweep's folder.
 * @param native What native code needs.
 * @returns Flags of Deno.
 */
export function trialFlags(
  folder: string,
  { folder: libraries, missing }: NativePermissions,
): string[] {
  const native = libraries === undefined || missing.length > 0 ? [] : [libraries];
  const writes = [
    folder,
    ...isGranted({ name: "write", path: LOCAL_TUNING }) ? [LOCAL_TUNING] : [],
    ...native,
  ];
  const variables = [...VARIABLES, ...native.length > 0 ? ["XDG_CACHE_HOME", "HOME"] : []]
    .filter((variable) => isGranted({ name: "env", variable }));
  return [
    isGranted({ name: "read" }) ? "--allow-read" : flagOf("read", [folder]),
    flagOf("write", writes),
    ...variables.length === 0 ? [] : [flagOf("env", variables)],
    ...isGranted({ name: "ffi" }) ? ["--allow-ffi"] : native.map((path) => flagOf("ffi", [path])),
    ...native.length > 0 ? ["--allow-run=cc"] : [],
  ];
}

/**
 * Says how to permit native code.
 *
 * @param words The command and what follows it.
 * @param missing The flags of Deno that are missing.
 * @returns What to type, or where the flags belong; nothing where it is permitted, as far as there is a compiler.
 */
export function permitNative(words: string, missing: readonly string[]): string | undefined {
  // Deno permits no program that is not there.
  if (missing.every((flag) => flag.startsWith("--allow-run="))) return undefined;
  const typed = commandLine(words, { native: true });
  if (typed.startsWith("deno task ")) return typed;
  const flags = missing.join(" ");
  return typed.startsWith("deno run ")
    ? typed.replace("deno run", () => `deno run ${flags}`)
    : `${flags} at deno install`;
}

/** A comma in a value is doubled. */
function flagOf(kind: string, values: readonly string[]): string {
  return `--allow-${kind}=${values.map((value) => value.replaceAll(",", ",,")).join()}`;
}

/** Gives the network back, but for a dashboard, the board, and a recipe that fetches its text. */
export function dropNetwork(args: readonly string[]): void {
  if (args[0] === "board" || args.some((arg) => /^--(dashboard|fetch)(=|$)/.test(arg))) return;
  for (const host of ["127.0.0.1", ...TEXT_HOSTS]) {
    Deno.permissions.revokeSync({ name: "net", host });
  }
  Deno.permissions.revokeSync({ name: "net" });
}

/** The set that a command's task has, where it is not `look`. */
const SETS: Readonly<Record<string, string>> = {
  list: "list",
  tour: "list",
  completions: "list",
  train: "train",
  recipe: "recipe",
  sweep: "sweep",
  board: "board",
  doctor: "doctor",
  export: "draw",
  inspect: "draw",
  "lr-find": "draw",
  prove: "draw",
  report: "draw",
};

/** Names the set of permissions in `deno.json` that a command has as a task. */
export function permissionSet(command: string): string {
  return Object.hasOwn(SETS, command) ? SETS[command] : "look";
}

/**
 * Says how to permit what was not.
 *
 * @param flag The flag of Deno.
 * @param args What was typed.
 * @returns What to type, or where the flag belongs.
 */
export function permitLine(flag: string, args: readonly string[]): string {
  const [command = ""] = args;
  const word = /[^\w=./,:-]/.test(flag) ? `'${flag.replaceAll("'", `'\\''`)}'` : flag;
  const typed = commandLine(`${command} …`);
  if (typed.startsWith("deno task ")) {
    return `deno run -P=${permissionSet(command)} ${word} cli/main.ts ${command} …`;
  }
  const run = "deno run ";
  return typed.startsWith(run)
    ? `${run}${word} ${typed.slice(run.length)}`
    : `${word} at deno install`;
}
