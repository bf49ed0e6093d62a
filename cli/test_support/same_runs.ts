/**
 * Whether two runs are the same to the bit, for tests.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Checkpoint, RunFolder } from "@unroll/core/runs";

/** Everything of a checkpoint but the seconds, to be compared. */
function bitsOf({ step, progress, tensors }: Checkpoint) {
  const { seconds: _, ...rest } = progress;
  return {
    step,
    rest,
    tensors: [...tensors].map(([name, { data }]) => [
      name,
      [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)].join(),
    ]).sort(),
  };
}

/**
 * Asserts that two runs came to the same: all tensors of their checkpoints, and what was measured on the way.
 *
 * @param found A run.
 * @param wanted What it must be like.
 * @param what What was done, for the message.
 */
export async function assertSameRuns(
  found: RunFolder,
  wanted: RunFolder,
  what: string = "",
): Promise<void> {
  for (const name of ["last", "best"] as const) {
    assertEquals(
      bitsOf(await found.readCheckpoint(name)),
      bitsOf(await wanted.readCheckpoint(name)),
      `${name} ${what}`,
    );
  }
  const validations = async (run: RunFolder) =>
    (await run.readMetrics()).filter(({ event }) => event === "validation");
  assertEquals(await validations(found), await validations(wanted), what);
}
