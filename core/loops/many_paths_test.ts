import { assert, assertEquals } from "@std/assert";
import type { Backend } from "../ir/backend.ts";
import { cpuBackend } from "../backends/cpu.ts";
import { referenceBackend } from "../backends/reference.ts";
import { webgpuBackend } from "../backends/webgpu.ts";
import { compile } from "../compile/compile.ts";
import * as ops from "../language/ops/mod.ts";
import { randomGumbel, randomInteger, randomKey, randomUniform } from "../language/random.ts";
import type { Tensor } from "../language/tensor.ts";
import { trace } from "../language/trace.ts";
import { grad } from "../language/gradient.ts";
import { optimize } from "../passes/optimize.ts";
import { formatProgram } from "./format_program.ts";
import { lowerGraph } from "./lower.ts";

/** Each step reads the one before twice: from the last to the first lead 2⁴⁰ ways. */
const STEPS = 40;

function again(x: Tensor, step: (x: Tensor, k: number) => Tensor): Tensor {
  for (let k = 0; k < STEPS; k++) x = step(x, k);
  return x;
}

const whole = (values: readonly number[]) => ops.tensor(values, { dtype: "i32" });
const counted = (step: (i: Tensor, k: number) => Tensor) => again(ops.iota([8]), step);
/** Comes closer to a fixed point, so that rounding errors do not grow. */
const calm = (x: Tensor) => again(x, (x) => x.mul(x).mul(0.5).add(0.25));
const roll = (x: Tensor, by: number) =>
  ops.concatenate([ops.slice(x, 0, by, 8), ops.slice(x, 0, 0, by)]);
const key = randomKey(1);
const drawn = (max: number) => randomInteger(key, [8], 0, max);
const last = <C, X>(body: (carry: C, x: X) => C, initial: C, sequences: X): C =>
  ops.scan((carry: C, x: X) => [body(carry, x), undefined], initial, sequences)[0];

/** Programs of eight numbers from 0 to 1, by what once walked their parts as often as there are ways to them. */
const PROGRAMS: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  "clamped indices, added": (x) => ops.gather(x, counted((i) => i.add(i).add(1))),
  "clamped indices, multiplied": (x) => ops.gather(x, counted((i) => i.mul(i).add(1))),
  "clamped indices, scaled": (x) => ops.gather(x, counted((i) => i.add(1).mul(3).add(i.mul(5)))),
  "clamped indices, divided": (x) =>
    ops.gather(x, counted((i) => ops.div(i.add(i), 3).add(ops.remainder(i, 7)))),
  "clamped indices, chosen": (x) => ops.gather(x, counted((i, k) => i.add(k).max(i.sub(k)))),
  "clamped indices, real": (x) => ops.gather(x, ops.cast(calm(x), "i32")),
  "scattered rows": (x) => ops.scatterAdd(counted((i) => i.add(i).add(1)), x, 8),
  "one-hot rows": (x) => ops.oneHot(counted((i) => i.add(i)), 8).matmul(ops.reshape(x, [8, 1])),
  "random indices": (x) => ops.gather(x, drawn(10)),
  "random quotients": () => ops.div(drawn(100), 7),
  "random remainders": () => ops.remainder(drawn(1000), 64),
  "random one-hot rows": () => ops.oneHot(drawn(4), 4).matmul(ops.tensor([[1], [2], [3], [4]])),
  "random real remainders": () =>
    ops.remainder(ops.cast(randomUniform(key, [8], 0, 100), "i32"), 64),
  "a sum": (x) => calm(x).sum(),
  "a greatest": (x) => ops.max(calm(x)),
  "a place of the greatest": (x) => ops.argmax(calm(x).add(x)),
  "a sum of random numbers": () => randomUniform(key, [1000]).sum(),
  "a greatest of random numbers": () => ops.max(randomUniform(key, [1000])),
  "a draw": (x) => ops.argmax(x.add(randomGumbel(key, [8]))),
  "a product": (x) => calm(ops.reshape(x, [2, 4])).matmul(calm(ops.reshape(x, [4, 2]))),
  "a gradient": (x) => grad((x: Tensor) => calm(x).sum())(x),
  "a loop": (x) => last((h, x) => calm(h.add(x).mul(0.5)), ops.tensor(0.1), x),
  "neighbours": (x) => again(x, (x) => x.add(roll(x, 1)).mul(0.5)),
  "neighbours on both sides": (x) => again(x, (x) => roll(x, 3).add(roll(x, 1)).mul(0.5)),
  "neighbours by padding": (x) =>
    again(x, (x) => {
      const after = ops.pad(ops.slice(x, 0, 1, 8), 0, { after: 1 });
      return after.add(ops.pad(ops.slice(x, 0, 0, 7), 0, { before: 1 })).mul(0.5);
    }),
  "rows of rows": (x) =>
    again(x, (x, k) => {
      const swapped = ops.gather(x, whole([1, 0, 3, 2, 5, 4, 7, 6]));
      return swapped.add(ops.gather(x, whole([k % 8, 1, 2, 3, 4, 5, 6, 7]))).mul(0.5);
    }),
  "turned around": (x) =>
    again(x, (x) => ops.transpose(ops.reshape(x, [2, 4])).reshape([8]).add(x).mul(0.5)),
  // Passes over loops.
  "a sum over time of products": (x) =>
    last(
      (sum, x) => {
        const square = ops.reshape(x, [1, 1]).matmul(ops.reshape(x, [1, 1]));
        return sum.add(again(square, (q) => q.sub(ops.reverse(q, 0).sub(ops.transpose(q)))));
      },
      ops.zeros([1, 1]),
      x,
    ),
  "a sum over time of weights": (x) =>
    last(
      ([sum, h], x) => {
        const w = calm(ops.slice(ops.tensor([0.3, 0.4]), 0, 0, 1)).reshape([1, 1]);
        const next = h.matmul(w).add(x).tanh();
        return [sum.add(next.matmul(w)), next];
      },
      [ops.zeros([1, 1]), ops.ones([1, 1])],
      x,
    )[0],
  "sequences made of sequences": (x) => {
    // Steps of more elements than are better off before the loop.
    const rows = [
      ops.broadcastTo(ops.reshape(x, [8, 1]), [8, 5000]).mul(ops.ones([5000]).add(x.sum())),
    ];
    for (let k = 0; k < STEPS; k++) rows.push(rows[k].mul(rows[k]));
    return ops.max(
      last((sum, x) => x.reduce((a, b) => a.add(b), sum), ops.zeros([5000]), rows).min(100),
    );
  },
};

