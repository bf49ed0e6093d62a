/**
 * Tasks that are finite-state machines: what they ask is then known for inputs of any length.
 *
 * @module
 */
import { type Machine, type MooreMachine, runMachine, type Word } from "../automata/machine.ts";
import type { TypedArray } from "../ir/tensor_type.ts";
import type { Batch, TaskSpec } from "./task_spec.ts";

/**
 * What a task asks, as a machine, for inputs of any length.
 *
 * - A Mealy machine answers at every step to the symbol that is read there.
 * - A Moore machine that reads answers after the last step; no task asks what it says to no symbol.
 * - Without input it is a Moore machine over `TICK`, whose start answers at the first step.
 */
export interface TaskMachine {
  /**
   * The machine. Its outputs are classes, as in targets. A symbol is read as its place in the alphabet, and where
   * inputs are vectors of one element, as the number that it is called.
   */
  readonly machine: Machine<number>;
  /**
   * A machine over the same alphabet that says which words are asked, such as those without zeros in front; nobody
   * cares for answers to the others. If left out, all are but the empty one.
   */
  readonly asked?: MooreMachine<boolean>;
  /** What a person calls each class. */
  readonly classes: readonly string[];
}

/**
 * Writes words as a model reads them.
 *
 * @param spec What the task asks.
 * @param machine The task as a machine.
 * @param words Words of one length.
 * @returns Inputs as in a batch, row-major; `undefined` where a task has none.
 *
 * @example Usage
 * ```ts
 * import { wordInputs } from "@unroll/core/plugin";
 * import { fizzbuzz } from "@unroll/tasks";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const { spec, machine } = await fizzbuzz({ encoding: "digits" }).create();
 * const inputs = wordInputs(spec, machine!(), [[1, 5], [2, 0]]);
 * deepStrictEqual(inputs, Int32Array.of(1, 2, 5, 0));
 * ```
 */
export function wordInputs(
  { inputs }: TaskSpec,
  { machine: { alphabet } }: TaskMachine,
  words: readonly Word[],
): TypedArray | undefined {
  if (inputs.kind === "none") return undefined;
  const size = words.length;
  const length = words[0].length;
  const values = new (inputs.kind === "symbol" ? Int32Array : Float32Array)(length * size);
  const numbers = inputs.kind === "symbol" ? alphabet.map((_, i) => i) : alphabet.map(Number);
  words.forEach((word, i) => {
    for (let t = 0; t < length; t++) values[t * size + i] = numbers[word[t]];
  });
  return values;
}

/**
 * Answers a batch as a task's machine does.
 *
 * @param spec What the task asks.
 * @param task The task as a machine.
 * @param batch Its length, size and inputs.
 * @returns Classes in the order of targets.
 * @throws {RangeError} If an input is no symbol of the machine.
 *
 * @example Usage
 * ```ts
 * import { machineTargets } from "@unroll/core/plugin";
 * import { fizzbuzz } from "@unroll/tasks";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const { spec, machine } = await fizzbuzz().create();
 * deepStrictEqual(machineTargets(spec, machine!(), { length: 4, size: 1 }), Int32Array.of(3, 0, 0, 1));
 * ```
 */
export function machineTargets(
  spec: TaskSpec,
  task: TaskMachine,
  batch: Pick<Batch, "length" | "size" | "inputs">,
): Int32Array {
  const { length, size } = batch;
  const { at } = spec.outputs;
  const targets = new Int32Array(at === "every" ? length * size : size);
  for (const [i, word] of batchWords(spec, task, batch).entries()) {
    const said = runMachine(task.machine, word).outputs;
    if (at === "last") targets[i] = said[said.length - 1];
    else for (let t = 0; t < length; t++) targets[t * size + i] = said[t];
  }
  return targets;
}

/** Reads the words of a batch: without input as many ticks as there are steps, but the first. */
export function batchWords(
  { inputs }: TaskSpec,
  { machine }: TaskMachine,
  batch: Pick<Batch, "length" | "size" | "inputs">,
): Word[] {
  const { length, size } = batch;
  const symbols = new Map(
    machine.alphabet.map((name, i) => [inputs.kind === "vector" ? Number(name) : i, i]),
  );
  const symbolAt = (place: number): number => {
    const found = batch.inputs === undefined ? 0 : symbols.get(batch.inputs[place]);
    if (found !== undefined) return found;
    throw new RangeError(
      `Cannot read ${batch.inputs?.[place]} with a machine: its symbols are ${
        JSON.stringify(machine.alphabet)
      }`,
    );
  };
  // Without input the first answer comes before the first tick.
  const steps = inputs.kind === "none" ? length - 1 : length;
  return Array.from(
    { length: size },
    (_, i) => Array.from({ length: steps }, (_, t) => symbolAt(t * size + i)),
  );
}
