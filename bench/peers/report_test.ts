import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { jobNamed, JOBS } from "../jobs/job.ts";
import { OBSTACLES } from "./obstacles.ts";
import { writeResults } from "./report.ts";
import { type JobRow, judgedTorch, type PeerCell, ratioOf, shortfallOf } from "./results.ts";
import { targetLines } from "./targets.ts";

const RUN = {
  ...{ args: ["--rounds", "3"], rounds: 3, seconds: 0.5, date: "2026-01-02", minutes: 1.25 },
  machine: "a made-up machine, 2 cores, linux",
};

function cell(name: string, title: string, ...speeds: number[]): PeerCell {
  return {
    ...{ name, title, version: `${name} 1`, variant: "made up", threads: 1, speeds },
    ...{ device: name.startsWith("unroll") ? `device of ${name}` : undefined },
    losses: Array.from({ length: 16 }, (_, i) => 2 + i),
  };
}

function row(name: string, ...others: PeerCell[]): JobRow {
  const own = cell("unroll", "Unroll", 1000, 2000, 3000);
  return { job: jobNamed(name), peak: 50, cells: [own, ...others] };
}

const MISSING: PeerCell = { name: "numpy", title: "NumPy", unable: "not installed (numpy)" };
const PLAIN = cell("unroll-without-blas", "Unroll without BLAS", 500, 1000, 1500);

/** One job meets everything, one misses its target, one is behind JAX. */
const ROWS: readonly JobRow[] = [
  {
    ...row(
      "fizzbuzz-rnn",
      PLAIN,
      cell("jax", "JAX", 200, 400, 600),
      cell("torch-1.13", "PyTorch 1.13", 2, 4, 6),
      cell("torch-2.15", "PyTorch 2.15", 10, 20, 30),
      MISSING,
    ),
    headline: { steps: 200_000, seconds: 0.5, measured: true },
  },
  {
    ...row(
      "counting-rnn",
      PLAIN,
      cell("jax", "JAX", 500, 1000, 1500),
      cell("torch-1.13", "PyTorch 1.13", 200, 400, 600),
      cell("torch-2.15", "PyTorch 2.15", 200, 400, 600),
      MISSING,
    ),
    parts: { forward: 0.00004, backward: 0.00005, update: 0.00001 },
  },
  row(
    "char-mlp",
    PLAIN,
    cell("jax", "JAX", 2000, 4000, 6000),
    cell("torch-1.13", "PyTorch 1.13", 100, 200, 300),
    { name: "torch-2.15", title: "PyTorch 2.15", unable: "no training step within 60 s" },
    MISSING,
  ),
];

Deno.test("ratioOf() is the median of the rounds' ratios, not the ratio of the medians", () => {
  const one = row("char-mlp", cell("jax", "JAX", 100, 1000, 3000));
  assertEquals(ratioOf(one, "unroll", "jax"), 2);
  assertEquals(ratioOf(one, "unroll", "numpy"), undefined);
});

Deno.test("shortfallOf() finds missed targets and what is behind JAX", () => {
  assertEquals(ROWS.map((one) => shortfallOf(one, "torch-1.13")), [
    undefined,
    { torch: 5 },
    { jax: 0.5 },
  ]);
});

Deno.test("judgedTorch() prefers the version that the targets are for", () => {
  assertEquals(judgedTorch(ROWS), "torch-1.13");
  const recent = row("char-mlp", cell("torch-2.15", "PyTorch 2.15", 1, 1, 1));
  assertEquals(judgedTorch([recent]), "torch-2.15");
  assertEquals(judgedTorch([row("char-mlp")]), undefined);
});

Deno.test("targetLines() names what was missed and by how much, and why", () => {
  const text = targetLines(ROWS, { "counting-rnn": "It is made up." }).join("\n");
  assertStringIncludes(text, "Against PyTorch 1.13, 2 of 3 jobs meet their target. Missed:");
  assertStringIncludes(text, "- `counting-rnn`: 5.00× of the 12× wanted, 58 % short");
  assertStringIncludes(text, "ahead of JAX in 2 of 3 jobs; behind in `char-mlp` (0.50×).");
  assertStringIncludes(
    text,
    "3× is wanted of models with fewer than 10,000 parameters: reached by `fizzbuzz-rnn` (5.00×); " +
      "not by `counting-rnn` (2.00×).",
  );
  assertStringIncludes(
    text,
    "- `counting-rnn`: of 100 µs, forward 40 %, backward 50 %, update 10 %. It is made up.",
  );
  assertStringIncludes(text, "- `char-mlp`: What is in the way is not known yet.");
});

