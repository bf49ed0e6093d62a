import { assertEquals } from "@std/assert";
import { evaluateGraph } from "../../ir/evaluate.ts";
import type { Graph } from "../../ir/graph.ts";
import { sub } from "../../language/ops/arithmetic.ts";
import { tanh } from "../../language/ops/functions.ts";
import { broadcastTo, reshape } from "../../language/ops/layout.ts";
import { scan } from "../../language/ops/scan.ts";
import { optimize } from "../../passes/optimize.ts";
import type { DenseArray } from "../../ir/primitive.ts";
import { sampleArray } from "../../ir/dense.ts";
import { programs } from "../../test_support/arbitrary_programs.ts";
import { fc, isLong, RUNS } from "../../test_support/fast_check.ts";
import { buildProgram } from "../../test_support/program_spec.ts";
import { randomSource } from "../../util/random_source.ts";
import type { Tensor } from "../../language/tensor.ts";
import { trace } from "../../language/trace.ts";
import { recomputeScans } from "../../test_support/recompute_scans.ts";
import { TARGET_PROGRAMS, type TargetSizes } from "../../test_support/target_programs.ts";
import type { Buffer } from "../../ir/expression.ts";
import { evaluateSchedule } from "../../test_support/evaluate_program.ts";
import type { LoopProgram, TimeLoop } from "../../loops/program.ts";
import { lowerGraph } from "../../loops/lower.ts";
import { findRows } from "../../loops/rows.ts";
import { shardRows } from "../../loops/shard_rows.ts";
import { type ArenaOptions, planArena } from "../../loops/plan_memory.ts";
import type { ScheduledTask, ThreadSchedule } from "./scheduled_tasks.ts";
import { scheduleThreads, type ThreadOptions } from "./thread_schedule.ts";

function scheduleOf(program: LoopProgram, options: ThreadOptions, arena?: ArenaOptions) {
  const plan = planArena(program, arena);
  const placeOf = (buffer: Buffer) => {
    const offset = plan.offsets.get(buffer);
    return offset === undefined ? { space: buffer, offset: 0 } : { space: "arena", offset };
  };
  return { ...plan, schedule: scheduleThreads(program, options, placeOf) };
}

/** Greatest difference to the meaning of a graph when threads run in some order. */
function differenceOf(
  graph: Graph,
  inputs: readonly DenseArray[],
  order: readonly number[],
  change = (schedule: ThreadSchedule) => schedule,
): number {
  const lowered = lowerGraph(optimize(graph));
  const threads = order.length;
  const program = threads === 3 ? lowered : shardRows(lowered, { threads, eager: true });
  const { schedule, size, offsets } = scheduleOf(program, { count: order.length, eager: true });
  const found = evaluateSchedule(
    program,
    change(schedule),
    inputs.map(({ data }) => Float64Array.from(data)),
    { order: order.filter((thread) => thread < schedule.thread.extent), arena: size, offsets },
  );
  let max = 0;
  evaluateGraph(graph, inputs).forEach(({ data }, i) =>
    data.forEach((x, j) => {
      const y = found[i][j];
      if (Object.is(x, y)) return;
      const difference = Math.abs(x - y) / Math.max(1, Math.abs(x));
      max = Math.max(max, Number.isNaN(difference) ? Infinity : difference);
    })
  );
  return max;
}

const ORDERS = [[0, 1], [1, 0], [2, 0, 1], [0, 1, 2, 3]];

Deno.test(`${isLong ? "[long] " : ""}scheduleThreads() keeps the meaning of random programs in any order of threads`, () => {
  // Numbers stay small, so that rounding does.
  const arbitrary = programs({ smooth: true, derivatives: 1 });
  fc.assert(
    fc.property(arbitrary, (spec) => {
      const { graph, inputs } = buildProgram(spec);
      for (const order of ORDERS) {
        const difference = differenceOf(graph, inputs, order);
        assertEquals(difference < 1e-6, true, `order ${order}: ${difference}`);
      }
      // Loops in loops, of which each has memory of its own only where it must.
      const segmented = differenceOf(recomputeScans(graph, 2), inputs, [1, 0]);
      assertEquals(segmented < 1e-6, true, `in segments: ${segmented}`);
    }),
    { seed: 1, numRuns: Math.min(60, Math.ceil(RUNS / 8)) },
  );
});

function targetOf(name: keyof typeof TARGET_PROGRAMS, sizes: TargetSizes) {
  const graph = TARGET_PROGRAMS[name](sizes);
  const random = randomSource(3);
  const inputs = graph.inputs.map(({ type }) =>
    sampleArray(random, type.shape, { ...type, max: type.dtype === "i32" ? sizes.symbols : 1 })
  );
  return { graph, inputs };
}

for (const name of Object.keys(TARGET_PROGRAMS) as (keyof typeof TARGET_PROGRAMS)[]) {
  Deno.test(`scheduleThreads() keeps the meaning of ${name} in any order of threads`, () => {
    for (const batch of [1, 3, 4]) {
      const { graph, inputs } = targetOf(name, { time: 3, batch, hidden: 5, symbols: 4 });
      for (const order of ORDERS) {
        const difference = differenceOf(graph, inputs, order);
        assertEquals(difference < 1e-6, true, `batch ${batch}, order ${order}: ${difference}`);
      }
    }
  });
}

