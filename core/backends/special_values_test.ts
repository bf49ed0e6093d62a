/** NaN, infinities, zeros and subnormal numbers: each device makes of them what the interpreter does. */
import { assertEquals } from "@std/assert";
import { runGraph } from "../test_support/run_graph.ts";
import type { Graph } from "../ir/graph.ts";
import * as ops from "../language/ops/mod.ts";
import { dense } from "../ir/dense.ts";
import { ELEMENTWISE } from "../language/primitives/elementwise.ts";
import type { ElementwiseName } from "../ir/operation_names.ts";
import type { DenseArray } from "../ir/primitive.ts";
import type { DifferentiablePrimitive } from "../language/rules.ts";
import { PRIMITIVES, samplesOf } from "../language/primitives/table.ts";
import { randomSource } from "../util/random_source.ts";
import { grad } from "../language/gradient.ts";
import type { Tensor } from "../language/tensor.ts";
import { apply } from "../language/tensor.ts";
import { trace } from "../language/trace.ts";
import { clipByValue } from "../training/clip.ts";
import type { Backend } from "../ir/backend.ts";
import { cpuBackend } from "./cpu.ts";
import { evaluateGraph } from "../ir/evaluate.ts";
import { nativeBackend } from "./native.ts";
import { referenceBackend } from "./reference.ts";
import { webgpuBackend } from "./webgpu.ts";

const native = await nativeBackend().catch(() => undefined);
const webgpu = await webgpuBackend().catch(() => undefined);
/** The devices all tests share; those that cannot be opened are shown as ignored. */
const DEVICES = { reference: referenceBackend(), cpu: cpuBackend(), native, webgpu } as const;

const SPECIAL = [NaN, Infinity, -Infinity, 0, -0, 1e-40, -1e-40, 1, -1, 0.5, -1.5, 3, -3]
  .map(Math.fround);

const isSubnormal = (x: number) => x !== 0 && Math.abs(x) < 2 ** -126;
/** WGSL allows to take a subnormal number for 0, anywhere. */
const flush = (x: number) => isSubnormal(x) ? 0 : x;

/** Whether a number is one of those wanted, or near it; zeros are equal, NaN is only NaN. */
function isNear(found: number, wanted: readonly number[], epsilon: number): boolean {
  return wanted.map(Math.fround).some((x) =>
    Object.is(x, found) || x === found ||
    (Number.isFinite(x) && Math.abs(x - found) <= epsilon * Math.max(1, Math.abs(x)))
  );
}

/** What differs from what the interpreter makes of the same inputs, each in a line. */
async function differences(
  device: Backend,
  graph: Graph,
  inputs: readonly DenseArray[],
  what: (output: number, element: number) => string,
): Promise<string[]> {
  const flushes = device.name === "webgpu";
  const readings = [evaluateGraph(graph, inputs)];
  if (flushes) {
    const flushed = inputs.map(({ type, data }) => dense(type, data.map(flush)));
    readings.push(evaluateGraph(graph, flushed));
  }
  const found = await runGraph(device, graph, inputs);
  return found.flatMap((data, i) =>
    Array.from(data).flatMap((x, j) => {
      const exact = readings.map((reading) => reading[i].data[j]);
      const wanted = flushes ? [...exact, ...exact.map(flush)] : exact;
      // Near is enough: how near, the tests of each device say.
      return isNear(x, wanted, 2 ** -10) ? [] : [`${what(i, j)} must be ${exact[0]}, found ${x}`];
    })
  );
}

/** An operation on real numbers with all its inputs special: alone, with itself, with constants. */
function elementwiseCases(
  primitive: DifferentiablePrimitive,
  arity: number,
) {
  const special = SPECIAL;
  const lists = Array.from(
    { length: arity },
    (_, i) => primitive.name === "select" && i === 0 ? [0, 1] : special,
  );
  const rows = lists.reduce<number[][]>(
    (rows, list) => rows.flatMap((row) => list.map((x) => [...row, x])),
    [[]],
  );
  const inputs = [
    dense({ dtype: "f32", shape: [special.length] }, special),
    ...lists.map((list, i) => {
      const dtype = list === special ? "f32" : "bool";
      return dense({ dtype, shape: [rows.length] }, rows.map((row) => row[i]));
    }),
  ];
  const cases: { readonly name: string; of(element: number): unknown }[] = [];
  const { graph } = trace(inputs.map(({ type }) => type), (x, ...all) => {
    const results: Tensor[] = [];
    const add = (text: string, of: (element: number) => unknown, ...own: Tensor[]) => {
      for (const to of primitive.name === "cast" ? ["f32", "i32", "u32", "bool"] : [undefined]) {
        cases.push({ name: `${primitive.name} ${to ?? ""}(${text})`, of });
        results.push(...apply(primitive, own, to ? { to } : {}));
      }
    };
    add("…", (i) => rows[i], ...all);
    if (arity !== 2) return results;
    add("x, x", (i) => special[i], x, x);
    for (const constant of [NaN, Infinity, -Infinity, 0, 1, -1]) {
      const other = ops.fill(x.shape, constant);
      add(`x, ${constant}`, (i) => special[i], x, other);
      add(`${constant}, x`, (i) => special[i], other, x);
    }
    return results;
  });
  const what = (output: number, element: number) =>
    `${cases[output].name} of ${cases[output].of(element)}`;
  return { graph, inputs, what };
}