Deno.test("targetLines() says nothing is in the way where nothing is missed", () => {
  const text = targetLines([ROWS[0]], { "fizzbuzz-rnn": "It is made up." }).join("\n");
  assertStringIncludes(text, "1 of 1 jobs meet their target.");
  assert(!text.includes("It is made up."), text);
});

Deno.test("targetLines() says what is between a small model and the lead that was wanted", () => {
  const near = row("fizzbuzz-mlp", cell("jax", "JAX", 1000, 1000, 1000));
  const text = targetLines([near], { "fizzbuzz-mlp": "It is made up." }).join("\n");
  assertStringIncludes(text, "ahead of JAX in 1 of 1 jobs.");
  assertStringIncludes(text, "What is between:\n\n- `fizzbuzz-mlp`: It is made up.");
  assert(!targetLines([near], {}).join("\n").includes("What is between"));
});

Deno.test("writeResults() tells date, machine, versions, command, devices, and who is not there", () => {
  const text = writeResults(ROWS, RUN);
  assertStringIncludes(text, "- date: 2026-01-02\n- machine: a made-up machine, 2 cores, linux\n");
  assertStringIncludes(
    text,
    "- versions: unroll 1, unroll-without-blas 1, jax 1, torch-1.13 1, torch-2.15 1\n",
  );
  assertStringIncludes(text, "- NumPy: not installed (numpy)\n");
  assertStringIncludes(text, "`deno task bench:peers --rounds 3`, 1.3 minutes");
  assertStringIncludes(text, "- Unroll's device: device of unroll\n");
  assertStringIncludes(text, "device of unroll-without-blas.");
  assert(!text.includes("| NumPy |"), "a peer that is not installed has no column");
});

Deno.test("writeResults() has ratios, verdicts and the headline", () => {
  const lines = writeResults(ROWS, RUN).split("\n");
  const rowsOf = (name: string) => lines.filter((line) => line.startsWith(`| \`${name}\` |`));
  assertEquals(rowsOf("fizzbuzz-rnn").slice(0, 2), [
    "| `fizzbuzz-rnn` | 2,000 | 400 (5.00×) | 4.00 (500×) | 20.0 (100×) | ≥ 200: met |",
    "| `fizzbuzz-rnn` | 1,000 | 50 % | 2.50× | 250× | 50.0× | ≥ 200: met |",
  ]);
  assertEquals(
    rowsOf("counting-rnn")[0],
    "| `counting-rnn` | 2,000 | 1,000 (2.00×) | 400 (5.00×) | 400 (5.00×) | ≥ 12: missed |",
  );
  assertEquals(
    rowsOf("char-mlp")[0],
    "| `char-mlp` | 2,000 | 4,000 (0.50×) | 200 (10.0×) | – | ≥ 2: met |",
  );
  assertEquals(lines.filter((line) => line.includes("unable: no training step")).length, 1);
  assertMatch(
    lines.find((line) => line.startsWith("**200,000"))!,
    /^\*\*200,000 steps of `fizzbuzz-rnn`: Unroll 0\.500 s; extrapolated from the blocks: .*PyTorch 1\.13 13\.9 h/,
  );
});

Deno.test("writeResults() does not believe a peer whose losses are others", () => {
  const far = { ...cell("jax", "JAX", 1, 1, 1), losses: Array.from({ length: 16 }, () => 3) };
  const unknown = { ...cell("tfjs", "TensorFlow.js", 1, 1, 1), losses: [NaN, NaN] };
  const text = writeResults([row("char-mlp", far, unknown)], RUN);
  assertStringIncludes(text, "far apart: JAX in `char-mlp`, TensorFlow.js in `char-mlp`.");
  assert(!writeResults(ROWS, RUN).includes("Not to be believed"));
});

Deno.test("writeResults() of fewer compared steps says how many", () => {
  const slow = { ...cell("jaxjs", "jax-js", 0.1, 0.1, 0.1), losses: [2, 3] };
  const text = writeResults([row("char-mlp", slow)], RUN);
  assertStringIncludes(text, "| `char-mlp` | jax-js | made up | 1 | 2 | 0e+0 |");
});

Deno.test("OBSTACLES are of jobs that there are", () => {
  const names = JOBS.map(({ name }) => name);
  for (const name of Object.keys(OBSTACLES)) assert(names.includes(name), name);
});
