/**
 * The loop over `k` of a register tile, with pointers that move along both operands.
 *
 * @module
 */
import { type FunctionBuilder, i32, type Local } from "../assembler/module.ts";
import type { Address } from "./matmul_operand.ts";

/** Vector instructions in the body of a loop over `k`: enough to hide its counter, few enough to decode. */
const UNROLLED_OPERATIONS = 48;
/** A loop over `k` with no more vector instructions than this is written out in full. */
export const STRAIGHT_LINE_OPERATIONS = 100;

/** Emits one step: its number, and the addresses of `x` and `y`. */
type StepBody = (
  step: number,
  xBase: Local,
  yBase: Local,
  xOffset: number,
  yOffset: number,
) => void;

/** The address of the first step, and bytes from one step to the next. */
interface Walked extends Address {
  readonly kBytes: number;
}

/** Emits `body` for each step along `k`: written out when short, else an unrolled loop and its remainder. */
export function walk(
  code: FunctionBuilder,
  steps: number,
  operationsPerStep: number,
  unrollMultiple: number,
  x: Walked,
  y: Walked,
  body: StepBody,
): void {
  const straight = (
    from: number,
    to: number,
    xBase: Local,
    yBase: Local,
  ): void => {
    for (let step = from; step < to; step++) {
      body(
        step,
        xBase,
        yBase,
        x.offset + step * x.kBytes,
        y.offset + step * y.kBytes,
      );
    }
  };
  if (steps * operationsPerStep <= STRAIGHT_LINE_OPERATIONS || steps < 2) {
    straight(0, steps, x.base, y.base);
    return;
  }
  const wanted = Math.max(
    1,
    Math.floor(UNROLLED_OPERATIONS / operationsPerStep),
  );
  const unroll = Math.min(
    steps,
    Math.ceil(wanted / unrollMultiple) * unrollMultiple,
  );
  const xPointer = code.local("i32");
  const yPointer = code.local("i32");
  code.get(x.base);
  code.set(xPointer);
  code.get(y.base);
  code.set(yPointer);
  const rounds = Math.floor(steps / unroll);
  const advance = (pointer: Local, bytes: number) => code.increment(pointer, unroll * bytes);
  // A pointer that moves is also the counter; an operand that is the same for all k has none.
  const counter = y.kBytes > 0
    ? { local: yPointer, bytes: y.kBytes }
    : x.kBytes > 0
    ? { local: xPointer, bytes: x.kBytes }
    : undefined;
  if (counter === undefined) {
    code.repeat({ to: rounds }, () => straight(0, unroll, xPointer, yPointer));
  } else {
    const end = code.local("i32");
    code.get(counter.local);
    code.i32Const(rounds * unroll * counter.bytes);
    code.op(i32.add);
    code.set(end);
    code.loop((again) => {
      straight(0, unroll, xPointer, yPointer);
      advance(xPointer, x.kBytes);
      advance(yPointer, y.kBytes);
      code.get(counter.local, end);
      code.op(i32.ne);
      code.branchIf(again);
    });
  }
  straight(0, steps - rounds * unroll, xPointer, yPointer);
}
