import { assertEquals } from "@std/assert";
import { type MemoryCell, memoryLines, type MemoryRow, memoryTable } from "./memory_report.ts";

const MEBIBYTE = 2 ** 20;

function cell(name: string, title: string, idle: number, peak: number): MemoryCell {
  const variant = name === "jax" ? `unroll ${peak}` : "plain";
  return {
    ...{ name, title, version: `${name} 1`, variant },
    ...{ idle: idle * MEBIBYTE, peak: peak * MEBIBYTE },
  };
}

const UNABLE: MemoryCell = { name: "numpy", title: "NumPy", unable: "nobody writes this one" };

const ROWS: readonly MemoryRow[] = [
  {
    job: "char-gru",
    cells: [
      cell("unroll", "Unroll", 70, 200),
      cell("torch-2.15", "PyTorch 2.15", 100, 1200),
      cell("torch-1.13", "PyTorch 1.13", 100, 300),
      cell("jax", "JAX", 140, 500),
      UNABLE,
    ],
  },
  {
    job: "char-lstm",
    cells: [
      cell("unroll", "Unroll", 70, 201),
      { name: "torch-2.15", title: "PyTorch 2.15", unable: "no training step within 60 s" },
      cell("torch-1.13", "PyTorch 1.13", 100, 300),
      cell("jax", "JAX", 140, 501),
      UNABLE,
    ],
  },
];

Deno.test("memoryTable() has peaks, what was idle, and verdicts by the PyTorch of the targets", () => {
  const rows = memoryTable(ROWS).split("\n").map((line) =>
    line.slice(1, -1).split("|").map((text) => text.trim())
  );
  assertEquals(rows.toSpliced(1, 1), [
    ["job", "Unroll", "PyTorch 2.15", "PyTorch 1.13", "JAX", "of PyTorch 1.13", "wanted ≤ 67 %"],
    ["`char-gru`", "200 (70.0)", "1,200 (100)", "300 (100)", "500 (140)", "67 %", "met"],
    ["`char-lstm`", "201 (70.0)", "–", "300 (100)", "501 (140)", "67 %", "missed"],
  ]);
});

Deno.test("memoryTable() has no share where there is no PyTorch", () => {
  const cells = [cell("unroll", "Unroll", 70, 200), UNABLE];
  assertEquals(
    memoryTable([{ job: "char-gru", cells }]).split("\n").at(-1),
    "| `char-gru` | 200 (70.0) |",
  );
});

Deno.test("memoryLines() tells versions with their variants, and who could not in which jobs", () => {
  assertEquals(memoryLines(ROWS, ["a machine"]).split("\n"), [
    "- a machine",
    "- Unroll: unroll 1, plain",
    "- PyTorch 2.15: torch-2.15 1, plain",
    "- PyTorch 1.13: torch-1.13 1, plain",
    "- JAX: jax 1, unroll 500; unroll 501",
    "- NumPy: nobody writes this one: `char-gru`; `char-lstm`",
    "- PyTorch 2.15: no training step within 60 s: `char-lstm`",
  ]);
});
