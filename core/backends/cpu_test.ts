import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ELEMENTWISE } from "../language/primitives/elementwise.ts";
import type { ElementwiseName } from "../ir/operation_names.ts";
import type { DenseArray } from "../ir/primitive.ts";
import { dense, sampleArray } from "../ir/dense.ts";
import { PRIMITIVES, samplesOf } from "../language/primitives/table.ts";
import * as ops from "../language/ops/mod.ts";
import { gradientGraph } from "../testing/check_gradients.ts";
import { randomSource } from "../util/random_source.ts";
import { runGraph } from "../test_support/run_graph.ts";
import { CPU_DEVICES, type CpuDevice } from "../test_support/cpu_devices.ts";
import { TARGET_PROGRAMS } from "../test_support/target_programs.ts";
import type { Tensor } from "../language/tensor.ts";
import { typedArray } from "../ir/tensor_type.ts";
import { apply } from "../language/tensor.ts";
import { trace } from "../language/trace.ts";
import type { Backend } from "../ir/backend.ts";
import { cpuBackend } from "./cpu.ts";
import { CpuMemory } from "./cpu_memory.ts";
import { evaluateGraph } from "../ir/evaluate.ts";
import { referenceBackend } from "./reference.ts";

/** One test for each device that runs on the processor. */
function testOnBoth(what: string, fn: (open: CpuDevice["open"]) => Promise<void>): void {
  for (const { name, ignore, open } of CPU_DEVICES) {
    Deno.test(`${name} ${what}`, { ignore }, () => fn(open));
  }
}

const EPSILON = 2 ** -23;

/**
 * Whether numbers are within some units in the last place of the greatest of their tensor, or of
 * `least`: what they were computed from, if that may have been greater.
 */
function assertNear(
  found: readonly ArrayLike<number>[],
  wanted: readonly DenseArray[],
  ulp: number,
  what: string,
  least = 2 ** -126,
) {
  wanted.forEach(({ type, data }, i) => {
    let scale = least;
    for (const x of data) if (Number.isFinite(x)) scale = Math.max(scale, Math.abs(x));
    data.forEach((x, j) => {
      const y = found[i][j];
      const close = Object.is(x, y) || x === y ||
        (type.dtype === "f32" && Math.abs(x - y) <= ulp * EPSILON * scale);
      assertEquals(close, true, `${what}: output ${i}[${j}] must be ${x}, found ${y}`);
    });
  });
}

for (const primitive of PRIMITIVES) {
  testOnBoth(`computes ${primitive.name} and its gradient`, async (open) => {
    using backend = await open();
    const ulp = ELEMENTWISE[primitive.name as ElementwiseName]?.ulp ?? 4;
    for (const { inputs: sampled, params, smooth } of samplesOf(primitive, randomSource(5))) {
      const inputs = sampled.map(({ type, data }) => dense(type, typedArray(type.dtype, data)));
      const types = inputs.map(({ type }) => type);
      const { graph } = trace(types, (...args) => apply(primitive, args, params));
      const wanted = evaluateGraph(graph, inputs);
      const what = `${primitive.name} of ${JSON.stringify(types)} ${JSON.stringify(params)}`;
      assertNear(await runGraph(backend, graph, inputs), wanted, ulp, what);
      if (smooth === false) continue;
      const backward = gradientGraph(graph);
      const random = randomSource(6);
      const cotangents = graph.outputs.map(({ type }) => sampleArray(random, type.shape, type));
      const all = [...inputs, ...cotangents];
      const gradients = evaluateGraph(backward, all);
      assertNear(await runGraph(backend, backward, all), gradients, 8 * ulp, `gradient of ${what}`);
    }
  });
}

testOnBoth("says how many threads it has", async (open) => {
  using backend = await open({ threads: 3, eager: true });
  assertEquals(backend.threads, 3);
  assertStringIncludes(backend.description, ", 3 threads");
});

testOnBoth("computes reductions and products of all small shapes", async (open) => {
  using backend = await open();
  const random = randomSource(7);
  const f32 = (...shape: number[]) => ({ dtype: "f32", shape }) as const;
  for (const [m, n] of [[1, 1], [3, 4], [4, 3], [61, 4], [7, 33], [40, 5], [5, 41], [130, 17]]) {
    const { graph } = trace([f32(m, n), f32(n), f32(m)], (x, b, c) => [
      ops.sum(ops.add(x, b), 0),
      ops.sum(x, 1),
      ops.sum(x),
      ops.max(ops.mul(x, b), 1),
      ops.max(x, 0),
      ops.argmax(x, 0),
      ops.argmax(x, 1),
      ops.softmax(x),
      ops.matmul(x, ops.reshape(b, [n, 1])),
      ops.matmul(ops.transpose(x), ops.reshape(c, [m, 1])),
      ops.matmul(x, ops.reverse(x, 1), { transposeY: true }),
      ops.matmul(
        ops.broadcastTo(ops.reshape(c, [m, 1]), [m, 45]),
        ops.broadcastTo(ops.reshape(b, [1, n]), [45, n]),
      ),
    ]);
    const inputs = graph.inputs.map(({ type }) => sampleArray(random, type.shape));
    const wanted = evaluateGraph(graph, inputs);
    const ulp = 4 * Math.sqrt(m + n) + 8;
    assertNear(await runGraph(backend, graph, inputs), wanted, ulp, `${m} by ${n}`);
  }
});

