import { assertAlmostEquals, assertEquals } from "@std/assert";
import { referenceBackend } from "@unroll/core/backends";
import { JOBS } from "./job.ts";
import { BATCHES, type JobNumbers, withNumbers } from "./numbers.ts";
import { startJob } from "./programs.ts";

const SMALL: readonly JobNumbers[] = JOBS.map((job) =>
  withNumbers({
    ...job,
    time: Math.min(job.time, 3),
    batch: Math.min(job.batch, 2),
    hidden: 4,
    classes: Math.min(job.classes, 10),
    inputs: job.kind === "squares" ? 10 : Math.min(job.inputs, 3),
  })
);

/** Losses of the first and the fourth step, from the jobs written in plain operations, cell by cell. */
const LOSSES: Readonly<Record<string, readonly [number, number]>> = {
  "fizzbuzz-rnn": [1.3863204717636108, 1.3773961067199707],
  "counting-rnn": [2.4102108478546143, 3.6497678756713867],
  "minchar-sevenths": [5.375504016876221, 5.62535285949707],
  "minchar-alice": [6.908587455749512, 7.928325176239014],
  "char-rnn": [2.467963457107544, 2.1707236766815186],
  "char-gru": [2.43342924118042, 2.319976329803467],
  "char-lstm": [2.444715738296509, 2.2933506965637207],
  "char-lstm-large": [2.3923895359039307, 2.490173816680908],
  "char-mlp": [2.3770060539245605, 2.7222585678100586],
  "fizzbuzz-mlp": [2.899489402770996, 2.3379838466644287],
};

async function lossesOf(job: JobNumbers, together: number): Promise<number[]> {
  using backend = referenceBackend();
  using running = await startJob(backend, job, together);
  const losses: number[] = [];
  while (losses.length < 4) {
    running.step(losses.length);
    losses.push(...await running.losses());
  }
  return losses;
}

Deno.test("startJob() takes the steps of each job", async () => {
  for (const job of SMALL) {
    const losses = await lossesOf(job, 1);
    const [first, fourth] = LOSSES[job.name];
    // Rounding to float32 after each operation, some hundred of them.
    assertAlmostEquals(losses[0], first, 1e-5 * first, job.name);
    assertAlmostEquals(losses[3], fourth, 1e-4 * fourth, job.name);
  }
});

Deno.test("startJob() of several steps a call takes the same", async () => {
  for (const job of SMALL) {
    const together = await lossesOf(job, BATCHES);
    assertEquals(together.length, BATCHES);
    (await lossesOf(job, 1)).forEach((loss, i) =>
      assertAlmostEquals(together[i], loss, 1e-5 * loss, `${job.name}, step ${i}`)
    );
  }
});
