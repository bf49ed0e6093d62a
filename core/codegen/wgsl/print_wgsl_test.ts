import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type PlanLimits, planProgram } from "../../backends/webgpu/executable.ts";
import { optimize } from "../../passes/optimize.ts";
import { TARGET_PROGRAMS, type TargetSizes } from "../../test_support/target_programs.ts";
import { trace } from "../../language/trace.ts";
import { argmax, matmul, max, relu, tanh, where } from "../../language/ops/mod.ts";
import type { Buffer } from "../../ir/expression.ts";
import { copyKernel } from "../../loops/buffers.ts";
import { lowerGraph } from "../../loops/lower.ts";
import { helpersFor, literal } from "./expressions.ts";
import { TILINGS } from "./matmul.ts";
import { planDeviceMemory } from "./memory.ts";
import { buffersOf, type KernelPart, type Part, schedule, type ScheduleItem } from "./schedule.ts";
import { Names } from "./source.ts";

/** What every device has to grant. */
const LEAST = {
  maxStorageBuffersPerShaderStage: 8,
  maxComputeWorkgroupStorageSize: 16384,
  maxStorageBufferBindingSize: 2 ** 27,
};

function plan(name: string, sizes: TargetSizes, options: Partial<PlanLimits> = {}) {
  const graph = TARGET_PROGRAMS[name](sizes);
  const donated = graph.outputs.slice(1).map((_, i) => [i + 1, i] as const);
  const program = lowerGraph(optimize(graph), { donated, scatter: "reduce" });
  return planProgram(program, { ...LEAST, ...options });
}

/** The jobs whose carry fits a workgroup, in the sizes of their systems. */
const JOBS: readonly (readonly [job: string, program: string, sizes: TargetSizes])[] = [
  ["fizzbuzz", "autonomousRnn", {}],
  ["counting", "oneHotRnn", { time: 11, batch: 32, hidden: 20, symbols: 10 }],
  ["sevenths", "oneHotRnn", { time: 64, batch: 1, hidden: 128, symbols: 6 }],
  ["alice", "oneHotRnn", { time: 256, batch: 1, hidden: 512, symbols: 87 }],
  ["characters by units", "gatedRnn", { time: 8, batch: 64, hidden: 256, symbols: 86 }],
  ["characters by cells", "embeddingLstm", { time: 8, batch: 64, hidden: 256, symbols: 86 }],
  ["large", "embeddingLstm", { time: 64, batch: 32, hidden: 512, symbols: 86 }],
];

for (const [job, program, sizes] of JOBS) {
  Deno.test(`planProgram() needs at most 10 dispatches for a step of ${job}`, () => {
    const { runs, shaders } = plan(program, sizes);
    assert(runs.length <= 10, `found ${runs.length}`);
    for (const { bindings } of shaders) assert(bindings.length <= 8);
  });
}

Deno.test("planProgram() needs as many dispatches for a long loop as for a short one", () => {
  const counts = [1000, 4000].map((time) =>
    plan("oneHotRnn", { time, batch: 4, hidden: 8, symbols: 5 }).runs.length
  );
  assertEquals(counts[0], counts[1]);
});

Deno.test("planProgram() runs a loop that is too large for a workgroup step by step", () => {
  const time = 16;
  const { runs, shaders } = plan("oneHotRnn", { time, batch: 8, hidden: 64 }, { stepWork: 1 });
  assert(runs.length > 2 * time && runs.length <= 3 * time + 10, `found ${runs.length}`);
  assert(shaders.length < 20);
});

/**
 * Dispatches that an iteration of the two loops takes where they are stepped: 2 in all where an iteration
 * is small or its rows are independent and light; more where a product is so large that it is cut into
 * tiles, which what is computed element by element before and after it does not join.
 */
