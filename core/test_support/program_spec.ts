/**
 * Programs as data, which fast-check draws and shrinks, and the graphs they stand for. Each list of
 * steps is a program: operands are counted back from the latest value that fits, and a step that finds
 * none does nothing.
 *
 * @module
 */
import { dense } from "../ir/dense.ts";
import type { Graph } from "../ir/graph.ts";
import type { DenseArray } from "../ir/primitive.ts";
import { sizeOf, type TensorType, typedArray } from "../ir/tensor_type.ts";
import { valueAndGrad } from "../language/gradient.ts";
import * as ops from "../language/ops/mod.ts";
import type { Tensor } from "../language/tensor.ts";
import { replayGraph, trace } from "../language/trace.ts";
import { Pool, type StepSpec } from "./program_pool.ts";
import { takeStep } from "./program_steps.ts";

/** One argument of a program. */
export interface InputSpec {
  /** Its type. */
  readonly type: TensorType;
  /** Its elements, over and over. */
  readonly values: readonly number[];
}

/** A program. */
export interface ProgramSpec {
  /** Arguments. */
  readonly inputs: readonly InputSpec[];
  /** Operations. */
  readonly steps: readonly StepSpec[];
  /** How many of the latest values are results. */
  readonly outputs: number;
  /** How often it is differentiated; programs without real arguments or results are not. */
  readonly derivative: 0 | 1 | 2;
  /** Whether results take over the memory of arguments of their types. */
  readonly donates: boolean;
  /** Whether only smooth operations on small numbers are used, so that finite differences can be taken. */
  readonly smooth?: boolean;
}

/** A program that can be run. */
export interface BuiltProgram {
  /** The program before it is differentiated. */
  readonly forward: Graph;
  /** The program. */
  readonly graph: Graph;
  /** How often `graph` differentiates `forward`. */
  readonly derivative: 0 | 1 | 2;
  /** Its arguments. */
  readonly inputs: readonly DenseArray[];
  /** Which results take over which arguments. */
  readonly donated: readonly (readonly [output: number, input: number])[];
}

/**
 * Makes the graph of a program.
 *
 * @param spec The program.
 * @returns Its graph and arguments.
 */
export function buildProgram(spec: ProgramSpec): BuiltProgram {
  const { smooth = false } = spec;
  const types = spec.inputs.map(({ type }) => type);
  const { graph: forward } = trace(types, (...inputs) => {
    const pool = new Pool(inputs, smooth, 0);
    for (const step of spec.steps) takeStep(pool, step);
    return pool.values.slice(-spec.outputs);
  });
  const real = types.flatMap(({ dtype }, i) => dtype === "f32" ? [i] : []);
  const differentiable = real.length > 0 &&
    forward.outputs.some(({ type }) => type.dtype === "f32");
  const derivative = differentiable ? spec.derivative : 0;
  let graph = forward;
  for (let order = 0; order < derivative; order++) graph = gradientOf(graph, real);
  const inputs = spec.inputs.map(({ type, values }) => {
    const { length } = typedArray(type.dtype, sizeOf(type.shape));
    return dense(type, Float64Array.from({ length }, (_, i) => values[i % values.length]));
  });
  return { forward, graph, derivative, inputs, donated: spec.donates ? donations(graph) : [] };
}

/** The gradient of the sum of all real results, by real arguments. */
function gradientOf(graph: Graph, real: readonly number[]): Graph {
  const types = graph.inputs.map(({ type }) => type);
  return trace(types, (...inputs) => {
    const total = (parameters: Tensor[]) => {
      const all = inputs.map((x, i) => real.includes(i) ? parameters[real.indexOf(i)] : x);
      return totalOf(replayGraph(graph, all));
    };
    return valueAndGrad(total)(real.map((i) => inputs[i]))[1];
  }).graph;
}

/** The sum of all real results. */
function totalOf(results: readonly Tensor[]): Tensor {
  return results.filter(({ type }) => type.dtype === "f32").map((x) => ops.sum(x))
    .reduce((a, b) => a.add(b));
}

/** Results that are of an argument's type, each with an argument of its own. */
export function donations({ inputs, outputs }: Graph): (readonly [number, number])[] {
  const free = inputs.map((_, i) => i);
  return outputs.flatMap(({ type }, o) => {
    const at = free.findIndex((i) => JSON.stringify(inputs[i].type) === JSON.stringify(type));
    return at < 0 ? [] : [[o, free.splice(at, 1)[0]] as const];
  });
}
