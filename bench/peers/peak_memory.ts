/**
 * The most memory that a process has taken, as Linux counts it: all that was resident at once, libraries included.
 *
 * @module
 */

/**
 * Reads the peak from what Linux says of a process in `/proc/PID/status`.
 *
 * @param status The text.
 * @returns Bytes.
 * @throws {RangeError} If it says nothing of it.
 */
export function parsePeak(status: string): number {
  const found = /^VmHWM:\s*(\d+) kB$/m.exec(status);
  if (!found) {
    throw new RangeError("Cannot read the peak memory of a process: no VmHWM in its status");
  }
  return 1024 * Number(found[1]);
}

/**
 * Measures the peak of a running process. What `getrusage` says of a child is no less than what its parent had when it
 * started the child, and Deno opens nothing in `/proc` without all permissions, so that another program reads it.
 *
 * @param pid The process.
 * @returns Bytes.
 * @throws {RangeError} If the system does not tell.
 */
export async function peakMemory(pid: number): Promise<number> {
  if (Deno.build.os !== "linux") {
    throw new RangeError(`Cannot measure peak memory on ${Deno.build.os}: only Linux tells`);
  }
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${pid}/status`] }).output();
  return parsePeak(new TextDecoder().decode(stdout));
}
