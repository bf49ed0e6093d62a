/**
 * How long until a job can train? Tracing its training step, and tracing and compiling it for the CPU.
 *
 * @module
 */
import { compile, mul } from "@unroll/core";
import { cpuBackend } from "@unroll/core/backends";
import { JOBS } from "./jobs/job.ts";
import { withNumbers } from "./jobs/numbers.ts";
import { jobProgram, traceJob } from "./jobs/programs.ts";

/** Enough for a few milliseconds; the first call has the compiler itself still cold. */
const BUDGET = { warmup: 2, n: 5 };

const backend = cpuBackend();
let compilations = 0;

for (const job of JOBS) {
  const numbers = withNumbers(job);
  const { step, state, batch } = jobProgram(numbers);
  const group = `${job.name}: until it trains`;
  Deno.bench(`${job.name}: trace and compile`, { group, baseline: true, ...BUDGET }, async () => {
    // The engine remembers modules, so that each must be another.
    const factor = 1 + ++compilations / 1024;
    using compiled = compile((own: typeof state, given: typeof batch) => {
      const [next, loss] = step(own, given);
      return [next, mul(loss, factor)] as const;
    }, { backend, donate: [0] });
    await compiled.prepare(state, batch);
  });
  Deno.bench(`${job.name}: trace`, { group, ...BUDGET }, () => void traceJob(numbers));
}
