import { minimize, type MooreMachine, runMachine, type Word } from "@unroll/core/automata";
import { randomFor } from "@unroll/core/plugin";
import { assert, assertEquals } from "@std/assert";
import { machineNetwork } from "../test_support/machine_network.ts";
import { NetworkAnswers } from "./network_answers.ts";
import { wordsThatSplit } from "./split_states.ts";

/** Counts ones, and after three of them says so, if two zeros follow; without, it looks like one state. */
const HIDING: MooreMachine<number> = {
  kind: "moore",
  alphabet: ["0", "1"],
  start: 0,
  next: [[0, 1], [0, 2], [0, 3], [4, 3], [5, 3], [0, 0]],
  outputs: [0, 0, 0, 0, 0, 1],
};

Deno.test("wordsThatSplit() finds what comes after states that a guess takes for one", async () => {
  const network = new NetworkAnswers(machineNetwork(HIDING));
  const guess: MooreMachine<number> = {
    kind: "moore",
    alphabet: HIDING.alphabet,
    start: 0,
    next: [[0, 0]],
    outputs: [0],
  };
  // None of these shows a difference: they come to the states, and end there.
  const words: Word[] = [[1], [1, 1], [0, 1, 1, 1], [1, 1, 1, 0], [0, 0, 0, 0, 1]];
  for (const word of words) assertEquals(runMachine(HIDING, word).outputs.includes(1), false);
  const doubted = await wordsThatSplit(network, guess, words, randomFor(1, 0));
  const telling = doubted.filter((word) => runMachine(HIDING, word).outputs.includes(1));
  assert(telling.length > 0);
  assert(telling.some((word) => word.slice(0, 4).join("") === "0111"));
  assertEquals(minimize(HIDING).next.length, 6);
});
