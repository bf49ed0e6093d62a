import { assertAlmostEquals } from "@std/assert";
import { cpuBackend } from "@unroll/core/backends";
import { jobNamed, LOSS_TOLERANCE } from "./job.ts";
import { type JobNumbers, withNumbers } from "./numbers.ts";
import { plainFizzbuzz, plainMinchar, type PlainStep } from "./plain_javascript.ts";
import { startJob } from "./programs.ts";

async function assertSameLosses(job: JobNumbers, plain: PlainStep): Promise<void> {
  using backend = cpuBackend();
  using running = await startJob(backend, job);
  for (let k = 0; k < job.compared; k++) {
    running.step(k);
    const [wanted] = await running.losses();
    assertAlmostEquals(plain(), wanted, LOSS_TOLERANCE * wanted, `step ${k}`);
  }
}

Deno.test("plainFizzbuzz() takes the steps of fizzbuzz-rnn", async () => {
  const job = withNumbers(jobNamed("fizzbuzz-rnn"));
  await assertSameLosses(job, plainFizzbuzz(job));
});

Deno.test("plainMinchar() takes the steps of minchar-sevenths", async () => {
  const job = withNumbers(jobNamed("minchar-sevenths"));
  await assertSameLosses(job, plainMinchar(job));
});
