import { assertEquals, assertThrows } from "@std/assert";
import { cpuBackend } from "../../../backends/cpu.ts";
import { evaluateGraph } from "../../../ir/evaluate.ts";
import * as ops from "../../../language/ops/mod.ts";
import { optimize } from "../../../passes/optimize.ts";
import { elementwise } from "../../../language/primitives/elementwise.ts";
import type { ElementwiseName } from "../../../ir/operation_names.ts";
import { dense } from "../../../ir/dense.ts";
import { TARGET_PROGRAMS } from "../../../test_support/target_programs.ts";
import { type DType, typedArray } from "../../../ir/tensor_type.ts";
import type { Tensor } from "../../../language/tensor.ts";
import { trace } from "../../../language/trace.ts";
import {
  addIndex,
  type Axis,
  axisExpression,
  index,
  load,
  scaleIndex,
} from "../../../ir/expression.ts";
import { kernelsOf } from "../../../loops/program.ts";
import { lowerGraph } from "../../../loops/lower.ts";
import { ALL_PARTS } from "./all_parts.ts";
import { printWasm } from "./print_wasm.ts";
import { copyReversedOperands } from "./copy_reversed_operands.ts";
import { cheapestAxis, mapCost, strideAlong } from "../../cpu/vector_axis.ts";

Deno.test("printWasm() writes loops over time as loops, whatever their length", () => {
  const sizes = [1000, 4000].map((time) => {
    const program = lowerGraph(optimize(TARGET_PROGRAMS.autonomousRnn({ time, hidden: 8 })));
    return printWasm(program, { parts: ALL_PARTS }).bytes.length;
  });
  // Longer sums have a few more constants, and addresses more digits.
  assertEquals(Math.abs(sizes[1] - sizes[0]) < 0.1 * sizes[0], true, sizes.join(" and "));
});

Deno.test("printWasm() refuses a program that no memory holds", () => {
  const type = { dtype: "f32", shape: [2 ** 30] } as const;
  const { graph } = trace([type], (x) => [ops.exp(x)]);
  assertThrows(
    () => printWasm(lowerGraph(optimize(graph))),
    RangeError,
    "Cannot compile a program of 4.0 GiB of memory for the cpu: at most 4 GiB are possible",
  );
});

Deno.test("printWasm() exports each kernel to be timed, if asked to", () => {
  const program = lowerGraph(optimize(TARGET_PROGRAMS.autonomousRnn()));
  const exportsOf = (separate: boolean) => {
    const module = new WebAssembly.Module(printWasm(program, { separate, parts: ALL_PARTS }).bytes);
    return WebAssembly.Module.exports(module).map(({ name }) => name).sort();
  };
  assertEquals(exportsOf(false), ["run"]);
  assertEquals(
    exportsOf(true),
    ["run", ...kernelsOf(program.steps).map((_, i) => `kernel${i}`)].sort(),
  );
});

/** Numbers at the edges of each element type. */
const EDGES: Readonly<Record<DType, readonly number[]>> = {
  f32: [0, -0, 1, -1, 0.5, -1.5, 3e9, -3e9, 1e20, Infinity, -Infinity, NaN],
  i32: [0, 1, -1, 2, -7, 31, 33, 2 ** 31 - 1, -(2 ** 31)],
  u32: [0, 1, 2, 7, 31, 33, 2 ** 31, 2 ** 32 - 1],
  bool: [0, 1],
};

