/**
 * Writes the jobs for the peers into a folder: `deno run --allow-write bench/peers/write_jobs.ts FOLDER [JOB…]`.
 *
 * @module
 */
import { encodeJob, PEER_JOBS } from "./job_data.ts";

if (import.meta.main) {
  const [folder, ...names] = Deno.args;
  await Deno.mkdir(folder, { recursive: true });
  for (const job of PEER_JOBS) {
    if (names.length > 0 && !names.includes(job.name)) continue;
    await Deno.writeFile(`${folder}/${job.name}.safetensors`, encodeJob(job));
  }
}
