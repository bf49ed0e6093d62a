/**
 * How the time of a training step, and its memory, grow with hidden units, time, batch and layers; next to the least
 * that arithmetic and memory allow. Writes `bench/SCALING.md` and its figures.
 *
 * ```sh
 * deno task bench:scaling
 * ```
 *
 * @module
 */
import { measure } from "./scaling/measure.ts";
import { memoryFigure, pageOf, timeFigure } from "./scaling/page.ts";

if (import.meta.main) {
  const measured = await measure();
  const files = {
    "scaling_time.svg": timeFigure(measured),
    "scaling_memory.svg": memoryFigure(measured),
    "SCALING.md": pageOf(measured),
  };
  const paths: string[] = [];
  for (const [name, text] of Object.entries(files)) {
    const { pathname } = new URL(name, import.meta.url);
    await Deno.writeTextFile(pathname, text);
    paths.push(pathname);
  }
  // Figures are text too: the gate asks for their format.
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", ...paths] }).output();
}
