/**
 * The peak memory of each peer in each job: `deno task bench:peers --memory`. Each job has a process of its own, so
 * that none hides behind a larger one, and each peer makes a few steps in its plainest variant, the first it lists.
 *
 * @module
 */
import type { Job } from "../jobs/job.ts";
import { PeerProcess } from "./peer_process.ts";
import { commandOf, type PeerProgram, startSeconds } from "./peer_programs.ts";
import type { MemoryCell, MemoryRow } from "./memory_report.ts";

/** Training steps of a peer. */
const STEPS = 16;
/** Most seconds that they may take. */
const SECONDS = 10;

/**
 * Measures the memory of some peers in a job.
 *
 * @param job The job.
 * @param data Its file.
 * @param peers Who takes part.
 * @param verbose Whether to show what peers say on their standard error.
 */
export async function measureMemory(
  job: Job,
  data: string,
  peers: readonly PeerProgram[],
  verbose: boolean,
): Promise<MemoryRow> {
  const cells: MemoryCell[] = [];
  for (const peer of peers) cells.push(await measurePeer(peer, data, verbose));
  return { job: job.name, cells };
}

async function measurePeer(
  peer: PeerProgram,
  data: string,
  verbose: boolean,
): Promise<MemoryCell> {
  const { name, title, missing, settings } = peer;
  if (missing !== undefined) return { name, title, unable: missing };
  const command = [...commandOf(peer, settings[0]), "--data", data, "--serve", "--plain"];
  try {
    await using process = await PeerProcess.start(
      command,
      startSeconds(settings[0], undefined),
      verbose,
    );
    const { version, device, variant, steps_per_second } = process.ready;
    const steps = Math.max(1, Math.min(STEPS, Math.floor(SECONDS * steps_per_second)));
    await process.block({ steps });
    const { idle } = process;
    return { name, title, version, device, variant, idle, peak: await process.peakMemory() };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { name, title, unable: error.message };
  }
}
