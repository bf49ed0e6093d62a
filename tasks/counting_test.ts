import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Predict, PredictRequest, TaskInstance } from "@unroll/core/plugin";
import { restoreTask } from "@unroll/core/plugin/host";
import { checkTask } from "@unroll/core/testing";
import { counting } from "./counting.ts";
import { countOn, nextNumber } from "./counting_answers.ts";
import { carryGroups, carryNumbers, splitNumbers, testNumbers } from "./counting_numbers.ts";
import { carryLength, formatDigits, nextDigits } from "./digits.ts";

/** A model that adds by rule, but forgets the carry after so many digits. */
function adder(base: number, memory = Infinity): Predict {
  return ({ length, size = 1, inputs = new Int32Array() }: PredictRequest) => {
    const outputs = new Float32Array(length * size * base);
    for (let i = 0; i < size; i++) {
      const digits = Array.from({ length }, (_, t) => inputs[t * size + i]);
      const next = nextDigits(digits, base);
      const carry = carryLength(digits, base);
      for (let t = 0; t < length; t++) {
        const said = carry > memory && t >= memory ? digits[t] : next[t];
        outputs[(t * size + i) * base + said] = 20;
      }
    }
    return Promise.resolve({ outputs });
  };
}

Deno.test("counting() keeps the contract of tasks", async () => {
  await checkTask(counting());
  for (const base of [2, 3, 16]) {
    await checkTask(counting({ base, digits: 6, testDigits: 40, training: 300, validation: 50 }));
  }
  await checkTask(counting({ digits: 1, batch: 4, testDigits: 0 }));
  await checkTask(counting({ digits: 4, length: 9, carries: 0, training: 64, testDigits: 1 }));
});

Deno.test("counting() gives batches of n and n + 1, least significant digit first", async () => {
  for (const base of [2, 7, 10, 16]) {
    const task = await counting({ base, digits: 9, training: 200, batch: 50 }).create();
    const { length, size, inputs = [], targets } = task.batch({
      step: 3,
      seed: 1,
      random: () => 0,
    });
    assertEquals([length, size], [10, 50]);
    for (let i = 0; i < size; i++) {
      const read = (data: ArrayLike<number>) =>
        formatDigits(Array.from({ length }, (_, t) => data[t * size + i]));
      const value = (text: string) => parseInt(text, base);
      assertEquals(value(read(targets)), value(read(inputs)) + 1);
    }
  }
});

Deno.test("counting() goes through all training numbers once an epoch, in another order each", async () => {
  const task = await counting({ digits: 8, training: 64, batch: 16, carries: 0 }).create();
  assertEquals(task.stepsPerEpoch, 4);
  const epoch = (first: number) =>
    Array.from({ length: 4 }, (_, i) => texts(task, first + i)).flat();
  assertEquals(epoch(0).sort(), epoch(4).sort());
  assert(epoch(0).join() !== epoch(4).join());
});

function texts(task: TaskInstance, step: number): string[] {
  const { length, size, inputs = [] } = task.batch({ step, seed: 0, random: () => 0 });
  return Array.from(
    { length: size },
    (_, i) => formatDigits(Array.from({ length }, (_, t) => inputs[t * size + i])),
  );
}

Deno.test("splitNumbers() keeps the numbers to validate on out of training", () => {
  const settings = { base: 10, digits: 10, carries: 0.5 };
  const { training, validation } = splitNumbers(settings, 9000, 1000);
  assertEquals([training.length, validation.length], [9000, 1000]);
  const held = new Set(validation.map(formatDigits));
  assertEquals(held.size, 1000);
  assert(training.every((n) => !held.has(formatDigits(n))));
  // A run of nines in half of them, half of those at the end; of the others 1 in 10 ends in nine.
  const carrying = training.filter((n) => carryLength(n, 10) > 0).length / 9000;
  assert(carrying > 0.3 && carrying < 0.45, `${carrying}`);
});

