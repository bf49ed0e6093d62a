import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  broadcastTo,
  concatenate,
  fill,
  iota,
  matmul,
  oneHot,
  ones,
  pad,
  reshape,
  scan,
  split,
  tensor,
  zeros,
} from "./ops/mod.ts";
import { randomBernoulli, randomKey, randomUniform } from "./random.ts";
import type { Tensor } from "./tensor.ts";
import { trace } from "./trace.ts";

const LIMIT = 2 ** 31;

const TOO_LARGE: Readonly<Record<string, () => Tensor | readonly Tensor[]>> = {
  randomUniform: () => randomUniform(randomKey(0), [LIMIT]),
  fill: () => fill([2 ** 16, 2 ** 15], 1),
  iota: () => iota([LIMIT + 8]),
  broadcastTo: () => broadcastTo(tensor([1]), [LIMIT]),
  matmul: () => matmul(ones([2 ** 16, 1]), ones([1, 2 ** 15])),
  reshape: () => reshape(zeros([LIMIT]), [-1]),
  oneHot: () => oneHot(iota([2]), 2 ** 30),
  pad: () => pad(tensor([1]), 0, { before: LIMIT }),
  concatenate: () => concatenate([zeros([2 ** 30]), zeros([2 ** 30])], 0),
  "beyond doubles": () => zeros([2 ** 52, 2 ** 52, 2 ** 52]),
  "no number": () => zeros([...new Array<number>(30).fill(2 ** 52), 0]),
};

for (const [name, make] of Object.entries(TOO_LARGE)) {
  Deno.test(`apply() refuses 2³¹ elements: ${name}`, () => {
    const wanted =
      /^Cannot make (f32|i32|u32|bool)\[.*\]: at most 2147483647 elements are possible, found /;
    const both: (() => unknown)[] = [make, () => trace([], () => [make()].flat())];
    for (const act of both) {
      assertMatch(assertThrows(act, RangeError).message, wanted);
    }
  });
}

Deno.test("trace() refuses an argument of 2³¹ elements, and takes one less", () => {
  const sum = (x: Tensor) => [x.sum()];
  trace([{ dtype: "f32", shape: [LIMIT - 1] }], sum);
  assertThrows(
    () => trace([{ dtype: "f32", shape: [2, 2 ** 30] }], sum),
    RangeError,
    "Cannot make f32[2,1073741824]: at most 2147483647 elements are possible, found 2147483648",
  );
});

const TOO_MANY: Readonly<Record<string, () => unknown>> = {
  "scan of no sequence": () =>
    scan((h: Tensor) => [h.add(1), []], tensor(0), [], { length: LIMIT }),
  "scan of no carry": () => scan((_, x: Tensor) => [[], x], [], zeros([LIMIT, 0]), {}),
  "scan that recomputes": () =>
    scan((h: Tensor) => [h, []], tensor(0), [], { length: 2 ** 53 - 1, recompute: true }),
  "split of an empty axis": () => split(zeros([0]), LIMIT),
  "split of an axis beside an empty one": () => split(zeros([2, 0]), LIMIT, 1),
};

for (const [name, act] of Object.entries(TOO_MANY)) {
  Deno.test(`what makes no elements refuses 2³¹ of them: ${name}`, () => {
    assertMatch(
      assertThrows(act, RangeError).message,
      /^Cannot (scan|split .*): at most (2147483647 steps|65536 empty parts) are possible, found \d+$/,
    );
  });
}

Deno.test("Tensor refuses to be a number, and gives a text", () => {
  const x: unknown = tensor([1]);
  const message = "Cannot use f32[1] as a number: methods such as add() and gt() are needed";
  assertThrows(() => (x as number) > 0, TypeError, message);
  assertThrows(() => (x as number) + 1, TypeError, message);
  assertThrows(() => -(x as number), TypeError, message);
  assertThrows(() => Number(x), TypeError, message);
  assertEquals(`${x}`, "Tensor f32[1]");
});

const REFUSED: Readonly<Record<string, readonly [act: () => unknown, wanted: string]>> = {
  "pad of i32 by a fraction": [
    () => pad(iota([2]), 0, { before: 1, value: 0.5 }),
    "Cannot pad i32[2] by 1 and 0 along axis 0: a whole number from -2147483648 to 2147483647 is needed, found 0.5",
  ],
  "pad of bools by 2": [
    () => pad(tensor([true]), 0, { after: 1, value: 2 }),
    "Cannot pad bool[1] by 0 and 1 along axis 0: 0 or 1 is needed, found 2",
  ],
  "pad by nothing along no axis": [
    () => pad(tensor([1]), 4, {}),
    "Cannot use axis 4 of a tensor of 1 dimensions: no such axis",
  ],
  "concatenate of one along no axis": [
    () => concatenate([tensor([1])], 5),
    "Cannot use axis 5 of a tensor of 1 dimensions: no such axis",
  ],
  "oneHot of no length": [
    () => oneHot(iota([1]), 1.5),
    "Cannot make one-hot vectors of i32[1]: their length must be a whole number of 0 or more, found 1.5",
  ],
  "randomBernoulli of no probability": [
    () => randomBernoulli(randomKey(0), [1], NaN),
    "Cannot draw bools that are true with probability NaN: a number from 0 to 1 is needed",
  ],
  "cast to no type": [
    () => tensor([1]).cast("f64" as "f32"),
    "Cannot make f64[1]: elements must be f32, i32, u32, bool, found f64",
  ],
  "tensor of no type": [
    () => tensor([1], { dtype: "float32" as "f32" }),
    "Cannot make float32[1]: elements must be f32, i32, u32, bool, found float32",
  ],
  "tensor of holes": [
    () => tensor([1, , 2] as number[]),
    "Cannot make a tensor: numbers or booleans are needed, found nothing",
  ],
  "tensor of text": [
    () => tensor(["a"] as unknown as number[]),
    "Cannot make a tensor: numbers or booleans are needed, found a string",
  ],
  "add of nothing": [
    () => tensor([1]).add(undefined as unknown as number),
    "Cannot add: tensors or numbers are needed, found nothing",
  ],
  "add of an array": [
    () => tensor([1]).add([1] as unknown as number),
    "Cannot add: tensors or numbers are needed, found Array",
  ],
  "matmul by a number": [
    () => matmul(tensor([[1]]), 2 as unknown as Tensor),
    "Cannot matmul: tensors are needed, found a number",
  ],
  "tensor of doubles": [
    () => tensor(Float64Array.of(1, 2) as unknown as Float32Array),
    "Cannot make a tensor of numbers: a Float32Array, Int32Array or Uint32Array is needed, found Float64Array",
  ],
};

for (const [name, [act, wanted]] of Object.entries(REFUSED)) {
  Deno.test(`functions refuse what they cannot mean: ${name}`, () => {
    const error = assertThrows(act, Error);
    assertEquals(error.message, wanted);
  });
}
