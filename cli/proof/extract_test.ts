import { compareMachines, minimize, type MooreMachine } from "@unroll/core/automata";
import type { TaskMachine } from "@unroll/core/plugin";
import { train } from "@unroll/core/training";
import { loadRun } from "@unroll/core/runs";
import { MODELS, rnn } from "@unroll/models";
import { counting, fizzbuzz, TASKS } from "@unroll/tasks";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { fading, machineNetwork } from "../test_support/machine_network.ts";
import { inFolder, trainSmall } from "../test_support/small_runs.ts";
import { extractMachine } from "./extract.ts";

/** A task as a machine. */
async function machineOf(task: { create(): Promise<{ machine?(): TaskMachine }> }) {
  const machine = (await task.create()).machine?.();
  assert(machine !== undefined);
  return machine;
}

/** A counter over ticks with a beginning that does not come again. */
function counter(outputs: readonly number[], prefix: number): MooreMachine<number> {
  const next = outputs.map((_, i) => [i + 1 < outputs.length ? i + 1 : prefix]);
  return { kind: "moore", alphabet: ["tick"], start: 0, next, outputs };
}

Deno.test("extractMachine() finds prefix and period of what a network says without input", async () => {
  const machine = counter([1, 2, 0, 0, 3, 0, 1], 3);
  const found = await extractMachine(machineNetwork(machine), { steps: 100 });
  assertEquals(found, {
    machine,
    queries: 100,
    tried: 1,
    agreed: 1,
    orbit: { prefix: 3, period: 4, distance: 0, exactPrefix: 3, exactPeriod: 4 },
  });
});

Deno.test("extractMachine() says when answers do not repeat", async () => {
  const squares = Array.from({ length: 400 }, (_, n) => Number(Number.isInteger(Math.sqrt(n))));
  const { incomplete } = await extractMachine(machineNetwork(counter(squares, 399)), {
    steps: 300,
  });
  assertEquals(incomplete, "Its answers do not repeat within 300 steps");
});

Deno.test("extractMachine() tells FizzBuzz from what says 45 is no fizzbuzz", async () => {
  const task = await machineOf(fizzbuzz());
  const right = minimize(task.machine) as MooreMachine<number>;
  const outputs = Array.from({ length: 60 }, (_, n) => n === 45 ? 0 : right.outputs[n % 15]);
  const network = machineNetwork(counter(outputs, 0), task);
  const { refuted, machine } = await extractMachine(network, { steps: 1000 });
  assertEquals(machine.next.length, 60);
  assertEquals(refuted, { word: Array.from({ length: 45 }, () => 0), said: 0, wanted: 3 });
});

Deno.test("extractMachine() learns what a network does with input, and that it is right", async () => {
  for (
    const task of [await machineOf(counting()), await machineOf(fizzbuzz({ encoding: "digits" }))]
  ) {
    for (const told of [task, undefined]) {
      const network = machineNetwork(task.machine, told);
      const { machine, tried, agreed, refuted, incomplete } = await extractMachine(network, {
        words: 300,
      });
      const { equal } = compareMachines(machine, task.machine, { ignoreEmpty: true });
      assert(equal);
      assert(tried > 100);
      assertEquals([agreed, refuted, incomplete], [tried, undefined, undefined]);
    }
  }
});

Deno.test("extractMachine() refutes counting that fades after 25 nines by the shortest number", async () => {
  const task = await machineOf(counting());
  assert(task.machine.kind === "mealy");
  const network = machineNetwork(fading(task.machine, 25), task);
  const { machine, refuted, agreed, tried } = await extractMachine(network, { words: 300 });
  assertEquals(machine.next.length, 26);
  assertEquals(agreed, tried);
  assertEquals(refuted, {
    word: [...Array.from({ length: 25 }, () => 9), 0],
    said: 0,
    wanted: 1,
  });
});

Deno.test("extractMachine() does not ask what nobody asks", async () => {
  const task = await machineOf(fizzbuzz({ encoding: "digits" }));
  const { machine: right } = task;
  assert(right.kind === "moore");
  // With a zero in front it says nonsense.
  const nonsense = {
    ...right,
    start: 15,
    next: [...right.next, [16, ...right.next[0].slice(1)], right.next[0].map(() => 17), [
      ...right.next[0].map(() => 17),
    ]],
    outputs: [...right.outputs, 3, 3, 2],
  };
  const { refuted, machine } = await extractMachine(machineNetwork(nonsense, task), { words: 300 });
  assertEquals(refuted, undefined);
  assertEquals(machine, minimize(right));
});

Deno.test("extractMachine() gives what it has where there are too many states", async () => {
  const task = await machineOf(counting());
  assert(task.machine.kind === "mealy");
  const network = machineNetwork(fading(task.machine, 25), task);
  const { incomplete, machine, refuted } = await extractMachine(network, {
    words: 300,
    maxStates: 10,
  });
  assertEquals(incomplete, "There are more than 10 states");
  assert(machine.next.length <= 10);
  // Seen on the network itself all the same.
  assertEquals(refuted?.word.slice(0, 25), Array.from({ length: 25 }, () => 9));
});

Deno.test("extractMachine() refuses what does not answer with classes", async () => {
  const run = machineNetwork(counter([0, 1], 0));
  const outputs = { kind: "vector", size: 1, at: "every" } as const;
  const spec = { ...run.taskInstance.spec, outputs };
  await assertRejects(
    () => extractMachine({ ...run, taskInstance: { spec } }),
    RangeError,
    "Cannot make a machine of a network that answers with vectors: classes are needed",
  );
});

Deno.test("extractMachine() makes a machine of a network that was trained a little", async () => {
  await inFolder(async (folder) => {
    const { path } = await trainSmall(folder);
    using run = await loadRun(path, { models: MODELS, tasks: TASKS, device: "cpu" });
    const { machine, tried, agreed, refuted } = await extractMachine(run, {
      words: 100,
      longest: 20,
      maxStates: 30,
    });
    assertEquals(machine.kind, "mealy");
    assert(agreed / tried > 0.5, `${agreed} of ${tried}`);
    // That it is wrong about the word is what its own predictions say.
    assert(refuted !== undefined);
    const { outputs } = await run.predict({
      length: refuted.word.length,
      inputs: Int32Array.from(refuted.word),
    });
    const last = outputs.subarray(-10);
    assertEquals(last.indexOf(Math.max(...last)), refuted.said);
  });
});

Deno.test("[long] extractMachine() makes the task's own machine of networks that were trained", async () => {
  for (const [task, size] of [[fizzbuzz(), 15], [counting(), 2]] as const) {
    const settings = { model: rnn(), task, device: "cpu", seed: 0 } as const;
    using trained = await train(settings);
    const found = await extractMachine({ ...trained, taskInstance: trained.task });
    assertEquals([found.machine.next.length, found.refuted], [size, undefined]);
  }
});
