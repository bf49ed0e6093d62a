import { assertAlmostEquals, assertEquals } from "@std/assert";
import { compile, flattenTree, tensor } from "@unroll/core";
import { referenceBackend } from "@unroll/core/backends";
import { type Job, JOBS } from "./job.ts";
import { batches, initialParameters } from "./numbers.ts";
import { initialState, type Named, trainingStep, trainingSteps } from "./programs.ts";

const SMALL: readonly Job[] = JOBS.map((job) => ({
  ...job,
  time: Math.min(job.time, 3),
  batch: Math.min(job.batch, 2),
  hidden: 4,
  classes: job.kind === "squares" || job.kind === "autonomous" ? 4 : 6,
  inputs: job.kind === "squares" ? 10 : Math.min(job.inputs, 3),
}));

function named(tensors: ReturnType<typeof batches>, from?: number, count = 1): Named {
  return Object.fromEntries(
    [...tensors].map(([name, { data, shape, dtype }]) => {
      const own = from === undefined
        ? shape
        : count === 1
        ? shape.slice(1)
        : [count, ...shape.slice(1)];
      const size = own.reduce((a, b) => a * b, 1);
      const start = from === undefined ? 0 : from * size;
      const part = (data as Float32Array | Int32Array).slice(start, start + size);
      return [name, tensor(part, { shape: own, dtype: dtype === "I32" ? "i32" : "f32" })];
    }),
  );
}

Deno.test("trainingSteps() is trainingStep() again and again, for each kind of job", async () => {
  using backend = referenceBackend();
  for (const job of SMALL) {
    const start = initialState(job, named(initialParameters(job)));
    const data = batches(job);
    const one = compile((s: typeof start, b: Named) => trainingStep(job, s, b), { backend });
    const two = compile((s: typeof start, b: Named) => trainingSteps(job, s, b), { backend });
    const [middle, first] = await one(start, named(data, 0));
    const [end, second] = await one(middle, named(data, 1));
    const [together, losses] = await two(start, named(data, 0, 2));
    const wanted = [await first.item(), await second.item()];
    const found = [...await losses.data()];
    assertEquals(found.length, 2);
    found.forEach((loss, i) => assertAlmostEquals(loss, wanted[i], 1e-5 * Math.abs(wanted[i])));
    const [expected, actual] = [flattenTree(end), flattenTree(together)];
    assertEquals(actual.length, expected.length);
    const [a, b] = [await actual[0].data(), await expected[0].data()];
    b.forEach((value, i) => assertAlmostEquals(a[i], value, 1e-4));
  }
});
