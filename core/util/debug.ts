/**
 * The environment variables, all of them:
 *
 * - `DEBUG`: 1 one line for each program compiled; 2 also the time of each run; 3 also the graph;
 *   4 also the generated code, where the device has any;
 * - `VALIDATE=1`: run every program on the reference interpreter too and compare;
 * - `DUMP`: a folder that graphs and generated code are written to;
 * - `UNROLL_BACKEND`: the device that `auto` means;
 * - `UNROLL_THREADS`: how many threads the CPU device uses;
 * - `UNROLL_GL_ADAPTER=1`: use WebGPU also on OpenGL in software, which is unusably slow.
 *
 * They are read only where that is already permitted: nobody is asked for a permission.
 *
 * @module
 */

/** The variables there are. */
export type EnvironmentVariable =
  | "DEBUG"
  | "VALIDATE"
  | "DUMP"
  | "UNROLL_BACKEND"
  | "UNROLL_THREADS"
  | "UNROLL_GL_ADAPTER";

/**
 * Reads an environment variable, if that is permitted already.
 *
 * @param variable Which one.
 * @returns Its value, or `undefined` if it is not set, is empty, or may not be read.
 */
export function readVariable(variable: EnvironmentVariable): string | undefined {
  // Other runtimes than Deno have no such variables: a web page, for one.
  if (typeof Deno === "undefined") return undefined;
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) || undefined : undefined;
}

/** How much to tell, from `DEBUG`: 0 is nothing. */
export function debugLevel(): number {
  const level = Number(readVariable("DEBUG") ?? 0);
  return Number.isFinite(level) ? level : 0;
}

/** Prints a line for whoever set `DEBUG`, on standard error. */
export function debugLine(line: string): void {
  // deno-lint-ignore no-console -- the one place of core that prints
  console.error(line);
}

/** Writes a text into the folder that `DUMP` names, if it names one. */
export function dumpText(fileName: string, text: string): void {
  const folder = readVariable("DUMP");
  if (folder === undefined) return;
  Deno.mkdirSync(folder, { recursive: true });
  Deno.writeTextFileSync(`${folder}/${fileName}`, text);
}
