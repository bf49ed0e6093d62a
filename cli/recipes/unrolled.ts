/**
 * A recurrent network unrolled over one sequence, drawn: what it reads and says at each step, and the state between.
 *
 * @module
 */

import type { Predict, TaskInstance } from "@unroll/core/plugin";
import { captureHiddenStates } from "../reporting/hidden_states.ts";
import type { WalkPart } from "./walk.ts";

/** Characters of a step. */
const STEP = 5;
/** Characters in front of the first. */
const GUTTER = 8;

/**
 * Draws a network over what a person could type.
 *
 * @param task The task.
 * @param predict Runs the model.
 * @param input What it reads.
 * @param columns The width of the terminal.
 * @returns The picture; `undefined` of what shows no states, or says nothing at each step.
 */
export async function unrolledPart(
  task: TaskInstance,
  predict: Predict,
  input: string,
  columns: number,
): Promise<WalkPart | undefined> {
  const capture = await captureHiddenStates(task, predict, { input });
  if (capture?.said === undefined) return undefined;
  const { labels, said, annotations, states: { units } } = capture;
  const count = Math.min(labels.length, Math.floor((columns - GUTTER) / STEP));
  const cut = count < labels.length ? "…" : "";
  const row = (name: string, marks: readonly string[]) =>
    `${name.padEnd(GUTTER)}${
      marks.slice(0, count).map((mark) => mark.padStart(STEP - 1).padEnd(STEP)).join("")
    }`.trimEnd();
  const arrows = row("", labels.map(() => "↑"));
  return {
    title: `The network unrolled over ${input}: at each step it reads, says, and hands its ` +
      `${units} units h on to itself`,
    lines: [
      row("says", said.map(({ mark }) => mark)),
      arrows,
      // The middle of each box is below what it says.
      `${"state".padEnd(GUTTER - 1)}0${"─→[h]".repeat(count)}${cut}`,
      arrows,
      row("reads", labels),
      ...annotations.map(({ name, values }) => row(name, [...values].map(String))),
    ],
  };
}
