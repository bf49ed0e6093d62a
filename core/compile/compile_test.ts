import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Backend, DeviceBuffer } from "../ir/backend.ts";
import type { TensorType } from "../ir/tensor_type.ts";
import { collectResults } from "../language/results.ts";
import { openBackend } from "../backends/open.ts";
import { referenceBackend } from "../backends/reference.ts";
import { compile } from "./compile.ts";
import { debugLevel } from "../util/debug.ts";
import { readVariable } from "../util/environment.ts";
import { matmul, scan, tensor } from "../language/ops/mod.ts";
import { Program } from "./program.ts";
import type { Tensor } from "../language/tensor.ts";
import { trace } from "../language/trace.ts";
import { valueAndGrad } from "../language/gradient.ts";

Deno.test("compile() runs trees and compiles once for each kind of arguments", async () => {
  using backend = referenceBackend();
  let traces = 0;
  using affine = compile((p: { readonly w: Tensor; readonly b: Tensor }, x: Tensor) => {
    traces++;
    return { y: x.mul(p.w).add(p.b), twice: [x.add(x)] };
  }, { backend });
  const { y, twice } = await affine({ w: 3, b: 1 }, Float32Array.of(1, 2));
  assertEquals([...await y.data()], [4, 7]);
  assertEquals([...await twice[0].data()], [2, 4]);
  await affine({ b: tensor(5), w: tensor(2) }, Float32Array.of(8, 9));
  assertEquals([traces, affine.programs], [1, 1]);
  await affine({ w: 3, b: 1 }, Float32Array.of(1, 2, 3));
  assertEquals([traces, affine.programs], [2, 2]);
});

Deno.test("compile() feeds results back and takes over the memory of donated arguments", async () => {
  using backend = referenceBackend();
  using step = compile((state: { readonly n: Tensor }, by: Tensor) => [{ n: state.n.add(by) }], {
    backend,
    donate: [0],
  });
  const [first] = await step({ n: 1 }, 10);
  const [second] = await step(first, 10);
  assertEquals(await second.n.item(), 21);
  await assertRejects(() => first.n.item(), TypeError, "it was disposed of");
});

for (const device of ["reference", "cpu"] as const) {
  Deno.test(`compile() refuses a donated tensor that is given twice on ${device}`, async () => {
    using backend = await openBackend(device);
    const settings = { backend, name: "pair" };
    const pair = (x: { readonly w: Tensor }, y: Tensor) => [x.w.add(1), y.mul(10)];
    using both = compile(pair, { ...settings, donate: [0, 1] });
    using first = compile(pair, { ...settings, donate: [0] });
    using second = compile(pair, { ...settings, donate: [1] });
    using neither = compile(pair, settings);
    using double = compile((x: Tensor) => x.mul(2), { backend });
    const x = await double(Float32Array.of(1, 2));
    for (const tensor of [x, tensorOf(1, 2)]) {
      for (const run of [both, first, second]) {
        await assertRejects(
          () => run({ w: tensor }, tensor),
          TypeError,
          "Cannot run pair: one f32[2] is given as arguments 0.w and 1, and what is donated must be " +
            "given once",
        );
      }
    }
    const [p, q] = await neither({ w: x }, x);
    assertEquals([...await p.data(), ...await q.data()], [3, 5, 20, 40]);
    const [r] = await both({ w: x }, tensorOf(1, 2));
    assertEquals([...await r.data()], [3, 5]);
  });
}

const tensorOf = (...values: number[]) => tensor(Float32Array.from(values));

Deno.test("compile() makes tensors from outside part of the program", async () => {
  using backend = referenceBackend();
  const table = tensor([[1, 2], [3, 4]]);
  const deferred = table.mul(10);
  using product = compile((x: Tensor) => matmul(x, table).add(deferred), { backend });
  const y = await product(tensor([[1, 1]]));
  assertEquals([...await y.data()], [14, 26, 34, 46]);
  // Twice: what was put on the device stays there.
  assertEquals([...await (await product(tensor([[2, 0]]))).data()], [12, 24, 32, 44]);
});

