/** Values that a shortcut would change: each device, compiled, gives the one that is right. */
import { assert, assertEquals } from "@std/assert";
import * as U from "../mod.ts";
import type { Tensor } from "../mod.ts";
import { cpuBackend } from "./cpu.ts";
import { nativeBackend } from "./native.ts";
import { referenceBackend } from "./reference.ts";
import { webgpuBackend } from "./webgpu.ts";

const native = await nativeBackend().catch(() => undefined);
const webgpu = await webgpuBackend().catch(() => undefined);
/** The devices all tests share; those that cannot be opened are shown as ignored. */
const DEVICES = { reference: referenceBackend(), cpu: cpuBackend(), native, webgpu } as const;

/** A program of tensors, what it is given, and all the numbers it is to give. */
type Case = readonly [
  what: string,
  program: (...inputs: Tensor[]) => unknown,
  inputs: readonly Tensor[],
  wanted: readonly number[],
  /** Greatest relative difference; 0 if left out. */
  tolerance?: number,
];

/** One test of all cases for each device, or those named. */
function testOnDevices(name: string, cases: readonly Case[], names?: readonly string[]): void {
  for (const [device, backend] of Object.entries(DEVICES)) {
    if (names?.includes(device) === false) continue;
    Deno.test(`${name} on ${device}`, { ignore: !backend }, async () => {
      for (const [what, program, inputs, wanted, tolerance = 0] of cases) {
        using compiled = U.compile((...xs: Tensor[]) => [program(...xs)] as U.Tree, { backend });
        const leaves = U.flattenTree(await compiled(...inputs));
        const found = (await Promise.all(leaves.map(async (leaf) => [...await leaf.data()])))
          .flat();
        const told = `${what}: ${wanted.join(" ")} is right, found ${found.join(" ")}`;
        assertEquals(found.length, wanted.length, told);
        found.forEach((x, i) => {
          const exact = Math.fround(wanted[i]);
          const near = Math.abs(x - exact) <= tolerance * Math.abs(exact);
          assert(
            near || x === wanted[i] || x === exact || (Number.isNaN(x) && Number.isNaN(exact)),
            told,
          );
        });
      }
    });
  }
}

const f32 = (...values: number[]) => U.tensor(Float32Array.from(values));
const multiples = Array.from({ length: 500 }, (_, i) => i);

/** Factors and terms that leave the range of f32 together, though no result of the program does. */
const tiny = f32(1e-30, -2e-30);
testOnDevices("compile() keeps the factors of a product and the terms of a sum apart", [
  ["x · 1e20 · 1e20", (x) => x.mul(1e20).mul(1e20), [tiny], [1e10, -2e10], 1e-6],
  ["−(x · 1e20) · 1e20", (x) => x.mul(1e20).neg().mul(1e20), [tiny], [-1e10, 2e10], 1e-6],
  ["x · 1e20 / 1e-20", (x) => x.mul(1e20).div(1e-20), [tiny], [1e10, -2e10], 1e-6],
  ["x · 1e20 · y · 1e20", (x, y) => x.mul(1e20).mul(y).mul(1e20), [tiny, f32(3, 4)], [
    3e10,
    -8e10,
  ], 1e-6],
  ["x · 1e-20 · 1e-25", (x) => x.mul(1e-20).mul(1e-25), [f32(1e30, 3e20)], [1e-15, 3e-25], 1e-6],
  [
    "x · 1e-25 · 1e30 · 1e30",
    (x) => x.mul(1e-25).mul(1e30).mul(1e30),
    [f32(1e-10, 1)],
    [1e25, 1e35],
    1e-6,
  ],
  ["Σ x · 1e-10", (x) => x.mul(1e-10).sum(), [f32(3e38, 3e38, 3e38)], [9e28], 1e-6],
  [
    "x · 1e-10 + y · 1e-10",
    (x, y) => x.mul(1e-10).add(y.mul(1e-10)),
    [f32(3e38, 1), f32(3e38, -1)],
    [6e28, 0],
    1e-6,
  ],
  ["x + 3e38 − 3e38 − 3e38", (x) => x.add(3e38).sub(3e38).sub(3e38), [f32(1, 2)], [-3e38, -3e38]],
]);

