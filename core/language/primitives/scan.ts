/**
 * The loop over time as one operation.
 *
 *     inputs  = constants ++ carry ++ sequences        (sequences lead with time)
 *     body    : constants ++ carry ++ slices → carry' ++ slices'
 *     outputs = last carry ++ stacked slices'
 *
 * Its derivative is a loop run backwards. The loop forward saves every value its body computes; what
 * the loop backward turns out not to read, the pass that removes dead code takes away again. A loop
 * that recomputes saves only what each step begins with, and the loop backward computes the body anew:
 * Chen et al., "Training Deep Nets with Sublinear Memory Cost" (2016), arXiv:1604.06174.
 *
 * @module
 */
import { checkCounts } from "../../util/check_counts.ts";
import type { Graph, Value } from "../../ir/graph.ts";
import { zerosLike } from "../ops/creation.ts";
import type { DifferentiablePrimitive } from "../rules.ts";
import { apply, type Tensor } from "../tensor.ts";
import {
  formatType,
  isDifferentiable,
  MAX_ELEMENTS,
  sameType,
  sizeOf,
  type TensorType,
} from "../../ir/tensor_type.ts";
import { replayGraph, trace } from "../trace.ts";
import { backpropagate, record, type TapeEntry } from "../tape.ts";
import { evaluateGraph } from "../../ir/evaluate.ts";
import { dense, sampleArray } from "../../ir/dense.ts";
import type { DenseArray, RandomSource, Sample } from "../../ir/primitive.ts";

/** Parameters of {@linkcode SCAN}. */
export interface ScanParams extends Record<string, unknown> {
  /** One step. */
  readonly body: Graph;
  /** How many inputs every step reads whole. */
  readonly constants: number;
  /** How many values are carried from step to step. */
  readonly carries: number;
  /** Number of steps. */
  readonly length: number;
  /** Whether the steps run from the last slice to the first. */
  readonly reverse: boolean;
  /**
   * Whether the way back computes each step anew from its carry. Such a loop stacks as little as it
   * can: passes move nothing out of it that would have to be stacked.
   */
  readonly recompute?: boolean;
}

/** Checks that a loop can count its steps. */
export function checkSteps(length: number): void {
  checkCounts("scan", "the length", [length]);
  if (length <= MAX_ELEMENTS) return;
  throw new RangeError(`Cannot scan: at most ${MAX_ELEMENTS} steps are possible, found ${length}`);
}

/** The loop: folds `body` over the leading axis of its sequences. */
export const SCAN: DifferentiablePrimitive<ScanParams> = {
  name: "scan",
  isHeavy: true,
  inferTypes(inputs, { body, constants, carries, length }) {
    checkSteps(length);
    const [carry, slices] = splitAt(body.outputs.map((value) => value.type), carries);
    carry.forEach((type, i) => {
      if (sameType(type, inputs[constants + i])) return;
      throw new TypeError(
        `Cannot scan: carry ${i} must keep its type, found ` +
          `${formatType(inputs[constants + i])} before the body and ${formatType(type)} after`,
      );
    });
    inputs.slice(constants + carries).forEach((type, i) => {
      if (type.shape[0] === length) return;
      throw new TypeError(
        `Cannot scan: sequence ${i} must have ${length} steps, found ${formatType(type)}`,
      );
    });
    return [...carry, ...slices.map((type) => stackedType(type, length))];
  },
  evaluate(inputs, params) {
    const { body, constants, carries, length, reverse } = params;
    const [fixed, initial, sequences] = splitAt(inputs, constants, carries);
    const types = SCAN.inferTypes(inputs.map(({ type }) => type), params);
    const stacks = types.slice(carries).map((type) => dense(type));
    let carry = initial;
    for (let i = 0; i < length; i++) {
      const t = reverse ? length - 1 - i : i;
      const slices = sequences.map((sequence) => sliceOf(sequence, t));
      const results = evaluateGraph(body, [...fixed, ...carry, ...slices]);
      carry = results.slice(0, carries);
      stacks.forEach((stack, j) => {
        const { data } = results[carries + j];
        stack.data.set(data, t * data.length);
      });
    }
    return [...carry, ...stacks];
  },
  forward(inputs, params) {
    const { body, constants, carries, recompute } = params;
    const { graph } = trace(body.inputs.map(({ type }) => type), (...args) => {
      const entering = args.slice(constants, constants + carries);
      if (recompute) return [...replayGraph(body, args), ...entering];
      const { outputs, tape } = record(body, args);
      return [...outputs, ...entering, ...savedOf(tape)];
    });
    const results = apply(SCAN, inputs, { ...params, body: graph });
    const [outputs, residuals] = splitAt(results, body.outputs.length);
    return { outputs, residuals };
  },
  vjp({ inputs, cotangents, residuals, params }) {
    const { body, constants, carries, reverse, length, recompute } = params;
    const [fixed, , sequences] = splitAt(inputs, constants, carries);
    const [dLast, dStacks] = splitAt(cotangents, carries);
    const real = (values: readonly { readonly type: TensorType }[]) =>
      values.flatMap(({ type }, i) => isDifferentiable(type) ? [i] : []);
    const realCarries = real(inputs.slice(constants, constants + carries));
    const realFixed = real(fixed);
    const realSequences = real(sequences);
    const givenStacks = dStacks.flatMap((stack, i) => stack ? [i] : []);

    const dCarry = realCarries.map((i) => dLast[i] ?? zerosLike(body.outputs[i].type));
    const sums = realFixed.map((i) => zerosLike(fixed[i]));
    const stacks = givenStacks.map((i) => dStacks[i] as Tensor);
    const carried = [...dCarry, ...sums];
    const walked = [...sequences, ...residuals, ...stacks];
    const types = [...[...fixed, ...carried].map(({ type }) => type), ...walked.map(sliceType)];
    const { graph } = trace(types, (...args) => {
      const [own, dCarry, sums, slices, entering, saved, dSlices] = splitAt(
        args,
        constants,
        realCarries.length,
        realFixed.length,
        sequences.length,
        carries,
        residuals.length - carries,
      );
      const inputs = [...own, ...entering, ...slices];
      const tape = recompute ? record(body, inputs).tape : rebuildTape(body, inputs, saved);
      const dOutputs = new Array<Tensor | undefined>(body.outputs.length).fill(undefined);
      realCarries.forEach((i, j) => dOutputs[i] = dCarry[j]);
      givenStacks.forEach((i, j) => dOutputs[carries + i] = dSlices[j]);
      const gradients = backpropagate(body, tape, dOutputs);
      const [dFixed, dEntering, dSequences] = splitAt(gradients, constants, carries);
      return [
        ...realCarries.map((i) => dEntering[i] ?? zerosLike(entering[i])),
        ...realFixed.map((i, j) => addTo(sums[j], dFixed[i])),
        ...realSequences.map((i) => dSequences[i] ?? zerosLike(slices[i])),
      ];
    });
    const results = apply(SCAN, [...fixed, ...carried, ...walked], {
      body: graph,
      constants,
      carries: carried.length,
      length,
      reverse: !reverse,
      ...(recompute ? { recompute } : {}),
    });
    const [dInitial, dFixed, dSequences] = splitAt(results, realCarries.length, realFixed.length);
    const gradients = new Array<Tensor | undefined>(inputs.length).fill(undefined);
    realFixed.forEach((i, j) => gradients[i] = dFixed[j]);
    realCarries.forEach((i, j) => gradients[constants + i] = dInitial[j]);
    realSequences.forEach((i, j) => gradients[constants + carries + i] = dSequences[j]);
    return gradients;
  },
  // A loop in a loop stays there: it never leaves as one bigger loop.
  batchRule: () => undefined,
  lowering: { kind: "scan" },
};

