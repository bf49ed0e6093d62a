/**
 * Lowers loops over time. A carry becomes a buffer of slots, addressed by the number of the
 * iteration: two that take turns, or, where the loop stacks it anyway, one slot a step and one more.
 *
 * @module
 */
import { type Equation, paramsOf, type Value } from "../ir/graph.ts";
import { SCAN, splitAt } from "../language/primitives/scan.ts";
import { sizeOf } from "../ir/tensor_type.ts";
import {
  addIndex,
  affineIndex,
  type Axis,
  axisExpression,
  type Expression,
  index,
  remainderIndex,
  scaleIndex,
  subtractIndex,
} from "../ir/expression.ts";
import { axesFor } from "./lower_axes.ts";
import { type LoopStep, type LoweringScope, newReader, type Storage } from "./lower_types.ts";

/** Lowers a loop over time, and its body within. */
export function lowerScan(lowering: LoweringScope, equation: Equation): void {
  const { inputs, outputs } = equation;
  const { body, constants, carries, length, reverse } = paramsOf(equation, SCAN);
  const [fixed, initial, sequences] = splitAt(inputs, constants, carries);
  const [ownFixed, ownCarry, ownSlices] = splitAt(body.inputs, constants, carries);
  const time: Axis = { name: "t", extent: length };
  const step = axisExpression(time);
  const slice = reverse ? subtractIndex(index(length - 1), step) : step;
  for (const operand of [...fixed, ...sequences]) requestIfComputed(lowering, operand);

  const inner = lowering.child(body);
  fixed.forEach((value, i) => inner.outer.set(ownFixed[i], { value, lead: [] }));
  sequences.forEach((value, i) => inner.outer.set(ownSlices[i], { value, lead: [slice] }));

  const stacked = body.outputs.slice(carries);
  const finals = ownCarry.map((entering, i): Storage => {
    const leaving = body.outputs[i];
    const size = sizeOf(entering.type.shape);
    // A carry that is also stacked lies in the stack itself, one slot longer than the loop.
    const inStack = stacked.some((value) => value === entering || value === leaving);
    const slots = inStack ? length + 1 : 2;
    const buffer = lowering.newBuffer(entering, "carry", slots * size);
    const slot = (of: Expression) =>
      inStack ? reverse ? subtractIndex(index(length), of) : of : remainderIndex(of, 2);
    const at = (of: Expression): Storage => ({ buffer, offset: scaleIndex(slot(of), size) });
    inner.storage.set(entering, at(step));
    inner.addDestination(leaving, at(addIndex(step, index(1))));
    lowering.copy(initial[i], [at(index(0))]);
    if (inStack) {
      stacked.forEach((value, j) => {
        const shifted = value === leaving ? !reverse : value === entering ? reverse : undefined;
        if (shifted === undefined || lowering.storage.has(outputs[carries + j])) return;
        lowering.storage.set(outputs[carries + j], { buffer, offset: index(shifted ? size : 0) });
      });
    }
    return at(index(length));
  });
  stacked.forEach((value, j) => {
    const output = outputs[carries + j];
    if (lowering.storage.has(output)) return;
    const target = lowering.destinations.get(output)?.[0] ??
      { buffer: lowering.newBuffer(output, "stack"), offset: index(0) };
    lowering.storage.set(output, target);
    const offset = addIndex(target.offset, scaleIndex(slice, sizeOf(value.type.shape)));
    inner.addDestination(value, { buffer: target.buffer, offset });
  });
  inner.run();
  const loop: LoopStep = {
    kind: "loop",
    order: lowering.steps.length,
    name: "scan",
    time,
    body: inner,
  };
  lowering.steps.push(loop);
  finals.forEach((storage, i) => lowering.storage.set(outputs[i], storage));
  for (const output of outputs) lowering.maker.set(output, loop);
}

/** Requests that a loop's operand be materialized, unless reading it costs nothing. */
function requestIfComputed(lowering: LoweringScope, value: Value): void {
  const axes = axesFor(value.type.shape, "i");
  const expression = lowering.element(value, axes.map(axisExpression), newReader());
  const free = expression.kind === "constant" ||
    (expression.kind === "load" && affineIndex(expression.index, axes) !== undefined);
  if (!free) lowering.request(value);
}
