/**
 * Operands of elementwise functions: tensors and numbers, at least one of them a tensor; two tensors
 * broadcast by NumPy's rule. A number must be one of the tensor's element type: a fraction, or one out
 * of range, is a RangeError beside integers.
 *
 * @module
 */
import { elementwise } from "../primitives/elementwise.ts";
import type { ElementwiseName } from "../../ir/operation_names.ts";
import { FILL, numberNeeded, numberOf } from "../primitives/creation.ts";
import type { Tensor, TensorLike } from "../tensor.ts";
import { isTensor, refuseForeignTensor } from "../tensor_source.ts";
import { formatType, type Shape } from "../../ir/tensor_type.ts";
import { describe } from "../tree.ts";
import { broadcastTo } from "./layout.ts";

/**
 * What computes with a number, for which the interpreter, which has doubles, is given it as it is. What compares
 * it or gives it on takes it as f32 has it; and what is 0 or infinite there is so on every device.
 */
const COMPUTING: ReadonlySet<string> = new Set<ElementwiseName>([
  "add",
  "sub",
  "mul",
  "div",
  "pow",
]);

/** The shape that two shapes broadcast to, or `undefined`. */
function commonShape(x: Shape, y: Shape): Shape | undefined {
  const rank = Math.max(x.length, y.length);
  const shape = new Array<number>(rank);
  for (let d = 1; d <= rank; d++) {
    const a = x[x.length - d] ?? 1;
    const b = y[y.length - d] ?? 1;
    if (a !== b && a !== 1 && b !== 1) return undefined;
    shape[rank - d] = a === 1 ? b : a;
  }
  return shape;
}

/**
 * Brings operands to one shape; numbers take the element type of the tensors among the values, f32 if
 * there are none, and must be numbers of that type.
 */
export function broadcastAll(
  name: string,
  operands: readonly TensorLike[],
  values: readonly TensorLike[] = operands,
): Tensor[] {
  const tensors = operands.filter(isNoNumber);
  for (const operand of tensors) {
    refuseForeignTensor(name, operand);
    if (isTensor(operand)) continue;
    throw new TypeError(
      `Cannot ${name}: tensors or numbers are needed, found ${describe(operand)}`,
    );
  }
  const [first] = tensors;
  if (!first) {
    throw new TypeError(`Cannot ${name} ${operands.join(" and ")}: at least 1 tensor is needed`);
  }
  const types = values.filter(isNoNumber).map(({ type }) => type.dtype);
  const dtype = types.findLast((type) => type !== "bool") ?? types[0] ?? "f32";
  let shape: Shape = [];
  for (const operand of tensors) {
    const common = commonShape(shape, operand.shape);
    if (!common) {
      const list = tensors.map((x) => formatType(x.type)).join(" and ");
      throw new TypeError(
        `Cannot ${name} ${list}: each dimension, from the last, must be equal or 1`,
      );
    }
    shape = common;
  }
  return operands.map((operand) => {
    if (typeof operand !== "number") return broadcastTo(operand, shape);
    const needed = numberNeeded(operand, dtype);
    if (needed) {
      const list = operands.map((x) => typeof x === "number" ? x : formatType(x.type)).join(
        " and ",
      );
      throw new RangeError(
        `Cannot ${name} ${list}: ${needed} is needed, found ${operand}; cast the tensor to f32 first`,
      );
    }
    const rounded = numberOf(operand, dtype);
    const isExact = COMPUTING.has(name) && rounded !== 0 && Number.isFinite(rounded);
    return first.apply(FILL, [], { dtype, shape, value: isExact ? operand : rounded })[0];
  });
}

function isNoNumber(operand: TensorLike): operand is Tensor {
  return typeof operand !== "number";
}

/** Applies an operation of two operands, brought to one shape. */
export function binary(name: ElementwiseName, x: TensorLike, y: TensorLike): Tensor {
  return elementwise(name, broadcastAll(name, [x, y]));
}
