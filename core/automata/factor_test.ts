import { assert, assertEquals } from "@std/assert";
import { fc } from "../test_support/fast_check.ts";
import { arbitraryMachine } from "../test_support/random_machine.ts";
import { factorMachine } from "./factor.ts";
import type { Machine, MooreMachine } from "./machine.ts";
import { minimize } from "./minimize.ts";

/** Two machines side by side. */
function product(a: Machine, b: Machine): Machine {
  const size = b.next.length;
  const states = Array.from(
    { length: a.next.length * size },
    (_, i) => [Math.floor(i / size), i % size],
  );
  return {
    kind: "moore",
    alphabet: a.alphabet,
    start: a.start * size + b.start,
    next: states.map(([s, t]) => a.next[s].map((to, symbol) => to * size + b.next[t][symbol])),
    outputs: states.map(String),
  };
}

Deno.test("factorMachine() takes products apart, and each factor runs by itself", () => {
  let count = 0;
  fc.assert(
    fc.property(arbitraryMachine("moore", 2, 5), arbitraryMachine("moore", 2, 5), (a, b) => {
      const machine = minimize(product(a, b));
      const size = machine.next.length;
      const factors = factorMachine(machine);
      // If all pairs are reached, it is a product.
      const isWhole = size === a.next.length * b.next.length && a.next.length > 1 &&
        b.next.length > 1;
      if (isWhole) assert(factors !== undefined);
      if (factors === undefined) return;
      count++;
      const [one, other] = factors;
      assertEquals(one.next.length * other.next.length, size);
      assertEquals(new Set(one.of.map((block, i) => `${block} ${other.of[i]}`)).size, size);
      for (const { of, next } of factors) {
        assertEquals(of[machine.start], 0);
        machine.next.forEach((row, state) =>
          assertEquals(row.map((to) => of[to]), [...next[of[state]]])
        );
      }
    }),
    { numRuns: 200 },
  );
  // Chance makes some.
  assert(count > 0);
});

Deno.test("factorMachine() finds none where there are none", () => {
  const round = (size: number): MooreMachine<number> => ({
    kind: "moore",
    alphabet: ["tick"],
    start: 0,
    next: Array.from({ length: size }, (_, i) => [(i + 1) % size]),
    outputs: Array.from({ length: size }, (_, i) => i),
  });
  const sizes = (size: number) => factorMachine(round(size))?.map(({ next }) => next.length);
  assertEquals([sizes(7), sizes(9), sizes(12), sizes(15)], [undefined, undefined, [3, 4], [3, 5]]);
});

Deno.test("factorMachine() finds the factor that only knows the last symbol, which no two states generate", () => {
  const walk = {
    start: 0,
    alphabet: ["0", "1"],
    next: [[0, 1], [2, 2], [1, 0]],
    outputs: ["a", "a", "a"],
  };
  const last = { start: 0, alphabet: ["0", "1"], next: [[1, 0], [1, 0]], outputs: ["a", "a"] };
  const machine = minimize(product({ kind: "moore", ...walk }, { kind: "moore", ...last }));
  assertEquals(factorMachine(machine)?.map(({ next }) => next.length), [2, 3]);
});