/** All samples of a primitive with a special number in every fourth place. */
async function samplesWith(primitive: DifferentiablePrimitive, special: number, device: Backend) {
  const lists = await Promise.all(
    samplesOf(primitive, randomSource(7)).map(({ inputs: sampled, params }, sample) => {
      if (!sampled.some(({ type }) => type.dtype === "f32")) return [];
      const inputs = sampled.map(({ type, data }) =>
        dense(type, data.map((x, i) => type.dtype === "f32" && i % 4 === 1 ? special : x))
      );
      const { graph } = trace(
        inputs.map(({ type }) => type),
        (...args) => apply(primitive, args, params),
      );
      return differences(
        device,
        graph,
        inputs,
        (output, element) => `sample ${sample} with ${special}: output ${output}[${element}]`,
      );
    }),
  );
  return lists.flat();
}

for (const [name, device] of Object.entries(DEVICES)) {
  const ignore = device === undefined;
  const test = (what: string, fn: (device: Backend) => Promise<void>) =>
    Deno.test({ name: `${name}: ${what}`, ignore, fn: () => fn(device as Backend) });

  for (const primitive of name === "reference" ? [] : PRIMITIVES) {
    const rule = ELEMENTWISE[primitive.name as ElementwiseName];
    if (rule && !rule.types.inputs.includes("f32")) continue;
    test(`${primitive.name} of special numbers agrees with the interpreter`, async (device) => {
      if (rule) {
        const { graph, inputs, what } = elementwiseCases(primitive, rule.arity);
        assertEquals(await differences(device, graph, inputs, what), []);
      } else {
        for (const special of [NaN, Infinity, -Infinity]) {
          assertEquals(await samplesWith(primitive, special, device), []);
        }
      }
    });
  }

  test("the greatest of numbers with NaN is NaN, and it is at the first of them", async (device) => {
    const rows = [[NaN, 1, 2], [1, NaN, NaN], [3, 2, NaN], [-Infinity, -Infinity, -Infinity]];
    // Short rows, and rows that many invocations share.
    for (const length of [3, 600]) {
      const data = rows.flatMap((row) => [...row, ...new Array(length - 3).fill(-1e30)]);
      data[3 * length + 2] = length === 3 ? -Infinity : NaN;
      const x = dense({ dtype: "f32", shape: [4, length] }, data);
      const { graph } = trace([x.type], (x) => {
        const y = ops.transpose(x);
        return [ops.max(x, 1), ops.max(y, 0), ops.argmax(x, 1), ops.argmax(y, 0)];
      });
      const greatest = [NaN, NaN, NaN, length === 3 ? -Infinity : NaN];
      const places = [0, 1, 2, length === 3 ? 0 : 2];
      const found = (await runGraph(device, graph, [x])).map((data) => Array.from(data));
      assertEquals(found, [greatest, greatest, places, places]);
    }
  });

  test("NaN does not cancel out, nor is it clipped or compared away", async (device) => {
    const x = dense({ dtype: "f32", shape: [3] }, [NaN, NaN, 2]);
    const y = dense({ dtype: "f32", shape: [3] }, [1, Infinity, 3]);
    const { graph } = trace([x.type, y.type], (x, y) => [
      x.add(y).sub(x),
      x.add(y.sub(x)),
      y.sub(x).add(x),
      y.sub(x.add(y)),
      clipByValue([x], 1)[0],
      ops.where(ops.not(x.gt(0)), x, y),
      ops.where(x.lt(y), ops.fill([3], 0), x),
    ]);
    assertEquals((await runGraph(device, graph, [x, y])).map((data) => Array.from(data)), [
      [NaN, NaN, 3],
      [NaN, NaN, 3],
      [NaN, NaN, 3],
      [NaN, NaN, -2],
      [NaN, NaN, 1],
      [NaN, NaN, 3],
      [NaN, NaN, 0],
    ]);
  });

  test("softmax and its kin of infinities and masks are those of PyTorch and JAX", async (device) => {
    const [inf, none] = [Infinity, NaN];
    // Values and gradients by PyTorch 2.15 and JAX 0.10: of logSumExp, of Σ i softmax(x)ᵢ, of the first of
    // logSoftmax, which is less the cross entropy of label 0.
    const cases: readonly {
      readonly x: readonly number[];
      readonly values: readonly number[];
      readonly gradients: readonly (readonly number[])[];
    }[] = [
      {
        x: [-inf, -inf, -inf],
        values: [-inf, none, none],
        gradients: [[none, none, none], [none, none, none], [none, none, none]],
      },
      {
        x: [inf, 1, -inf],
        values: [inf, none, none],
        gradients: [[none, 0, 0], [none, none, none], [none, none, none]],
      },
      {
        x: [-inf, 1, -inf],
        values: [1, 2, -inf],
        gradients: [[0, 1, 0], [0, 0, 0], [1, -1, 0]],
      },
      {
        x: [0, -inf, 0],
        values: [Math.LN2, 2, -Math.LN2],
        gradients: [[0.5, 0, 0.5], [-0.5, 0, 0.5], [0.5, 0, -0.5]],
      },
    ];
    const functions: readonly ((x: Tensor) => Tensor)[] = [
      (x) => ops.logSumExp(x),
      (x) => ops.softmax(x).mul(ops.iota([3], 0, "f32").add(1)).sum(),
      (x) => ops.logSoftmax(x).slice(0, 0, 1).sum(),
      (x) => ops.crossEntropy(x, ops.zeros([], "i32")).neg(),
    ];
    const type = { dtype: "f32", shape: [3] } as const;
    const { graph } = trace([type], (x) => functions.flatMap((f) => [f(x), grad(f)(x)]));
    for (const { x, values, gradients } of cases) {
      const found = await runGraph(device, graph, [dense(type, x)]);
      functions.forEach((_, i) => {
        const last = Math.min(i, 2);
        // The label's own cross entropy is taken of the sum, whose gradient for [∞, 1] is not NaN all over.
        if (i === 3 && x[0] === inf) return;
        const all = [...Array.from(found[2 * i]), ...Array.from(found[2 * i + 1])];
        const wanted = [values[last], ...gradients[last]];
        const isRight = all.every((value, j) => isNear(value, [wanted[j]], 2 ** -22));
        assertEquals(isRight ? [] : [x, i, all], [], `wanted ${wanted}`);
      });
    }
  });

  test("the loss of a recurrent network with a NaN among its weights is NaN", async (device) => {
    const weights = dense({ dtype: "f32", shape: [2, 2] }, [0.1, NaN, 0.2, 0.3]);
    const sequence = dense({ dtype: "f32", shape: [3, 1, 2] }, [1, 0, 0, 1, 1, 1]);
    const { graph } = trace(
      [weights.type, sequence.type],
      (w, xs) =>
        (["tanh", "relu", "sigmoid"] as const).map((activation) => {
          const [, states] = ops.scan(
            (h: Tensor, x: Tensor) => {
              const next = h.matmul(w).add(x)[activation]();
              return [next, next];
            },
            ops.zeros([1, 2]),
            xs,
          );
          return ops.crossEntropy(states, ops.zeros([3, 1], "i32")).mean();
        }),
    );
    const losses = await runGraph(device, graph, [weights, sequence]);
    assertEquals(losses.map((loss) => loss[0]), [NaN, NaN, NaN]);
  });
}

for (const [name, backend] of Object.entries(DEVICES)) {
  Deno.test({
    name: `the square of the square root of a negative number is NaN on ${name}`,
    ignore: !backend,
    async fn() {
      if (!backend) return;
      const type = { dtype: "f32", shape: [3] } as const;
      const { graph } = trace([type], (x) => [ops.mul(ops.sqrt(x), ops.sqrt(x))]);
      using program = await backend.compile(graph);
      using x = backend.upload(type, Float32Array.of(-2e-6, -1, 4));
      const [square] = program.run([x]);
      assertEquals([...await backend.download(square)], [NaN, NaN, 4]);
      square.dispose();
    },
  });
}
