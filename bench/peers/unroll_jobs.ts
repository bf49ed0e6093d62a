/**
 * The jobs in Unroll, on a device of choice (`--device`, by default the CPU): the whole training step is one program
 * whose state is donated; variants make one step a call, or as many as there are batches.
 *
 * @module
 */
import { type Backend, type BackendName, openBackend } from "@unroll/core/backends";
import { BATCHES, type JobNumbers } from "../jobs/numbers.ts";
import { startJob } from "../jobs/programs.ts";
import { servePeer, type TrainingRun } from "./protocol.ts";

async function start(backend: Backend, job: JobNumbers, together: number): Promise<TrainingRun> {
  const running = await startJob(backend, job, together);
  return async (first, count) => {
    for (let k = first; k < first + count; k += together) running.step(k);
    return await running.losses();
  };
}

if (import.meta.main) {
  const at = Deno.args.indexOf("--device");
  const device = at >= 0 ? Deno.args[at + 1] as BackendName : "cpu";
  await servePeer({
    name: "unroll",
    async load() {
      const backend = await openBackend(device);
      return {
        version: `unroll on Deno ${Deno.version.deno}`,
        device: backend.description,
        variants: (job) =>
          [1, BATCHES].filter((together) => together === 1 || job.hidden < 512).map((together) => ({
            name: `${together} a call`,
            threads: backend.threads,
            quantum: together,
            make: () => start(backend, job, together),
          })),
      };
    },
  }, Deno.args);
}
