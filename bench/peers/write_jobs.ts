/**
 * Writes the jobs for the peers into a folder: `deno run --allow-write bench/peers/write_jobs.ts FOLDER [JOB…]`.
 *
 * @module
 */
import { encodeSafetensors, type StoredTensor } from "@unroll/core/runs";
import { type Job, JOBS } from "../jobs/job.ts";
import { batches, initialParameters } from "../jobs/numbers.ts";

/** Encodes all of a job as one safetensors file: `p.NAME` parameters, `b.NAME` batches, the sizes as metadata. */
export function encodeJob(job: Job): Uint8Array<ArrayBuffer> {
  const tensors = new Map<string, StoredTensor>();
  for (const [name, tensor] of initialParameters(job)) tensors.set(`p.${name}`, tensor);
  for (const [name, tensor] of batches(job)) tensors.set(`b.${name}`, tensor);
  return encodeSafetensors(tensors, { job: JSON.stringify(job) });
}

if (import.meta.main) {
  const [folder, ...names] = Deno.args;
  await Deno.mkdir(folder, { recursive: true });
  for (const job of JOBS) {
    if (names.length > 0 && !names.includes(job.name)) continue;
    await Deno.writeFile(`${folder}/${job.name}.safetensors`, encodeJob(job));
  }
}
