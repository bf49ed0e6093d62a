/**
 * Prints a program of loops as C, which the machine's own compiler makes a library of. It exports
 * `run(memory, table)`: one call is one run. The table lists the offsets of the inputs, of the outputs and of
 * the arena, where temporaries lie; the schedule of threads is that of the WebAssembly printer.
 *
 * @module
 */
import {
  axesIn,
  type Axis,
  type Buffer,
  type Expression,
  visitExpression,
} from "../../ir/expression.ts";
import { planArena } from "../../loops/plan_memory.ts";
import { findRows } from "../../loops/rows.ts";
import { isEmpty, type Kernel, type LoopProgram, type TimeLoop } from "../../loops/program.ts";
import {
  alignBytes,
  ALIGNMENT_BYTES,
  checkPages,
  PAGE_BYTES,
  SLACK_BYTES,
} from "../cpu/memory_layout.ts";
import { barrierDepth, MIN_REGION_CYCLES, partsOf, type SchedulePart } from "../cpu/regions.ts";
import {
  buffersOfTasks,
  kernelsOfTasks,
  kernelsOfThreads,
  type LoopTask,
  type ScheduledTask,
  type ThreadSchedule,
  type Work,
} from "../cpu/scheduled_tasks.ts";
import { scheduleThreads, type ThreadOptions } from "../cpu/thread_schedule.ts";
import { emptyProduct } from "../cpu/plain_kernels.ts";
import { printMap, printReduce } from "./kernels.ts";
import { printMatmul, printPacking } from "./matmul.ts";
import { type Machine, planProduct, type ProductPlan } from "./matmul_plan.ts";
import { preludeOf } from "./prelude.ts";
import { teamText } from "./team.ts";
import { CWriter } from "./writer.ts";

/** Options of {@linkcode printC}. */
export interface PrintCOptions {
  /** What the processor has. */
  readonly machine: Machine;
  /** The threads that may share the work. Default one. */
  readonly threads?: ThreadOptions;
}

/** A program as C. */
export interface PrintedC {
  /** The text. It exports `run`, and `start` and `stop` if there are threads. */
  readonly text: string;
  /** Size of the arena that a run needs, aligned to 64 bytes. */
  readonly arenaBytes: number;
  /** Entries of the table: inputs, outputs, the arena. */
  readonly tableLength: number;
  /** How many threads run it: all that may, or one if more are not worth it. */
  readonly threads: number;
}

/** Prints a program. */
export function printC(program: LoopProgram, options: PrintCOptions): PrintedC {
  return new CProgram(program, options).print();
}

/** Rounds of loops from which on a copy before them pays. */
const MIN_ROUNDS = 4;

/** A product's place in a thread's own memory, in bytes. */
interface OwnMemory {
  readonly plan: ProductPlan;
  readonly panel: number;
  /** The loop before which panels are copied. */
  readonly before: TimeLoop | undefined;
  readonly left: number;
  readonly sums: number;
}

class CProgram {
  readonly #program: LoopProgram;
  readonly #machine: Machine;
  readonly #eager: boolean;
  /** Regions of less work do not repay waiting: with vectors of 16 from half as much work more on, as measured. */
  readonly #pace: number;
  readonly #schedule: ThreadSchedule;
  readonly #offsets: ReadonlyMap<Buffer, number>;
  readonly #ownOffset: number;
  readonly #products = new Map<Kernel, OwnMemory>();
  /** Bytes of a thread's own memory. */
  #ownBytes = 0;
  readonly #functions: string[] = [];
  /** The functions of each region. */
  readonly #regions: (readonly string[])[] = [];
  readonly #times: number;