Deno.test("compile() differentiates a loop inside", async () => {
  using backend = referenceBackend();
  using derivative = compile((w: Tensor) =>
    valueAndGrad((w: Tensor) => {
      const [h] = scan((h: Tensor, _: undefined) => [h.mul(w), undefined], tensor(1), undefined, {
        length: 5,
      });
      return h;
    })(w), { backend });
  const [value, gradient] = await derivative(2);
  assertEquals([await value.item(), await gradient.item()], [32, 80]);
});

Deno.test("compile() passes on what an operation refuses", async () => {
  using backend = referenceBackend();
  using product = compile((x: Tensor) => matmul(x, x), { backend });
  for (let again = 0; again < 2; again++) {
    await assertRejects(() => product(tensor([[1, 2]])), TypeError, "Cannot matmul");
  }
  assertEquals(product.programs, 0);
});

Deno.test("compile().prepare() gives a program that runs without promises", async () => {
  using backend = referenceBackend();
  using add = compile((x: Tensor, y: Tensor) => [x.add(y), y], { backend, donate: [0] });
  const type = { dtype: "f32", shape: [2] } as const;
  const program = await add.prepare(type, type);
  let state = backend.upload(type, Float32Array.of(0, 0));
  const by = backend.upload(type, Float32Array.of(1, 2));
  for (let step = 0; step < 3; step++) [state] = program.run([state, by]);
  assertEquals([...await backend.download(state)], [3, 6]);
  assertThrows(() => program.run([state]), TypeError, "2 inputs are needed, found 1");
});

Deno.test("Program frees a donated input that no output takes over", async () => {
  using backend = referenceBackend();
  const type = { dtype: "f32", shape: [2] } as const;
  const { graph } = trace([type], (x) => [x.sum()]);
  using program = await Program.compile(backend, graph, { name: "sum", donated: new Set([0]) });
  const x = backend.upload(type, Float32Array.of(1, 2));
  const [sum] = program.run([x]);
  assertEquals([...await backend.download(sum)], [3]);
  await assertRejects(async () => await backend.download(x), TypeError, "it was disposed of");
});

for (const device of ["reference", "cpu", "webgpu"] as const) {
  const opened = device === "webgpu" ? await openBackend(device).catch(() => undefined) : undefined;
  opened?.dispose();
  Deno.test({
    name: `Program.run() refuses a donated buffer that is given twice on ${device}`,
    ignore: device === "webgpu" && !opened,
    async fn() {
      using backend = await openBackend(device);
      const type = { dtype: "f32", shape: [2] } as const;
      const constant = tensor([1, 1]);
      const { graph } = trace([type, type, type], (x, y, z) => [x.add(constant), y.mul(z)]);
      const one = backend.upload(type, Float32Array.of(1, 1));
      using program = await Program.compile(backend, graph, {
        name: "pair",
        captures: [{ buffer: one, own: true }],
        donated: new Set([0]),
      });
      const [x, y] = [0, 1].map(() => backend.upload(type, Float32Array.of(1, 2)));
      for (const inputs of [[x, x, y], [x, y, x], [one, x, y]]) {
        assertThrows(
          () => program.run(inputs),
          TypeError,
          "Cannot run pair: one f32[2] is given as input 0 and once more, and what is donated must " +
            "be given once",
        );
      }
      const [sum, product] = program.run([x, y, y]);
      assertEquals([...await backend.download(sum)], [2, 3]);
      assertEquals([...await backend.download(product)], [1, 4]);
      for (const buffer of [sum, product, y]) buffer.dispose();
    },
  });
}

Deno.test("openBackend() refuses what there is not", async () => {
  await assertRejects(
    () => openBackend("cqu" as "cpu"),
    RangeError,
    'Cannot find device "cqu": did you mean "cpu"?',
  );
});

