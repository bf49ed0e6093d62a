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

/** Where a walk stops: each time after so many steps. */
interface Blocks {
  readonly every: number;
  readonly flush: () => void;
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
  blocks?: Blocks,
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
  const pointers = [{ local: xPointer, bytes: x.kBytes }, { local: yPointer, bytes: y.kBytes }];
  // A pointer that moves is also the counter, if there is one.
  let counter = pointers.findLast(({ bytes }) => bytes > 0);
  if (counter === undefined) {
    code.i32Const(0);
    counter = { local: code.take("i32"), bytes: 1 };
    pointers.push(counter);
  }
  const { local: counting, bytes: stepBytes } = counter;
  const ahead = (count: number) => {
    code.get(counting);
    code.i32Const(count * unroll * stepBytes);
    code.op(i32.add);
    return code.take("i32");
  };
  const whileBelow = (end: Local, body: () => void) =>
    code.loop((again) => {
      body();
      code.get(counting, end);
      code.op(i32.ne);
      code.branchIf(again);
    });
  const end = ahead(rounds);
  const runTo = (end: Local) =>
    whileBelow(end, () => {
      straight(0, unroll, xPointer, yPointer);
      for (const { local, bytes } of pointers) code.increment(local, unroll * bytes);
    });
  const inBlock = blocks ? Math.max(1, Math.floor(blocks.every / unroll)) : rounds;
  if (!blocks || rounds <= inBlock) runTo(end);
  else {
    whileBelow(end, () => {
      const stop = ahead(inBlock);
      if (rounds % inBlock > 0) {
        code.get(stop, end, stop, end);
        code.op(i32.lt_u);
        code.select();
        code.set(stop);
      }
      runTo(stop);
      blocks.flush();
    });
  }
  straight(0, steps - rounds * unroll, xPointer, yPointer);
}
