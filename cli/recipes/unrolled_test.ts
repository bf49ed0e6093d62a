import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { Predict } from "@unroll/core/plugin";
import { counting } from "@unroll/tasks";
import { unrolledPart } from "./unrolled.ts";

/** Says a digit more than it reads, and has three units. */
const MORE: Predict = ({ length, inputs = new Int32Array() }) => {
  const outputs = new Float32Array(length * 10);
  for (let t = 0; t < length; t++) outputs[t * 10 + (inputs[t] + 1) % 10] = 1;
  return Promise.resolve({ outputs, hidden: new Float32Array(3 * length), hiddenSize: 3 });
};

const TASK = { digits: 4, length: 5, training: 50, validation: 5, testDigits: 0 };

Deno.test("unrolledPart() draws a box for each step, with what is read below and what is said above", async () => {
  const task = await counting(TASK).create();
  const part = await unrolledPart(task, MORE, "1299", 80);
  assertEquals(part?.lines, [
    "says       0    0    3    2    1",
    "           ↑    ↑    ↑    ↑    ↑",
    "state  0─→[h]─→[h]─→[h]─→[h]─→[h]",
    "           ↑    ↑    ↑    ↑    ↑",
    "reads      9    9    2    1    0",
    "carry      1    1    1    0    0",
  ]);
  assert(part?.title.includes("3 units"));
});

Deno.test("unrolledPart() ends where the terminal does, and draws nothing of a model without states", async () => {
  const task = await counting(TASK).create();
  const part = await unrolledPart(task, MORE, "1299", 20);
  assertStrictEquals(part?.lines[2], "state  0─→[h]─→[h]…");
  const blind: Predict = async (request) => ({ outputs: (await MORE(request)).outputs });
  assertStrictEquals(await unrolledPart(task, blind, "1299", 80), undefined);
});
