/**
 * Graph → loops. Every value is either kept in a buffer or computed again wherever it is read; which,
 * is what fusion means here. Values kept are gathered into groups, each of which becomes one kernel:
 * a matrix product or a reduction with everything that follows it point by point, or plain
 * elementwise work.
 *
 * Lowering starts with as few kept values as possible, looks at what that costs, and starts over with
 * more of them kept until nothing is worth changing. Graphs are small, so this is cheap.
 *
 * @module
 */
import { ELEMENTWISE } from "../primitives/elementwise.ts";
import type { Graph, Value } from "../graph.ts";
import { sizeOf } from "../tensor_type.ts";
import { donateBuffers } from "./donate.ts";
import type { Buffer, Expression } from "./expression.ts";
import { visitExpression } from "./expression.ts";
import { GraphLowering, type Group, type LowerState } from "./lower_graph.ts";
import type { Program } from "./kernel.ts";
import { finishSteps } from "./lower_steps.ts";

/** Options of {@linkcode lowerGraph}. */
export interface LowerOptions {
  /** Name of the program in reports. */
  readonly name?: string;
  /**
   * How rows are scattered: by stores that add, one after the other, or as a reduction over all
   * updates for each row, which is the only way without atomics in parallel.
   */
  readonly scatter?: "add" | "reduce";
  /** Inputs whose memory outputs take over: `[[output, input], …]`. */
  readonly donated?: readonly (readonly [output: number, input: number])[];
  /** Most buffers one kernel may write; 8 if left out. */
  readonly mostStores?: number;
}

/** Costs are counted in additions. An expression cheaper than this is computed again, not kept. */
const CHEAP = 3;
/** One this costly is kept rather than computed again for each element of a larger space. */
const COSTLY = 8;
/** How often lowering may start over. */
const MOST_ATTEMPTS = 12;

/**
 * Lowers a graph to loops.
 *
 * @param graph A graph whose primitives all have a lowering.
 * @param options Name, scatter, donated inputs.
 * @returns A program over buffers.
 */
export function lowerGraph(graph: Graph, options: LowerOptions = {}): Program {
  const kept = new Set<Value>();
  for (let attempt = 0;; attempt++) {
    const state: LowerState = {
      kept,
      wanted: new Set(),
      loaded: new Set(),
      temporaries: [],
      scatter: options.scatter ?? "add",
      mostStores: options.mostStores ?? 8,
    };
    const lowering = GraphLowering.ofProgram(graph, state);
    lowering.run();
    const last = attempt >= MOST_ATTEMPTS;
    if (state.wanted.size === 0 && !last) addWorthKeeping(lowering, state);
    if (state.wanted.size > 0 && !last) {
      for (const value of state.wanted) kept.add(value);
      continue;
    }
    const program: Program = {
      name: options.name ?? "program",
      inputs: lowering.inputs,
      outputs: lowering.outputs,
      temporaries: state.temporaries,
      steps: finishSteps(lowering.steps, state),
    };
    return dropUnused(donateBuffers(program, options.donated ?? []));
  }
}

/** Finds values that are computed in several places, or too often, at a cost. */
function addWorthKeeping(lowering: GraphLowering, state: LowerState): void {
  const uses = new Map<Value, { groups: number; most: number; cost: number; follows: boolean }>();
  for (const group of lowering.allGroups()) {
    const work = iterationsOf(group);
    for (const [value, expression] of group.inlined) {
      const use = uses.get(value) ??
        { groups: 0, most: 0, cost: costOf(expression), follows: lowering.followsKernel(value) };
      use.groups += 1;
      use.most = Math.max(use.most, work / Math.max(1, sizeOf(value.type.shape)));
      uses.set(value, use);
    }
  }
  for (const [value, { groups, most, cost, follows }] of uses) {
    const again = groups > 1 && cost >= (follows ? 1 : CHEAP);
    const tooOften = most >= 4 && cost >= COSTLY;
    if (again || tooOften) state.wanted.add(value);
  }
}

function iterationsOf(group: Group): number {
  return group.axes.reduce((n, axis) => n * axis.extent, 1) *
    group.inner.reduce((n, axis) => n * axis.extent, 1);
}

/** Rough cost of computing an expression, in additions; what addresses cost is not counted. */
export function costOf(expression: Expression): number {
  let cost = 0;
  const seen = new Set<Expression>();
  const walk = (part: Expression) => {
    if (seen.has(part)) return;
    seen.add(part);
    if (part.kind !== "apply") return;
    cost += ELEMENTWISE[part.operation].cost ?? 1;
    part.inputs.forEach(walk);
  };
  walk(expression);
  return cost;
}

/** Leaves out temporaries that no step touches. */
function dropUnused(program: Program): Program {
  const used = new Set<Buffer>();
  const note = (expression: Expression) =>
    visitExpression(expression, (part) => part.kind === "load" && used.add(part.buffer));
  const walk = (steps: Program["steps"]) => {
    for (const step of steps) {
      if (step.kind === "loop") walk(step.steps);
      else {
        for (const { buffer, index, value } of step.stores) {
          used.add(buffer);
          note(index);
          note(value);
        }
        if (step.kind === "reduce") note(step.value);
        if (step.kind === "matmul") [step.x, step.y].forEach(note);
      }
    }
  };
  walk(program.steps);
  return { ...program, temporaries: program.temporaries.filter((buffer) => used.has(buffer)) };
}