const STEPPED: readonly (readonly [
  what: string,
  program: string,
  sizes: TargetSizes,
  options: Partial<PlanLimits>,
  dispatches: number,
])[] = [
  ["a small tanh network", "oneHotRnn", { batch: 8, hidden: 64 }, { stepWork: 1 }, 2],
  ["a wide tanh network, a row a workgroup", "oneHotRnn", { batch: 32, hidden: 256 }, {
    stepWork: 1,
  }, 2],
  ["units with gates", "gatedRnn", { batch: 64, hidden: 128 }, { stepWork: 1 }, 2],
  ["cells", "embeddingLstm", { batch: 16, hidden: 64 }, { stepWork: 1 }, 2],
  ["large units", "gatedRnn", { batch: 32, hidden: 1536 }, {}, 4],
  ["large cells", "embeddingLstm", { batch: 32, hidden: 1536 }, {}, 4],
];

for (const [what, program, sizes, options, dispatches] of STEPPED) {
  Deno.test(`planProgram() takes ${dispatches} dispatches a step for ${what}, stepped`, () => {
    const { runs } = plan(program, { ...sizes, time: 8 }, options);
    const stepped = runs.filter(({ times }) => times.length > 0).length;
    assertEquals(stepped, 8 * dispatches);
    assert(runs.length - stepped <= 10, `found ${runs.length - stepped} outside of the loops`);
  });
}

Deno.test("planProgram() cuts a loop into pieces where iterations are limited", () => {
  const sizes = { time: 256, batch: 1, hidden: 512, symbols: 87 };
  const whole = plan("oneHotRnn", sizes).runs.length;
  const pieces = plan("oneHotRnn", sizes, { maxIterations: 60_000 }).runs.length;
  assert(pieces > whole && pieces < 256, `found ${pieces}`);
});

Deno.test("planProgram() refuses a fold of more iterations than the device allows", () => {
  const program = lowerGraph(trace([{ dtype: "f32", shape: [17_000_000] }], (x) => [max(x)]).graph);
  assertEquals(planProgram(program, LEAST).shaders.length, 1);
  assertThrows(
    () => planProgram(program, { ...LEAST, maxIterations: 60_000 }),
    RangeError,
    "on this device: a loop of 66407 iterations is needed and 60000 are allowed",
  );
});

/** Elements of 4 bytes that a shader has in workgroup memory. */
function workgroupElements(code: string): number {
  return [...code.matchAll(/var<workgroup> \w+: array<(\w+), (\d+)>/g)]
    .reduce((sum, [, type, length]) => sum + Number(length) * (type === "vec4f" ? 4 : 1), 0);
}

Deno.test("planProgram() has no more in workgroup memory than it is told", () => {
  // Tiles of every kind; what invocations fold over each other is there besides.
  for (const tiling of TILINGS) {
    const { graph } = trace(
      [1, 2].map(() => ({ dtype: "f32", shape: [256, 256] })),
      (x, y) => [matmul(x, y)],
    );
    const options = { maxComputeWorkgroupStorageSize: 4096, tilingOf: () => tiling };
    const { shaders: [{ code }] } = planProgram(lowerGraph(graph), { ...LEAST, ...options });
    assertStringIncludes(code, "var<workgroup> tiles");
    assert(workgroupElements(code) <= 1024, `found ${workgroupElements(code)}`);
  }
  for (const [, program, sizes] of JOBS) {
    for (const { code } of plan(program, sizes, { maxComputeWorkgroupStorageSize: 4096 }).shaders) {
      assert(workgroupElements(code) <= 1024 + 512, `found ${workgroupElements(code)}`);
    }
  }
});

Deno.test("planProgram() folds four points of a team between the same barriers, if there is room", () => {
  const sizes = { time: 8, batch: 1, hidden: 512, symbols: 87 };
  const folded = (bytes: number) =>
    plan("oneHotRnn", sizes, { maxComputeWorkgroupStorageSize: bytes }).shaders
      .flatMap(({ code }) => [...code.matchAll(/folded: array<u32, (\d+)>/g)])
      .map(([, length]) => Number(length));
  assertEquals(Math.max(...folded(16384)), 1024);
  assertEquals(Math.max(...folded(2048)), 256);
  // The slopes of the state: 512 sums of 512, by teams of 16 who wait 1 + 4 times for every 64.
  const loops = plan("oneHotRnn", sizes).shaders.flatMap((
    { code },
  ) => [...code.matchAll(/for \(var base\w* = 0; base\w* < 512; base\w* \+= (\d+)\)/g)]);
  assert(loops.some(([, step]) => step === "64"), `found ${loops.map(([loop]) => loop)}`);
});

