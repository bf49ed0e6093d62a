/**
 * Turns groups into kernels, without stores that nobody reads and loops over nothing.
 *
 * @module
 */
import { isEmpty, type Kernel, type Step, type Store } from "./program.ts";
import type { Group, LoopStep, LowerState } from "./lower_types.ts";
import { mergeAxes } from "./merge_axes.ts";

/** Turns the steps of a lowering into those of a program. */
export function finishSteps(steps: readonly (Group | LoopStep)[], state: LowerState): Step[] {
  return steps.flatMap((step): Step[] => {
    if (step.kind === "loop") {
      const inner = finishSteps(step.body.steps, state);
      if (step.time.extent === 0 || inner.length === 0) return [];
      return [{ kind: "loop", name: step.name, time: step.time, steps: inner }];
    }
    const kernel = kernelOf(step, state);
    return kernel && !isEmpty(kernel) ? [mergeAxes(kernel)] : [];
  });
}

function kernelOf(group: Group, state: LowerState): Kernel | undefined {
  const stores = group.stores
    .filter(({ value }) => value === undefined || state.loaded.has(value))
    .map(({ target, index, expression, mode }): Store => ({
      buffer: target.buffer,
      index,
      value: expression,
      mode,
    }));
  if (stores.length === 0) return undefined;
  const { kind, name, axes, inner } = group;
  if (kind === "map") return { kind, name, axes, stores };
  if (kind === "reduce" && group.operation && group.value) {
    return { kind, name, axes, inner, operation: group.operation, value: group.value, stores };
  }
  const [x, y] = group.operands ?? [];
  if (x?.kind !== "load" || y?.kind !== "load") {
    throw new Error(`Cannot lower: an operand of a product is not materialized`);
  }
  return {
    kind: "matmul",
    name,
    batch: axes.slice(0, -2),
    row: axes[axes.length - 2],
    column: axes[axes.length - 1],
    inner: inner[0],
    x,
    y,
    stores,
  };
}
