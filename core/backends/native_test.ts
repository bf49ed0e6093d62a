/** Native code: what no other device has, run where Deno may call what a compiler makes. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { compile } from "../compile/compile.ts";
import type { Backend } from "../ir/backend.ts";
import { dense, sampleArray } from "../ir/dense.ts";
import { evaluateGraph } from "../ir/evaluate.ts";
import type { DenseArray } from "../ir/primitive.ts";
import { grad } from "../language/gradient.ts";
import * as ops from "../language/ops/mod.ts";
import {
  foldIn,
  randomBits,
  randomInteger,
  randomKey,
  randomNormal,
  randomUniform,
} from "../language/random.ts";
import type { Tensor } from "../language/tensor.ts";
import { trace } from "../language/trace.ts";
import { NO_NATIVE } from "../test_support/cpu_devices.ts";
import { gatedRnn, TARGET_PROGRAMS } from "../test_support/target_programs.ts";
import { randomSource } from "../util/random_source.ts";
import { runGraph } from "../test_support/run_graph.ts";
import { cpuBackend } from "./cpu.ts";
import { nativeBackend } from "./native.ts";

const ignore = NO_NATIVE !== undefined;

/** What is off by more than so much of the greatest number of its tensor, each in a line. */
function faults(
  found: readonly ArrayLike<number>[],
  wanted: readonly DenseArray[],
  tolerance: number,
): string[] {
  return wanted.flatMap(({ data }, i) => {
    const scale = Math.max(2 ** -126, ...Array.from(data, Math.abs));
    return Array.from(data, (x, j) => [x, found[i][j], j] as const)
      .filter(([x, y]) => !(Math.abs(x - y) <= tolerance * scale))
      .slice(0, 2)
      .map(([x, y, j]) => `output ${i}[${j}] must be ${x}, found ${y}`);
  });
}

const INNER = [0, 1, 2, 3, 7, 8, 15, 16, 17, 63, 511, 512, 513, 1024, 1025, 16385, 40000];

for (const threads of [1, 2, 4]) {
  Deno.test({
    name: `nativeBackend() multiplies matrices of any inner extent on ${threads} threads`,
    ignore,
    async fn() {
      using backend = await nativeBackend({ threads, eager: true });
      const random = randomSource(threads);
      for (const [m, n] of threads === 1 ? [[5, 19], [1, 3]] : [[13, 34]]) {
        for (const k of INNER) {
          const f32 = (...shape: number[]) => ({ dtype: "f32", shape }) as const;
          const types = [f32(m, k), f32(k, n), f32(n, k), f32(k, m)];
          const { graph } = trace(types, (x, y, yt, xt) => [
            ops.matmul(x, y),
            ops.matmul(x, yt, { transposeY: true }),
            ops.matmul(xt, y, { transposeX: true }),
            ops.relu(ops.matmul(xt, yt, { transposeX: true, transposeY: true })),
          ]);
          const inputs = types.map(({ shape }) => sampleArray(random, shape));
          const found = await runGraph(backend, graph, inputs);
          // Random terms round up and down; what they add up to is less than the sum of their sizes by √k.
          const tolerance = 2 ** -24 * (8 + 2 * Math.sqrt(Math.min(k, 512)));
          assertEquals(
            faults(found, evaluateGraph(graph, inputs), tolerance),
            [],
            `${m} by ${k} by ${n}`,
          );
        }
      }
    },
  });
}

Deno.test({
  name: "nativeBackend() draws the random numbers of the CPU, on any number of threads",
  ignore,
  async fn() {
    const draw = (device: Backend) =>
      compile((key: Tensor) => [
        randomBits(key, [1003]),
        randomUniform(key, [37, 27], -1, 1),
        randomInteger(key, [999], -5, 1000),
        foldIn(key, ops.iota([40], 0, "u32").slice(0, 3, 4).reshape([])),
      ], { backend: device });
    using cpu = cpuBackend({ threads: 1 });
    using wanted = draw(cpu);
    const bits = async (tensors: readonly Tensor[]) =>
      (await Promise.all(tensors.map((tensor) => tensor.data()))).map((data) => [...data]);
    for (const threads of [1, 2, 4]) {
      using native = await nativeBackend({ threads, eager: threads > 1 });
      using found = draw(native);
      for (const seed of [0, 1, 2 ** 32 + 5]) {
        assertEquals(
          await bits(await found(randomKey(seed))),
          await bits(await wanted(randomKey(seed))),
        );
      }
      // Of a logarithm and a cosine: near.
      using normal = compile((key: Tensor) => randomNormal(key, [500]), { backend: native });
      const [x] = await bits([await normal(randomKey(3))]);
      const [y] = await bits([randomNormal(randomKey(3), [500])]);
      x.forEach((value, i) => assert(Math.abs(value - y[i]) <= 1e-5, `${value} for ${y[i]}`));
    }
  },
});

