/**
 * Eliminates dead code: drops what nothing reads. A derivative saves every value of a loop's body; this
 * pass is what makes that cost nothing.
 *
 * @module
 */
import type { Equation, Graph, Value } from "../ir/graph.ts";
import { SCAN } from "../language/primitives/scan.ts";
import { bodyOf, closeScan, type Loop, openScan } from "./loop.ts";
import { sameItems } from "./rewrite.ts";

/**
 * Drops equations nothing reads and, of loops, the stacks nothing reads, the carries that feed only
 * themselves, and the constants and sequences that the body does not read.
 */
export function eliminateDeadCode(graph: Graph): Graph {
  const live = new Set<Value>(graph.outputs);
  const kept: Equation[] = [];
  for (let i = graph.equations.length - 1; i >= 0; i--) {
    const equation = graph.equations[i];
    const { outputs } = equation;
    if (!(outputs.length === 1 ? live.has(outputs[0]) : outputs.some((value) => live.has(value)))) {
      continue;
    }
    const trimmed = equation.primitive === SCAN ? trimScan(equation, live) : equation;
    kept.push(trimmed);
    const { inputs } = trimmed;
    for (let j = 0; j < inputs.length; j++) live.add(inputs[j]);
  }
  kept.reverse();
  return sameItems(kept, graph.equations) ? graph : { ...graph, equations: kept };
}

function trimScan(equation: Equation, live: ReadonlySet<Value>): Equation {
  const loop = openScan(equation);
  const before = loopSize(loop);
  const { carries } = loop;
  const stacks = loop.stacks.filter(({ outer }) => live.has(outer));
  let alive = carries.filter(({ last }) => live.has(last));
  while (true) {
    const outputs = [...alive.map(({ next }) => next), ...stacks.map(({ inner }) => inner)];
    const body = eliminateDeadCode({ ...bodyOf(loop), outputs });
    const read = new Set([...body.equations.flatMap(({ inputs }) => inputs), ...body.outputs]);
    // A carry that a step reads must be carried, and what feeds it with it.
    const wanted = carries.filter((carry) => alive.includes(carry) || read.has(carry.inner));
    if (wanted.length > alive.length) {
      alive = wanted;
      continue;
    }
    const trimmed: Loop = {
      ...loop,
      equations: body.equations,
      carries: alive,
      stacks,
      constants: loop.constants.filter(({ inner }) => read.has(inner)),
      sequences: loop.sequences.filter(({ inner }) => read.has(inner)),
    };
    const same = body.equations === loop.equations || sameItems(body.equations, loop.equations);
    return same && loopSize(trimmed) === before ? equation : closeScan(trimmed);
  }
}

function loopSize({ constants, carries, sequences, stacks }: Loop): number {
  return constants.length + carries.length + sequences.length + stacks.length;
}
