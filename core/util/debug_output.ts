/**
 * Prints and writes what the variables `DEBUG` and `UNROLL_DUMP` ask for; see `environment.ts`.
 *
 * @module
 */
import { debugLevel } from "./debug.ts";
import { readVariable } from "./environment.ts";
import { fileSystem } from "./file_system.ts";

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
export function showProgram(fileName: string, format: () => string): void {
  const isPrinted = debugLevel() >= 4;
  if (!isPrinted && readVariable("UNROLL_DUMP") === undefined) return;
  const text = format();
  if (isPrinted) debugLine(text);
  dumpText(fileName, text);
}
