import { assert } from "@std/assert";
import type { Backend } from "../ir/backend.ts";
import { cpuBackend } from "../backends/cpu.ts";
import { referenceBackend } from "../backends/reference.ts";
import { webgpuBackend } from "../backends/webgpu.ts";
import { compile } from "../compile/compile.ts";
import * as ops from "../language/ops/mod.ts";
import { foldIn, randomBits, randomKey } from "../language/random.ts";
import type { Tensor } from "../language/tensor.ts";
import { grad } from "../language/gradient.ts";

function chain(x: Tensor, steps: number, step: (x: Tensor, k: number) => Tensor): Tensor {
  for (let k = 0; k < steps; k++) x = step(x, k);
  return x;
}

const calm = (x: Tensor, steps: number) => chain(x, steps, (x) => x.mul(x).mul(0.5).add(0.25));

/** Programs of four numbers from 0 to 1 in which many operations follow each other. */
const PROGRAMS: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  elementwise: (x) => calm(x, 600),
  "after a product": (x) => calm(x.reshape([2, 2]).matmul(x.reshape([2, 2])).mul(0.5), 500),
  "before a sum": (x) => calm(x, 500).sum(),
  gradient: (x) => grad((x: Tensor) => chain(x, 400, (x) => x.sub(x.mul(x).mul(0.001))).sum())(x),
  "in a loop": (x) =>
    ops.scan(
      (h: Tensor, x: Tensor) => [calm(h.add(x).mul(0.5), 400), undefined],
      ops.tensor(0),
      x,
    )[0],
  layout: (x) =>
    chain(x, 300, (x, k) => ops.pad(ops.slice(x, 0, 1, 4), 0, { before: 1, value: k / 300 })),
  keys: () => randomBits(chain(randomKey(3), 16, (key) => foldIn(key, 1)), [4]),
};

const shared = await webgpuBackend().catch(() => undefined);
const devices: (readonly [name: string, open: () => Backend, ignore: boolean])[] = [
  ["cpu", () => cpuBackend(), false],
  ["webgpu", () => shared as Backend, shared === undefined],
];

for (const [device, open, ignore] of devices) {
  const label = device === "cpu" ? "" : "[long] ";
  Deno.test({
    name: `${label}compile() has stack enough for long chains of operations, on ${device}`,
    ignore,
    fn: async () => {
      const reference = referenceBackend();
      const backend = open();
      const given = Float32Array.of(0.1, 0.4, 0.7, 1);
      for (const [name, program] of Object.entries(PROGRAMS)) {
        using exact = compile(program, { backend: reference });
        using compiled = compile(program, { backend });
        const wanted = await (await exact(given)).data();
        const found = await (await compiled(given)).data();
        wanted.forEach((x, i) => {
          // The chains forget what was rounded long ago; a gradient is a product of 400 sums.
          const near = Math.abs(found[i] - x) <= 4 * 400 * 2 ** -24 * Math.abs(x);
          assert(near, `${name}: expected ${x}, found ${found[i]}`);
        });
      }
      if (backend !== shared) backend.dispose();
    },
  });
}
