/**
 * Copies operands of matrix products that are read backwards: products read theirs at rising addresses.
 *
 * @module
 */
import {
  addIndex,
  affineIndex,
  type Axis,
  axisExpression,
  type Buffer,
  type Expression,
  index,
  load,
  scaleIndex,
} from "../../../ir/expression.ts";
import type { LoopProgram, MapKernel, MatmulKernel, Step } from "../../../loops/program.ts";

type Operand = MatmulKernel["x"];

/** Copies operands of products that are read backwards. */
export function copyReversedOperands(program: LoopProgram): LoopProgram {
  const temporaries: Buffer[] = [];
  const steps = copySteps(program.steps, temporaries);
  if (temporaries.length === 0) return program;
  return { ...program, steps, temporaries: [...program.temporaries, ...temporaries] };
}

function copySteps(steps: readonly Step[], temporaries: Buffer[]): Step[] {
  return steps.flatMap((step): Step[] => {
    if (step.kind === "loop") {
      return [{ ...step, steps: copySteps(step.steps, temporaries) }];
    }
    if (step.kind !== "matmul") return [step];
    const { batch, row, column, inner } = step;
    const copies: Step[] = [];
    const x = copyReversed(step.x, [...batch, row, inner], temporaries, copies);
    const y = copyReversed(step.y, [...batch, inner, column], temporaries, copies);
    return [...copies, { ...step, x, y }];
  });
}

function copyReversed(
  operand: Operand,
  axes: readonly Axis[],
  temporaries: Buffer[],
  copies: Step[],
): Operand {
  const strides = affineIndex(operand.index, axes)?.strides ?? new Map<Axis, number>();
  if (![...strides.values()].some((stride) => stride < 0)) return operand;
  let at: Expression = index(0);
  let size = 1;
  for (const axis of axes.toReversed()) {
    at = addIndex(scaleIndex(axisExpression(axis), size), at);
    size *= axis.extent;
  }
  const buffer: Buffer = { name: `straight${temporaries.length}`, dtype: operand.dtype, size };
  temporaries.push(buffer);
  const copy: MapKernel = {
    kind: "map",
    name: "straighten",
    axes: axes.filter(({ extent }) => extent !== 1),
    stores: [{ buffer, index: at, value: operand, mode: "set" }],
  };
  copies.push(copy);
  return load(buffer, at) as Operand;
}
