/**
 * Splits the epilogue off matrix products: elementwise work on the sums becomes a kernel of its own, so that
 * the product is a plain `sgemm`, which any BLAS computes, and the work may run along all elements.
 *
 * @module
 */
import { pointsOf } from "./accesses.ts";
import { blasProduct } from "./blas_product.ts";
import {
  addIndex,
  axisExpression,
  type Buffer,
  load,
  rewriteExpression,
  scaleIndex,
} from "../ir/expression.ts";
import { mergeAxes } from "./merge_axes.ts";
import {
  axesOf,
  type LoopProgram,
  type MapKernel,
  mapKernel,
  type MatmulKernel,
  type Step,
} from "./program.ts";

/** Decides whether an epilogue is split off, from what it would leave: the bare product and what follows it. */
export type SplitsEpilogue = (product: MatmulKernel, epilogue: MapKernel) => boolean;

/**
 * Splits epilogues off products: the sums go to memory, where the epilogue reads them.
 *
 * @param program The program.
 * @param isWanted Which; those of products that a BLAS can calculate if left out.
 */
export function splitMatmulEpilogues(
  program: LoopProgram,
  isWanted: SplitsEpilogue = (product) => blasProduct(product) !== undefined,
): LoopProgram {
  const temporaries: Buffer[] = [];
  const splitSteps = (steps: readonly Step[]): Step[] =>
    steps.flatMap((step): Step[] => {
      if (step.kind === "loop") return [{ ...step, steps: splitSteps(step.steps) }];
      if (step.kind !== "matmul") return [step];
      const name = `product${temporaries.length}`;
      const { kernels, buffer } = splitEpilogue(step, name) ?? {};
      if (!kernels || !buffer || !isWanted(...kernels)) return [step];
      temporaries.push(buffer);
      return kernels;
    });
  const steps = splitSteps(program.steps);
  return { ...program, steps, temporaries: [...program.temporaries, ...temporaries] };
}

/** Takes a product and its epilogue apart; `undefined` if there is none. */
function splitEpilogue(
  step: MatmulKernel,
  name: string,
): { readonly kernels: [MatmulKernel, MapKernel]; readonly buffer: Buffer } | undefined {
  const { row, column, batch, stores: [{ value: first }] } = step;
  if (batch.length > 0 || (step.stores.length === 1 && first.kind === "accumulator")) {
    return undefined;
  }
  const buffer: Buffer = { name, dtype: "f32", size: pointsOf(axesOf(step)) };
  const at = addIndex(scaleIndex(axisExpression(row), column.extent), axisExpression(column));
  const value = step.stores.flatMap(({ value }) => findAccumulator(value))[0];
  if (!value) return undefined;
  const product: MatmulKernel = { ...step, stores: [{ buffer, index: at, value, mode: "set" }] };
  const sum = load(buffer, at);
  const { stores } = mapKernel(
    { kind: "map", name: step.name, axes: [], stores: step.stores },
    (expression) =>
      rewriteExpression(expression, (part) => part.kind === "accumulator" ? sum : undefined),
  );
  const epilogue: MapKernel = { kind: "map", name: step.name, axes: [row, column], stores };
  return { kernels: [product, mergeAxes(epilogue) as MapKernel], buffer };
}

type Value = MatmulKernel["stores"][number]["value"];

function findAccumulator(value: Value): Value[] {
  const found: Value[] = [];
  rewriteExpression(value, (part) => {
    if (part.kind === "accumulator") found.push(part);
    return undefined;
  });
  return found;
}
