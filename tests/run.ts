/**
 * Runs the tests, several files at a time, and prints little: a dot for each test, failures in full, what was left out.
 *
 *     deno task test [paths]         all but those whose names begin with `[long]`, and the examples in the documentation
 *     deno task test:long [paths]    those whose names begin with `[long]`, one after the other
 *     deno task test:all [paths]     both
 *
 * Tests that share a process run side by side, so that no test but a long one may look at the process's memory.
 *
 * @module
 */
import { findTests } from "./find_tests.ts";

const ROOT = new URL("../", import.meta.url);

/** How the name of a test begins that takes long, and checks more of what others check in short. */
const LONG = /\[long\]/;

/** What Deno prints for each test where its output is no terminal. */
const DOT = /^[.,!]$/;

/** How many tests have their dots in a line. */
const DOTS = 100;

/** What Deno says at the end: `ok | 12 passed (3 steps) | 0 failed | 2 ignored | 4 filtered out (1s)`. */
const RESULT = /^(?:ok|FAILED) \| /;

/** Runs `deno test`, and returns how many tests were filtered out. */
async function runTests(args: readonly string[]): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    // `deno task ok` checks the types of everything.
    args: ["test", "--no-check", "--reporter=dot", "--no-prompt", "-P=develop", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let dots = 0;
  let result = "";
  let rest = "";
  const print = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(text));
  const printLine = (line: string) => {
    if (DOT.test(line)) {
      print(++dots % DOTS === 0 ? `${line}\n` : line);
      return;
    }
    if (dots % DOTS > 0) print("\n");
    dots = 0;
    if (RESULT.test(line)) result = line;
    print(`${line}\n`);
  };
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    lines.forEach(printLine);
  }
  if (rest !== "") printLine(rest);
  if (!(await child.status).success) Deno.exitCode = 1;
  return Number(/ (\d+) filtered out/.exec(result)?.[1] ?? 0);
}

const [scope, ...args] = Deno.args;
if (scope !== "long") {
  // A filter is a regular expression of Rust, without a look ahead.
  // `tests/documents/examples_test.ts` runs all examples far sooner than `--doc`, which can run those of a path.
  const examples = args.length > 0 ? ["--doc"] : [];
  const left = await runTests([...examples, "--parallel", "--filter=/^[^\\[]/", ...args]);
  if (scope === "short" && left > 0) {
    const given = args.map((arg) => ` ${arg}`).join("");
    console.log(
      `${left} tests that take long were left out: run them by deno task test:long${given}`,
    );
  }
}
if (scope !== "short") {
  const paths = args.length > 0 ? args : await findTests(LONG);
  await runTests(["--filter=/^\\[long\\]/", ...paths]);
}