Deno.test("readVariable() does not ask for permission", () => {
  // Tests run without permissions unless they are given some; either way this must not prompt.
  assertEquals(typeof debugLevel(), "number");
  assertEquals(["string", "undefined"].includes(typeof readVariable("UNROLL_DUMP")), true);
});

const MEBIBYTE = { dtype: "f32", shape: [2 ** 18] } as const;

/** A device whose buffers take no memory, and which counts them. */
function countingBackend(run: (live: number) => void = () => {}) {
  const counts = { live: 0, greatest: 0, disposals: 0 };
  const newBuffer = (type: TensorType): DeviceBuffer => {
    let isLive = true;
    counts.greatest = Math.max(counts.greatest, ++counts.live);
    const dispose = () => {
      counts.disposals++;
      if (isLive) counts.live--;
      isLive = false;
    };
    return { type, dispose, [Symbol.dispose]: dispose };
  };
  const backend: Backend = {
    ...referenceBackend(),
    upload: newBuffer,
    compile: ({ outputs }, { donated = [] } = {}) =>
      Promise.resolve({
        kernels: [],
        run(inputs) {
          run(counts.live);
          const taken = new Map(donated);
          return outputs.map(({ type }, i) => inputs[taken.get(i) ?? -1] ?? newBuffer(type));
        },
        dispose() {},
        [Symbol.dispose]() {},
      }),
  };
  return { backend, counts };
}

Deno.test("compile() frees results that nobody holds in a loop that only awaits", async () => {
  const { backend, counts } = countingBackend();
  using step = compile((x: Tensor) => x.add(1), { backend });
  let state = await step(new Float32Array(MEBIBYTE.shape[0]));
  for (let i = 0; i < 2000; i++) state = await step(state);
  state.dispose();
  // 128 of growth, and what a collection has not found yet; without one all 2,000 live.
  assert(counts.greatest < 1000, `${counts.greatest} results live`);
});

Deno.test("compile() collects results when memory is out, and runs again", async () => {
  const { backend, counts } = countingBackend((live) => {
    if (live >= 100) throw new RangeError("Cannot allocate 1048576 bytes");
  });
  using step = compile((x: Tensor) => x.add(1), { backend });
  let state = await step(new Float32Array(MEBIBYTE.shape[0]));
  for (let i = 0; i < 500; i++) state = await step(state);
  const kept = [state];
  await assertRejects(
    async () => {
      while (kept.length < 200) kept.push(await step(state));
    },
    RangeError,
    "Cannot allocate",
  );
  assertEquals(counts.live, 100);
  assert(kept.length > 50);
  for (const result of kept) result.dispose();
});

Deno.test("Tensor.dispose() leaves nothing to be freed again", async () => {
  const { backend, counts } = countingBackend();
  using step = compile((x: Tensor) => x.add(1), { backend });
  const disposeOf = async () => {
    let state = await step(0);
    for (let i = 0; i < 1000; i++) {
      const next = await step(state);
      state.dispose();
      state = next;
    }
    state.dispose();
  };
  await disposeOf();
  await collectResults();
  // One of each result, and one of the number put on the device.
  assertEquals([counts.live, counts.disposals], [0, 1002]);
});

Deno.test("compile() keeps its arguments usable and leaks nothing when a run fails", async () => {
  let fails = false;
  const { backend, counts } = countingBackend(() => {
    if (fails) throw new TypeError("Cannot run");
  });
  using step = compile((x: Tensor, y: Tensor) => [x.add(y)], { backend, donate: [0] });
  const [x] = await step(1, 2);
  fails = true;
  await assertRejects(() => step(1, 2), TypeError, "Cannot run");
  await assertRejects(() => step(x, 2), TypeError, "Cannot run");
  assertEquals(counts.live, 1);
  fails = false;
  const [sum] = await step(x, 2);
  assertEquals(counts.live, 1);
  sum.dispose();
  assertEquals(counts.live, 0);
});
