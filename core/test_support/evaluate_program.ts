/**
 * The meaning of a program of loops, run point by point in double precision. Tests compare it with
 * the graph it was lowered from; it knows nothing of any target.
 *
 * @module
 */
import { ELEMENTWISE, ELEMENTWISE_PRIMITIVES } from "../language/primitives/elementwise.ts";
import { dense } from "../ir/dense.ts";
import type { DenseArray } from "../ir/primitive.ts";
import type { DType } from "../ir/tensor_type.ts";
import type { Axis, Buffer, Expression } from "../ir/expression.ts";
import { axesOf, type Kernel, type LoopProgram, type Step, type Store } from "../loops/program.ts";
import type { ScheduledTask, ThreadSchedule } from "../codegen/cpu/scheduled_tasks.ts";

/** Memory and loop variables of a run. */
interface Machine {
  readonly memory: Map<Buffer, Float64Array>;
  readonly axes: Map<Axis, number>;
  accumulator: number;
  /** Values of expressions at the current point. */
  readonly known: Map<Expression, number>;
}

/**
 * Runs a program on numbers.
 *
 * @param program The program.
 * @param inputs Contents of its inputs; those donated are overwritten.
 * @returns Contents of its outputs.
 * @throws {RangeError} If a kernel reads or writes outside a buffer.
 */
export function evaluateProgram(
  program: LoopProgram,
  inputs: readonly Float64Array[],
): Float64Array[] {
  const memory = new Map<Buffer, Float64Array>();
  program.inputs.forEach((buffer, i) => memory.set(buffer, inputs[i]));
  for (const buffer of [...program.outputs, ...program.temporaries]) {
    if (!memory.has(buffer)) memory.set(buffer, new Float64Array(buffer.size).fill(NaN));
  }
  const machine = { memory, axes: new Map(), accumulator: 0, known: new Map() };
  runSteps(program.steps, machine);
  return program.outputs.map((buffer) => memoryOf(machine, buffer));
}

/**
 * Runs a program as threads would: between two barriers one thread after the other, in an order of
 * the caller's, on memory in which buffers may overlap.
 *
 * @param program The program.
 * @param schedule How threads share it.
 * @param inputs Contents of its inputs; those donated are overwritten.
 * @param options Order of the threads, and where temporaries lie.
 * @returns Contents of its outputs.
 */
export function evaluateSchedule(
  program: LoopProgram,
  { tasks, thread }: ThreadSchedule,
  inputs: readonly Float64Array[],
  { order, arena, offsets }: {
    readonly order: readonly number[];
    readonly arena: number;
    readonly offsets: ReadonlyMap<Buffer, number>;
  },
): Float64Array[] {
  const memory = new Map<Buffer, Float64Array>();
  program.inputs.forEach((buffer, i) => memory.set(buffer, inputs[i]));
  const shared = new Float64Array(Math.ceil(arena / 4)).fill(NaN);
  for (const buffer of [...program.outputs, ...program.temporaries]) {
    const first = (offsets.get(buffer) ?? 0) / 4;
    const own = offsets.has(buffer)
      ? shared.subarray(first, first + buffer.size)
      : new Float64Array(buffer.size).fill(NaN);
    if (!memory.has(buffer)) memory.set(buffer, own);
  }
  const runs = order.map((number) => {
    const axes = new Map([[thread, number]]);
    return runTasks(tasks, { memory, axes, accumulator: 0, known: new Map() }, number);
  });
  while (runs.map((run) => run.next().done).includes(false));
  return program.outputs.map((buffer) => memory.get(buffer) ?? new Float64Array());
}

/** One thread's way through some tasks; it stops at each barrier. */
function* runTasks(
  tasks: readonly ScheduledTask[],
  machine: Machine,
  thread: number,
): Generator<void> {
  for (const task of tasks) {
    if (task.kind === "barrier") yield;
    else if (task.single && thread !== 0) continue;
    else if (task.kind === "kernel") runKernel(task.kernel, machine);
    else {
      for (let i = 0; i < task.loop.time.extent; i++) {
        machine.axes.set(task.loop.time, i);
        machine.known.clear();
        yield* runTasks(task.tasks, machine, thread);
      }
    }
  }
}

function runSteps(steps: readonly Step[], machine: Machine): void {
  for (const step of steps) {
    if (step.kind === "loop") {
      forEachPoint([step.time], machine, () => runSteps(step.steps, machine));
    } else runKernel(step, machine);
  }
}