/** What the tests feed {@linkcode SCAN}. */
export function scanSamples(random: RandomSource): Sample<ScanParams>[] {
  // h' = tanh(h w + x), giving 2 h', a small recurrent network.
  const [batch, size] = [2, 3];
  const type = (shape: number[]): TensorType => ({ dtype: "f32", shape });
  const { graph: body } = trace(
    [type([size, size]), type([batch, size]), type([batch, size])],
    (w, h, x) => {
      const next = h.matmul(w).add(x).tanh();
      return [next, next.add(next)];
    },
  );
  return [0, 1, 2, 5].flatMap((length) =>
    [{ reverse: false }, { reverse: true }, { reverse: length === 2, recompute: true }].map((
      options,
    ) => ({
      inputs: [
        sampleArray(random, [size, size]),
        sampleArray(random, [batch, size]),
        sampleArray(random, [length, batch, size]),
      ],
      params: { body, constants: 1, carries: 1, length, ...options },
    }))
  );
}

/** Every value on a tape, in order. */
function savedOf(tape: readonly TapeEntry[]): Tensor[] {
  return tape.flatMap(({ outputs, residuals }) => [...outputs, ...residuals]);
}

/** The tape of a graph, its values taken from a list in the order of {@linkcode savedOf}. */
function rebuildTape(
  graph: Graph,
  inputs: readonly Tensor[],
  saved: readonly Tensor[],
): TapeEntry[] {
  // How much each equation saves is known from recording it once more, which costs only tracing.
  let layout: readonly TapeEntry[] = [];
  trace(graph.inputs.map(({ type }) => type), (...args) => {
    const { outputs, tape } = record(graph, args);
    layout = tape;
    return outputs;
  });
  const environment = new Map<Value, Tensor>();
  graph.inputs.forEach((value, i) => environment.set(value, inputs[i]));
  let next = 0;
  return graph.equations.map((equation, i) => {
    const outputs = saved.slice(next, next += equation.outputs.length);
    const residuals = saved.slice(next, next += layout[i].residuals.length);
    equation.outputs.forEach((value, j) => environment.set(value, outputs[j]));
    return {
      equation,
      inputs: equation.inputs.map((value) => environment.get(value) as Tensor),
      outputs,
      residuals,
    };
  });
}

function addTo(sum: Tensor, gradient: Tensor | undefined): Tensor {
  return gradient ? sum.add(gradient) : sum;
}

/** Cuts a list into parts of given lengths and a rest. */
export function splitAt<T>(items: readonly T[], ...counts: number[]): T[][] {
  let start = 0;
  const parts = counts.map((count) => items.slice(start, start += count));
  return [...parts, items.slice(start)];
}

function sliceType({ type }: { readonly type: TensorType }): TensorType {
  return { dtype: type.dtype, shape: type.shape.slice(1) };
}

function stackedType(type: TensorType, length: number): TensorType {
  return { dtype: type.dtype, shape: [length, ...type.shape] };
}

function sliceOf({ type, data }: DenseArray, t: number): DenseArray {
  const own = sliceType({ type });
  const size = sizeOf(own.shape);
  return { type: own, data: data.subarray(t * size, (t + 1) * size) };
}