testOnDevices("compile() divides rather than multiplies by a reciprocal", [
  ...[3, 41, 47, 49, 55, 1000].map((c): Case => [
    `floor(k · ${c} / ${c})`,
    (x) => U.floor(x.div(c)),
    [f32(...multiples.map((k) => k * c))],
    multiples,
  ]),
  ["x / s of a scalar", (x, s) => U.floor(x.div(s)), [f32(41, 82), U.tensor(41)], [1, 2]],
  ["x / Σ x of tiny numbers", (x) => x.div(x.sum()), [f32(2 ** -124, 2 ** -124)], [0.5, 0.5]],
  [
    "x / s beyond the reciprocal's range",
    (x, s) => x.div(s),
    [f32(2 ** -125, 2 ** -124), U.tensor(2 ** -126)],
    [2, 4],
  ],
  ["x / 2¹²⁷", (x) => x.div(2 ** 127), [f32(2 ** 127, 2 ** 126)], [1, 0.5]],
]);

testOnDevices("compile() multiplies in the order written where the other leaves the range", [
  ["x · s · s", (x, s) => x.mul(s).mul(s), [f32(0, 1e-20), U.tensor(1e20)], [0, 1e20], 1e-6],
  ["x · s · s, small", (x, s) => x.mul(s).mul(s), [f32(1e30), U.tensor(1e-25)], [1e-20], 1e-6],
  ["x / s / s", (x, s) => x.div(s).div(s), [f32(0, 1e-30), U.tensor(1e-20)], [0, 1e10], 1e-6],
]);

testOnDevices("compile() adds up products rather than multiplies a sum", [
  ["Σ x · 1e-10", (x) => x.mul(1e-10).sum(), [f32(3e38, 3e38, 3e38)], [9e28], 1e-6],
  ["mean of x · 1e-10", (x) => x.mul(1e-10).mean(), [f32(3e38, 3e38, 3e38)], [3e28], 1e-6],
  ["x · 1e20 · 1e20", (x) => x.mul(1e20).mul(1e20), [f32(0, 1e-20)], [0, 1e20], 1e-6],
  // WGSL lets the driver regroup sums and products, and Mesa's does.
], ["reference", "cpu", "native"]);

const i32 = (...values: number[]) => U.tensor(Int32Array.from(values));

testOnDevices("shiftLeft() and shiftRight() take the low five bits of any distance", [
  [
    "by −1 and 33",
    (x) => [U.shiftLeft(x, -1), U.shiftRight(x, -31), U.shiftLeft(x, 33)],
    [i32(1, -4)],
    [-2147483648, 0, 0, -2, 2, -8],
  ],
]);

testOnDevices("where() of two numbers is f32", [
  ["2.5 or −1", (x) => U.where(x.gt(0), 2.5, -1), [f32(3, -3)], [2.5, -1]],
  ["2.5 or a tensor", (x) => U.where(x.gt(0), 2.5, x), [f32(3, -3)], [2.5, -3]],
]);

const angles = [0.5, -1, 2, -3, 4, 100, -1e5, 1e6, 1e9, -1e12, 1e18, 1e22, 3e38, -3.4e38].map(
  Math.fround,
);

testOnDevices("sin() and cos() are right for numbers of any size", [
  ["sin", (x) => U.sin(x), [f32(...angles)], angles.map(Math.sin), 1e-6],
  ["cos", (x) => U.cos(x), [f32(...angles)], angles.map(Math.cos), 1e-6],
  ["nearest to a multiple of π/2", (x) => U.cos(x), [f32(16367173 * 2 ** 72)], [
    Math.cos(16367173 * 2 ** 72),
  ], 1e-6],
  ["of infinity", (x) => [U.sin(x), U.cos(x)], [f32(Infinity, NaN)], [NaN, NaN, NaN, NaN]],
]);

