/**
 * Prints what makes a team of threads run a program; a part of the printer, see `parts.ts`.
 *
 * @module
 */
import type { Axis } from "../../../ir/expression.ts";
import {
  type FunctionBuilder,
  i32,
  load,
  type Local,
  type ModuleBuilder,
} from "../assembler/module.ts";
import { barrierDepth, MIN_REGION_CYCLES, partsOf, type SchedulePart } from "../../cpu/regions.ts";
import type { LoopTask, ScheduledTask, ThreadSchedule, Work } from "../../cpu/scheduled_tasks.ts";
import { addTeam, type Team } from "../team.ts";

/** The first parameter of all functions. */
const TABLE: Local = 0;

/** The printer of a program, as this part of it sees the rest. */
export interface TeamHost {
  /** Where functions go. */
  readonly module: ModuleBuilder;
  /** Whether to share even what is not worth it. */
  readonly eager: boolean;
  /** Adds functions `(table, part, …times)` that run some tasks, in order. */
  addFunctions(tasks: readonly ScheduledTask[], around: readonly Axis[], times: number): number[];
  /** Adds a function that packs operands of a loop, of the kernels of one thread or of all, if there are any. */
  addPacking(task: LoopTask, single: boolean, times: number): number | undefined;
}

/**
 * Prints `run(table)` for a program that several threads run.
 *
 * @param host The printer.
 * @param schedule What threads do.
 * @param control Where the table has the address of the words that threads share.
 */
export function printTeam(host: TeamHost, schedule: ThreadSchedule, control: number): void {
  new TeamPrinter(host, schedule).print(control);
}

class TeamPrinter {
  readonly #host: TeamHost;
  readonly #schedule: ThreadSchedule;
  /** How many loop variables functions take. */
  readonly #times: number;
  /** The functions of each region. */
  readonly #regions: number[][] = [];

  constructor(host: TeamHost, schedule: ThreadSchedule) {
    this.#host = host;
    this.#schedule = schedule;
    this.#times = barrierDepth(schedule.tasks);
  }

  print(control: number): void {
    const { module } = this.#host;
    const { tasks, thread } = this.#schedule;
    const parts = this.#controlOf(partsOf(tasks), []);
    const values = new Array<"i32">(this.#times).fill("i32");
    const parameters = ["i32", "i32", "i32", ...values] as const;
    const dispatch = module.addFunction({ parameters }, (code) => {
      const [region, ...others] = parameters.map((_, i) => i);
      this.#regions.forEach((functions, i) => {
        code.get(region);
        code.i32Const(i);
        code.op(i32.eq);
        code.if(() => {
          for (const index of functions) {
            for (const other of others) code.get(other);
            code.call(index);
          }
          code.return();
        });
      });
    });
    const team = addTeam(module, thread.extent, this.#times, dispatch);
    module.addFunction({ parameters: ["i32"], exportAs: "run" }, (code) => {
      code.loadFrom(load.i32, TABLE, control);
      const own = { control: code.take("i32"), zero: code.local("i32"), team };
      for (const part of parts) part(code, own, []);
    });
  }

  /** Puts tasks into functions, and gives what calls them: regions for all threads, and the rest. */
  #controlOf(parts: readonly SchedulePart[], around: readonly Axis[]): Control[] {
    const host = this.#host;
    return parts.flatMap((part): Control[] => {
      if (part.kind === "region") {
        const own = host.addFunctions(part.single.map(alone), around, this.#times);
        const functions = host.addFunctions(part.shared, around, this.#times);
        return [this.#callAll(own, functions, part.cycles)];
      }
      const { task } = part;
      // Beyond the last thread there is no part of an operand that threads share.
      const [own, shared] = [true, false].map((single) => {
        const packing = host.addPacking(task, single, this.#times);
        return packing === undefined ? [] : [packing];
      });
      const before = own.length + shared.length > 0 ? [this.#callAll(own, shared, Infinity)] : [];
      const inside = this.#controlOf(part.parts, [...around, task.loop.time]);
      return [
        ...before,
        (code, team, locals) =>
          code.repeat({ to: task.loop.time.extent }, (time) => {
            for (const control of inside) control(code, team, [...locals, time]);
          }),
      ];
    });
  }

  /** Calls some functions once, and others once for each part. */
  #callAll(single: readonly number[], shared: readonly number[], work: number): Control {
    const { extent } = this.#schedule.thread;
    const number = this.#regions.length;
    const posts = shared.length > 0 && (work >= MIN_REGION_CYCLES || this.#host.eager);
    if (posts) this.#regions.push([...shared]);
    return (code, { control, zero, team }, locals) => {
      const all = [...locals, ...new Array<Local>(this.#times - locals.length).fill(zero)];
      const call = (functions: readonly number[], part: number) => {
        for (const index of functions) {
          code.get(TABLE);
          code.i32Const(part);
          for (const local of all) code.get(local);
          code.call(index);
        }
      };
      // With a memory of its own, for a helper may do any of the parts at the same time.
      const meanwhile = () => call(single, extent);
      if (posts) team.region(code, { control, table: TABLE, number, times: all, meanwhile });
      else {
        meanwhile();
        for (let part = 0; part < extent && shared.length > 0; part++) call(shared, part);
      }
    };
  }
}

/** What the caller of a team keeps at hand. */
interface Caller {
  /** Address of the words that threads share. */
  readonly control: Local;
  /** Zero, for loop variables that there are none of. */
  readonly zero: Local;
  readonly team: Team;
}

/** Emits calls, inside loops whose variables are in locals. */
type Control = (code: FunctionBuilder, caller: Caller, times: readonly Local[]) => void;

/** A task of one thread as a task of all that are there: one. */
function alone<T extends Work>(task: T): T {
  return { ...task, single: false };
}
