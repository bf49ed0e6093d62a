import { assert } from "@std/assert";
import { cpuBackend } from "../core.ts";
import { JOBS } from "../jobs/job.ts";
import { withNumbers } from "../jobs/numbers.ts";
import { stepParts } from "./step_parts.ts";

Deno.test("stepParts() takes small jobs of each kind apart", async () => {
  using backend = cpuBackend({ threads: 1 });
  const kinds = new Map(JOBS.map((job) => [job.kind, job]));
  for (const job of kinds.values()) {
    const small = { ...job, time: Math.min(job.time, 3), batch: 1, hidden: 4 };
    const parts = await stepParts(backend, withNumbers(small), 0.001);
    assert(parts.forward > 0, job.name);
    for (const seconds of Object.values(parts)) assert(seconds >= 0 && seconds < 60, job.name);
  }
});