Deno.test({
  name: "nativeBackend() runs programs of nothing, and those that give back what they are given",
  ignore,
  async fn() {
    using backend = await nativeBackend({ threads: 2, eager: true });
    using nothing = compile(() => [] as Tensor[], { backend });
    assertEquals(await nothing(), []);
    using same = compile((x: Tensor, y: Tensor) => [x, y, x, ops.fill([2], 7)], { backend });
    const results = await same(Float32Array.of(1, 2), ops.tensor(new Float32Array(0)));
    const data = await Promise.all(results.map(async (tensor) => [...await tensor.data()]));
    assertEquals(data, [[1, 2], [], [1, 2], [7, 7]]);
    using empty = compile((x: Tensor) => {
      const [last, all] = ops.scan(
        (h: Tensor, x: Tensor) => [h.add(x), h],
        ops.zeros([0, 3]),
        x.reshape([4, 0, 3]),
      );
      return [last, all, ops.max(x.reshape([3, 0]).add(1), 0), ops.sum(x)];
    }, { backend });
    const shapes = (await empty(new Float32Array(0))).map(({ shape }) => shape);
    assertEquals(shapes, [[0, 3], [4, 0, 3], [0], []]);
  },
});

Deno.test({
  name: "nativeBackend() finds its memory again after it has grown between runs",
  ignore,
  async fn() {
    using backend = await nativeBackend({ threads: 2, eager: true });
    using twice = compile((x: Tensor) => [x.mul(2), x.sum()], { backend });
    for (let size = 1; size <= 2 ** 24; size *= 16) {
      // Kept, so that more is needed each time.
      const large = ops.tensor(new Float32Array(size).fill(1));
      const [y, sum] = await twice(large);
      assertEquals([(await y.data()).at(-1), await sum.item()], [2, size]);
      const [small] = await twice(Float32Array.of(1, 2, 3));
      assertEquals([...await small.data()], [2, 4, 6]);
    }
  },
});

/** How many threads this process has. */
async function countThreads(): Promise<number> {
  // Deno itself may not read there.
  const { stdout } = await new Deno.Command("ls", { args: [`/proc/${Deno.pid}/task`] }).output();
  return new TextDecoder().decode(stdout).trim().split("\n").length;
}

Deno.test({
  name: "nativeBackend() ends the threads of programs that are disposed of",
  ignore: ignore || Deno.build.os !== "linux",
  async fn() {
    using backend = await nativeBackend({ threads: 4, eager: true });
    const type = { dtype: "f32", shape: [4096] } as const;
    const programs = await Promise.all(Array.from({ length: 10 }, (_, i) => {
      const { graph } = trace([type], (x) => [ops.exp(x.mul(i))]);
      return backend.compile(graph);
    }));
    const x = backend.upload(type, new Float32Array(4096));
    for (const program of programs) {
      const [y] = program.run([x]);
      assertEquals((await backend.download(y)).every((value) => value === 1), true);
    }
    const during = await countThreads();
    for (const program of programs) program.dispose();
    for (const program of programs) program.dispose();
    const after = await countThreads();
    // Three of each program; Deno's own come and go.
    assert(during - after >= 25, `${during} threads, then ${after}`);
  },
});

