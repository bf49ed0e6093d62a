/** What a page loads stays small: the table is `deno task size`. */
import { assert } from "@std/assert";
import { measureSize, PROGRAMS, type ProgramSize } from "../bench/sizes/measure.ts";

/** KiB of gzip: what is reached, and room for some work. */
const LIMITS: Readonly<Record<typeof PROGRAMS[number], ProgramSize>> = {
  language: { start: 25, cpu: 65, webgpu: 74 },
  fizzbuzz: { start: 52, cpu: 102, webgpu: 100 },
};

for (const program of PROGRAMS) {
  Deno.test(`a page loads no more than it needs for ${program}`, async () => {
    const size = await measureSize(program);
    for (const part of ["start", "cpu", "webgpu"] as const) {
      const found = size[part] / 1024;
      const limit = LIMITS[program][part];
      assert(found < limit, `${part}: at most ${limit} KiB are wanted, found ${found.toFixed(1)}`);
      // A limit that is far off holds nothing.
      assert(found > 0.9 * limit, `${part}: ${found.toFixed(1)} KiB are reached, lower the limit`);
    }
  });
}
