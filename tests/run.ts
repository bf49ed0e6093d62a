/**
 * Runs the tests, several files at a time, and prints little: a dot for each test, failures in full, what was left out.
 *
 *     deno task test [paths]         all but those whose names begin with `[long]`, and the examples in the documentation
 *     deno task test:long [paths]    those whose names begin with `[long]`, and nothing else
 *     deno task test:all [paths]     both
 *
 * A path that begins with a dash goes to `deno test` as it is, such as `--doc` or `--filter=…` with `test:all`.
 *
 * @module
 */

const ROOT = new URL("../", import.meta.url);

/** How the name of a test begins that takes long, and checks more of what others check in short. */
const LONG = "[long]";

/** What Deno prints for each test where its output is no terminal. */
const DOT = /^[.,!]$/;

/** How many tests have their dots in a line. */
const DOTS = 100;

/** What Deno says at the end: `ok | 12 passed (3 steps) | 0 failed | 2 ignored | 4 filtered out (1s)`. */
const RESULT = /^(?:ok|FAILED) \| /;

/** Finds the test files that have tests that take long, from the root. */
async function longFiles(folder = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder || ".", ROOT))) {
    const path = folder + name;
    if (isDirectory && !name.startsWith(".") && name !== "node_modules") {
      found.push(...await longFiles(`${path}/`));
    } else if (name.endsWith("_test.ts")) {
      if ((await Deno.readTextFile(new URL(path, ROOT))).includes(LONG)) found.push(path);
    }
  }
  return found.sort();
}

/** Runs `deno test`, and returns whether all went well and its last line. */
async function runTests(args: readonly string[]): Promise<{ success: boolean; result: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    // `deno task ok` checks the types of everything.
    args: ["test", "--no-check", "--parallel", "--reporter=dot", "--no-prompt", "-P=develop"]
      .concat(args),
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
  return { success: (await child.status).success, result };
}

const [scope, ...args] = Deno.args;
// A filter is a regular expression of Rust, without a look ahead.
const options: Readonly<Record<string, readonly string[]>> = {
  short: ["--doc", "--filter=/^[^\\[]/"],
  long: ["--filter=/^\\[long\\]/"],
  all: ["--doc"],
};
const paths = scope === "long" && args.length === 0 ? await longFiles() : args;
const { success, result } = await runTests([...options[scope], ...paths]);
const [, left] = / (\d+) filtered out/.exec(result) ?? [];
if (scope === "short" && left !== undefined) {
  const given = args.map((arg) => ` ${arg}`).join("");
  console.log(
    `${left} tests that take long were left out: deno task test:long${given} runs them, ` +
      `test:all${given} runs all`,
  );
}
if (!success) Deno.exitCode = 1;