Deno.test({
  name: "nativeBackend() gives the same bits each time for the same number of threads",
  ignore,
  async fn() {
    const graph = gatedRnn({ time: 9, batch: 7, hidden: 98, symbols: 11 });
    const random = randomSource(3);
    const inputs = graph.inputs.map(({ type }) =>
      sampleArray(random, type.shape, { ...type, max: type.dtype === "i32" ? 11 : 0.2 })
    );
    for (const threads of [1, 2, 4]) {
      const all: number[][][] = [];
      for (let i = 0; i < 3; i++) {
        using backend = await nativeBackend({ threads });
        all.push((await runGraph(backend, graph, inputs)).map((data) => Array.from(data)));
      }
      assertEquals(all[1], all[0]);
      assertEquals(all[2], all[0]);
    }
  },
});

Deno.test({
  name: "nativeBackend() says what cannot be compiled and goes on",
  ignore,
  async fn() {
    await assertRejects(
      () => nativeBackend({ threads: 0 }),
      RangeError,
      "Cannot open native: threads must be a positive whole number, found 0",
    );
    using backend = await nativeBackend();
    assertStringIncludes(backend.description, "native code by ");
    using executable = await backend.compile(TARGET_PROGRAMS.autonomousRnn({ time: 4 }));
    assert(executable.kernels.length > 0);
    backend.dispose();
    // Twice is once.
    backend.dispose();
  },
});

Deno.test({
  name: "nativeBackend() multiplies transposed, turned and broadcast operands, and their gradients",
  ignore,
  async fn() {
    using backend = await nativeBackend({ threads: 3, eager: true });
    const random = randomSource(11);
    const f32 = (...shape: number[]) => ({ dtype: "f32", shape }) as const;
    for (const [b, m, k, n] of [[1, 1, 1, 1], [2, 3, 5, 7], [3, 17, 9, 33], [1, 64, 48, 65]]) {
      const { graph } = trace([f32(b, m, k), f32(k, n), f32(b, m, n)], (x, y, z) => {
        const loss = ([x, y]: Tensor[]) =>
          ops.sum(ops.mul(ops.sigmoid(ops.matmul(x, y)), z)).add(
            ops.sum(ops.matmul(ops.reverse(x, 1), ops.reverse(y, 0))),
          );
        return [loss([x, y]), ...grad(loss)([x, y])];
      });
      const inputs = graph.inputs.map(({ type }) => sampleArray(random, type.shape));
      const found = await runGraph(backend, graph, inputs);
      assertEquals(faults(found, evaluateGraph(graph, inputs), 1e-5), [], `${[b, m, k, n]}`);
    }
    const ones = dense({ dtype: "f32", shape: [300, 300] }, new Float32Array(90_000).fill(1));
    const { graph } = trace([ones.type], (x) => [ops.matmul(x, x).sum()]);
    assertEquals((await runGraph(backend, graph, [ones]))[0][0], 300 ** 3);
  },
});

/** Runs a program of native code in a process of its own, and returns how that ends and what it prints. */
async function runApart(text: string): Promise<readonly [code: number, printed: string]> {
  const core = new URL("..", import.meta.url);
  const script = `
    import { compile, ones } from "${core}mod.ts";
    import { nativeBackend } from "${core}backends/native.ts";
    const backend = await nativeBackend({ threads: 4, eager: true });
    const programs = [1, 2, 3, 4, 5, 6].map((i) =>
      compile((x) => x.matmul(x).add(i).sum(1), { backend })
    );
    for (const program of programs) await program(ones([64, 64]));
    ${text}`;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      "--quiet",
      "--ext=js",
      `--config=${new URL("../deno.json", core).pathname}`,
      script,
    ],
    stdin: "null",
  }).output();
  return [code, new TextDecoder().decode(code === 0 ? stdout : stderr).trim()];
}

Deno.test({
  name: "nativeBackend() lets a process end whose threads are at work",
  ignore,
  async fn() {
    for (let i = 0; i < 3; i++) assertEquals(await runApart(""), [0, ""]);
  },
});

Deno.test({
  name: "nativeBackend() says that it was disposed of, and does not end the process",
  ignore,
  async fn() {
    const text = `
      backend.dispose();
      const numbers = await compile((x) => x.add(1), { backend })(ones([2 ** 20])).catch(String);
      console.log(numbers);`;
    assertEquals(await runApart(text), [
      0,
      "TypeError: Cannot use native code: its device was disposed of",
    ]);
  },
});
