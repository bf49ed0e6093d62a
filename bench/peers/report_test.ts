import { assert, assertEquals } from "@std/assert";
import { jobNamed } from "../jobs/job.ts";
import {
  detailTable,
  type JobRow,
  lossDifference,
  type PeerCell,
  ratioTo,
  runLines,
  speedTable,
} from "./report.ts";

function cell(name: string, title: string, ...speeds: number[]): PeerCell {
  return {
    ...{ name, title, version: `${name} 1`, variant: "made up", threads: 1, speeds },
    device: name.startsWith("unroll") ? `device of ${name}` : undefined,
    losses: Array.from({ length: 16 }, (_, i) => 2 + i),
  };
}

function row(name: string, ...others: PeerCell[]): JobRow {
  const own = cell("unroll", "Unroll", 1000, 2000, 3000);
  return { job: jobNamed(name), peak: 50, cells: [own, ...others] };
}

const MISSING: PeerCell = { name: "numpy", title: "NumPy", unable: "not installed (numpy)" };

/** One job meets its target, one does not. */
const ROWS: readonly JobRow[] = [
  row(
    "fizzbuzz-rnn",
    cell("jax", "JAX", 200, 400, 600),
    cell("torch-1.13", "PyTorch 1.13", 2, 4, 6),
    cell("torch-2.15", "PyTorch 2.15", 10, 20, 30),
    MISSING,
  ),
  row(
    "counting-rnn",
    cell("jax", "JAX", 2000, 4000, 6000),
    cell("torch-1.13", "PyTorch 1.13", 200, 400, 600),
    { name: "torch-2.15", title: "PyTorch 2.15", unable: "no training step within 60 s" },
    MISSING,
  ),
];

const cellsOf = (table: string) =>
  table.split("\n").map((line) => line.slice(1, -1).split("|").map((text) => text.trim()));

Deno.test("ratioTo() is the median of the rounds' ratios, not the ratio of the medians", () => {
  const one = row("char-mlp", cell("jax", "JAX", 100, 1000, 3000));
  assertEquals(ratioTo(one, "jax"), 2);
  assertEquals(ratioTo(one, "numpy"), undefined);
});

Deno.test("lossDifference() is the greatest of the compared steps, and infinite for NaN", () => {
  const losses = [2, 3, 4.4, ...Array(13).fill(99)];
  const one = row("counting-rnn", { ...cell("jax", "JAX", 1), losses });
  assertEquals(lossDifference(one, one.cells[1]), Math.abs(4.4 - 4) / 4);
  assertEquals(lossDifference(one, { ...one.cells[1], losses: [2, NaN] }), Infinity);
  assertEquals(lossDifference(one, MISSING), undefined);
});

Deno.test("speedTable() has ratios, and verdicts by the PyTorch that the targets are for", () => {
  const [head, , ...rows] = cellsOf(speedTable(ROWS));
  assertEquals(
    head,
    ["job", "Unroll", "JAX", "PyTorch 1.13", "PyTorch 2.15"].concat(
      "wanted × PyTorch 1.13",
    ),
  );
  assertEquals(rows, [
    ["`fizzbuzz-rnn`", "2,000", "400 (5.00×)", "4.00 (500×)", "20.0 (100×)", "≥ 200: met"],
    ["`counting-rnn`", "2,000", "4,000 (0.500×)", "400 (5.00×)", "–", "≥ 12: missed"],
  ]);
  const recent = row("char-mlp", cell("torch-2.15", "PyTorch 2.15", 1, 1, 1));
  assert(speedTable([recent]).includes("wanted × PyTorch 2.15"));
});

Deno.test("speedTable() does not tell the speed of a peer that trains something else", () => {
  const far = { ...cell("jax", "JAX", 1, 1, 1), losses: Array.from({ length: 16 }, () => 3) };
  const table = cellsOf(speedTable([row("char-mlp", far)]));
  assertEquals(table[2], ["`char-mlp`", "2,000", "other losses"]);
});

Deno.test("detailTable() has a row for each peer, with why it could not", () => {
  const slow = { ...cell("jaxjs", "jax-js", 0.1, 0.1, 0.1), losses: [2, 3.3] };
  const rows = cellsOf(detailTable([row("char-mlp", slow, MISSING)])).slice(2);
  const start = ["`char-mlp`", "Unroll", "made up", "1", "2,000"];
  assertEquals(rows, [
    [...start, "41.7", "83 %", "16", ""],
    ["`char-mlp`", "jax-js", "made up", "1", "0.100", "0.00208", "0 %", "2", "1e-1 TOO FAR"],
    ["`char-mlp`", "NumPy", "unable: not installed (numpy)", "", "", "", "", "", ""],
  ]);
});

Deno.test("runLines() tells versions, devices and who is not there, once", () => {
  assertEquals(runLines(ROWS, ["a machine"]).split("\n"), [
    "- a machine",
    "- peak of one core: 50.0 GFLOP/s, a loop of fused multiply-adds",
    "- Unroll: unroll 1, device of unroll",
    "- JAX: jax 1",
    "- PyTorch 1.13: torch-1.13 1",
    "- PyTorch 2.15: torch-2.15 1",
    "- NumPy: not installed (numpy)",
  ]);
});