testOnBoth("computes loops of every length, both ways", async (open) => {
  using backend = await open();
  const random = randomSource(8);
  for (const length of [0, 1, 2, 5, 64]) {
    for (const reverse of [false, true]) {
      const types = [[3, 3], [2, 3], [length, 2, 3]].map((shape) => ({
        dtype: "f32" as const,
        shape,
      }));
      const { graph } = trace(types, (w, start, xs) => {
        const step = (h: Tensor, x: Tensor) => ops.tanh(ops.add(ops.matmul(h, w), x));
        const both = ops.scan(
          (h: Tensor, x: Tensor) => {
            const next = step(h, x);
            return [next, ops.mul(next, h)];
          },
          start,
          xs,
          { length, reverse },
        );
        const carryOnly = ops.scan(
          (h: Tensor, x: Tensor) => [step(h, x), undefined],
          start,
          xs,
          { length, reverse },
        );
        const outputsOnly = ops.scan(
          (_: undefined, x: Tensor) => [undefined, ops.exp(x)],
          undefined,
          xs,
          { length, reverse },
        );
        const nested = ops.scan(
          (h: Tensor, x: Tensor) => {
            const [inner] = ops.scan(
              (h: Tensor, row: Tensor) => [ops.sigmoid(ops.add(h, ops.sum(row))), undefined],
              h,
              x,
            );
            return [inner, inner];
          },
          start,
          xs,
          { length, reverse },
        );
        return [...both, carryOnly[0], outputsOnly[1], ...nested];
      });
      const inputs = graph.inputs.map(({ type }) => sampleArray(random, type.shape));
      const wanted = evaluateGraph(graph, inputs);
      const what = `length ${length}${reverse ? ", reversed" : ""}`;
      assertNear(await runGraph(backend, graph, inputs), wanted, 64, what);
    }
  }
});

/** Trains a target program in place; gives its state and the losses. */
async function trainSteps(
  backend: Backend,
  name: keyof typeof TARGET_PROGRAMS,
  steps: number,
): Promise<number[][]> {
  const graph = TARGET_PROGRAMS[name]({ time: 6, batch: 3, hidden: 5, symbols: 4 });
  const random = randomSource(9);
  const state = graph.outputs.length - 1;
  const donated = Array.from({ length: state }, (_, i) => [i + 1, i] as const);
  using executable = await backend.compile(graph, { donated });
  let buffers = graph.inputs.map(({ type }, i) => {
    const data = sampleArray(random, type.shape, { ...type, max: type.dtype === "i32" ? 4 : 1 });
    // Moments start at zero, the number of the step is one.
    const values = i >= state / 3 && i < state ? data.data.fill(0) : data.data;
    if (i === state) values.fill(1);
    return backend.upload(type, typedArray(type.dtype, values));
  });
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const [loss, ...next] = executable.run(buffers);
    losses.push((await backend.download(loss))[0]);
    loss.dispose();
    buffers = [...next, ...buffers.slice(state)];
  }
  const results = await Promise.all(buffers.slice(0, state).map((b) => backend.download(b)));
  return [losses, ...results.map((data) => [...data])];
}

for (
  const [name, threads] of Object.keys(TARGET_PROGRAMS).flatMap((name) =>
    [[name, 1], [name, 2]] as const
  )
) {
  const where = threads === 1 ? "one thread" : `${threads} threads`;
  testOnBoth(`trains ${name} on ${where} as the reference does, twice the same`, async (open) => {
    using reference = referenceBackend();
    using backend = await open({ threads, eager: true });
    const wanted = await trainSteps(reference, name, 100);
    const found = await trainSteps(backend, name, 100);
    wanted.forEach((list, i) =>
      list.forEach((x, j) => {
        // Adam divides gradients by their own size: what rounding does to small ones shows.
        const close = Math.abs(x - found[i][j]) <= 1e-4 * Math.max(1, Math.abs(x));
        assertEquals(close, true, `${name}: [${i}][${j}] must be ${x}, found ${found[i][j]}`);
      })
    );
    assertEquals(await trainSteps(backend, name, 100), found);
  });
}