Deno.test("planProgram() gives a workgroup two rows of a batch that read the same weights", () => {
  const rows = (sizes: TargetSizes) =>
    new Set(
      plan("embeddingLstm", { time: 8, symbols: 86, ...sizes }).shaders
        .flatMap((
          { name },
        ) => [...name.matchAll(/scan \(8 steps inside\)[^|]*?, (\d+ of \d+) rows/g)])
        .map(([, tile]) => tile),
    );
  assertEquals(rows({ batch: 64, hidden: 256 }), new Set(["2 of 64"]));
  // Fewer than 16 workgroups would be idle, and small weights are not worth it.
  assertEquals(rows({ batch: 16, hidden: 256 }), new Set(["1 of 16"]));
  assertEquals(rows({ batch: 64, hidden: 32 }), new Set(["1 of 64"]));
});

Deno.test("planProgram() folds without barriers inside of subgroups, where there are", () => {
  const barriers = (options: Partial<PlanLimits>, columns: number) => {
    const { graph } = trace([{ dtype: "f32", shape: [columns] }], (x) => [x.sum(), argmax(x)]);
    const { shaders } = planProgram(lowerGraph(graph), { ...LEAST, ...options });
    return shaders.map(({ code }) => ({
      enabled: code.includes("enable subgroups;"),
      told: [...code.matchAll(/subgroupShuffleDown\(/g)].length,
      waits: [...code.matchAll(/Barrier\(\)/g)].length,
    }));
  };
  // Teams of 16: a sum, and a greatest with its place.
  assertEquals(barriers({}, 32), [{ enabled: false, told: 0, waits: 4 }]);
  assertEquals(barriers({ subgroupSize: 4 }, 32), [{ enabled: true, told: 2 * 3, waits: 4 }]);
  assertEquals(barriers({ subgroupSize: 32 }, 32), [{ enabled: true, told: 4 * 3, waits: 0 }]);
});

Deno.test("planProgram() writes the store of a tiled product once", () => {
  const type = { dtype: "f32", shape: [256, 256] } as const;
  const { graph } = trace([type, type], (x, y) => [tanh(matmul(x, y))]);
  for (const tiling of TILINGS) {
    const { shaders: [{ code }] } = planProgram(lowerGraph(graph), {
      ...LEAST,
      tilingOf: () => tiling,
    });
    assertEquals(code.match(/store_matmul\(/g)?.length, 2);
  }
});

Deno.test("planProgram() compares real numbers by functions that know of NaN", () => {
  const { graph } = trace([{ dtype: "f32", shape: [3] }], (x) => [where(x.gt(1), x, relu(x))]);
  const { shaders: [{ code }] } = planProgram(lowerGraph(graph), LEAST);
  for (const name of ["gt_real", "max_real", "is_nan"]) assertStringIncludes(code, `fn ${name}(`);
});

Deno.test("planProgram() names the function of the network and its loop", () => {
  const { graph } = trace([{ dtype: "f32", shape: [3] }], (x) => [tanh(x)]);
  const { shaders: [{ code, name }] } = planProgram(lowerGraph(graph), LEAST);
  assertEquals(name, "tanh");
  assertStringIncludes(code, "output0[point] = ");
  assertStringIncludes(code, "stable_tanh(input0[point])");
  assertStringIncludes(code, "fn stable_tanh(");
});

Deno.test("planDeviceMemory() keeps temporaries apart that are alive together", () => {
  const graph = TARGET_PROGRAMS.embeddingLstm({ time: 4, batch: 8, hidden: 16, symbols: 5 });
  const program = lowerGraph(optimize(graph), { scatter: "reduce" });
  const external = new Set([...program.inputs, ...program.outputs]);
  const items = schedule(program.steps, {
    maxBindings: 8,
    isExternal: (buffer) => external.has(buffer),
    smallWork: 1,
  });
  const { places, arenas } = planDeviceMemory(items, (buffer) => !external.has(buffer), 2 ** 25);
  let shared = 0;
  const all = [...places];
  const alive = all.map(([buffer]) => {
    const used = items.flatMap((item, i) =>
      item.kind === "dispatch" && buffersOf(item).has(buffer) ? [i] : []
    );
    return [Math.min(...used), Math.max(...used)];
  });
  all.forEach(([a, x], i) =>
    all.slice(i + 1).forEach(([b, y], j) => {
      if (x.arena !== y.arena) return;
      const [first, second] = [alive[i], alive[i + 1 + j]];
      const overlaps = x.offset < y.offset + b.size && y.offset < x.offset + a.size;
      if (overlaps) shared++;
      const together = first[0] <= second[1] && second[0] <= first[1];
      assert(!(overlaps && together), `${a.name} and ${b.name} share memory`);
    })
  );
  assert(shared > 0, "no memory is used twice");
  assert(arenas.length <= 3);
});

Deno.test("planDeviceMemory() uses memory again in each iteration of a loop, but not in a dispatch", () => {
  const made = (name: string): Buffer => ({ name, dtype: "f32", size: 100 });
  const [x, y, a, b] = ["x", "y", "a", "b"].map(made);
  const dispatch = (...parts: Part[]): ScheduleItem => ({ kind: "dispatch", parts });
  const part = (from: Buffer, to: Buffer): KernelPart => ({
    ...{ kind: "kernel", workgroups: 1 },
    kernel: copyKernel(from, to),
  });
  const sizeOf = (...items: ScheduleItem[]) => {
    const isTemporary = (buffer: Buffer) => buffer === a || buffer === b;
    return planDeviceMemory(items, isTemporary, 2 ** 25).arenas.map(({ size }) => size);
  };
  const time = { name: "t", extent: 5 };
  const parts = [part(x, a), part(a, y), part(x, b), part(b, y)];
  assertEquals(sizeOf({ kind: "loop", time, items: parts.map((one) => dispatch(one)) }), [100]);
  const steps = parts.map(({ kernel }) => kernel);
  const group: Part = {
    kind: "group",
    steps: [{ kind: "loop", name: "scan", time, steps }],
    workgroups: 2,
  };
  assertEquals(sizeOf(dispatch(group)), [200]);
});

Deno.test("literal() writes every number of every type", () => {
  assertEquals(literal("f32", 1), "1.0");
  assertEquals(literal("f32", 0.1), "0.1");
  assertEquals(literal("f32", -0), "(-0.0)");
  assertEquals(literal("f32", 1e30), "1e+30");
  // Not 3.4028235e+38, which rounds to it but is beyond it.
  assertEquals(literal("f32", 3.4028234663852886e38), "3.4028234663852886e+38");
  assertEquals(literal("f32", -3.4028234663852886e38), "(-3.4028234663852886e+38)");
  assertEquals(literal("f32", 1e300), "infinity()");
  assertEquals(literal("f32", -Infinity), "(-infinity())");
  assertEquals(literal("f32", NaN), "not_a_number()");
  assertEquals(literal("i32", -2147483648), "(-2147483647 - 1)");
  assertEquals(literal("u32", 4294967295), "4294967295u");
  assertEquals(literal("bool", 1), "true");
});

Deno.test("helpersFor() brings what helpers call", () => {
  const text = helpersFor("let x = real_to_i32(y);");
  assertStringIncludes(text, "fn real_to_i32(");
  assertStringIncludes(text, "fn is_nan(");
  assert(!text.includes("fn infinity("));
});

Deno.test("Names.unique() gives distinct legal names", () => {
  const names = new Names();
  assertEquals(names.unique("h"), "h");
  assertEquals(names.unique("h"), "h_1");
  assertEquals(names.unique("switch"), "switch_1");
  assertEquals(names.unique("__x"), "x");
  assertEquals(names.unique("3"), "value");
});
