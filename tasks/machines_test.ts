/** What tasks are as machines. */
import {
  compareMachines,
  factorMachine,
  minimize,
  type MooreMachine,
  runMachine,
} from "@unroll/core/automata";
import { machineTargets, randomFor, type TaskInstance } from "@unroll/core/plugin";
import { assert, assertEquals } from "@std/assert";
import { counting } from "./counting.ts";
import { fizzbuzz } from "./fizzbuzz.ts";
import { fizzbuzzClass } from "./fizzbuzz_words.ts";

/** The least machine of a task. */
function least({ machine }: TaskInstance) {
  assert(machine !== undefined);
  return minimize(machine().machine);
}

for (const [encoding, states] of [["none", 15], ["digits", 6], ["binary", 15]] as const) {
  Deno.test(`fizzbuzz() in ${encoding} is a machine of ${states} states`, async () => {
    const task = await fizzbuzz({ encoding }).create();
    const { next, kind } = least(task);
    assertEquals([kind, next.length], ["moore", states]);
  });
}

Deno.test("fizzbuzz() in bits, most significant first, would be a machine of 15 states", () => {
  // 30 states, which remember whether anything was read too.
  const states = Array.from({ length: 30 }, (_, i) => i);
  const machine: MooreMachine<number> = {
    kind: "moore",
    alphabet: ["0", "1"],
    start: 0,
    next: states.map((i) => [0, 1].map((bit) => 15 + (2 * i + bit) % 15)),
    outputs: states.map(fizzbuzzClass),
  };
  // Those from 15 on leave the same rest as i − 15.
  const { next } = minimize(machine);
  assertEquals(next.length, 15);
});

Deno.test("fizzbuzz() is a machine that answers as the task does, to thousands of numbers", async () => {
  const numbers = Array.from({ length: 5000 }, (_, i) => i < 3000 ? i : i * 997 + 10 ** 9);
  const words = {
    none: (n: number) => Array.from({ length: n }, () => 0),
    digits: (n: number) => [...String(n)].map(Number),
    binary: (n: number) => [...n.toString(2)].reverse().map(Number),
  };
  for (const encoding of ["none", "digits", "binary"] as const) {
    const { machine } = (await fizzbuzz({ encoding }).create()).machine?.() ?? {};
    assert(machine !== undefined);
    for (const n of encoding === "none" ? numbers.slice(0, 2000) : numbers) {
      const said = runMachine(machine, words[encoding](n)).outputs.at(-1);
      assertEquals(said, fizzbuzzClass(n), `${n} in ${encoding}`);
    }
  }
});

Deno.test("fizzbuzz() without input is 3 × 5", async () => {
  const factors = factorMachine(least(await fizzbuzz().create()));
  assertEquals(factors?.map(({ next }) => next.length), [3, 5]);
});

Deno.test("counting() is a machine of two states, one with a carry and one without, in any base", async () => {
  for (const base of [2, 10, 16]) {
    const { kind, next, outputs } = least(await counting({ base }).create());
    assertEquals([kind, next.length], ["mealy", 2]);
    assertEquals(outputs[1], Array.from({ length: base }, (_, digit) => digit));
  }
});

Deno.test("counting() is a machine that answers as the task does, to thousands of numbers", async () => {
  const { spec, machine } = await counting().create();
  assert(machine !== undefined);
  for (let n = 0; n < 12_000; n++) {
    const digits = [...String(n).padStart(8, "0")].reverse().map(Number);
    const inputs = Int32Array.from(digits);
    const said = machineTargets(spec, machine(), { length: 8, size: 1, inputs });
    assertEquals(Number([...said].reverse().join("")), n + 1);
  }
});

Deno.test("counting() and fizzbuzz() have the targets of their machines in thousands of examples", async () => {
  const tasks = [counting(), counting({ base: 3 }), fizzbuzz({ encoding: "digits" })];
  for (const task of tasks) {
    const { spec, machine, batch } = await task.create();
    assert(machine !== undefined);
    for (let step = 0; step < 60; step++) {
      const given = batch({ step, seed: 5, random: randomFor(5, step) });
      assertEquals(machineTargets(spec, machine(), given), given.targets);
    }
  }
});

Deno.test("compareMachines() tells a counting machine that fades after 25 nines by 26 of them", async () => {
  const { machine } = (await counting().create()).machine?.() ?? {};
  assert(machine?.kind === "mealy");
  // A state for each nine so far, and at the end the carry is forgotten.
  const size = 26;
  const [add, copy] = machine.outputs;
  const fading = {
    ...machine,
    start: 1,
    next: [
      machine.next[1].map(() => 0),
      ...Array.from(
        { length: size },
        (_, i) => machine.next[0].map((to) => to === 1 || i === size - 1 ? 0 : i + 2),
      ),
    ],
    outputs: [copy, ...Array.from({ length: size }, () => add)],
  };
  const found = compareMachines(machine, fading);
  assertEquals(found.equal ? [] : found.word, [...Array.from({ length: 26 }, () => 9), 0]);
});
