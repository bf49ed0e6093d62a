/**
 * How long is a training step? Each job on the CPU, and two of them in plain JavaScript. Run it with
 * `deno bench bench/train_step_bench.ts`; `--filter` picks jobs.
 *
 * @module
 */
import { cpuBackend } from "../core/mod.ts";
import { type JobName, JOBS, makeJob, startJob } from "./jobs.ts";
import { plainFizzbuzz, plainMinchar, type PlainStep } from "./plain_javascript.ts";

const PLAIN: Readonly<Partial<Record<JobName, () => PlainStep>>> = {
  "fizzbuzz-rnn": () => plainFizzbuzz(),
  "minchar-sevenths": () => plainMinchar(makeJob("minchar-sevenths")),
  "minchar-alice": () => plainMinchar(makeJob("minchar-alice")),
};

/** Steps that the engine is given to compile all it wants to compile. */
const WARM_UP = 3;

for (const name of Object.keys(JOBS) as JobName[]) {
  Deno.bench(`${name}: cpu`, { group: name, baseline: true }, async (b) => {
    using backend = cpuBackend();
    using job = await startJob(backend, makeJob(name));
    for (let i = 0; i < WARM_UP; i++) job.step();
    b.start();
    job.step();
    b.end();
  });
  const plain = PLAIN[name]?.();
  if (plain) Deno.bench(`${name}: plain JavaScript`, { group: name }, () => void plain());
}
