import { assertEquals, assertThrows } from "@std/assert";
import { matmul } from "@unroll/core";
import { compileToWgsl, optimize, trace } from "@unroll/core/compiler";
import type { Tensor } from "@unroll/core";
import { type Counts, countShader } from "./count_shader.ts";
import { parseShader } from "./parse_shader.ts";

const LATENCIES = { operation: 4, near: 20, far: 200, barrier: 30 };

/** A shader of one part, as core writes them. */
function shader(body: string): string {
  return `// test
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
var<workgroup> near: array<f32, 256>;

fn run(group: i32, local: i32) {
  ${body}
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) invocation: u32) {
  let local = i32(invocation);
  let group = i32(workgroup.x);
  run(group, local);
}
`;
}

function count(body: string, workgroups = 1): Counts {
  return countShader(shader(body), workgroups, LATENCIES).parts[0];
}

/** What is counted of a program of core, its parts together. */
function countProgram(shapes: readonly (readonly number[])[], f: (...xs: Tensor[]) => Tensor) {
  const { graph } = trace(shapes.map((shape) => ({ dtype: "f32", shape })), (...xs) => [f(...xs)]);
  const { shaders } = compileToWgsl(optimize(graph));
  const parts = shaders.flatMap(({ code, workgroups }) =>
    countShader(code, workgroups, LATENCIES).parts
  );
  const sum = (key: keyof Counts) => parts.reduce((total, part) => total + part[key], 0);
  return { flops: sum("flops"), functions: sum("functions"), barriers: sum("barriers") };
}

Deno.test("countShader() counts what a copy reads and writes", () => {
  const { flops, loaded, stored, accesses } = count(
    "let point = group * 256 + local;\n  y[point] = x[point];",
    100,
  );
  assertEquals([flops, loaded, stored, accesses], [0, 102_400, 102_400, 2 * 8 * 100]);
});

Deno.test("countShader() counts what lies apart as the sectors that it is in", () => {
  const apart = count("y[local] = x[local * 8];");
  assertEquals([apart.loaded, apart.stored], [32 * 256, 4 * 256]);
  // One number for all, and lines of 128 bytes.
  assertEquals(count("y[local] = x[7];").loaded, 32);
  assertEquals([apart.accesses, count("y[local] = x[7];").accesses], [8 * (8 + 1), 8 * 2]);
});

Deno.test("countShader() counts loops, conditions and barriers as they run", () => {
  const loop = count(`var sum = 0.0;
  for (var k = local % 16; k < 40; k += 16) {
    sum += x[k] * 2.0;
  }
  near[local] = sum;
  workgroupBarrier();
  for (var half = 8; half > 0; half /= 2) {
    if (local % 16 < half) {
      sum += near[local + half];
      near[local] = sum;
    }
    workgroupBarrier();
  }
  if (local % 16 == 0) {
    y[local / 16] = sum;
  }`);
  // 40 terms and 15 additions of each team of 16; who is idle waits.
  assertEquals(loop.flops, 16 * (2 * 40 + 15));
  assertEquals(loop.barriers, 1 + 4);
  assertEquals(loop.stored, 4 * 16);
  // A warp issues what one of its invocations does: 3 terms, then 4 additions.
  assertEquals(loop.issued, 256 * (3 + 4 / 2));
});

Deno.test("countShader() takes a loop of iterations that wait for each other to be linear in them", () => {
  const cycles = [100, 200].map((steps) =>
    count(`for (var t = 0; t < ${steps}; t++) {
    near[local] = near[local] * 0.5 + 1.0;
    workgroupBarrier();
  }`).cycles
  );
  assertEquals(cycles[1], 2 * cycles[0]);
  // Address and load, multiplication, addition; the barrier; the loop.
  assertEquals(cycles[0], 100 * (4 + 20 + 4 + 4 + 30 + 4));
});

Deno.test("countShader() counts the work of programs of core", () => {
  // Tiles that are full and no teams: nothing else is done.
  const { flops } = countProgram([[1024, 512], [512, 1024]], (x, y) => matmul(x, y));
  assertEquals(flops, 2 * 1024 * 512 * 1024);
  assertEquals(countProgram([[1000]], (x) => x.tanh()).functions, 1000);
  // 256 numbers, 2 of each invocation: by halves of a team of 128.
  assertEquals(countProgram([[256]], (x) => x.sum()).barriers, 1 + 7);
});

Deno.test("parseShader() refuses what it does not know", () => {
  assertThrows(() => parseShader(shader("let a = `;")), SyntaxError, "is unknown");
  assertThrows(
    () => parseShader(shader("let a 1;")),
    SyntaxError,
    "= was wanted in line 1, found 1",
  );
});