Deno.test("splitNumbers() takes all numbers where there are few", () => {
  const { training, validation } = splitNumbers({ base: 2, digits: 5, carries: 0.5 }, 9000, 1000);
  const all = [...training, ...validation].map((n) => parseInt(formatDigits(n), 2));
  assertEquals(all.sort((a, b) => a - b), Array.from({ length: 32 }, (_, n) => n));
  assertEquals(validation.length, 4);
});

Deno.test("testNumbers() holds the carry through every digit", () => {
  for (const digits of [1, 2, 25, 1000]) {
    const numbers = testNumbers(10, digits);
    assert(numbers.every((n) => n.length === digits));
    assert(numbers.some((n) => carryLength(n, 10) === digits));
  }
});

Deno.test("carryNumbers() carry through just so many digits, and differ", () => {
  for (const [base, run] of [[10, 0], [10, 32], [16, 1000], [2, 4]]) {
    const numbers = carryNumbers(base, run, 40);
    assertEquals(numbers.length, 40);
    for (const n of numbers) {
      assertEquals([carryLength(n, base), n.at(-1) === 0], [run, false]);
    }
    assert(new Set(numbers.map(formatDigits)).size > (base === 2 ? 20 : 39));
  }
  assertEquals(carryGroups(1000).flat(), [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000]);
});

Deno.test("counting() finds a model that adds by rule without fault", async () => {
  const task = await counting({ base: 16, digits: 12 }).create();
  const { error, loss, metrics } = await task.validate(adder(16));
  assertEquals([error, metrics?.test_accuracy, metrics?.longest_carry], [0, 1, 1000]);
  // 15 others at e⁻²⁰ each.
  assertAlmostEquals(loss, Math.log1p(15 * Math.exp(-20)), 1e-12);
});

Deno.test("counting() finds how far a model carries", async () => {
  const task = await counting({ digits: 20 }).create();
  const { error = 0, metrics = {} } = await task.validate(adder(10, 16));
  assert(error > 0 && error < 0.1, `${error}`);
  assertEquals(metrics.longest_carry, 16);
  assertEquals(metrics.accuracy_carry_9_16, 1);
  assertEquals(metrics.accuracy_carry_17_32, 0);
  assertEquals(metrics.accuracy_test_carry_513_1024, 0);
  assertAlmostEquals(metrics.number_accuracy, 1 - error, 1e-12);
  const lines = await task.show?.(adder(10, 16)) ?? [];
  assertEquals(lines.at(-1), "Carries through 16 9s in 40 of 40 numbers, through 32 in 0 of 40");
  const none = await task.show?.(adder(10, -1)) ?? [];
  assertEquals(none.at(-1), "Carries through 0 9s in 0 of 40 numbers");
  // Asked of 40 numbers each, so that one that is right by chance decides nothing.
  const lucky: Predict = async (request) => {
    const { outputs } = await adder(10)(request);
    const { size = 1, length } = request;
    // Of numbers of 64 nines and more, only the first is answered.
    const isAsked = (i: number) => length <= 64 || Math.floor(i / 10) % size === 0;
    return { outputs: outputs.map((x, i) => isAsked(i) ? x : 0) };
  };
  const { metrics: chance = {} } = await task.validate(lucky);
  assertEquals(chance.longest_carry, 32);
});

Deno.test("counting() probes find the nine at which a carry is forgotten", async () => {
  const task = await counting({ digits: 20 }).create();
  const probes = await Array.fromAsync(task.probes!(adder(10, 21)));
  const nines = probes.filter(({ axis }) => axis === "9s at the end");
  assert(nines.every(({ count, trained }) => count === 40 && trained === 20));
  assertEquals(nines.filter(({ right }) => right === 40).map(({ at }) => at).at(-1), 21);
  assertEquals(nines.filter(({ at }) => at > 21).every(({ right }) => right === 0), true);
  assertEquals(nines.at(-1)?.at, 1000);
  const digits = probes.filter(({ axis }) => axis === "digits");
  assertEquals([digits[0], digits.at(-1)?.count], [
    { axis: "digits", at: 1, count: 10, right: 10, trained: 20 },
    40,
  ]);
});

