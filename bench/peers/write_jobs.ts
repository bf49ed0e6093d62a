/**
 * Writes the jobs for the peers into a folder: `deno run --allow-write bench/peers/write_jobs.ts FOLDER [JOB…]`.
 *
 * @module
 */
import { JOBS } from "../jobs/job.ts";
import { encodeJob } from "../jobs/numbers.ts";

if (import.meta.main) {
  const [folder, ...names] = Deno.args;
  await Deno.mkdir(folder, { recursive: true });
  for (const job of JOBS) {
    if (names.length > 0 && !names.includes(job.name)) continue;
    await Deno.writeFile(`${folder}/${job.name}.safetensors`, encodeJob(job));
  }
}
