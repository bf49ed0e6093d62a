/**
 * Prints and writes what the variables `DEBUG` and `UNROLL_DUMP` ask for; see `environment.ts`.
 *
 * @module
 */
import { readVariable } from "./environment.ts";
import { fileSystem } from "./file_system.ts";

/** Reads how much to print, from `DEBUG`: 0 is nothing. */
export function debugLevel(): number {
  const level = Number(readVariable("DEBUG") ?? 0);
  return Number.isFinite(level) ? level : 0;
}

/** Tells whether something is to be told of each program. */
export function isWatched(): boolean {
  return debugLevel() >= 1 || readVariable("UNROLL_DUMP") !== undefined ||
    readVariable("UNROLL_VALIDATE") !== undefined;
}

/** Prints a line on standard error. */
export function debugLine(line: string): void {
  // deno-lint-ignore no-console -- the one place of core that prints
  console.error(line);
}

/** Writes a text into the folder that `UNROLL_DUMP` names, if it names one. */
export function dumpText(fileName: string, text: string): void {
  const folder = readVariable("UNROLL_DUMP");
  if (folder === undefined) return;
  fileSystem().mkdirSync(folder, { recursive: true });
  fileSystem().writeFileSync(`${folder}/${fileName}`, text);
}

/**
 * Shows the generated code of a program: prints it at level 4 of `DEBUG`, and writes it into the folder
 * that `UNROLL_DUMP` names.
 *
 * @param fileName Name of the file in the folder of `UNROLL_DUMP`.
 * @param format Makes the text; called only if it is shown.
 */
export async function showProgram(
  fileName: string,
  format: () => string | Promise<string>,
): Promise<void> {
  const isPrinted = debugLevel() >= 4;
  if (!isPrinted && readVariable("UNROLL_DUMP") === undefined) return;
  const text = await format();
  if (isPrinted) debugLine(text);
  dumpText(fileName, text);
}
