import type { MealyMachine, MooreMachine } from "@unroll/core/automata";
import { counting, fizzbuzz } from "@unroll/tasks";
import { assert, assertEquals } from "@std/assert";
import { fading, machineNetwork } from "../test_support/machine_network.ts";
import type { HiddenStateCapture } from "./hidden_states.ts";
import {
  findMachine,
  isDrawn,
  machineAsJson,
  machineAsText,
  QUICK,
  statesAt,
} from "./machine_report.ts";

async function reportOf(
  task: ReturnType<typeof counting | typeof fizzbuzz>,
  change: (machine: MealyMachine<number>) => MealyMachine<number> = (machine) => machine,
) {
  const known = (await task.create()).machine?.();
  assert(known !== undefined);
  const { machine } = known;
  const is = machine.kind === "mealy" ? change(machine) : machine;
  const report = await findMachine(machineNetwork(is, known), QUICK);
  assert(report !== undefined);
  return report;
}

Deno.test("findMachine() says what machine a network is that counts by itself", async () => {
  const report = await reportOf(fizzbuzz());
  assertEquals(report.sentences, [
    "It is a machine of 15 states (3 × 5), the same as the task's own, as 4,096 steps show.",
    "Its answers repeat themselves every 15 steps, from the first step on; its hidden states are " +
    "the same in every bit after 0 steps, 15 apart.",
  ]);
  assertEquals(report.factors?.map(({ next }) => next.length), [3, 5]);
  assertEquals(machineAsText(report).at(-1), "   14 says number: tick → 0");
});

Deno.test("findMachine() says where a network is wrong, in words that a person reads", async () => {
  const report = await reportOf(counting(), (machine) => fading(machine, 7));
  assertEquals(report.sentences.slice(1), [
    "The machine answers 200 of 200 other random words as the model does.",
    "It is wrong after 9 (7 times) 0, 8 symbols: it says 0, where 1 is right. If it is this machine, it is " +
    "right about all shorter words.",
  ]);
  assert(/^It is a machine of 8 states, as [\d,]+ words show\.$/.test(report.sentences[0]));
  assertEquals(isDrawn(report), true);
  const longest = (lines: readonly string[]) => Math.max(...lines.map(({ length }) => length));
  assert(longest(machineAsText(report, 80)) <= 80);
  assert(longest(machineAsText(report)) > 80);
  const { refuted } = machineAsJson(report) as { readonly refuted: object };
  assertEquals(refuted, { word: [..."99999990"], said: 0, wanted: 1 });
});

Deno.test("findMachine() does not draw, nor list, what it did not find", async () => {
  const report = await reportOf(counting(), (machine) => fading(machine, 45));
  assertEquals(isDrawn(report), false);
  assertEquals(machineAsText(report).at(-1), "It is too large to be shown: --json lists it.");
  assertEquals(
    report.sentences[2],
    "It is wrong after 9 (46 times), 46 symbols: it says 9, where 0 is right.",
  );
});

Deno.test("findMachine() says when a network is another machine far beyond what it learned from", async () => {
  const report = await reportOf(counting(), (machine) => fading(machine, 700));
  assertEquals(report.machine.next.length, 2);
  assertEquals(report.sentences.slice(1), [
    "The machine answers 200 of 200 other random words as the model does. They part after 9 (701 times), " +
    "701 symbols.",
    "It is wrong after 9 (701 times), 701 symbols: it says 9, where 0 is right.",
  ]);
  assertEquals(report.sentences[0].includes("the same as the task's own"), false);
});

Deno.test("findMachine() finds nothing of a task that does not say what machine it is", async () => {
  const network = machineNetwork((await reportOf(fizzbuzz())).found.machine);
  assertEquals(await findMachine(network), undefined);
});

Deno.test("statesAt() gives the state after each symbol, and at each step without input", () => {
  const ring: MooreMachine = {
    kind: "moore",
    alphabet: ["tick"],
    start: 0,
    next: [[1], [2], [0]],
    outputs: ["", "", ""],
  };
  const shown = (time: number, inputs?: Int32Array): HiddenStateCapture => ({
    states: { values: new Float32Array(time), time, units: 1 },
    labels: [],
    annotations: [],
    ...(inputs === undefined ? {} : { inputs }),
  });
  assertEquals(statesAt({ machine: ring }, shown(5)), [0, 1, 2, 0, 1]);
  const digits = { ...ring, alphabet: ["a", "b"], next: [[0, 1], [1, 2], [2, 0]] };
  assertEquals(statesAt({ machine: digits }, shown(4, Int32Array.of(1, 0, 1, 1))), [1, 1, 2, 0]);
  assertEquals(statesAt({ machine: digits }, shown(4)), undefined);
  assertEquals(statesAt({ machine: digits }, shown(2, Int32Array.of(1, 5))), undefined);
});

Deno.test("findMachine() counts one step as one", async () => {
  const report = await reportOf(fizzbuzz());
  const network = machineNetwork(
    { kind: "moore", alphabet: ["tick"], start: 0, next: [[0]], outputs: [0] },
    (await fizzbuzz().create()).machine?.(),
  );
  const alone = await findMachine(network, QUICK);
  assert(alone?.sentences[1].startsWith("Its answers repeat themselves every step, "));
  assert(report.sentences[1].startsWith("Its answers repeat themselves every 15 steps, "));
});