  constructor(program: LoopProgram, { machine, threads = { count: 1 } }: PrintCOptions) {
    this.#program = program;
    this.#machine = machine;
    this.#eager = threads.eager ?? false;
    this.#pace = 1 + (machine.lanes - 4) / 24;
    const { size, offsets } = planArena(program, {
      alignment: ALIGNMENT_BYTES,
      slack: SLACK_BYTES,
      // Threads with rows of their own would be at different iterations.
      isWhole: (loop) => threads.count > 1 && findRows([loop]) !== undefined,
    });
    this.#offsets = offsets;
    this.#schedule = scheduleThreads(program, { ...threads, pace: this.#pace }, (buffer) => {
      const offset = offsets.get(buffer);
      return offset === undefined ? { space: buffer, offset: 0 } : { space: "arena", offset };
    });
    this.#ownOffset = alignBytes(size + SLACK_BYTES);
    this.#times = barrierDepth(this.#schedule.tasks);
    this.#schedule.tasks.forEach((task) => this.#planTask(task));
    this.#ownBytes = alignBytes(this.#ownBytes + SLACK_BYTES);
    checkPages(Math.ceil(this.#arenaBytes / PAGE_BYTES) + 1);
  }

  get #arenaBytes(): number {
    const { extent } = this.#schedule.thread;
    return alignBytes(this.#ownOffset + (extent > 1 ? extent + 1 : 1) * this.#ownBytes);
  }

  /** Plans the products of a task: memory while each runs, then panels that are copied before a loop. */
  #planTask(task: ScheduledTask): void {
    const plans: [Kernel, ProductPlan, TimeLoop | undefined][] = [];
    const walk = (task: ScheduledTask, around: readonly LoopTask[]): void => {
      if (task.kind === "loop") {
        return task.tasks.forEach((inner) => walk(inner, [...around, task]));
      }
      if (task.kind === "barrier" || task.kernel.kind !== "matmul") return;
      const { kernel } = task;
      if (isEmpty(kernel) || kernel.inner.extent === 0) return;
      let before: LoopTask | undefined;
      const plan = planProduct(kernel, this.#machine, (buffer, base) => {
        before = around.find((_, i) => isFixed(buffer, base, around.slice(i)));
        return before !== undefined;
      });
      plans.push([kernel, plan, plan.pack === "ahead" ? before?.loop : undefined]);
    };
    walk(task, []);
    const bytesOf = (floats: number) => floats === 0 ? 0 : alignBytes(4 * floats + SLACK_BYTES);
    const most = (part: (plan: ProductPlan) => number) =>
      Math.max(0, ...plans.map(([, plan]) => bytesOf(part(plan))));
    const panel = most(({ pack, scratch }) => pack === "each" ? scratch.panel : 0);
    const left = most(({ scratch }) => scratch.left);
    let end = panel + left + most(({ scratch }) => scratch.sums);
    for (const [kernel, plan, before] of plans) {
      const places = { panel: before ? end : 0, left: panel, sums: panel + left };
      this.#products.set(kernel, { plan, before, ...places });
      if (before) end += bytesOf(plan.scratch.panel);
    }
    this.#ownBytes = Math.max(this.#ownBytes, end);
  }

  print(): PrintedC {
    const { inputs, outputs } = this.#program;
    const { tasks, thread } = this.#schedule;
    const isTeam = thread.extent > 1;
    const steps = isTeam
      ? this.#control(partsOf(tasks), [])
      : this.#addFunction(tasks as readonly Work[], []).map((name) => `${name}(m, table, 0);\n`);
    const parts = [preludeOf(this.#machine.lanes)];
    if (isTeam) parts.push(teamText(thread.extent, this.#times));
    parts.push(...this.#functions);
    if (isTeam) parts.push(this.#dispatch());
    parts.push(`void run(char *m, uint64_t at) {
  const word *table = (const word *)(m + at);
${steps.join("")}}
`);
    return {
      text: parts.join("\n"),
      arenaBytes: this.#arenaBytes,
      tableLength: inputs.length + outputs.length + 1,
      threads: thread.extent,
    };
  }

  #dispatch(): string {
    const times = Array.from({ length: this.#times }, (_, i) => `, times[${i}]`).join("");
    const cases = this.#regions.map((functions, i) =>
      `    case ${i}: ${
        functions.map((name) => `${name}(m, table, part${times});`).join(" ")
      } break;\n`
    );
    return `static void dispatch(int region, char *m, const word *table, int part, const int *times) {
  switch (region) {
${cases.join("")}  }
}
`;
  }

  /** Adds a function that runs some tasks, in order; gives its name, or none if there is nothing to do. */
  #addFunction(tasks: readonly Work[], around: readonly Axis[], body?: string): string[] {
    if (tasks.length === 0) return [];
    const text = body ?? this.#tasksText(tasks, around);
    const { inputs, outputs } = this.#program;
    const name = `part_${this.#functions.length}`;
    const parameters = Array.from({ length: this.#times }, (_, i) => `, int t${i}`).join("");
    const lines = [
      `char *const arena = m + table[${inputs.length + outputs.length}];`,
      `char *const own = arena + ${this.#ownOffset} + part * ${this.#ownBytes}l;`,
    ];
    for (const buffer of buffersOfTasks(tasks)) {
      const offset = this.#offsets.get(buffer);
      const input = inputs.indexOf(buffer);
      const place = input < 0 ? inputs.length + outputs.indexOf(buffer) : input;
      const at = offset === undefined ? `m + table[${place}]` : `arena + ${offset}`;
      const type = { f32: "float", i32: "int32_t", u32: "word", bool: "int32_t" }[buffer.dtype];
      lines.push(`${type} *const ${this.#nameOf(buffer)} = (${type} *)(${at});`);
    }
    this.#functions.push(
      `static void ${name}(char *m, const word *table, long part${parameters}) {\n` +
        `${lines.map((line) => `  ${line}\n`).join("")}${text}}\n`,
    );
    return [name];
  }

  readonly #names = new Map<Buffer, string>();

  #nameOf(buffer: Buffer): string {
    let name = this.#names.get(buffer);
    if (!name) {
      name = `${buffer.name.replaceAll(/\W/g, "_")}_${this.#names.size}`;
      this.#names.set(buffer, /^\d/.test(name) ? `b_${name}` : name);
    }
    return this.#names.get(buffer) as string;
  }

  /** Texts of the loop variables around. */
  #axes(around: readonly Axis[]): Map<Axis, string> {
    const axes = new Map(around.map((axis, i) => [axis, `t${i}`]));
    return axes.set(this.#schedule.thread, "(int)part");
  }

  #tasksText(tasks: readonly ScheduledTask[], around: readonly Axis[]): string {
    return tasks.map((task) => {
      if (task.kind === "barrier") throw new Error("Cannot print a barrier inside a function");
      if (task.kind === "kernel") return this.#kernelText(task.kernel, around);
      const { loop: { time, name }, tasks: inner } = task;
      if (time.extent === 0) return "";
      const t = `t${around.length}`;
      return `${this.#packingText(task, kernelsOfTasks([task]), around)}  /* ${
        comment(name)
      } */\n` +
        `  for (int ${t} = 0; ${t} < ${time.extent}; ${t}++) {\n${
          this.#tasksText(inner, [...around, time])
        }  }\n`;
    }).join("");
  }

  #writer(around: readonly Axis[]): CWriter {
    return new CWriter(this.#axes(around), (buffer) => this.#nameOf(buffer), this.#machine.lanes);
  }

  /** Copies the panels that nothing changes in a loop. */
  #packingText(
    task: LoopTask,
    kernels: readonly Kernel[],
    around: readonly Axis[],
  ): string {
    return kernels.map((kernel) => {
      const own = this.#products.get(kernel);
      if (own?.before !== task.loop) return "";
      const writer = this.#writer(around);
      const pointer = this.#nameOf(own.plan.kernel.y.buffer);
      printPacking(writer, own.plan, pointer, `(float *)(own + ${own.panel})`);
      return `  {\n${writer.text}  }\n`;
    }).join("");
  }

  #kernelText(kernel: Kernel, around: readonly Axis[]): string {
    if (isEmpty(kernel)) return "";
    const writer = this.#writer(around);
    if (kernel.kind === "map") printMap(writer, kernel);
    else if (kernel.kind === "reduce") printReduce(writer, kernel);
    else {
      const own = this.#products.get(kernel);
      if (!own) printMap(writer, emptyProduct(kernel));
      else {
        const at = (offset: number) => `((float *)(own + ${offset}))`;
        const memory = { panel: at(own.panel), left: at(own.left), sums: at(own.sums) };
        printMatmul(writer, own.plan, memory, (side) => this.#nameOf(own.plan.kernel[side].buffer));
      }
    }
    return `  { /* ${comment(kernel.name)} */\n${writer.text}  }\n`;
  }

  /** Puts tasks into functions, and gives the text that calls them: regions for all threads, and the rest. */
  #control(parts: readonly SchedulePart[], around: readonly Axis[]): string[] {
    return parts.flatMap((part): string[] => {
      if (part.kind === "region") {
        const own = this.#addFunction(part.single, around);
        const functions = this.#addFunction(part.shared, around);
        return [this.#callAll(own, functions, part.cycles, around.length)];
      }
      const { task } = part;
      // Beyond the last thread there is no part of an operand that threads share.
      const [own, shared] = [true, false].map((single) => {
        const packing = this.#packingText(task, kernelsOfThreads([task], single), around);
        return packing === "" ? [] : this.#addFunction([task], around, packing);
      });
      const { time } = task.loop;
      const t = `t${around.length}`;
      const before = this.#callAll(own, shared, Infinity, around.length);
      const inside = this.#control(part.parts, [...around, time]);
      const head = `  for (int ${t} = 0; ${t} < ${time.extent}; ${t}++) {\n`;
      return [before, head, ...inside, "  }\n"];
    });
  }

  /** Calls some functions once, and others once for each part. */
  #callAll(
    single: readonly string[],
    shared: readonly string[],
    work: number,
    depth: number,
  ): string {
    const { extent } = this.#schedule.thread;
    const times = Array.from({ length: this.#times }, (_, i) => i < depth ? `t${i}` : "0");
    const call = (names: readonly string[], part: string) =>
      names.map((name) => `  ${name}(${["m", "table", part, ...times].join(", ")});\n`).join("");
    // With a memory of its own, for a helper may do any of the parts at the same time.
    const own = call(single, `${extent}`);
    if (shared.length > 0 && (work >= this.#pace * MIN_REGION_CYCLES || this.#eager)) {
      this.#regions.push(shared);
      const list = times.length > 0 ? `(const int[]){ ${times.join(", ")} }` : "0";
      return `  post(${this.#regions.length - 1}, m, table, ${list});\n${own}  join();\n`;
    }
    const each = Array.from(
      { length: shared.length > 0 ? extent : 0 },
      (_, part) => call(shared, `${part}`),
    );
    return own + each.join("");
  }
}

/** A name inside of a comment. */
function comment(name: string): string {
  return name.replaceAll(/[^\w .()-]/g, "_");
}

/** Whether nothing in loops, the outermost first, changes a right operand, and they go on for long enough. */
function isFixed(buffer: Buffer, base: Expression, loops: readonly LoopTask[]): boolean {
  const inside = new Set(loops.map(({ loop }) => loop.time));
  const rounds = loops.reduce((n, { loop }) => n * loop.time.extent, 1);
  let moves = [...axesIn(base)].some((axis) => inside.has(axis));
  visitExpression(base, (part) => moves ||= part.kind === "load");
  return rounds >= MIN_ROUNDS && !moves &&
    !kernelsOfTasks(loops[0].tasks).some(({ stores }) =>
      stores.some((store) => store.buffer === buffer)
    );
}
