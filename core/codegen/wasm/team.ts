/**
 * Shares regions of a program among a team of threads. One thread, the caller, runs the program; where there
 * is work for several it posts a *region* of so many parts and begins with them itself. Helpers, if they are
 * awake, take parts too. The caller goes on when all parts are done: it waits only for parts that another has
 * begun, so a helper that the system lets sleep costs nothing.
 *
 * Parts are taken by counting up a ticket, in whose upper bits regions are numbered, so that nobody takes
 * a part of a region that is over.
 *
 * @module
 */
import {
  atomic,
  type FunctionBuilder,
  i32,
  load,
  type Local,
  type ModuleBuilder,
  store,
} from "./assembler/module.ts";
import { SPIN_LIMIT } from "../cpu/memory_layout.ts";

/** The words that threads share, in bytes from their start; far apart where different threads write. */
export const CONTROL = {
  /** Number of the region times 256, plus the next part. */
  ticket: 0,
  /** Parts that are done. */
  done: 64,
  /** Helpers that may sleep. */
  asleep: 128,
  /** Not 0 if the caller sleeps. */
  waiting: 192,
  /** Which program the region is of. */
  program: 256,
  /** Which region. */
  region: 260,
  /** What the program runs on. */
  table: 264,
  /** How often the caller looks before it sleeps; 0 if it must not sleep. */
  spinLimit: 268,
  /** Loop variables around the region. */
  times: 272,
  /** How many messages were sent to helpers. */
  sent: 320,
  /** Not 0 if helpers shall go. */
  leave: 324,
  /** Bytes of all of them. */
  bytes: 384,
} as const;

/** Maximum number of loops around a region. */
const MAX_TIMES = (CONTROL.sent - CONTROL.times) / 4;
/** The next part, in a ticket. More parts than this are impossible. */
const NEXT = 255;

/** A program's team. */
export interface Team {
  /** Emits the work of all threads on a region: the caller posts it, `meanwhile` does more, and joins. */
  region(
    code: FunctionBuilder,
    work: {
      readonly control: Local;
      readonly table: Local;
      readonly number: number;
      readonly times: readonly Local[];
      readonly meanwhile: () => void;
    },
  ): void;
}

/**
 * Adds what a team needs to a module, and exports `serve(control, program, heard)`, which helpers call: it
 * takes parts of the program's regions until there is another program, or a message.
 *
 * @param module The module.
 * @param parts How many parts regions have.
 * @param times How many loop variables `dispatch` wants.
 * @param dispatch A function `(region, table, part, …times)` that does a part.
 */
export function addTeam(
  module: ModuleBuilder,
  parts: number,
  times: number,
  dispatch: number,
): Team {
  if (times > MAX_TIMES) {
    throw new RangeError(
      `Cannot share loops in loops among threads: at most ${MAX_TIMES} are possible, found ${times}`,
    );
  }
  const claim = addClaim(module, parts, times, dispatch);
  const join = addJoin(module, parts);
  addServe(module, parts, claim);
  return {
    region(code, { control, table, number, times, meanwhile }) {
      const set = (place: number, push: () => void) => {
        code.get(control);
        push();
        code.store(store.i32, place);
      };
      set(CONTROL.region, () => code.i32Const(number));
      set(CONTROL.table, () => code.get(table));
      times.forEach((time, i) => set(CONTROL.times + 4 * i, () => code.get(time)));
      code.get(control);
      code.i32Const(0);
      code.atomic(atomic.store, CONTROL.done);
      // The next region, of which no part is taken.
      code.get(control, control);
      code.atomic(atomic.load, CONTROL.ticket);
      code.i32Const(NEXT);
      code.op(i32.or);
      code.i32Const(1);
      code.op(i32.add);
      code.atomic(atomic.store, CONTROL.ticket);
      code.get(control);
      code.i32Const(0);
      code.atomic(atomic.exchange, CONTROL.asleep);
      code.if(() => notify(code, control, CONTROL.ticket));
      meanwhile();
      code.get(control, control);
      code.atomic(atomic.load, CONTROL.program);
      code.call(claim);
      code.get(control);
      code.call(join);
    },
  };
}

function notify(code: FunctionBuilder, control: Local, place: number): void {
  code.get(control);
  code.i32Const(-1);
  code.atomic(atomic.notify, place);
  code.drop();
}

