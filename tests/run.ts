/**
 * Runs the tests, several files at a time, and prints little: a dot for each test, failures in full, what was left out.
 *
 *     deno task test [paths]         all but those whose names begin with `[long]`, and the examples in the documentation
 *     deno task test:long [paths]    those whose names begin with `[long]`, in two processes
 *     deno task test:all [paths]     both
 *
 * Tests that share a process run side by side, so that no test but a long one may look at the process's memory. Without
 * paths, files are put together in groups that load all modules once: for each file anew it would take as long as half
 * of the tests.
 *
 * @module
 */
import { findFiles, findTests } from "./find_tests.ts";

const ROOT = new URL("../", import.meta.url);

/** How the name of a test begins that takes long, and checks more of what others check in short. */
const LONG = /\[long\]/;

/** How those run that take short. A filter is a regular expression of Rust, without a look ahead. */
const SHORT = ["--parallel", "--filter=/^[^\\[]/"];

/** Where the tests are that take longest, which begin first. */
const FIRST = ["tests/", "cli/", "core/"];

/** How many files of tests share their modules. */
const GROUP = 10;

/** The same of those that take long, of which each process has one group after the other. */
const LONG_GROUP = 4;

/** How many processes run those that take long. */
const LONG_PROCESSES = 2;

/** What Deno prints for each test where its output is no terminal. */
const DOT = /^[.,!]$/;

/** How many tests have their dots in a line. */
const DOTS = 100;

/** What Deno says at the end: `ok | 12 passed (3 steps) | 0 failed | 2 ignored | 4 filtered out (1s)`. */
const RESULT = /^(?:ok|FAILED) \| /;

function printAll(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

/** Runs `deno test`, and returns how many tests were filtered out. */
async function runTests(args: readonly string[], print = printAll): Promise<number> {
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

/** Puts files together in groups, the last perhaps smaller. */
function groupsOf(paths: readonly string[], size: number): string[][] {
  const count = Math.ceil(paths.length / size);
  return Array.from({ length: count }, (_, i) => paths.slice(i * size, (i + 1) * size));
}

/** Runs all tests that take short, in groups. */
async function runGroups(): Promise<number> {
  const all = await findFiles(/_test\.ts$/);
  const first = FIRST.flatMap((folder) => all.filter((path) => path.startsWith(folder)));
  const paths = [...new Set([...first, ...all])];
  const folder = await Deno.makeTempDir({ prefix: "unroll-tests-" });
  try {
    const groups: string[] = [];
    for (const some of groupsOf(paths, GROUP)) {
      const files = some.map((path) => new URL(path, ROOT).href);
      const group = `${folder}/${String(groups.length).padStart(3, "0")}_test.ts`;
      await Deno.writeTextFile(group, files.map((file) => `import "${file}";\n`).join(""));
      groups.push(group);
    }
    return await runTests([...SHORT, ...groups]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs the tests of some files that take long, a few files at a time, and prints what each few said at once. */
async function runLong(paths: readonly string[]): Promise<void> {
  const groups = groupsOf(paths, LONG_GROUP);
  const runNext = async () => {
    for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
      let said = "";
      await runTests(["--filter=/^\\[long\\]/", ...group], (text) => {
        said += text;
      });
      printAll(said);
    }
  };
  await Promise.all(Array.from({ length: LONG_PROCESSES }, runNext));
}

const [scope, ...args] = Deno.args;
if (scope !== "long") {
  // `tests/documents/examples_test.ts` has the examples of all files, `--doc` those of the paths.
  const left = await (args.length > 0 ? runTests(["--doc", ...SHORT, ...args]) : runGroups());
  if (scope === "short" && left > 0) {
    const given = args.map((arg) => ` ${arg}`).join("");
    console.log(
      `${left} tests that take long were left out: run them by deno task test:long${given}`,
    );
  }
}
if (scope !== "short") {
  const paths = args.length > 0 ? args : await findTests(LONG);
  await runLong(paths);
}
