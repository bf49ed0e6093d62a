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
import {
  axesOf,
  type LoopProgram,
  type MapKernel,
  mapKernel,
  type MatmulKernel,
  type Step,
} from "./program.ts";

/** Splits the epilogues off large products: the sums go to memory, where the epilogue reads them. */
export function splitMatmulEpilogues(program: LoopProgram): LoopProgram {
  const temporaries: Buffer[] = [];
  const steps = splitSteps(program.steps, temporaries);
  return { ...program, steps, temporaries: [...program.temporaries, ...temporaries] };
}

function splitSteps(steps: readonly Step[], temporaries: Buffer[]): Step[] {
  return steps.flatMap((step): Step[] => {
    if (step.kind === "loop") return [{ ...step, steps: splitSteps(step.steps, temporaries) }];
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
    if (!blasProduct(product)) return [step];
    temporaries.push(buffer);
    const sum = load(buffer, at);
    const { stores } = mapKernel(
      { kind: "map", name: step.name, axes: [], stores: step.stores },
      (expression) =>
        rewriteExpression(expression, (part) => part.kind === "accumulator" ? sum : undefined),
    );
    const after: MapKernel = { kind: "map", name: step.name, axes: [row, column], stores };
    return [product, after];
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
