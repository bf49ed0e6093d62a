import { assert, assertEquals } from "@std/assert";
import { fc } from "../test_support/fast_check.ts";
import { machines } from "../test_support/random_machine.ts";
import { compareMachines } from "./compare.ts";
import { learnMachine, testWords } from "./learn.ts";
import { type Machine, type MooreMachine, runMachine, type Word } from "./machine.ts";
import { minimize } from "./minimize.ts";

/** Answers as a machine does. */
function asking(machine: Machine) {
  return (words: readonly Word[]) =>
    Promise.resolve(words.map((word) => {
      assert(machine.kind === "moore" || word.length > 0, "no Mealy machine answers to nothing");
      return runMachine(machine, word).outputs.at(-1) as string;
    }));
}

Deno.test("learnMachine() learns random machines exactly, from any counterexamples", async () => {
  await fc.assert(
    fc.asyncProperty(machines(12), fc.infiniteStream(fc.nat()), async (machine, numbers) => {
      const { kind, alphabet } = machine;
      const { machine: learned, incomplete, counterexamples } = await learnMachine({
        ask: asking(machine),
        counterexample(guess: Machine) {
          const found = compareMachines(machine, guess);
          if (found.equal) return Promise.resolve(undefined);
          // A long one, if there is: random symbols, until the answers differ again.
          const word = [...found.word];
          const differs = () =>
            runMachine(machine, word).outputs.at(-1) !== runMachine(guess, word).outputs.at(-1);
          for (let i = 0; i < 50 || !differs() && i < 100; i++) {
            word.push((numbers.next().value as number) % alphabet.length);
          }
          return Promise.resolve(differs() ? word : found.word);
        },
      }, { kind, alphabet });
      assertEquals(learned, minimize(machine));
      assertEquals(incomplete, undefined);
      assert(counterexamples.length < learned.next.length, "each shows one more state");
    }),
    { numRuns: 200 },
  );
});

/** Counts to a number and says there that it is full, then starts anew. */
function counter(size: number): MooreMachine {
  return {
    kind: "moore",
    alphabet: ["tick"],
    start: 0,
    next: Array.from({ length: size }, (_, i) => [(i + 1) % size]),
    outputs: Array.from({ length: size }, (_, i) => i === size - 1 ? "full" : ""),
  };
}

Deno.test("learnMachine() looks for counterexamples by itself", async () => {
  const machine = counter(20);
  const { kind, alphabet } = machine;
  const learned = await learnMachine({ ask: asking(machine) }, { kind, alphabet });
  assertEquals(learned.machine, machine);
  assertEquals(learned.counterexamples[0].length, 19);
});

Deno.test("learnMachine() stops at its limits, says so, and gives what it has", async () => {
  const machine = counter(20);
  const { kind, alphabet } = machine;
  const few = await learnMachine({ ask: asking(machine) }, { kind, alphabet, maxStates: 10 });
  assertEquals(few.incomplete, "There are more than 10 states");
  assert(few.machine.next.length <= 10);
  const asked = await learnMachine({ ask: asking(machine) }, { kind, alphabet, maxQueries: 10 });
  assertEquals(asked.incomplete, "More than 10 words would have to be asked");
});

Deno.test("learnMachine() refuses a counterexample that is none", async () => {
  const machine = counter(3);
  const { kind, alphabet } = machine;
  const wrong = learnMachine({
    ask: asking(machine),
    counterexample: () => Promise.resolve([0, 0, 0]),
  }, { kind, alphabet });
  assertEquals(
    await wrong.catch((error: Error) => error.message),
    "Cannot learn from a counterexample of 3 symbols: the answer to it is the machine's",
  );
});

Deno.test("testWords() lists all short words, and then random ones", () => {
  const words = [...testWords(10, { random: () => 0.999, longest: 5, count: 2 })];
  assertEquals(words.length, 10 + 100 + 1000 + 2);
  assertEquals(words.slice(-2), [[9, 9, 9, 9, 9], [9, 9, 9, 9, 9]]);
});