Deno.test("counting() breaks its validation down by digits, carries and positions", async () => {
  const task = await counting({ digits: 20, testDigits: 0 }).create();
  const { confusions, parts } = await task.breakdown!(adder(10, 16));
  assert(confusions.length > 10);
  // Only zeros that a carry leaves, and the digit after them, are wrong.
  assertEquals(
    confusions.filter(({ wanted, said }) => wanted !== said && wanted === "0").map(({ said }) =>
      said
    ),
    ["9"],
  );
  const carries = parts.filter(({ axis }) => axis === "9s at the end");
  assertEquals(carries.map(({ at, from, count, right }) => [at, from, right === count]), [
    [0, undefined, true],
    [1, undefined, true],
    [2, undefined, true],
    [4, 3, true],
    [8, 5, true],
    [16, 9, true],
    [32, 17, false],
  ]);
  assertEquals(carries.reduce((sum, { count }) => sum + count, 0), 1000);
});

Deno.test("counting() measures longer numbers than its sequences of training had room for", async () => {
  const plugin = (await counting({ digits: 5, length: 6 })).plugin;
  const { spec } = await restoreTask(plugin, { digits: 5, length: 6 }, { digits: 20 }).create();
  assertEquals(spec.length, 21);
  const same = await restoreTask(plugin, { digits: 5, length: 6 }, { digits: 4 }).create();
  assertEquals(same.spec.length, 6);
});

Deno.test("counting() gives its answer with the probability of all digits", async () => {
  const task = await counting({ digits: 3, testDigits: 0 }).create();
  const [{ text, probability }, ...more] = await task.candidates!(adder(10), "199");
  assertEquals([text, more], ["200", []]);
  assertAlmostEquals(probability, (1 + 9 * Math.exp(-20)) ** -4, 1e-12);
});

Deno.test("nextNumber() answers numbers of any length", async () => {
  assertEquals(await nextNumber(adder(10), "1476233999"), "1476234000");
  const nines = "9".repeat(5000);
  assertEquals(await nextNumber(adder(10), nines, { length: 21 }), `1${"0".repeat(5000)}`);
  await assertRejects(() => nextNumber(adder(2), "102", { base: 2 }), RangeError, 'found "2"');
});

Deno.test("countOn() feeds the answers back", async () => {
  const numbers: string[] = [];
  for await (const number of countOn(adder(16), "fd", { base: 16 })) {
    if (numbers.push(number) === 4) break;
  }
  assertEquals(numbers, ["fe", "ff", "100", "101"]);
});

Deno.test("counting() samples, answers and shows", async () => {
  const task = await counting({ digits: 6, testDigits: 30 }).create();
  let text = "";
  for await (const line of task.sample?.(adder(10), { prompt: "98", length: 3 }) ?? []) {
    text += line;
  }
  assertEquals(text, "99\n100\n101\n");
  assertEquals(await task.answer?.(adder(10), " 899 "), ["900"]);
  const lines = await task.show?.(adder(10)) ?? [];
  assert(lines.some((line) => line.startsWith("1 2 3 4 ")), lines.join("\n"));
  assert(lines.every(({ length }) => length <= 80), lines.join("\n"));
  assert((await task.show?.(adder(10, 0)) ?? []).some((line) => line.includes("wrong")));
});

Deno.test("counting() names where there is a carry", async () => {
  const task = await counting({ digits: 3, training: 10, validation: 5 }).create();
  const inputs = Int32Array.of(9, 3, 9, 9, 1, 0, 0, 0);
  const batch = { length: 4, size: 2, inputs, targets: new Int32Array(8) };
  const [{ values }] = task.annotate?.(batch) ?? [];
  assertEquals([...values], [1, 1, 1, 0, 1, 0, 0, 0]);
});

Deno.test("counting() refuses sequences that n + 1 does not fit in", () => {
  assertThrows(
    () => counting({ digits: 10, length: 10 }),
    RangeError,
    "length must be more than digits",
  );
  assertThrows(() => counting({ base: 17 }), RangeError, "Cannot use base 17");
});
