/**
 * The environment variables, all of them, and the permissions of the process:
 *
 * - `DEBUG`: 1 one line for each program compiled; 2 also the time of each run; 3 also the graph;
 *   4 also the generated code, where the device has any;
 * - `UNROLL_VALIDATE=1`: run every program on the reference interpreter too and compare;
 * - `UNROLL_DUMP`: a folder that graphs and generated code are written to;
 * - `UNROLL_BACKEND`: the device that `auto` means;
 * - `UNROLL_THREADS`: how many threads the CPU device uses;
 * - `UNROLL_CACHE`: the folder that the native device keeps compiled libraries in, absolute or relative to
 *   the working folder; without it `unroll` in `XDG_CACHE_HOME`, or in `HOME` where the system has its caches;
 * - `UNROLL_GL_ADAPTER=1`: use WebGPU also on OpenGL in software, which is unusably slow.
 *
 * Nothing here asks for a permission: what is not granted yet counts as denied. And in Deno nothing here is of Node's
 * `process`, which takes longer to load than all that is read of it.
 *
 * @module
 */

/** The variables there are. */
export type EnvironmentVariable =
  | "DEBUG"
  | "UNROLL_VALIDATE"
  | "UNROLL_DUMP"
  | "UNROLL_BACKEND"
  | "UNROLL_THREADS"
  | "UNROLL_CACHE"
  | "XDG_CACHE_HOME"
  | "HOME"
  | "UNROLL_GL_ADAPTER";

/** Returns whether an environment variable may be read. */
export function isEnvAllowed(variable: EnvironmentVariable): boolean {
  // Node and Bun have no permissions, a web page has no variables.
  if (typeof Deno === "undefined") return globalThis.process?.env !== undefined;
  return Deno.permissions.querySync({ name: "env", variable }).state === "granted";
}

/** Returns the number by which the system knows this process. */
export function processId(): number {
  return typeof Deno === "undefined" ? globalThis.process.pid : Deno.pid;
}

/** Returns whether the system is Windows. */
export function isWindows(): boolean {
  return typeof Deno === "undefined"
    ? globalThis.process.platform === "win32"
    : Deno.build.os === "windows";
}

/**
 * Returns whether libraries of the system may be called: whether `--allow-ffi` was granted.
 *
 * @returns Whether they may; never outside of Deno.
 *
 * @example Usage
 * ```ts
 * import { isFfiAllowed } from "@unroll/core/backends";
 *
 * console.log(isFfiAllowed() ? "large products may be OpenBLAS's" : "all products are Unroll's");
 * ```
 */
export function isFfiAllowed(): boolean {
  return typeof Deno !== "undefined" && typeof Deno.dlopen === "function" &&
    Deno.permissions.querySync({ name: "ffi" }).state === "granted";
}

/**
 * Reads an environment variable, if that is permitted already.
 *
 * @param variable Which one.
 * @returns Its value, or `undefined` if it is not set, is empty, or may not be read.
 * @throws {RangeError} If it is one of Unroll's own and no text; what is the system's counts as not set then.
 */
export function readVariable(variable: EnvironmentVariable): string | undefined {
  if (!isEnvAllowed(variable)) return undefined;
  if (typeof Deno === "undefined") return globalThis.process.env[variable] || undefined;
  try {
    return Deno.env.get(variable) || undefined;
  } catch (error) {
    if (!variable.startsWith("UNROLL_")) return undefined;
    throw new RangeError(`Cannot read ${variable}: UTF-8 text is needed`, { cause: error });
  }
}
