import { assertEquals } from "@std/assert";
import { machineToDot } from "./dot.ts";
import type { MealyMachine } from "./machine.ts";

const INCREMENT: MealyMachine<number> = {
  kind: "mealy",
  alphabet: Array.from({ length: 4 }, (_, i) => String(i)),
  start: 0,
  next: [[1, 1, 1, 0], [1, 1, 1, 1]],
  outputs: [[1, 2, 3, 0], [0, 0, 0, 0]],
};

/** The lines about states and arrows. */
function lines(dot: string): string[] {
  return dot.split("\n").filter((line) => /^ {2}\d/.test(line)).map((line) => line.trim());
}

Deno.test("machineToDot() draws one arrow from a state to another, with what is read and said", () => {
  assertEquals(lines(machineToDot(INCREMENT)), [
    `0 [label="0"];`,
    `0 -> 1 [label="0/1 1/2 2/3"];`,
    `0 -> 0 [label="3/0"];`,
    `1 [label="1"];`,
    `1 -> 1 [label="*/0"];`,
  ]);
});

Deno.test("machineToDot() names, colours and points as asked, and quotes", () => {
  const dot = machineToDot(
    {
      kind: "moore",
      alphabet: ['"', "\\", "b", "c", "d"],
      start: 0,
      next: [[0, 0, 1, 1, 1], [
        0,
        0,
        0,
        1,
        0,
      ]],
      outputs: [1, 2],
    },
    {
      names: (state) => `s${state}`,
      output: (n) => `out ${n}`,
      fill: (state) => state === 1 ? "#ff0000" : undefined,
      highlight: (state, symbol) => state === 1 && symbol === 3,
    },
  );
  assertEquals(lines(dot), [
    String.raw`0 [label="s0\nout 1"];`,
    String.raw`0 -> 0 [label="\",\\"];`,
    String.raw`0 -> 1 [label="b–d"];`,
    String.raw`1 [label="s1\nout 2", fillcolor="#ff0000"];`,
    String.raw`1 -> 0 [label="\"–b,d"];`,
    String.raw`1 -> 1 [label="c", color=red, penwidth=2];`,
  ]);
});
