import { assertEquals } from "@std/assert";
import { fc } from "../test_support/fast_check.ts";
import { machines } from "../test_support/random_machine.ts";
import { compareMachines } from "./compare.ts";
import { checkMachine, type Machine, type MooreMachine } from "./machine.ts";
import { minimize } from "./minimize.ts";

/** Counts the states that words lead to and tell apart, by Moore's way: refine until nothing changes. */
function leastSize({ start, next, outputs }: Machine): number {
  const reached = new Set([start]);
  for (const state of reached) for (const to of next[state]) reached.add(to);
  let classes: readonly string[] = outputs.map((said) => `${said}`);
  while (true) {
    const finer = next.map((row, state) => `${classes[state]}|${row.map((to) => classes[to])}`);
    const count = (of: readonly string[]) => new Set([...reached].map((state) => of[state])).size;
    if (count(finer) === count(classes)) return count(classes);
    // Short names, or they would grow without end.
    const names = [...new Set(finer)];
    classes = finer.map((name) => String(names.indexOf(name)));
  }
}

Deno.test("minimize() keeps every answer, and leaves no state that can be spared", () => {
  fc.assert(
    fc.property(machines(10), (machine) => {
      const least = minimize(machine);
      checkMachine(least);
      assertEquals(compareMachines(machine, least).equal, true);
      assertEquals(least.next.length, leastSize(machine));
    }),
    { numRuns: 500 },
  );
});

Deno.test("minimize() gives equal machines for machines that answer the same", () => {
  fc.assert(fc.property(machines(), fc.infiniteStream(fc.nat()), (machine, numbers) => {
    // Each state twice, and arrows to either.
    const size = machine.next.length;
    const either = (to: number) => to + size * ((numbers.next().value as number) % 2);
    const doubled = {
      ...machine,
      next: [...machine.next, ...machine.next].map((row) => row.map(either)),
      outputs: [...machine.outputs, ...machine.outputs],
    } as Machine;
    assertEquals(minimize(doubled), minimize(machine));
  }));
});

Deno.test("minimize() is quick where each round splits one state off", () => {
  // A counter that says when it is full: n rounds of refining n states would be 4 · 10⁸ steps.
  const size = 20_000;
  const counter: MooreMachine<boolean> = {
    kind: "moore",
    alphabet: ["tick", "reset"],
    start: 0,
    next: Array.from({ length: size }, (_, i) => [Math.min(i + 1, size - 1), 0]),
    outputs: Array.from({ length: size }, (_, i) => i === size - 1),
  };
  assertEquals(minimize(counter), counter);
});
