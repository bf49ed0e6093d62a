/**
 * Waiting for each other: a barrier for threads that share a memory.
 *
 * All threads count on one word, which only grows; each knows how far it must have grown before it may go
 * on. A thread watches the word for a while, because the others are usually about to arrive, and then goes
 * to sleep, so that a machine with other things to do can do them.
 *
 * @module
 */
import { atomic, i32, load, type Local, type ModuleBuilder, store } from "./module.ts";

/** Bytes between words that different threads write. */
const LINE = 64;

/** The words that threads wait with, in bytes from their start. All are 0 in the beginning. */
export const CONTROL = {
  /** How often a thread has arrived. */
  arrived: 0,
  /** How many sleep. */
  asleep: LINE,
  /** For each thread, a line of its own, from here on. */
  own: 2 * LINE,
  /** In that line: what `arrived` must reach. */
  goal: 0,
  /** In that line: how often to look before going to sleep. 0 if the thread must not sleep. */
  patience: 4,
  /** Bytes of such a line. */
  line: LINE,
} as const;

/** Bytes of control words for so many threads. */
export function controlBytes(threads: number): number {
  return CONTROL.own + threads * CONTROL.line;
}

/**
 * Adds a function of the address of the control words and of the thread's number, which returns when it
 * was called by all threads.
 *
 * @returns Its index.
 */
export function addBarrier(module: ModuleBuilder, threads: number): number {
  return module.addFunction({ parameters: ["i32", "i32"] }, (code) => {
    const [control, thread]: Local[] = [0, 1];
    const [own, goal, patience] = code.locals("i32", 3);
    code.address(control, thread, CONTROL.line, CONTROL.own);
    code.set(own);
    code.loadFrom(load.i32, own, CONTROL.goal);
    code.i32Const(threads);
    code.op(i32.add);
    code.set(goal);
    code.storeTo(store.i32, own, CONTROL.goal, goal);
    const pushArrived = () => {
      code.get(control);
      code.atomic(atomic.load, CONTROL.arrived);
    };
    /** Leaves the function if all have arrived. */
    const returnIfComplete = (before = () => {}) => {
      pushArrived();
      code.get(goal);
      code.op(i32.sub);
      code.i32Const(0);
      code.op(i32.ge_s);
      code.if(() => {
        before();
        code.return();
      });
    };
    const countAsleep = (by: number) => {
      code.get(control);
      code.i32Const(by);
      code.atomic(atomic.add, CONTROL.asleep);
      code.drop();
    };
    code.get(control);
    code.i32Const(1);
    code.atomic(atomic.add, CONTROL.arrived);
    code.i32Const(1);
    code.op(i32.add);
    code.get(goal);
    code.op(i32.eq);
    code.if(() => {
      code.get(control);
      code.atomic(atomic.load, CONTROL.asleep);
      code.if(() => {
        code.get(control);
        code.i32Const(-1);
        code.atomic(atomic.notify, CONTROL.arrived);
        code.drop();
      });
      code.return();
    });
    code.loop((forever) => {
      code.loadFrom(load.i32, own, CONTROL.patience);
      code.set(patience);
      code.loop((again) => {
        returnIfComplete();
        code.get(patience);
        code.i32Const(1);
        code.op(i32.sub);
        code.tee(patience);
        code.branchIf(again);
      });
      code.loadFrom(load.i32, own, CONTROL.patience);
      code.op(i32.eqz);
      code.branchIf(forever);
    });
    countAsleep(1);
    code.loop((again) => {
      returnIfComplete(() => countAsleep(-1));
      const seen = code.local("i32");
      pushArrived();
      code.set(seen);
      // Between the two looks the last may have arrived, and nobody would wake this one.
      code.get(seen, goal);
      code.op(i32.sub);
      code.i32Const(0);
      code.op(i32.ge_s);
      code.branchIf(again);
      code.get(control, seen);
      code.i64Const(-1n);
      code.atomic(atomic.wait32, CONTROL.arrived);
      code.drop();
      code.branch(again);
    });
  });
}
