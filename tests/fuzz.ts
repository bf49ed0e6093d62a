/**
 * Random programs on a device, for as long as one likes:
 *
 *     deno task fuzz --device cpu --runs 10000 --seed 1
 *
 * `--minutes` stops earlier, `--size` is the most operations a program has outside of loops, and
 * `--large no` leaves out sizes of more than a hundred.
 *
 * The first that goes wrong is shrunk and printed as TypeScript, with the seed and the path that
 * bring it back (`--seed … --path …`).
 *
 * @module
 */
import { parseArgs } from "node:util";
import { openBackend } from "@unroll/core/backends";
import { programs } from "../core/test_support/arbitrary_programs.ts";
import { checkPrograms } from "../core/test_support/check_device.ts";

const { device, runs, seed, path, size, large, minutes } = parseArgs({
  options: {
    device: { type: "string", default: "cpu" },
    runs: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    path: { type: "string" },
    size: { type: "string", default: "14" },
    large: { type: "string", default: "yes" },
    minutes: { type: "string" },
  },
}).values;
if (device !== "cpu" && device !== "webgpu") {
  throw new RangeError(`Cannot fuzz ${device}: cpu or webgpu is wanted`);
}
using backend = await openBackend(device);
console.log(`${device}: ${backend.description}`);
const start = performance.now();
const arbitrary = programs({ operations: Number(size), large: large !== "no" });
const done = await checkPrograms(backend, arbitrary, {
  seed: Number(seed),
  runs: Number(runs),
  path,
  ...minutes === undefined ? {} : { time: 60_000 * Number(minutes) },
});
const seconds = ((performance.now() - start) / 1000).toFixed(0);
console.log(`${done} programs, seed ${seed}: nothing wrong (${seconds} s)`);
