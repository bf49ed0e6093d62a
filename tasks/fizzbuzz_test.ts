import { assertEquals } from "@std/assert";
import { type Batch, type Model, type Predict, randomFor } from "@unroll/core/plugin";
import { fizzbuzz, type FizzbuzzOptions } from "./fizzbuzz.ts";
import { fizzbuzzClass, fizzbuzzWord } from "./fizzbuzz_words.ts";

const CLASSES = 4;

/** What stands at a place of a batch, decoded. */
function numberAt(encoding: FizzbuzzOptions["encoding"], request: Partial<Batch>, i: number) {
  const { inputs, length = 0, size = 1 } = request;
  if (encoding === "none") return i;
  let n = 0;
  for (let t = 0; t < length; t++) {
    const symbol = inputs![t * size + i];
    n = encoding === "binary" ? n + symbol * 2 ** t : n * 10 + symbol;
  }
  return n;
}

/** A model that is always right, or says of some numbers that they are to be copied. */
function oracle(
  encoding: FizzbuzzOptions["encoding"],
  copied: (n: number) => boolean = () => false,
): Predict {
  return (request) => {
    const places = encoding === "none" ? request.length : request.size ?? 1;
    const outputs = new Float32Array(places * CLASSES);
    for (let i = 0; i < places; i++) {
      const n = numberAt(encoding, request, i);
      outputs[i * CLASSES + (copied(n) ? 0 : fizzbuzzClass(n))] = 1;
    }
    return Promise.resolve({ outputs });
  };
}

Deno.test("fizzbuzzClass() and fizzbuzzWord() say what a person would", () => {
  const words = Array.from({ length: 16 }, (_, n) => fizzbuzzWord(n, fizzbuzzClass(n)));
  assertEquals(
    words.join(" "),
    "fizzbuzz 1 2 fizz 4 buzz fizz 7 8 fizz buzz 11 fizz 13 14 fizzbuzz",
  );
});

for (const encoding of ["none", "binary", "digits"] as const) {
  Deno.test(`fizzbuzz() in ${encoding}: batches hold numbers and their classes`, async () => {
    const task = await fizzbuzz({ encoding }).create();
    for (let step = 0; step < 40; step++) {
      const batch = task.batch({ step, seed: 1, random: randomFor(1, step) });
      for (const [i, wanted] of batch.targets.entries()) {
        assertEquals(wanted, fizzbuzzClass(numberAt(encoding, batch, i)));
      }
      // A pure function of seed and step.
      assertEquals(task.batch({ step, seed: 1, random: randomFor(1, step) }), batch);
    }
  });

  Deno.test(`fizzbuzz() in ${encoding}: an oracle is without error, and errors are counted`, async () => {
    const task = await fizzbuzz({ encoding }).create();
    assertEquals((await task.validate(oracle(encoding))).error, 0);
    // 15, 30, …, 990 and 0 itself: 67 of the 1,001; of 101 to 1000, which binary is validated on, 60.
    const flawed = oracle(encoding, (n) => n % 15 === 0);
    assertEquals(
      (await task.validate(flawed)).error,
      encoding === "binary" ? 60 / 900 : 67 / 1001,
    );
    const lines = await task.show!(flawed);
    assertEquals(lines[0], "1 2 fizz 4 buzz fizz 7 8 fizz buzz 11 fizz 13 14 !15!");
    assertEquals(lines.at(-1), "934 of 1..1000 right");
  });
}

Deno.test("fizzbuzz() in binary goes through 101 … 1023 in a new order each epoch", async () => {
  const task = await fizzbuzz({ encoding: "binary" }).create();
  assertEquals(task.stepsPerEpoch, 29);
  const epoch = (first: number, seed: number) =>
    Array.from({ length: 29 }, (_, i) => {
      const batch = task.batch({ step: first + i, seed, random: randomFor(seed, first + i) });
      return Array.from({ length: batch.size }, (_, j) => numberAt("binary", batch, j));
    }).flat();
  const first = epoch(0, 0);
  assertEquals(
    first.toSorted((a, b) => a - b),
    Array.from({ length: 923 }, (_, i) => i + 101),
  );
  assertEquals(first.join() === epoch(29, 0).join(), false);
  assertEquals(first.join() === epoch(0, 1).join(), false);
  const flawed = oracle("binary", (n) => n === 99);
  const { metrics, error } = await task.validate(flawed);
  // What chooses the best parameters knows nothing of the numbers that are asked for in the end.
  assertEquals([metrics, error], [{ error_1_to_100: 0.01 }, 0]);
  const other = await task.validate(oracle("binary", (n) => n === 102));
  assertEquals([other.metrics, other.error], [{ error_1_to_100: 0 }, 1 / 900]);
});

