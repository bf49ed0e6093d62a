/**
 * Random programs on a device, for as long as one likes:
 *
 *     deno task fuzz --device cpu --runs 10000 --seed 1
 *
 * The first that goes wrong is shrunk and printed as TypeScript, with the seed and the path that
 * bring it back (`--seed … --path …`).
 *
 * @module
 */
import { openBackend } from "@unroll/core/backends";
import { programs } from "../core/test_support/arbitrary_programs.ts";
import { checkPrograms } from "../core/test_support/check_device.ts";

const { device = "cpu", runs = "1000", seed = "1", path, size = "14" } = Object.fromEntries(
  Deno.args.join(" ").split("--").map((pair) => pair.trim().split(/[ =]+/)),
);
if (device !== "cpu" && device !== "webgpu") {
  throw new RangeError(`Cannot fuzz ${device}: cpu or webgpu is wanted`);
}
using backend = await openBackend(device);
console.log(`${device}: ${backend.description}`);
const start = performance.now();
await checkPrograms(backend, programs({ operations: Number(size) }), {
  seed: Number(seed),
  runs: Number(runs),
  path,
});
const seconds = ((performance.now() - start) / 1000).toFixed(0);
console.log(`${runs} programs, seed ${seed}: nothing wrong (${seconds} s)`);