function runKernel(kernel: Kernel, machine: Machine): void {
  machine.known.clear();
  const writes: (() => void)[] = [];
  forEachPoint(axesOf(kernel), machine, () => {
    if (kernel.kind !== "map") machine.accumulator = fold(kernel, machine);
    machine.known.clear();
    for (const store of kernel.stores) {
      if (store.mode !== "set") runStore(store, machine)();
      else writes.push(runStore(store, machine));
    }
  });
  // Points run in any order, so nothing may depend on what another point of the kernel wrote.
  for (const write of writes) write();
}

function runStore({ buffer, index, value, mode }: Store, machine: Machine): () => void {
  const at = evaluate(index, machine);
  const result = evaluate(value, machine);
  const data = memoryOf(machine, buffer);
  if (!(at >= 0 && at < data.length)) throw new RangeError(`Store outside ${buffer.name}: ${at}`);
  // In double precision there is nothing worth compensating.
  return () => data[at] = mode === "set" ? result : data[at] + result;
}

function fold(
  kernel: Kernel & { readonly kind: "reduce" | "matmul" },
  machine: Machine,
): number {
  if (kernel.kind === "matmul") {
    let sum = 0;
    forEachPoint(
      [kernel.inner],
      machine,
      () => sum += evaluate(kernel.x, machine) * evaluate(kernel.y, machine),
    );
    return sum;
  }
  let result = kernel.operation === "max" ? -Infinity : 0;
  let best = -Infinity;
  forEachPoint(kernel.inner, machine, () => {
    const value = evaluate(kernel.value, machine);
    if (kernel.operation === "sum") result += value;
    else if (kernel.operation === "max") result = Math.max(result, value);
    else if (!(value <= best) && !Number.isNaN(best)) {
      best = value;
      result = machine.axes.get(kernel.inner[0]) ?? 0;
    }
  });
  const { dtype } = kernel.value;
  if (kernel.operation === "sum" && dtype === "i32") return result | 0;
  return kernel.operation === "sum" && dtype === "u32" ? result >>> 0 : result;
}

function forEachPoint(axes: readonly Axis[], machine: Machine, visit: () => void): void {
  if (axes.length === 0) return visit();
  const [axis, ...rest] = axes;
  for (let i = 0; i < axis.extent; i++) {
    machine.axes.set(axis, i);
    machine.known.clear();
    forEachPoint(rest, machine, visit);
  }
}

/** The value of an expression at the current point; shared parts are computed once. */
function evaluate(expression: Expression, machine: Machine): number {
  const known = machine.known.get(expression);
  if (known !== undefined) return known;
  const value = evaluateAnew(expression, machine);
  if (expression.kind === "apply") machine.known.set(expression, value);
  return value;
}

function evaluateAnew(expression: Expression, machine: Machine): number {
  switch (expression.kind) {
    case "constant":
      return expression.value;
    case "axis": {
      const value = machine.axes.get(expression.axis);
      if (value === undefined) throw new RangeError(`Axis ${expression.axis.name} is not bound`);
      return value;
    }
    case "accumulator":
      return machine.accumulator;
    case "load": {
      const at = evaluate(expression.index, machine);
      const data = memoryOf(machine, expression.buffer);
      if (!(at >= 0 && at < data.length)) {
        throw new RangeError(`Load outside ${expression.buffer.name}: ${at}`);
      }
      return data[at];
    }
    case "apply": {
      const values = expression.inputs.map((input) => evaluate(input, machine));
      if (expression.operation === "cast") {
        return castValue(values[0], expression.inputs[0].dtype, expression.dtype);
      }
      const value = expression.inputs[expression.operation === "select" ? 1 : 0];
      return ELEMENTWISE[expression.operation].evaluate(
        values[0],
        values[1],
        values[2],
        value.dtype,
      );
    }
    default:
      return expression satisfies never;
  }
}

function castValue(x: number, from: DType, to: DType): number {
  const input: DenseArray = dense({ dtype: from, shape: [] }, [x]);
  return ELEMENTWISE_PRIMITIVES.cast.evaluate([input], { to })[0].data[0];
}

function memoryOf(machine: Machine, buffer: Buffer): Float64Array {
  const data = machine.memory.get(buffer);
  if (!data) throw new RangeError(`Buffer ${buffer.name} is not part of the program`);
  return data;
}
