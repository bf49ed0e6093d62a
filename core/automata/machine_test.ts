import { assertEquals, assertThrows } from "@std/assert";
import { fc } from "../test_support/fast_check.ts";
import { machines } from "../test_support/random_machine.ts";
import { checkMachine, type MealyMachine, runMachine, toMealy, toMoore } from "./machine.ts";

const INCREMENT: MealyMachine = {
  kind: "mealy",
  alphabet: ["0", "1"],
  start: 0,
  next: [[1, 0], [1, 1]],
  outputs: [["1", "0"], ["0", "1"]],
};

Deno.test("runMachine() gives the states and the answers on the way", () => {
  assertEquals(runMachine(INCREMENT, [1, 1, 0, 1]), {
    states: [0, 0, 0, 1, 1],
    outputs: ["0", "0", "1", "1"],
  });
});

Deno.test("toMoore() and toMealy() answer as the machine does, but to the empty word", () => {
  const words = fc.array(fc.nat(), { maxLength: 12 });
  fc.assert(fc.property(machines(), words, (machine, numbers) => {
    const word = numbers.map((n) => n % machine.alphabet.length);
    const { outputs } = runMachine(machine, word);
    const other = machine.kind === "moore" ? toMealy(machine) : toMoore(machine, "?");
    checkMachine(other);
    assertEquals(
      runMachine(other, word).outputs,
      machine.kind === "moore" ? outputs.slice(1) : ["?", ...outputs],
    );
  }));
});

Deno.test("checkMachine() refuses what is not whole", () => {
  checkMachine(INCREMENT);
  assertThrows(
    () => checkMachine({ ...INCREMENT, alphabet: ["0", "0"] }),
    RangeError,
    'Cannot use a machine: its symbols must be some, and differ, found ["0","0"]',
  );
  assertThrows(
    () => checkMachine({ ...INCREMENT, outputs: [["0", "1"]] }),
    TypeError,
    "Cannot use a machine of 2 states: as many outputs are needed, found 1",
  );
  assertThrows(
    () => checkMachine({ ...INCREMENT, start: 2 }),
    RangeError,
    "Cannot start a machine of 2 states: found state 2",
  );
  assertThrows(
    () => checkMachine({ ...INCREMENT, next: [[1, 0], [1]] }),
    TypeError,
    "Cannot use a machine of 2 symbols: state 1 must have a next state and an output for each, " +
      "found 1 and 2",
  );
  assertThrows(
    () => checkMachine({ ...INCREMENT, next: [[1, 0], [1, -1]] }),
    RangeError,
    "Cannot use a machine of 2 states: state 1 leads to state -1",
  );
});