Deno.test("cpuBackend() computes operations at the edges of their types as the reference", async () => {
  using backend = cpuBackend();
  const unary: [ElementwiseName, DType[]][] = [
    ["neg", ["f32", "i32"]],
    ["abs", ["f32", "i32"]],
    ["sign", ["f32", "i32"]],
    ["floor", ["f32"]],
    ["not", ["bool"]],
  ];
  const whole: DType[] = ["i32", "u32"];
  const binary: [ElementwiseName, DType[]][] = [
    ...["add", "sub", "mul", "div", "max", "min"].map((name) =>
      [name as ElementwiseName, ["f32", ...whole] as DType[]] as [ElementwiseName, DType[]]
    ),
    ...["lt", "le", "gt", "ge"].map((name) =>
      [name as ElementwiseName, ["f32", ...whole]] as [ElementwiseName, DType[]]
    ),
    ...["rem", "shift_left", "shift_right", "xor"].map((name) =>
      [name as ElementwiseName, whole] as [ElementwiseName, DType[]]
    ),
    ...["eq", "ne"].map((name) =>
      [name as ElementwiseName, ["f32", ...whole, "bool"]] as [ElementwiseName, DType[]]
    ),
    ["and", [...whole, "bool"]],
    ["or", [...whole, "bool"]],
  ];
  const same = (x: number, y: number) => x === y || (Number.isNaN(x) && Number.isNaN(y));
  for (const dtype of Object.keys(EDGES) as DType[]) {
    const edges = EDGES[dtype];
    const [x, y] = [
      edges.flatMap((a) => edges.map(() => a)),
      edges.flatMap(() => [...edges]),
    ].map((list) => typedArray(dtype, list));
    const type = { dtype, shape: [x.length] };
    const names: string[] = [];
    const { graph } = trace([type, type], (x, y) => {
      const outputs: [string, Tensor][] = [];
      for (const [name, dtypes] of unary) {
        if (dtypes.includes(dtype)) outputs.push([name, elementwise(name, [x])]);
      }
      for (const [name, dtypes] of binary) {
        if (dtypes.includes(dtype)) outputs.push([name, elementwise(name, [x, y])]);
      }
      for (const to of ["f32", "i32", "u32", "bool"] as const) {
        outputs.push([`cast to ${to}`, ops.cast(x, to)]);
      }
      // A constant beside: other instructions are chosen.
      if (dtype === "f32") outputs.push(["relu", ops.relu(x)]);
      if (dtype === "i32") {
        outputs.push(["div 3", ops.div(x, 3)], [
          "rem -3",
          elementwise("rem", [x, ops.fill(x.shape, -3, "i32")]),
        ]);
      }
      names.push(...outputs.map(([name]) => name));
      return outputs.map(([, output]) => output);
    });
    const inputs = [x, y].map((data) => dense(type, data));
    const wanted = evaluateGraph(graph, inputs);
    using executable = await backend.compile(graph);
    const found = executable.run([x, y].map((data) => backend.upload(type, data)));
    for (const [i, { type: { dtype: to }, data }] of wanted.entries()) {
      const own = await backend.download(found[i]);
      typedArray(to, data).forEach((z, j) => {
        const what = `${names[i]} of ${dtype} ${x[j]} and ${y[j]}: wanted ${z}, found ${own[j]}`;
        assertEquals(same(own[j], z), true, what);
      });
    }
  }
});

Deno.test("cpuBackend() gives NaN as the greatest of numbers one of which is NaN", async () => {
  using backend = cpuBackend();
  const [rows, columns] = [5, 10];
  const { graph } = trace(
    [{ dtype: "f32", shape: [rows, columns] }],
    (x) => [ops.max(x, [0]), ops.max(x, [1]), ops.max(x)],
  );
  const program = await backend.compile(graph);
  for (let at = 0; at < rows * columns; at++) {
    const data = Float32Array.from({ length: rows * columns }, (_, i) => i === at ? NaN : i % 7);
    using buffer = backend.upload(graph.inputs[0].type, data);
    const expected = evaluateGraph(graph, [dense(graph.inputs[0].type, [...data])]);
    for (const [i, output] of program.run([buffer]).entries()) {
      assertEquals([...await backend.download(output)], [...expected[i].data], `NaN at ${at}`);
      output.dispose();
    }
  }
});

Deno.test("copyReversedOperands() copies what a product reads backwards", () => {
  const f32 = (...shape: number[]) => ({ dtype: "f32", shape }) as const;
  const { graph } = trace([f32(4, 5), f32(5, 6)], (x, y) => [
    ops.matmul(ops.reverse(x, 1), y),
    ops.matmul(x, y),
  ]);
  const program = lowerGraph(graph);
  const straight = copyReversedOperands(program);
  const names = (steps: typeof program.steps) => kernelsOf(steps).map(({ name }) => name);
  assertEquals(names(program.steps), ["matmul", "matmul"]);
  assertEquals(names(straight.steps), ["straighten", "matmul", "matmul"]);
  assertEquals(copyReversedOperands(straight), straight);
});

Deno.test("cheapestAxis() lays vectors along neighbours in memory", () => {
  const [row, column]: Axis[] = [{ name: "i", extent: 8 }, { name: "j", extent: 8 }];
  const [i, j] = [row, column].map(axisExpression);
  const [from, to] = ["from", "to"].map((name) => ({ name, dtype: "f32" as const, size: 64 }));
  const rowMajor = addIndex(scaleIndex(i, 8), j);
  const columnMajor = addIndex(scaleIndex(j, 8), i);
  const choose = (read: typeof i, write: typeof i) => {
    const stores = [{ buffer: to, index: write, value: load(from, read), mode: "set" as const }];
    const values = stores.map(({ value }) => value);
    return cheapestAxis([row, column], (axis) => mapCost([row, column], stores, values, axis)).axis;
  };
  assertEquals(choose(rowMajor, rowMajor), column);
  assertEquals(choose(columnMajor, columnMajor), row);
  assertEquals(choose(i, rowMajor), column);
  assertEquals([strideAlong(rowMajor, row), strideAlong(rowMajor, column)], [8, 1]);
  assertEquals(strideAlong(load({ ...from, dtype: "i32" }, j), column), undefined);
  assertEquals(strideAlong(index(3), column), 0);
});
