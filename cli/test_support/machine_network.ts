/**
 * A machine in the place of a trained network, for tests of what is found out of networks.
 *
 * @module
 */

import type { Machine, MealyMachine } from "@unroll/core/automata";
import type { PredictState, TaskInstance, TaskMachine, TaskSpec } from "@unroll/core/plugin";
import type { ExtractableRun } from "../proof/network_answers.ts";

/** The states that the sequences of a batch are in. */
class Places implements PredictState {
  readonly states: readonly number[];

  constructor(states: readonly number[]) {
    this.states = states;
  }

  dispose(): void {}

  [Symbol.dispose](): void {}
}

/**
 * Makes a network of a machine: logits are 1 for its class, and units are 1 for its state.
 *
 * @param machine What it is.
 * @param task What it was to be, if that is known.
 * @returns It in a run.
 */
export function machineNetwork(machine: Machine<number>, task?: TaskMachine): ExtractableRun {
  const { alphabet, kind } = machine;
  const isAlone = alphabet.length === 1;
  const classes = Math.max(...machine.outputs.flat()) + 1;
  const spec: TaskSpec = {
    inputs: isAlone ? { kind: "none" } : { kind: "symbol", vocabulary: alphabet.length },
    outputs: { kind: "class", classes, at: kind === "mealy" || isAlone ? "every" : "last" },
    length: "variable",
    loss: { kind: "cross-entropy", reduction: "mean" },
    weighted: false,
    stateful: false,
  };
  const units = machine.next.length;
  return {
    taskInstance: { spec, ...(task === undefined ? {} : { machine: () => task }) } as TaskInstance,
    predict({ length, size = 1, inputs, state }) {
      const places = spec.outputs.at === "last" ? 1 : length;
      const outputs = new Float32Array(places * size * classes);
      const hidden = new Float32Array(length * size * units);
      const from = state instanceof Places ? state.states : undefined;
      const ends = Array.from({ length: size }, (_, i) => {
        let place = from?.[i] ?? machine.start;
        for (let t = 0; t < length; t++) {
          const symbol = inputs?.[t * size + i] ?? 0;
          let said = kind === "mealy" ? machine.outputs[place][symbol] : 0;
          // Without input the start answers at the first step.
          if (!isAlone || t > 0 || from !== undefined) place = machine.next[place][symbol];
          if (kind === "moore") said = machine.outputs[place];
          hidden[(t * size + i) * units + place] = 1;
          const row = places === length ? t : t - length + 1;
          if (row >= 0) outputs[(row * size + i) * classes + said] = 1;
        }
        return place;
      });
      return Promise.resolve({ outputs, hidden, hiddenSize: units, state: new Places(ends) });
    },
  };
}

/**
 * Makes counting of a machine that adds 1, but forgets the carry after so many nines.
 *
 * @param machine The task's.
 * @param nines After how many.
 * @returns A machine that is wrong for longer numbers.
 */
export function fading(machine: MealyMachine<number>, nines: number): MealyMachine<number> {
  const [add, copy] = machine.outputs;
  return {
    ...machine,
    start: 1,
    next: [
      add.map(() => 0),
      ...Array.from(
        { length: nines },
        (_, i) => add.map((_, digit) => digit === 9 && i + 1 < nines ? i + 2 : 0),
      ),
    ],
    outputs: [copy, ...Array.from({ length: nines }, () => add)],
  };
}
