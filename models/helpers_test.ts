/**
 * What the tests of models share: specifications of tasks, and plain numbers.
 *
 * @module
 */
import {
  foldIn,
  randomKey,
  randomNormal,
  rebuildTree,
  type Tensor,
  tensor,
  type Tree,
  treeEntries,
} from "@unroll/core";
import type { InputSpec, Model, OutputPlace, TaskSpec } from "@unroll/core/plugin";

/** A task of `n` classes. */
export function classSpec(
  inputs: InputSpec,
  classes: number,
  options: { readonly at?: OutputPlace; readonly length?: TaskSpec["length"] } = {},
): TaskSpec {
  const { at = "every", length = "variable" } = options;
  return {
    inputs,
    outputs: { kind: "class", classes, at },
    length,
    loss: { kind: "cross-entropy", reduction: "mean" },
    weighted: false,
    stateful: false,
  };
}

/** A tensor of waves, asymmetric and the same each time. */
export function waves(shape: readonly number[], start = 0.3): Tensor {
  const size = shape.reduce((product, n) => product * n, 1);
  return tensor(Float32Array.from({ length: size }, (_, i) => Math.cos(0.7 * i + start)), {
    shape,
  });
}

/** The numbers of a tree, by path. */
export async function numbers(tree: Tree): Promise<Record<string, number[]>> {
  const entries = treeEntries(tree).map(async ([path, leaf]): Promise<[string, number[]]> => [
    path,
    [...await leaf.data()],
  ]);
  return Object.fromEntries(await Promise.all(entries));
}

/** Throws unless numbers are equal up to the rounding of floats. */
export function assertClose(
  found: ArrayLike<number>,
  wanted: ArrayLike<number>,
  tolerance = 1e-6,
): void {
  if (found.length !== wanted.length) {
    throw new RangeError(`Expected ${wanted.length} numbers, found ${found.length}`);
  }
  for (let i = 0; i < wanted.length; i++) {
    if (!(Math.abs(found[i] - wanted[i]) <= tolerance * Math.max(1, Math.abs(wanted[i])))) {
      throw new RangeError(`Expected ${wanted[i]} at ${i}, found ${found[i]}`);
    }
  }
}

/** Parameters none of which is 0, biases neither; variances are positive. */
export function nonzeroParameters(model: Model, spec: TaskSpec): Tree {
  const made = model.create(spec).parameters(randomKey(0));
  const leaves = treeEntries(made).map(([path, { shape }], seed) => {
    const leaf = randomNormal(foldIn(randomKey(1), seed), shape).mul(0.5);
    return path.endsWith("running_var") ? leaf.square().add(0.5) : leaf;
  });
  return rebuildTree(made, leaves);
}

/** Inputs of some sequences for a task. */
export function someInputs(
  { inputs }: TaskSpec,
  time: number,
  batch: number,
): Tensor | undefined {
  switch (inputs.kind) {
    case "none":
      return undefined;
    case "symbol": {
      const data = Array.from({ length: time * batch }, (_, i) => (i * 5 + 2) % inputs.vocabulary);
      return tensor(data, { dtype: "i32", shape: [time, batch] });
    }
    case "vector":
      return randomNormal(randomKey(7), [time, batch, inputs.size]);
  }
}
