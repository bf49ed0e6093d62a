/**
 * Machines as text for Graphviz.
 *
 * @module
 */
import type { Machine } from "./machine.ts";

/** How a machine is drawn. */
export interface DotOptions<Output = string> {
  /** What states are called; their numbers if left out. */
  readonly names?: (state: number) => string;
  /** What an output is called; as a string if left out. */
  readonly output?: (output: Output) => string;
  /** The colour that a state is filled with. */
  readonly fill?: (state: number) => string | undefined;
  /** Whether the transition by a symbol is drawn as something to look at. */
  readonly highlight?: (state: number, symbol: number) => boolean;
}

/**
 * Writes a machine in the language DOT of Graphviz. Transitions from one state to another are one arrow,
 * with all symbols on it: runs of symbols as `0–4`, and all of several as `*`.
 *
 * @param machine The machine.
 * @param options How it is drawn.
 * @returns A directed graph.
 *
 * @example Usage
 * ```ts
 * import { machineToDot } from "@unroll/core/automata";
 * import { match } from "node:assert/strict";
 *
 * const dot = machineToDot({
 *   kind: "moore",
 *   alphabet: ["tick"],
 *   start: 0,
 *   next: [[1], [0]],
 *   outputs: ["even", "odd"],
 * });
 * match(dot, /0 -> 1/);
 * ```
 */
export function machineToDot<Output>(
  machine: Machine<Output>,
  { names = String, output = String, fill = () => undefined, highlight = () => false }: DotOptions<
    Output
  > = {},
): string {
  const { alphabet, start, next } = machine;
  const lines = next.flatMap((row, state) => {
    const answer = machine.kind === "moore" ? output(machine.outputs[state]) : "";
    const label = answer === "" ? names(state) : `${names(state)}\n${answer}`;
    const color = fill(state);
    /** Symbols by where they lead and what is answered. */
    const arrows = new Map<string, number[]>();
    row.forEach((to, symbol) => {
      const said = machine.kind === "mealy" ? output(machine.outputs[state][symbol]) : "";
      const key = JSON.stringify([to, said, highlight(state, symbol)]);
      arrows.set(key, [...arrows.get(key) ?? [], symbol]);
    });
    /** Labels by where they lead: one arrow. */
    const labels = new Map<string, string[]>();
    for (const [key, symbols] of arrows) {
      const [to, said, isHigh] = JSON.parse(key) as [number, string, boolean];
      const read = alphabet.length === 1 && machine.kind === "moore"
        ? ""
        : namesOf(symbols, alphabet);
      const arrow = JSON.stringify([to, isHigh]);
      const own = labels.get(arrow) ?? [];
      labels.set(arrow, own);
      own.push(machine.kind === "mealy" ? `${read}/${said}` : read);
    }
    return [
      `  ${state} [label=${quote(label)}${
        color === undefined ? "" : `, fillcolor=${quote(color)}`
      }];`,
      ...[...labels].map(([key, texts]) => {
        const [to, isHigh] = JSON.parse(key) as [number, boolean];
        return `  ${state} -> ${to} [label=${quote(linesOf(texts))}${
          isHigh ? ", color=red, penwidth=2" : ""
        }];`;
      }),
    ];
  });
  return [
    "digraph {",
    `  rankdir=LR; bgcolor=transparent; pad=0.3; mindist=0.6; node [shape=circle, style=filled, fillcolor=white];`,
    `  node [fontname="Helvetica,Arial,sans-serif", fontsize=11]; edge [fontname="Helvetica,Arial,sans-serif", fontsize=10, color="#777777", fontcolor="#777777"];`,
    `  start [shape=point, color="#777777", fillcolor="#777777"]; start -> ${start};`,
    ...lines,
    "}",
    "",
  ].join("\n");
}

/** Names symbols, runs of them by the first and last. */
function namesOf(symbols: readonly number[], alphabet: readonly string[]): string {
  if (symbols.length === alphabet.length && symbols.length > 2) return "*";
  const parts: string[] = [];
  for (let i = 0; i < symbols.length;) {
    let end = i;
    while (symbols[end + 1] === symbols[end] + 1) end++;
    const [first, last] = [alphabet[symbols[i]], alphabet[symbols[end]]];
    parts.push(
      end - i < 2 ? symbols.slice(i, end + 1).map((at) => alphabet[at]).join() : `${first}–${last}`,
    );
    i = end + 1;
  }
  return parts.join();
}

/** Sets some texts in lines that are not too long. */
function linesOf(texts: readonly string[]): string {
  const lines = [""];
  for (const text of texts) {
    const last = lines[lines.length - 1];
    if (last !== "" && last.length + text.length > 24) lines.push(text);
    else lines[lines.length - 1] = last === "" ? text : `${last} ${text}`;
  }
  return lines.join("\n");
}

/** A string of DOT. */
function quote(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}