testOnDevices("pow() is 1 where IEEE 754 has it so", [
  [
    "1 and −1 to NaN and ±∞",
    (x, y) => U.pow(x, y),
    [
      f32(1, 1, 1, -1, -1, -1, 1, NaN),
      f32(NaN, Infinity, -Infinity, Infinity, -Infinity, NaN, 3, 0),
    ],
    [1, 1, 1, 1, 1, NaN, 1, 1],
  ],
]);

testOnDevices("pow() has derivative 0 by its base where the exponent is 0", [
  [
    "x⁰ + x¹ + x² at 0",
    U.grad((x: Tensor) => U.pow(x, f32(0, 1, 2)).sum()),
    [U.tensor(0)],
    [1],
  ],
  ["x⁰", U.grad((x: Tensor) => U.pow(x, 0).sum()), [f32(0, 1, -2, Infinity)], [0, 0, 0, 0]],
  [
    "the second derivative of x⁰ + x¹ + x² + x³",
    U.grad((x: Tensor) => U.grad((x: Tensor) => U.pow(x, f32(0, 1, 2, 3)).sum())(x)),
    [U.tensor(0)],
    [2],
  ],
]);

const rows = U.tensor([[-Infinity, -Infinity], [1, Infinity], [0, -Infinity], [3, 3], [NaN, 1]]);

testOnDevices("logSumExp() of infinite numbers", [
  ["rows", (x) => U.logSumExp(x), [rows], [-Infinity, Infinity, 0, 3 + Math.LN2, NaN], 1e-6],
  ["one", (x) => U.logSumExp(x), [f32(-Infinity)], [-Infinity]],
  [
    "its gradient",
    U.grad((x: Tensor) => U.logSumExp(x).sum()),
    [rows.slice(0, 2, 4)],
    [1, 0, 0.5, 0.5],
    1e-6,
  ],
  [
    "crossEntropy() where a class is impossible",
    (x, labels) => U.crossEntropy(x, labels),
    [U.tensor([[0, -Infinity], [0, -Infinity]]), i32(0, 1)],
    [0, Infinity],
  ],
]);

testOnDevices("crossEntropy() is NaN and oneHot() the nearest for labels out of range", [
  [
    "crossEntropy()",
    (x, labels) => U.crossEntropy(x, labels),
    [U.tensor([[1, 1], [1, 1], [1, 1]]), i32(2, -100, 1)],
    [NaN, NaN, Math.LN2],
    1e-6,
  ],
  ["oneHot()", (labels) => U.oneHot(labels, 3), [i32(3, -1)], [0, 0, 1, 1, 0, 0]],
  [
    "oneHot() times a matrix",
    (labels, w) => U.oneHot(labels, 3).matmul(w),
    [i32(3, -1, 1), U.tensor([[1, 2], [3, 4], [5, 6]])],
    [5, 6, 1, 2, 3, 4],
  ],
  [
    "its gradient",
    (labels, w) => U.grad((w: Tensor) => U.oneHot(labels, 3).matmul(w).sum())(w),
    [i32(3, -1, 1), U.tensor([[1, 2], [3, 4], [5, 6]])],
    [1, 1, 1, 1, 1, 1],
  ],
]);

const empty = f32();
const zeros = (count: number) => new Array<number>(count).fill(0);

