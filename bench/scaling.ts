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
  const folder = new URL("./", import.meta.url);
  await Deno.writeTextFile(new URL("scaling_time.svg", folder), timeFigure(measured));
  await Deno.writeTextFile(new URL("scaling_memory.svg", folder), memoryFigure(measured));
  const page = new URL("SCALING.md", folder);
  await Deno.writeTextFile(page, pageOf(measured));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", page.pathname] }).output();
}
