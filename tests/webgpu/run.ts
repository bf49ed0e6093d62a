/**
 * Runs the tests that need WebGPU on every implementation and driver that the machine has:
 *
 *     deno task test:webgpu [--all] [--files part of a path] [words of names such as "Dawn on SwiftShader"]
 *
 * Without `--all`, only those of core: the others train, for minutes on a driver in software.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { findTests } from "../find_tests.ts";
import { copyLock, findTargets, type Target } from "./drivers.ts";

const ROOT = new URL("../../", import.meta.url);

/** What a test file calls that runs on WebGPU. */
const OPENS_WEBGPU = /\b(webgpuBackend|openBackend|findAdapter)\(/;

/** Minutes that the tests of core, and all of them, may take on one driver: each run must end. */
const TIMEOUTS = { core: 6, all: 30 } as const;

/** What came of the tests on one driver. */
interface Outcome {
  readonly passed: number;
  readonly ignored: number;
  readonly failed: readonly string[];
  readonly seconds: number;
}

/** Runs test files on a driver; what they print is seen as it comes. */
async function runTests(
  target: Target,
  files: readonly string[],
  minutes: number,
): Promise<Outcome> {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  const start = performance.now();
  const { success, signal } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-prompt", ...target.options, `--junit-path=${report}`, ...files],
    cwd: ROOT,
    env: target.env,
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
    signal: AbortSignal.timeout(minutes * 60_000),
  }).output();
  const seconds = (performance.now() - start) / 1000;
  const text = await Deno.readTextFile(report);
  await Deno.remove(report);
  let passed = 0;
  let ignored = 0;
  const failed: string[] = [];
  for (const [, name, file, body] of text.matchAll(CASE)) {
    if (body?.includes("<failure")) failed.push(`${file}: ${unescape(name)}`);
    else if (body?.includes("<skipped")) ignored++;
    else passed++;
  }
  if (!success && failed.length === 0) {
    failed.push(`the run as a whole (${signal ? `ended by ${signal}` : "see above"})`);
  }
  return { passed, ignored, failed, seconds };
}

/** A test in JUnit's XML, as Deno writes it. */
const CASE = /<testcase name="([^"]*)" classname="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g;

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  apos: "'",
  gt: ">",
  lt: "<",
  quot: '"',
};

function unescape(text: string): string {
  return text.replace(/&(\w+);/g, (whole, name) => ENTITIES[name] ?? whole);
}

/** Formats rows of cells, the first of which is text and the others numbers. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) =>
    row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join("  ")
  ).join("\n");
}

const { values, positionals } = parseArgs({
  options: { all: { type: "boolean" }, files: { type: "string", default: "" } },
  allowPositionals: true,
});
const scope = values.all ? "all" : "core";
const files = (await findTests(OPENS_WEBGPU, scope === "core" ? "core/" : ""))
  .filter((path) => path.includes(values.files));

const lock = await copyLock();
const targets = await findTargets(lock, positionals);
const outcomes = new Map<Target, Outcome>();
for (const target of targets) {
  if (target.adapter === undefined) continue;
  console.log(`\n== ${target.name}: ${target.adapter}`);
  outcomes.set(target, await runTests(target, files, TIMEOUTS[scope]));
}
await Deno.remove(lock);

console.log();
for (const { name, adapter, reason } of targets) {
  if (adapter === undefined) console.log(`No ${name}: ${reason}`);
}
console.log(table([
  ["WebGPU", "passed", "failed", "ignored", "seconds"],
  ...[...outcomes].map(([{ name }, { passed, failed, ignored, seconds }]) => [
    name,
    ...[passed, failed.length, ignored, Math.round(seconds)].map(String),
  ]),
]));
for (const [{ name }, { failed }] of outcomes) {
  for (const test of failed) console.log(`Failed with ${name}: ${test}`);
}
if (outcomes.size === 0) console.log("There is no WebGPU to test");
if ([...outcomes.values()].some(({ failed }) => failed.length > 0)) Deno.exitCode = 1;