async function numbersOf(backend: Backend, program: (x: Tensor) => Tensor): Promise<number[]> {
  using compiled = compile(program, { backend });
  using result = await compiled(Float32Array.from({ length: 8 }, (_, i) => (i + 1) / 10));
  return [...await result.data()];
}

const shared = await webgpuBackend().catch(() => undefined);
const devices: (readonly [name: string, open: () => Backend, ignore: boolean])[] = [
  ["cpu", () => cpuBackend({ threads: 1 }), false],
  ["threads", () => cpuBackend({ threads: 2, eager: true }), false],
  ["webgpu", () => shared as Backend, shared === undefined],
];

for (const [device, open, ignore] of devices) {
  const label = device === "cpu" ? "" : "[long] ";
  Deno.test({
    name: `${label}compile() ends for programs of 2⁴⁰ ways through them, on ${device}`,
    ignore,
    fn: async () => {
      const reference = referenceBackend();
      const backend = open();
      for (const [name, program] of Object.entries(PROGRAMS)) {
        const [wanted, found] = [
          await numbersOf(reference, program),
          await numbersOf(backend, program),
        ];
        assertEquals(found.length, wanted.length, name);
        wanted.forEach((x, i) => {
          // As many roundings as there are steps, a few in each.
          const near = Math.abs(found[i] - x) <= 4 * STEPS * 2 ** -24 * Math.max(1, Math.abs(x));
          assert(near || Object.is(found[i], x), `${name}: expected ${wanted}, found ${found}`);
        });
      }
      if (backend !== shared) backend.dispose();
    },
  });
}

Deno.test("formatProgram() names what the operands of a product share", () => {
  const type = { dtype: "f32", shape: [3, 4, 4] } as const;
  const { graph } = trace([type, { dtype: "i32", shape: [] }], (tables, row) => [
    ops.gather(tables, again(row, (row) => row.mul(row).add(1))).matmul(ops.ones([4, 4])),
  ]);
  const text = formatProgram(lowerGraph(optimize(graph)));
  assert(text.length < 10_000, `${text.length} characters`);
});
