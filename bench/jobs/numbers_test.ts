import { assertAlmostEquals, assertEquals } from "@std/assert";
import { flopsPerStep, jobNamed, JOBS } from "./job.ts";
import { batches, initialParameters } from "./numbers.ts";

Deno.test("flopsPerStep() counts the products of an LSTM", () => {
  // 3 products of [2048, 42 or 512] by 2,048 gates and 3 of [2048, 512] by 86 symbols, 2 an element.
  assertAlmostEquals(flopsPerStep(jobNamed("char-lstm-large")) / 1e9, 14.5, 0.05);
});

Deno.test("batches() asks for the next number, digit by digit", () => {
  const all = batches(jobNamed("counting-rnn"));
  const number = (name: string, row: number): number => {
    const { data } = all.get(name)!;
    return Array.from({ length: 11 }, (_, t) => Number(data[t * 32 + row]) * 10 ** t)
      .reduce((a, b) => a + b);
  };
  for (let row = 0; row < 32; row++) {
    assertEquals(number("targets", row), number("inputs", row) + 1);
  }
});

Deno.test("batches() asks for the character after", () => {
  const all = batches(jobNamed("minchar-sevenths"));
  const [inputs, targets] = [all.get("inputs")!.data, all.get("targets")!.data];
  assertEquals([...targets.slice(0, -1)], [...inputs.slice(1)]);
  assertEquals(new Set(inputs as Int32Array).size, 6);
});

Deno.test("initialParameters() and batches() are the same each time, in range and full", () => {
  for (const job of JOBS) {
    assertEquals(initialParameters(job), initialParameters(job));
    for (const { shape, data } of batches(job).values()) {
      assertEquals(data.length, shape.reduce((a, b) => a * b, 1));
      for (const value of data as Int32Array | Float32Array) {
        if (value < 0 || value >= job.classes) throw new RangeError(`${job.name}: ${value}`);
      }
    }
  }
});
