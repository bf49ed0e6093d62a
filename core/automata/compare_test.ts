import { assertEquals, assertThrows } from "@std/assert";
import { fc } from "../test_support/fast_check.ts";
import { machinePairs } from "../test_support/random_machine.ts";
import { compareMachines } from "./compare.ts";
import { type MealyMachine, type MooreMachine, runMachine, type Word } from "./machine.ts";

/** All words of a length, in the order of their symbols. */
function wordsOf(symbols: number, length: number): Word[] {
  let words: Word[] = [[]];
  for (let i = 0; i < length; i++) {
    words = words.flatMap((word) =>
      Array.from({ length: symbols }, (_, symbol) => [...word, symbol])
    );
  }
  return words;
}

Deno.test("compareMachines() finds the first of the shortest words that tell machines apart", () => {
  fc.assert(
    fc.property(machinePairs(3), fc.boolean(), ([a, b], ignoreEmpty) => {
      const isMoore = a.kind === "moore";
      const answer = (machine: typeof a, word: Word) =>
        runMachine(machine, word).outputs.at(-1) as string;
      // Two machines of n and m states that differ do so within n + m symbols.
      let wanted: Word | undefined;
      const last = a.next.length + b.next.length;
      for (let length = isMoore && !ignoreEmpty ? 0 : 1; length <= last && !wanted; length++) {
        wanted = wordsOf(a.alphabet.length, length)
          .find((word) => answer(a, word) !== answer(b, word));
      }
      const found = compareMachines(a, b, { ignoreEmpty });
      assertEquals(found.equal ? undefined : found.word, wanted);
      if (!found.equal) {
        assertEquals(found.outputs, [answer(a, found.word), answer(b, found.word)]);
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("compareMachines() refuses machines that read or answer in two ways", () => {
  const one: MooreMachine = {
    kind: "moore",
    alphabet: ["0"],
    start: 0,
    next: [[0]],
    outputs: [""],
  };
  assertThrows(
    () => compareMachines(one, { ...one, alphabet: ["1"] }),
    TypeError,
    'Cannot compare machines: one alphabet is needed, found ["0"] and ["1"]',
  );
  assertThrows(
    () =>
      compareMachines<string>(
        one,
        { ...one, kind: "mealy", outputs: [[""]] } satisfies MealyMachine,
      ),
    TypeError,
    "Cannot compare machines: two of one kind are needed, found moore and mealy",
  );
});
