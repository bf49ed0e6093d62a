/**
 * Random programs on a device, for as long as one likes:
 *
 *     deno task fuzz --device cpu --runs 10000 --seed 1
 *     deno task fuzz --device webgpu --runs 10000 --jobs 4 Dawn on SwiftShader
 *
 * WebGPU is Deno's own on the driver that the system picks, or, where words of a name are given, each
 * of those of `deno task test:webgpu` whose name has them. Native code is kept in a folder that is removed at the end,
 * and only there it may be called. `--jobs` shares the programs among so many
 * processes, of seeds from `--seed` on: software drivers compile on one core. `--minutes` stops earlier,
 * `--size` is the most operations a program has outside of loops, and `--large no` leaves out sizes of
 * more than a hundred.
 *
 * The first that goes wrong is shrunk and printed as TypeScript, with the seed and the path that
 * bring it back (`--seed … --path …`).
 *
 * @module
 */
import { parseArgs } from "node:util";
import { nativePermissions, openBackend } from "@unroll/core/backends";
import { programs } from "../core/test_support/arbitrary_programs.ts";
import { checkPrograms } from "../core/test_support/check_device.ts";
import { nativeEnvironment } from "./environments.ts";
import { copyLock, findTargets, type Target } from "./webgpu/drivers.ts";

const { values, positionals } = parseArgs({
  options: {
    device: { type: "string", default: "cpu" },
    runs: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    path: { type: "string" },
    size: { type: "string", default: "14" },
    large: { type: "string", default: "yes" },
    minutes: { type: "string" },
    jobs: { type: "string", default: "1" },
  },
  allowPositionals: true,
});
const { device, runs, seed, path, size, large, minutes, jobs } = values;
if (device !== "cpu" && device !== "native" && device !== "webgpu") {
  throw new RangeError(`Cannot fuzz ${device}: cpu, native or webgpu is wanted`);
}

/** Runs programs in this process. */
async function fuzz(device: "cpu" | "native" | "webgpu"): Promise<void> {
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
}

/** Runs this file once a job, with a WebGPU of its own. */
async function fuzzApart({ options, env }: Pick<Target, "options" | "env">): Promise<void> {
  const count = Number(jobs);
  const share = Math.ceil(Number(runs) / count);
  const children = Array.from({ length: count }, (_, job) => {
    const own = { ...values, runs: String(share), seed: String(Number(seed) + job), jobs: "1" };
    const flags = Object.entries(own).flatMap(([name, value]) => [`--${name}`, value]);
    return new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", ...options, import.meta.filename ?? "", ...flags],
      env: { ...env },
      stdin: "null",
    }).spawn().status;
  });
  if (!(await Promise.all(children)).every(({ success }) => success)) Deno.exitCode = 1;
}

if (positionals.length > 0) {
  const lock = await copyLock();
  const targets = await findTargets(lock, positionals);
  for (const target of targets) {
    console.log(`== ${target.name}: ${target.adapter ?? `there is none (${target.reason})`}`);
    if (target.adapter !== undefined) await fuzzApart(target);
  }
  await Deno.remove(lock);
  if (targets.length === 0) {
    throw new RangeError(
      `Cannot fuzz ${positionals.join(" ")}: words such as "Dawn on SwiftShader" are wanted`,
    );
  }
} else if (device === "native" && nativePermissions().missing.length > 0) {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "unroll-native-" }));
  const options = ["-P=develop", `--allow-ffi=${folder}`];
  await fuzzApart({ options, env: await nativeEnvironment(folder) });
  await Deno.remove(folder, { recursive: true });
} else if (Number(jobs) > 1) {
  await fuzzApart({ options: ["-P=develop"], env: {} });
} else {
  await fuzz(device);
  // Dawn would keep the process alive.
  Deno.exit();
}
