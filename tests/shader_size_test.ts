/** How long the shaders are that programs become: the compilers of some drivers are slow with long ones. */
import { assert } from "@std/assert";
import { grad, scan, tanh, type Tensor, type TensorType, zeros } from "@unroll/core";
import { compileToWgsl, type Graph, optimize, trace } from "@unroll/core/compiler";
import { JOBS } from "../bench/jobs/job.ts";
import { withNumbers } from "../bench/jobs/numbers.ts";
import { traceJob } from "../bench/jobs/programs.ts";
import { randomSource } from "../core/util/random_source.ts";
import { PRIMITIVES, samplesOf } from "../core/language/primitives/table.ts";
import { apply } from "../core/language/tensor.ts";

/** Bytes of WGSL that every driver compiles in about a second on one core. */
const MAX_BYTES = 32_000;

/** What every device grants, and what larger ones do. */
const DEVICES = [
  { maxStorageBuffersPerShaderStage: 8, maxComputeWorkgroupStorageSize: 16384 },
  { maxStorageBuffersPerShaderStage: 32, maxComputeWorkgroupStorageSize: 32768 },
];

/** Length of each shader of a program. */
function lengths(graph: Graph, options: Parameters<typeof compileToWgsl>[1] = {}): number[] {
  return compileToWgsl(optimize(graph), options).shaders.map(({ code }) => code.length);
}

function checkLengths(name: string, graph: Graph, donated?: (readonly [number, number])[]): void {
  for (const device of DEVICES) {
    for (const length of lengths(graph, { ...device, donated })) {
      assert(length <= MAX_BYTES, `${name}: found a shader of ${length} bytes`);
    }
  }
}

Deno.test("[long] compileToWgsl() keeps the shaders of the benchmarks' training steps short", () => {
  for (const job of JOBS) {
    const { graph, donated } = traceJob(withNumbers(job));
    checkLengths(job.name, graph, [...donated]);
  }
});

Deno.test("compileToWgsl() keeps the shaders of all primitives short", () => {
  for (const primitive of PRIMITIVES) {
    for (const { inputs, params } of samplesOf(primitive, randomSource(1))) {
      const types = inputs.map(({ type }) => type);
      checkLengths(primitive.name, trace(types, (...xs) => apply(primitive, xs, params)).graph);
    }
  }
});

const repeat = (x: Tensor, times: number, step: (x: Tensor) => Tensor): Tensor => {
  for (let k = 0; k < times; k++) x = step(x);
  return x;
};
const TYPE: TensorType = { dtype: "f32", shape: [4] };
const smooth = (x: Tensor) => tanh(x.mul(0.9).add(0.1));

/** Programs of so many operations. */
const LONG: Readonly<Record<string, (operations: number) => (x: Tensor) => Tensor>> = {
  "a chain": (n) => (x) => repeat(x, n, (x) => x.mul(x).add(0.25)),
  "a chain whose links branch": (n) => (x) =>
    repeat(x, n, (x) => {
      const y = x.add(tanh(x));
      return y.mul(tanh(y)).sub(x.mul(0.5));
    }),
  "the gradient of a chain": (n) => (x) =>
    grad((x: Tensor) => repeat(x, n, (x) => x.sub(x.mul(x).mul(0.001))).sum())(x),
  "a sum of many": (n) => (x) => {
    const terms = Array.from({ length: n }, (_, k) => tanh(x.mul(k / n)));
    while (terms.length > 1) terms.push(terms[0].add(terms[1])), terms.splice(0, 2);
    return terms[0];
  },
  "a loop": (n) => (x) =>
    scan((h: Tensor, x: Tensor) => [repeat(h.add(x), n, smooth), undefined], zeros([]), x)[0],
  "the gradient of a loop": (n) => (x) =>
    grad((x: Tensor) =>
      scan((h: Tensor, x: Tensor) => [repeat(h.add(x), n, tanh), undefined], zeros([]), x)[0]
    )(x),
  "the gradient of a loop in a loop": (n) => (x) =>
    grad((x: Tensor) =>
      scan(
        (h: Tensor, x: Tensor) => [
          scan((g: Tensor) => [repeat(g.add(x), n, smooth), undefined], h, undefined, {
            length: 3,
          })[0],
          undefined,
        ],
        zeros([]),
        x,
      )[0]
    )(x),
};

for (const [name, program] of Object.entries(LONG)) {
  const label = name.startsWith("the gradient of a loop") ? "[long] " : "";
  Deno.test(`${label}compileToWgsl() cuts ${name} into short shaders, as long together as it is`, () => {
    const graphs = [50, 200].map((n) => trace([TYPE], (x) => [program(n)(x)]).graph);
    for (const graph of graphs) checkLengths(name, graph);
    const [short, long] = graphs.map((graph) => {
      const found = lengths(graph);
      return found.reduce((sum, length) => sum + length, 0);
    });
    assert(long <= 4 * 1.5 * short, `found ${short} bytes of 50 and ${long} of 200`);
  });
}