testOnDevices("sum() and matmul() of nothing are 0", [
  ["[0, 3] over 0", (x) => x.reshape([0, 3]).sum(0), [empty], zeros(3)],
  ["[0, 3] over 1", (x) => x.reshape([0, 3]).sum(1), [empty], []],
  ["[1, 0, 0] over 1 and 2", (x) => x.reshape([1, 0, 0]).sum([1, 2]), [empty], zeros(1)],
  ["[0, 2, 3] over 0", (x) => x.reshape([0, 6]).reshape([0, 2, 3]).sum(0), [empty], zeros(6)],
  ["∞ repeated never", (x) => U.broadcastTo(x, [0]).sum(), [f32(Infinity)], [0]],
  ["∞ repeated never, in rows", (x) => U.broadcastTo(x, [0, 2]).sum(0), [f32(Infinity, 1)], [0, 0]],
  ["a fill of ∞", () => U.fill([0], Infinity).sum(), [], [0]],
  [
    "products of no inner dimension",
    (x) => [
      x.reshape([1, 3, 0]).matmul(x.reshape([0, 2])),
      x.reshape([2, 3, 0]).matmul(x.reshape([2, 0, 2])),
      x.matmul(x.reshape([0, 2])),
    ],
    [empty],
    zeros(6 + 12 + 2),
  ],
  [
    "products of no rows or columns",
    (x) => [
      x.reshape([0, 2, 0]).matmul(x.reshape([0, 4])),
      x.reshape([0, 2, 3]).matmul(U.ones([3, 2])),
      U.ones([2, 3, 2]).matmul(x.reshape([2, 0])),
    ],
    [empty],
    [],
  ],
]);

testOnDevices(
  "randomInteger() and randomUniform() draw from the whole of wide ranges, not beyond",
  [
    [
      "the words scaled in 64 bits",
      () => U.randomInteger(U.randomKey(3), [4], -7, 3 * 2 ** 29),
      [],
      [...await U.randomInteger(U.randomKey(3), [4], -7, 3 * 2 ** 29).data()],
    ],
    [
      "all of i32",
      () => U.randomInteger(U.randomKey(3), [4], -(2 ** 31), 2 ** 31),
      [],
      [...await U.randomInteger(U.randomKey(3), [4], -(2 ** 31), 2 ** 31).data()],
    ],
    [
      "below 1001",
      () => U.randomUniform(U.randomKey(0), [100_000], 1000, 1001).lt(1001),
      [],
      new Array<number>(100_000).fill(1),
    ],
  ],
);

testOnDevices("foldIn() and randomInteger() use all of what they are given", [
  [
    "0 with 1 and 1 with 0",
    () => U.ne(U.foldIn(U.randomKey(0), 1), U.foldIn(U.randomKey(1), 0)),
    [],
    [1, 1],
  ],
  [
    "the low bits of a wide range",
    () => U.and(U.randomInteger(U.randomKey(1), [8], 0, 2 ** 30), 63),
    [],
    [45, 15, 30, 60, 41, 47, 29, 5],
  ],
]);

testOnDevices("mean() takes each axis once, however often it is named", [
  ["twice", (x) => U.mean(x, [0, 0]), [U.tensor([[1, 2], [3, 4]])], [2, 3]],
  ["from both ends", (x) => U.mean(x, [1, -1]), [U.tensor([[1, 2], [3, 4]])], [1.5, 3.5]],
]);

testOnDevices("compile() takes numbers as f32 has them", [
  ["x = 0.1", (x) => x.eq(0.1), [f32(0.1)], [1]],
  ["x · 1e-300, which is 0", (x) => x.mul(1e-300), [f32(1, Infinity, NaN)], [0, NaN, NaN]],
  ["1e-300 · x", (x) => U.mul(1e-300, x), [f32(-Infinity)], [NaN]],
  ["x + 1e39 − 1e39", (x) => x.add(1e39).sub(1e39), [f32(1)], [NaN]],
  ["x < 1e39", (x) => x.lt(1e39), [f32(1, Infinity)], [1, 0]],
  ["padding", (x) => U.pad(x, 0, { after: 1, value: 0.1 }).eq(f32(0.1, 0.1)), [f32(0.1)], [1, 1]],
  ["a fraction cut off has no sign", (x) => U.div(1, x.cast("i32").cast("f32")), [f32(-0.5)], [
    Infinity,
  ]],
]);
