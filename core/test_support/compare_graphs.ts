/**
 * Graphs against each other: whether two mean the same, and what they are made of.
 *
 * @module
 */
import { evaluateGraph } from "../ir/evaluate.ts";
import { type Graph, isGraph } from "../ir/graph.ts";
import type { DenseArray } from "../ir/primitive.ts";
import { dense } from "../ir/dense.ts";
import { formatType } from "../ir/tensor_type.ts";
import { randomSource } from "../util/random_source.ts";

/**
 * The greatest distance between two lists of results, relative to the greatest number of the tensor
 * it lies in, or to 1.
 *
 * @throws {TypeError} If the types differ.
 */
export function largestDifference(
  expected: readonly DenseArray[],
  actual: readonly DenseArray[],
): number {
  let worst = 0;
  expected.forEach(({ type, data }, i) => {
    const other = actual[i];
    if (!other || formatType(type) !== formatType(other.type)) {
      throw new TypeError(
        `Cannot compare result ${i}: ${formatType(type)} is wanted, found ${
          other ? formatType(other.type) : "nothing"
        }`,
      );
    }
    const scale = data.reduce((max, x) => Math.max(max, Math.abs(x)), 1);
    data.forEach((x, j) => {
      const y = other.data[j];
      if (x === y || (Number.isNaN(x) && Number.isNaN(y))) return;
      const difference = Math.abs(x - y) / scale;
      worst = difference <= worst ? worst : difference;
    });
  });
  return worst;
}

/**
 * Checks that two graphs compute the same, on the double-precision interpreter.
 *
 * @param before The graph that is right.
 * @param after The graph to check.
 * @param options Seed of the inputs, or the inputs; tolerance, 1e-12 if left out.
 * @throws {RangeError} If results differ by more.
 */
export function checkSameMeaning(
  before: Graph,
  after: Graph,
  options: {
    readonly seed?: number;
    readonly inputs?: readonly DenseArray[];
    readonly tolerance?: number;
  } = {},
): void {
  const { seed = 1, tolerance = 1e-12, inputs = randomInputs(before, seed) } = options;
  const difference = largestDifference(evaluateGraph(before, inputs), evaluateGraph(after, inputs));
  if (!(difference <= tolerance)) {
    throw new RangeError(`Graphs differ in meaning: results are ${difference} apart`);
  }
}

/** How often each primitive occurs in a graph, not counting the bodies of loops. */
export function countPrimitives(graph: Graph): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { primitive: { name } } of graph.equations) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** Bodies of the loops of a graph, in order; those inside other bodies follow theirs. */
export function bodiesOf(graph: Graph): Graph[] {
  return graph.equations.flatMap(({ params }) =>
    Object.values(params).filter(isGraph).flatMap((body) => [body, ...bodiesOf(body)])
  );
}

/** Arguments for a graph: real numbers in [−1, 1), whole numbers that are small, bools. */
export function randomInputs(graph: Graph, seed: number): DenseArray[] {
  const random = randomSource(seed);
  return graph.inputs.map(({ type }) => {
    const result = dense(type);
    result.data.forEach((_, i) => {
      const x = random();
      result.data[i] = type.dtype === "f32"
        ? Math.fround(2 * x - 1)
        : type.dtype === "bool"
        ? Math.floor(2 * x)
        : type.dtype === "i32"
        ? Math.floor(8 * x) - 2
        : Math.floor(2 ** 32 * x);
    });
    return result;
  });
}
