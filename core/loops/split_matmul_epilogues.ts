/**
 * Splits the epilogue off large matrix products: elementwise work on the sums becomes a kernel of its own,
 * so that the product is a plain `sgemm`, which any BLAS computes.
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
  type Store,
} from "./program.ts";

/**
 * Splits epilogues off products: the sums go to memory, where the epilogue reads them.
 *
 * @param program The program.
 * @param isWanted Whether to split a product, which has no epilogue any more, from what its epilogue stores.
 */
export function splitMatmulEpilogues(
  program: LoopProgram,
  isWanted: (product: MatmulKernel, stores: readonly Store[]) => boolean = (product) =>
    blasProduct(product) !== undefined,
): LoopProgram {
  const temporaries: Buffer[] = [];
  const steps = splitSteps(program.steps, temporaries, isWanted);
  return { ...program, steps, temporaries: [...program.temporaries, ...temporaries] };
}

function splitSteps(
  steps: readonly Step[],
  temporaries: Buffer[],
  isWanted: (product: MatmulKernel, stores: readonly Store[]) => boolean,
): Step[] {
  return steps.flatMap((step): Step[] => {
    if (step.kind === "loop") {
      return [{ ...step, steps: splitSteps(step.steps, temporaries, isWanted) }];
    }
    if (step.kind !== "matmul" || blasProduct(step)) return [step];
    const { row, column, batch } = step;
    if (batch.length > 0) return [step];
    const name = `product${temporaries.length}`;
    const buffer: Buffer = { name, dtype: "f32", size: pointsOf(axesOf(step)) };
    const at = addIndex(
      scaleIndex(axisExpression(row), column.extent),
      axisExpression(column),
    );
    const value = step.stores.flatMap(({ value }) => findAccumulator(value))[0];
    if (!value) return [step];
    const product: MatmulKernel = { ...step, stores: [{ buffer, index: at, value, mode: "set" }] };
    if (!isWanted(product, step.stores)) return [step];
    temporaries.push(buffer);
    const sum = load(buffer, at);
    const { stores } = mapKernel(
      { kind: "map", name: step.name, axes: [], stores: step.stores },
      (expression) =>
        rewriteExpression(expression, (part) => part.kind === "accumulator" ? sum : undefined),
    );
    const after: MapKernel = { kind: "map", name: step.name, axes: [row, column], stores };
    return [product, mergeAxes(after)];
  });
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