/** Adds `(control, program)`: takes parts as long as there are any. */
function addClaim(module: ModuleBuilder, parts: number, times: number, dispatch: number): number {
  return module.addFunction({ parameters: ["i32", "i32"] }, (code) => {
    const [control, program]: Local[] = [0, 1];
    const [ticket, part] = code.locals("i32", 2);
    code.loop((again) => {
      code.get(control);
      code.atomic(atomic.load, CONTROL.ticket);
      code.tee(ticket);
      code.i32Const(NEXT);
      code.op(i32.and);
      code.tee(part);
      code.i32Const(parts);
      code.op(i32.ge_s);
      code.if(() => code.return());
      // Between the look at the ticket and its taking: if the program changes, so does the ticket.
      code.get(control);
      code.atomic(atomic.load, CONTROL.program);
      code.get(program);
      code.op(i32.ne);
      code.if(() => code.return());
      code.get(control, ticket, ticket);
      code.i32Const(1);
      code.op(i32.add);
      code.atomic(atomic.compareExchange, CONTROL.ticket);
      code.get(ticket);
      code.op(i32.ne);
      code.branchIf(again);
      code.loadFrom(load.i32, control, CONTROL.region);
      code.loadFrom(load.i32, control, CONTROL.table);
      code.get(part);
      for (let i = 0; i < times; i++) code.loadFrom(load.i32, control, CONTROL.times + 4 * i);
      code.call(dispatch);
      code.get(control);
      code.i32Const(1);
      code.atomic(atomic.add, CONTROL.done);
      code.drop();
      code.get(control);
      code.atomic(atomic.load, CONTROL.waiting);
      code.if(() => notify(code, control, CONTROL.done));
      code.branch(again);
    });
  });
}

/** Adds `(control)`: waits until all parts are done. */
function addJoin(module: ModuleBuilder, parts: number): number {
  return module.addFunction({ parameters: ["i32"] }, (code) => {
    const control: Local = 0;
    const [done, spins] = code.locals("i32", 2);
    const setWaiting = (value: number) => {
      code.get(control);
      code.i32Const(value);
      code.atomic(atomic.store, CONTROL.waiting);
    };
    /** Leaves the function if all parts are done. */
    const returnIfDone = (before = () => {}) => {
      code.get(control);
      code.atomic(atomic.load, CONTROL.done);
      code.tee(done);
      code.i32Const(parts);
      code.op(i32.eq);
      code.if(() => {
        before();
        code.return();
      });
    };
    code.loop((forever) => {
      code.loadFrom(load.i32, control, CONTROL.spinLimit);
      code.set(spins);
      code.loop((again) => {
        returnIfDone();
        code.get(spins);
        code.i32Const(1);
        code.op(i32.sub);
        code.tee(spins);
        code.branchIf(again);
      });
      code.loadFrom(load.i32, control, CONTROL.spinLimit);
      code.op(i32.eqz);
      code.branchIf(forever);
    });
    setWaiting(1);
    code.loop((again) => {
      returnIfDone(() => setWaiting(0));
      code.get(control, done);
      code.i64Const(-1n);
      code.atomic(atomic.wait32, CONTROL.done);
      code.drop();
      code.branch(again);
    });
  });
}

/** Adds and exports `serve`. */
function addServe(module: ModuleBuilder, parts: number, claim: number): void {
  const parameters = ["i32", "i32", "i32"] as const;
  module.addFunction({ parameters, exportAs: "serve" }, (code) => {
    const [control, program, heard]: Local[] = [0, 1, 2];
    const [ticket, spins] = code.locals("i32", 2);
    /** Leaves the function if a word is not what it was. */
    const returnUnless = (place: number, push: () => void) => {
      code.get(control);
      code.atomic(atomic.load, place);
      push();
      code.op(i32.ne);
      code.if(() => code.return());
    };
    code.loop((serve) => {
      code.get(control, program);
      code.call(claim);
      code.i32Const(SPIN_LIMIT);
      code.set(spins);
      code.loop((again) => {
        code.get(control);
        code.atomic(atomic.load, CONTROL.ticket);
        code.set(ticket);
        returnUnless(CONTROL.program, () => code.get(program));
        returnUnless(CONTROL.sent, () => code.get(heard));
        returnUnless(CONTROL.leave, () => code.i32Const(0));
        code.get(ticket);
        code.i32Const(NEXT);
        code.op(i32.and);
        code.i32Const(parts);
        code.op(i32.lt_s);
        code.branchIf(serve);
        code.get(spins);
        code.i32Const(1);
        code.op(i32.sub);
        code.tee(spins);
        code.branchIf(again);
      });
      code.get(control);
      code.i32Const(1);
      code.atomic(atomic.add, CONTROL.asleep);
      code.drop();
      code.get(control, ticket);
      code.i64Const(-1n);
      code.atomic(atomic.wait32, CONTROL.ticket);
      code.drop();
      code.branch(serve);
    });
  });
}
