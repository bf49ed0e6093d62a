/**
 * Splits the epilogue off matrix products: elementwise work on the sums becomes a kernel of its own, so that
 * the product is a plain `sgemm`, which any BLAS computes, and the work may run along all elements.
 *
 * @module
 */
import { pointsOf } from "./accesses.ts";
import { blasProduct } from "./blas_product.ts";
import {
  accumulator,
  addIndex,
  axisExpression,
  type Buffer,
  load,
  scaleIndex,
} from "../ir/expression.ts";
import { mergeAxes } from "./merge_axes.ts";
import {
  axesOf,
  type LoopProgram,
  type MapKernel,
  type MatmulKernel,
  type Step,
} from "./program.ts";
import { withResult } from "./with_result.ts";

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
      const kernels = splitEpilogue(step, name);
      if (!kernels || !isWanted(...kernels)) return [step];
      temporaries.push(kernels[0].stores[0].buffer);
      return kernels;
    });
  const steps = splitSteps(program.steps);
  return { ...program, steps, temporaries: [...program.temporaries, ...temporaries] };
}

/** Takes a product and its epilogue apart; `undefined` if there is none. */
function splitEpilogue(
  step: MatmulKernel,
  name: string,
): [product: MatmulKernel, epilogue: MapKernel] | undefined {
  const { row, column, batch, stores: [{ value: first }] } = step;
  if (batch.length > 0 || (step.stores.length === 1 && first.kind === "accumulator")) {
    return undefined;
  }
  const buffer: Buffer = { name, dtype: "f32", size: pointsOf(axesOf(step)) };
  const at = addIndex(scaleIndex(axisExpression(row), column.extent), axisExpression(column));
  const value = accumulator("f32", 0);
  const product: MatmulKernel = { ...step, stores: [{ buffer, index: at, value, mode: "set" }] };
  const epilogue = withResult(step, [row, column], load(buffer, at));
  return [product, mergeAxes(epilogue) as MapKernel];
}