Deno.test("fizzbuzz() counts in sequences of 16, 31, 46 and 61", async () => {
  const task = await fizzbuzz().create();
  const lengths = new Set<number>();
  for (let step = 0; step < 40; step++) {
    const batch = task.batch({ step, seed: 0, random: randomFor(0, step) });
    lengths.add(batch.length);
    assertEquals([batch.size, batch.inputs], [1, undefined]);
  }
  assertEquals([...lengths].sort(), [16, 31, 46, 61]);
  const [three] = task.annotate!({ length: 4, size: 1, targets: new Int32Array(4) });
  assertEquals(three, { name: "n mod 3", values: Int32Array.of(0, 1, 2, 0) });
});

Deno.test("fizzbuzz() recommends more steps where there are few hidden units", async () => {
  const task = await fizzbuzz().create();
  const steps = (hidden: number) =>
    task.defaults(
      { options: { hidden }, traits: { windowed: false, gated: true } } as unknown as Model,
    ).steps;
  assertEquals(steps(5) > steps(16), true);
});

Deno.test("fizzbuzz() lets a model count to a million, and sees where it goes wrong", async () => {
  const task = await fizzbuzz().create();
  let [first, open] = [0, 0];
  const state = () => ({ dispose: () => void open--, [Symbol.dispose]() {} });
  const counter: Predict = ({ length, state: before, keepState }) => {
    if (before === undefined) first = 0;
    before?.dispose();
    const outputs = new Float32Array(length * CLASSES);
    // From 2,000 on it is one number behind.
    for (let i = 0; i < length; i++) {
      outputs[i * CLASSES + fizzbuzzClass(first + i - Number(first + i >= 2000))] = 1;
    }
    first += length;
    if (keepState) open++;
    return Promise.resolve({ outputs, ...(keepState ? { state: state() } : {}) });
  };
  const probes = await Array.fromAsync(task.probes!(counter));
  assertEquals(probes.slice(0, 3).map(({ from, at, count }) => [from, at, count]), [
    [0, 9, 10],
    [10, 19, 10],
    [20, 49, 30],
  ]);
  const right = probes.filter(({ count, right }) => count === right).map(({ at }) => at);
  assertEquals([right.at(-1), probes.at(-1)?.at, open], [1999, 999_999, 0]);
});

for (const encoding of ["binary", "digits"] as const) {
  Deno.test(`fizzbuzz() in ${encoding} is asked for longer numbers than in training`, async () => {
    const task = await fizzbuzz({ encoding, digits: 3 }).create();
    const limit = encoding === "binary" ? 2 ** 12 : 10 ** 5;
    const probes = await Array.fromAsync(task.probes!(oracle(encoding, (n) => n >= limit)));
    const right = probes.filter(({ count, right }) => count === right).map(({ at }) => at);
    assertEquals(right.at(-1), encoding === "binary" ? 12 : 5);
    const [{ trained }] = probes;
    assertEquals([trained, probes.at(-1)!.at], encoding === "binary" ? [10, 20] : [3, 19]);
    assertEquals(probes.slice(6).every(({ count }) => count === 40), true);
  });
}

Deno.test("fizzbuzz() says which words are taken for which", async () => {
  const task = await fizzbuzz().create();
  const { confusions, parts } = await task.breakdown!(oracle("none", (n) => n % 15 === 0));
  assertEquals(confusions, [
    { wanted: "number", said: "number", count: 533 },
    { wanted: "fizz", said: "fizz", count: 267 },
    { wanted: "buzz", said: "buzz", count: 134 },
    { wanted: "fizzbuzz", said: "number", count: 67 },
  ]);
  assertEquals(parts.map(({ at, right, count }) => [at, count - right]), [
    [1, 1],
    [2, 6],
    [4, 60],
  ]);
  const candidates = await task.candidates!(oracle("none"), "15");
  assertEquals(candidates.map(({ text }) => text), ["fizzbuzz", "15", "fizz", "buzz"]);
});
