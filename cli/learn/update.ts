/**
 * Makes the outputs and the pictures of the chapters anew: `deno task learn:update`, and `deno task pictures` the
 * pictures alone.
 *
 * A chapter is about one lesson: a file of its name with a command, what the command prints, and a picture.
 *
 * @module
 */

import { formatLesson, LESSONS } from "../lessons/mod.ts";

/** The chapters in their order, by the names of their lessons. */
export const CHAPTERS: readonly string[] = [
  "state",
  "unrolling",
  "vanishing",
  "gates",
  "clipping",
  "carry",
];

const FOLDER = new URL(".", import.meta.url);
/** What a command prints stands in the block after it. */
const PRINTED = /(```sh\ndeno task lesson \S+\n```\n\n```text\n)[^]*?(```\n)/;

/**
 * Reads a chapter.
 *
 * @param name Its lesson's name.
 * @returns Its text as it is, and as it should be.
 * @throws {RangeError} If it has no command with what that prints.
 */
export async function readChapter(
  name: string,
): Promise<{ readonly text: string; readonly wanted: string }> {
  const text = await Deno.readTextFile(new URL(`${name}.md`, FOLDER));
  if (!PRINTED.test(text)) {
    throw new RangeError(`Cannot update chapter ${name}: it has no command with a block of text`);
  }
  let printed = "";
  for await (const part of LESSONS[name].give({})) printed += formatLesson(part);
  return { text, wanted: text.replace(PRINTED, (_, before, after) => before + printed + after) };
}

/** Draws the pictures of all chapters. */
export async function drawChapters(): Promise<void> {
  // Only pictures need it, and it is large.
  const { curveChart } = await import("../charts/mod.ts");
  for (const name of CHAPTERS) {
    const chart = await LESSONS[name].chart?.();
    if (chart === undefined) throw new RangeError(`Cannot draw chapter ${name}: it has no chart`);
    const { series, ...options } = chart;
    const curves = series.map((one) => ({ ...one, look: "dots" as const }));
    const svg = curveChart(curves, { width: 640, height: 240, ...options });
    // Pages may be dark, and text is not.
    const paper = '<rect width="100%" height="100%" fill="#ffffff"/>';
    await Deno.writeTextFile(
      new URL(`${name}.svg`, FOLDER),
      `${svg.replace(/(<svg[^>]*>)/, `$1${paper}`)}\n`,
    );
  }
}

if (import.meta.main) {
  for (const name of CHAPTERS) {
    const { wanted } = await readChapter(name);
    await Deno.writeTextFile(new URL(`${name}.md`, FOLDER), wanted);
  }
  await drawChapters();
}
