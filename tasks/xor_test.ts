import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import type { PredictRequest } from "@unroll/core/plugin";
import { checkTask } from "@unroll/core/testing";
import { xor } from "./xor.ts";

Deno.test("xor() keeps the contract of tasks", async () => {
  await checkTask(xor());
  await checkTask(xor({ loss: "cross-entropy" }));
});

Deno.test("xor() sums squared distances from one-hot vectors", async () => {
  const task = await xor().create();
  const halves = ({ size = 1 }: PredictRequest) =>
    Promise.resolve({ outputs: new Float32Array(2 * size).fill(0.5) });
  // Four cases of (½)² + (½)², which is what a linear model comes to.
  assertAlmostEquals((await task.validate(halves)).loss, 2, 1e-12);
});

Deno.test("xor() gives the first bits, then the second, then what is wanted", async () => {
  const { inputs, targets } = (await xor().create()).batch({ step: 0, seed: 0, random: () => 0 });
  assertEquals([...inputs ?? []], [0, 0, 1, 1, 0, 1, 0, 1]);
  assertEquals([...targets], [0, 1, 1, 0]);
});

Deno.test("xor() answers a question", async () => {
  const task = await xor().create();
  const right = ({ size = 1, inputs = new Int32Array() }: PredictRequest) => {
    const outputs = Array.from({ length: size }, (_, i) => {
      const differ = inputs[i] !== inputs[size + i];
      return differ ? [-0.001, 1] : [1, 0];
    });
    return Promise.resolve({ outputs: Float32Array.from(outputs.flat()) });
  };
  assertEquals(await task.answer?.(right, "1 0"), ["1 xor 0 = 1  (0.00, 1.00)"]);
  assertEquals((await task.validate(right)).error, 0);
  await assertRejects(async () => await task.answer?.(right, "2 0"), RangeError, "two bits");
});