Deno.test("evaluateSchedule() shows a barrier that is missing", () => {
  const { graph, inputs } = targetOf("embeddingLstm", { time: 3, batch: 4, hidden: 5, symbols: 4 });
  const without = (tasks: readonly ScheduledTask[]): ScheduledTask[] =>
    tasks.filter(({ kind }) => kind !== "barrier").map((task) =>
      task.kind === "loop" ? { ...task, tasks: without(task.tasks) } : task
    );
  const differences = [[0, 1], [1, 0]].map((order) =>
    differenceOf(graph, inputs, order, ({ tasks, thread }) => ({ tasks: without(tasks), thread }))
  );
  assertEquals(Math.max(...differences) > 1e-3, true, differences.join(", "));
});

/** Barriers in a schedule, and in its loops. */
function barriersIn(
  tasks: readonly ScheduledTask[],
): { readonly around: number; readonly inside: number } {
  let [around, inside] = [0, 0];
  for (const task of tasks) {
    if (task.kind === "barrier") around++;
    else if (task.kind === "loop") inside += barriersIn(task.tasks).around;
  }
  return { around, inside };
}

Deno.test("scheduleThreads() runs the rows of a batch through a loop without waiting", () => {
  const sizes = { time: 8, hidden: 64, symbols: 32 };
  const large = lowerGraph(optimize(TARGET_PROGRAMS.embeddingLstm({ ...sizes, batch: 32 })));
  const rows = scheduleOf(large, { count: 2 }).schedule;
  assertEquals([rows.thread.extent, barriersIn(rows.tasks).inside], [2, 0]);
  // A single row is cut inside, where all wait for each other once an iteration, there and back.
  const single = lowerGraph(
    optimize(TARGET_PROGRAMS.embeddingLstm({ ...sizes, hidden: 512, batch: 1 })),
  );
  const inside = scheduleOf(single, { count: 2 }).schedule;
  assertEquals(inside.thread.extent, 2);
  assertEquals(barriersIn(inside.tasks).inside >= 2, true);
});

Deno.test("scheduleThreads() shares columns where each thread would read large weights whole", () => {
  const sizes = { time: 4, batch: 32, symbols: 32 };
  const barriers = [256, 512].map((hidden) => {
    const program = lowerGraph(optimize(TARGET_PROGRAMS.embeddingLstm({ ...sizes, hidden })));
    return barriersIn(scheduleOf(program, { count: 2 }).schedule.tasks).inside > 0;
  });
  assertEquals(barriers, [false, true]);
});

Deno.test("scheduleThreads() gives threads rows of their own only where no memory is used twice", () => {
  const [batch, hidden, length] = [8, 64, 16];
  const type = { dtype: "f32", shape: [batch, hidden] } as const;
  const { graph } = trace([type], (x) => {
    /** A loop whose states are stacked, and their sum. */
    const states = (h: Tensor): Tensor =>
      scan((c: Tensor) => [tanh(sub(c, x)), c], h, undefined, { length })[1].sum([0]);
    return [scan((h: Tensor) => [states(states(h)), undefined], x, undefined, { length })[0]];
  });
  const program = lowerGraph(graph);
  const isWhole = (loop: TimeLoop) => findRows([loop]) !== undefined;
  const plans = [{ isWhole }, undefined].map((arena) => {
    const { schedule, size } = scheduleOf(program, { count: 2, eager: true }, arena);
    return { waits: barriersIn(schedule.tasks).inside > 0, size };
  });
  assertEquals(plans.map(({ waits }) => waits), [false, true]);
  const stack = 4 * length * batch * hidden;
  assertEquals(plans.map(({ size }) => Math.floor(size / stack)), [2, 1]);
});

Deno.test("scheduleThreads() leaves small programs to one thread", () => {
  const program = lowerGraph(
    optimize(TARGET_PROGRAMS.embeddingLstm({ time: 5, batch: 2, hidden: 8, symbols: 4 })),
  );
  const { schedule } = scheduleOf(program, { count: 2 });
  assertEquals([schedule.thread.extent, barriersIn(schedule.tasks).around], [1, 0]);
});

Deno.test("scheduleThreads() leaves many small regions to one thread", () => {
  // Sums over columns and rows in turn: threads would meet twice in each iteration.
  const type = (size: number) => ({ dtype: "f32", shape: [size, size] }) as const;
  const threadsOf = (size: number, pace?: number): number => {
    const { graph } = trace([type(size)], (x) => {
      const step = (h: Tensor): [Tensor, Tensor[]] => {
        const columns = tanh(sub(h, broadcastTo(h.sum([0]), [size, size])));
        const rows = reshape(columns.sum([1]), [size, 1]);
        return [tanh(sub(columns, broadcastTo(rows, [size, size]))), []];
      };
      return [scan(step, x, [], { length: 200 })[0]];
    });
    const { schedule } = scheduleOf(lowerGraph(optimize(graph)), { count: 2, pace });
    return schedule.thread.extent;
  };
  assertEquals([threadsOf(56), threadsOf(400)], [1, 2]);
  // Faster code is waited for as long: regions that only just repaid it do not.
  const least = [...Array(86).keys()].map((i) => 56 + 4 * i).find((size) => threadsOf(size) === 2);
  assertEquals([threadsOf(least!, 1.5), threadsOf(400, 1.5)], [1, 2]);
});