testOnBoth("uses the same memory for ten thousand runs", async (open) => {
  using backend = await open();
  const type = { dtype: "f32", shape: [100] } as const;
  const { graph } = trace([type, type], (x, y) => [ops.add(x, y), ops.mul(x, y), ops.sum(x)]);
  using executable = await backend.compile(graph, { donated: [[0, 0]] });
  let state = backend.upload(type, new Float32Array(100).fill(1));
  const by = backend.upload(type, new Float32Array(100).fill(2));
  const addresses = new Set<unknown>();
  for (let i = 0; i < 10_000; i++) {
    const [next, ...others] = executable.run([state, by]);
    for (const buffer of others) {
      addresses.add((buffer as unknown as { address: number }).address);
      buffer.dispose();
    }
    state = next;
  }
  assertEquals(addresses.size, 2);
  assertEquals([...await backend.download(state)], new Array(100).fill(20_001));
});

testOnBoth("loads programs while others run on its threads", async (open) => {
  using backend = await open({ threads: 2, eager: true });
  const type = { dtype: "f32", shape: [64] } as const;
  const compileSum = (terms: number) => {
    const { graph } = trace([type], (x) => [
      ops.sum(ops.mul(x, terms)),
      ops.exp(ops.mul(x, terms)),
    ]);
    return backend.compile(graph);
  };
  const x = backend.upload(type, new Float32Array(64).fill(1));
  using first = await compileSum(1);
  const sums: number[] = [];
  for (let i = 2; i < 8; i++) {
    const waiting = [compileSum(i), compileSum(i + 10)];
    for (let run = 0; run < 20; run++) {
      for (const buffer of first.run([x])) buffer.dispose();
      if (run % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    for (const executable of await Promise.all(waiting)) {
      const [sum, all] = executable.run([x]);
      sums.push((await backend.download(sum))[0]);
      for (const buffer of [sum, all]) buffer.dispose();
      executable.dispose();
    }
  }
  assertEquals(sums, [2, 3, 4, 5, 6, 7].flatMap((i) => [64 * i, 64 * (i + 10)]));
});

Deno.test("cpuBackend() refuses a number of threads that is none", () => {
  assertThrows(
    () => cpuBackend({ threads: 1.5 }),
    RangeError,
    "Cannot open cpu: threads must be a positive whole number, found 1.5",
  );
});

testOnBoth("refuses buffers that are gone, of others, or too long", async (open) => {
  using backend = await open();
  using other = await open();
  const type = { dtype: "f32", shape: [2] } as const;
  const { graph } = trace([type], (x) => [ops.neg(x)]);
  using executable = await backend.compile(graph);
  const gone = backend.upload(type, Float32Array.of(1, 2));
  gone.dispose();
  const foreign = other.upload(type, Float32Array.of(1, 2));
  const free = backend.upload(type, Float32Array.of(1, 2));
  const { address } = free as unknown as { readonly address: number };
  free.dispose();
  for (const buffer of [gone, foreign]) {
    assertThrows(() => executable.run([buffer]), TypeError, "disposed of or is another device's");
  }
  // Nothing was given out for the results of what was refused.
  const next = backend.upload(type, Float32Array.of(1, 2)) as unknown as { address: number };
  assertEquals(next.address, address);
  assertThrows(() => executable.run([]), TypeError, "1 inputs are needed, found 0");
  assertThrows(
    () => backend.upload(type, Float32Array.of(1)),
    RangeError,
    "Cannot write f32[2]: 2 elements are needed, found 1",
  );
});

Deno.test("CpuMemory gives out again what came back, apart and aligned", () => {
  const memory = new CpuMemory();
  const random = randomSource(10);
  const live = new Map<number, number>();
  for (let i = 0; i < 2000; i++) {
    if (random() < 0.45 && live.size > 0) {
      const [address, bytes] = [...live][Math.floor(random() * live.size)];
      live.delete(address);
      memory.release(address, bytes);
    } else {
      const bytes = Math.floor(random() ** 4 * 100_000);
      const address = memory.allocate(bytes);
      assertEquals([address > 0, address % 64], [true, 0]);
      for (const [start, size] of live) {
        assertEquals(address + bytes <= start || start + size <= address, true);
      }
      live.set(address, bytes);
    }
  }
  const { used } = memory;
  for (const [address, bytes] of live) memory.release(address, bytes);
  for (const bytes of live.values()) memory.allocate(bytes);
  assertEquals(memory.used, used);
  assertEquals(memory.words.byteLength >= used, true);
});
