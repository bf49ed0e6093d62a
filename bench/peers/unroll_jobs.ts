/**
 * The jobs in Unroll, on a device of choice (`--device`, by default the CPU): the whole training step is one program
 * whose state is donated; variants make one step a call, or as many as there are batches.
 *
 * @module
 */
import { openBackend } from "@unroll/core";
import { BATCHES, type JobNumbers } from "../jobs/numbers.ts";
import { startJob } from "../jobs/run.ts";
import { servePeer, type TrainingRun } from "./protocol.ts";

async function start(job: JobNumbers, device: string, together: number): Promise<TrainingRun> {
  const backend = await openBackend(device === "webgpu" ? "webgpu" : "cpu");
  const running = await startJob(backend, job, together);
  return async (first, count) => {
    for (let k = first; k < first + count; k += together) running.step(k);
    return await running.losses();
  };
}

if (import.meta.main) {
  const at = Deno.args.indexOf("--device");
  const device = at < 0 ? "cpu" : Deno.args[at + 1];
  await servePeer({
    name: "unroll",
    load: () =>
      Promise.resolve({
        version: `unroll on Deno ${Deno.version.deno}`,
        variants: (job) =>
          [1, BATCHES].filter((together) => together === 1 || job.hidden < 512).map((together) => ({
            name: `${together} a call`,
            // The most there may be: small programs run on one.
            threads: Math.min(navigator.hardwareConcurrency, 8),
            quantum: together,
            make: () => start(job, device, together),
          })),
      }),
  }, Deno.args);
}
