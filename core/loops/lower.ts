/**
 * Lowers a graph to loops. Every value is either materialized, stored in a buffer, or recomputed wherever
 * it is read: that choice is what fusion means here. Materialized values are computed in groups, each of
 * which becomes one kernel: a matrix product or a reduction with the elementwise work that follows it,
 * or elementwise work alone.
 *
 * Lowering starts with as few materialized values as products and loops bear, looks at what that costs, and starts over
 * with more of them until nothing is worth changing. Graphs are small, so this is cheap.
 *
 * @module
 */
import { ELEMENTWISE } from "../language/primitives/elementwise.ts";
import { SCAN } from "../language/primitives/scan.ts";
import { type Graph, isApplication, type Value } from "../ir/graph.ts";
import type { ElementwiseName } from "../ir/operation_names.ts";
import { sizeOf } from "../ir/tensor_type.ts";
import { accessesOf } from "./accesses.ts";
import { donateBuffers } from "./donate.ts";
import type { Buffer, Expression } from "../ir/expression.ts";
import { materializeDeep } from "./materialize_deep.ts";
import { GraphLowering } from "./lower_graph.ts";
import type { LowerState } from "./lower_types.ts";
import { kernelsOf, type LoopProgram } from "./program.ts";
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
  /** Maximum number of buffers that one kernel may write; 8 if left out. */
  readonly maxStores?: number;
  /**
   * Number of buffers that one kernel may read and write so that more work joins it; any number if left out. What does not
   * fit by itself is for {@linkcode fitBindings}.
   */
  readonly maxBindings?: number;
  /** Number of operations from which a kernel is cut into several; never if left out. */
  readonly maxOperations?: number;
}

/** Costs are counted in additions. An expression cheaper than this is recomputed, not materialized. */
const CHEAP = 3;
/** One this costly is materialized rather than recomputed for each element of a larger space. */
const COSTLY = 8;
/** How often lowering may start over for the sake of speed. */
const MAX_ATTEMPTS = 12;

/**
 * Lowers a graph to loops.
 *
 * @param graph A graph whose primitives all have a lowering.
 * @param options Name, scatter, donated inputs.
 * @returns A program over buffers.
 */
export function lowerGraph(graph: Graph, options: LowerOptions = {}): LoopProgram {
  const materialized = new Set<Value>();
  const { maxBindings = Infinity, maxOperations = Infinity } = options;
  materializeDeep(graph, materialized, maxOperations);
  materializeOperands(graph, materialized);
  for (let attempt = 0;; attempt++) {
    const state: LowerState = {
      materialized,
      requested: new Set(),
      loaded: new Set(),
      temporaries: [],
      scatter: options.scatter ?? "add",
      maxStores: options.maxStores ?? 8,
      maxBindings,
      maxOperations,
      donated: options.donated ?? [],
    };
    const lowering = GraphLowering.ofProgram(graph, state);
    lowering.run();
    if (state.requested.size === 0 && attempt < MAX_ATTEMPTS) requestRecomputed(lowering, state);
    const before = materialized.size;
    for (const value of state.requested) materialized.add(value);
    if (materialized.size > before) continue;
    const program: LoopProgram = {
      name: options.name ?? "program",
      inputs: lowering.inputs,
      outputs: lowering.outputs,
      temporaries: state.temporaries,
      steps: finishSteps(lowering.steps, state),
    };
    return dropUnused(donateBuffers(program, options.donated ?? []));
  }
}

/**
 * Adds what products and loops would ask for at once: what their operands show of values that are computed point by
 * point, but for results.
 */
function materializeOperands(graph: Graph, materialized: Set<Value>): void {
  /** What is computed point by point, and what views show of it. */
  const computed = new Map<Value, Value>();
  for (const equation of graph.equations) {
    const { primitive, inputs, outputs: [output] } = equation;
    let operands: readonly Value[] = [];
    if (isApplication(equation, SCAN)) {
      const { body, constants, carries } = equation.params;
      materializeOperands(body, materialized);
      operands = inputs.filter((_, i) => i < constants || i >= constants + carries);
    } else if (primitive.lowering.kind === "matmul") operands = inputs;
    for (const value of operands) {
      const source = computed.get(value);
      if (source) materialized.add(source);
    }
    const row = ELEMENTWISE[primitive.name as ElementwiseName];
    const source = primitive.isView ? computed.get(inputs[0]) : row && !row.isCopy && output;
    if (source && !graph.outputs.includes(output)) computed.set(output, source);
  }
}

/** Requests values that are recomputed in several groups, or too often, at a cost. */
function requestRecomputed(lowering: GraphLowering, state: LowerState): void {
  const uses = new Map<Value, { groups: number; times: number; cost: number }>();
  for (const group of lowering.allGroups()) {
    group.inlined.forEach(({ expression, times }, value) => {
      const use = uses.get(value) ?? { groups: 0, times: 0, cost: expressionCost(expression) };
      use.groups += 1;
      use.times = Math.max(use.times, times);
      uses.set(value, use);
    });
  }
  uses.forEach(({ groups, times, cost }, value) => {
    if (lowering.isView(value)) return;
    const minCost = lowering.followsKernel(value) ? 1 : CHEAP;
    const again = groups > 1 && cost >= minCost;
    const tooOften = times >= 4 * sizeOf(value.type.shape) && cost >= COSTLY;
    if (again || tooOften) state.requested.add(value);
  });
}

/**
 * Estimates the cost of computing an expression, in additions, without that of addresses; at most
 * {@linkcode COSTLY}, so that no more of a long one is looked at than must be.
 */
function expressionCost(expression: Expression): number {
  let cost = 0;
  const seen = new Set<Expression>();
  const walk = (part: Expression) => {
    if (cost >= COSTLY || seen.has(part)) return;
    seen.add(part);
    if (part.kind !== "apply") return;
    cost += ELEMENTWISE[part.operation].cost ?? 1;
    part.inputs.forEach(walk);
  };
  walk(expression);
  return Math.min(cost, COSTLY);
}

/** Leaves out temporaries that no step touches. */
function dropUnused(program: LoopProgram): LoopProgram {
  const used = new Set<Buffer>();
  for (const kernel of kernelsOf(program.steps)) {
    for (const { buffer } of accessesOf(kernel)) used.add(buffer);
  }
  return { ...program, temporaries: program.temporaries.filter((buffer) => used.has(buffer)) };
}
