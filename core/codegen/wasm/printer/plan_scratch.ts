/**
 * Plans the products of a program and the memory that each thread has for itself: scratch memory of
 * products, and right operands that are packed once before a loop.
 *
 * @module
 */
import { axesIn, type Axis, visitExpression } from "../../../ir/expression.ts";
import type { Kernel } from "../../../loops/program.ts";
import { alignBytes, SLACK_BYTES } from "../../cpu/memory_layout.ts";
import { kernelsOfTasks, type LoopTask, type ThreadSchedule } from "../../cpu/scheduled_tasks.ts";
import type { PlannedMatmul } from "./matmul_kernel.ts";
import type { PrinterParts } from "./parts.ts";

/** The products of a program, and a thread's own memory. */
export interface ScratchPlan {
  /** How products are computed that are not calls; `undefined` for those without terms. */
  readonly products: ReadonlyMap<Kernel, PlannedMatmul | undefined>;
  /** Where right operands that are packed before a loop lie in a thread's own memory. */
  readonly packed: ReadonlyMap<Kernel, number>;
  /** Bytes of a thread's own memory. */
  readonly bytes: number;
}

/** Right operands larger than this are packed once before a loop rather than in each of its rounds. */
const MAX_REPACKED_BYTES = 16 * 1024;

/**
 * Plans products and scratch memory.
 *
 * @param schedule What threads do.
 * @param blas Whether products that fit are calls.
 * @param printer What prints products; without it none are planned.
 * @returns The plan; the memory begins with what a product needs while it runs.
 */
export function planScratch(
  { tasks, thread }: ThreadSchedule,
  blas: boolean,
  printer: PrinterParts["products"],
): ScratchPlan {
  const products = new Map<Kernel, PlannedMatmul | undefined>();
  const packed = new Map<Kernel, number>();
  let bytes = 0;
  for (const task of tasks) {
    const kernels = kernelsOfTasks([task]);
    // What one step leaves in its scratch memory is of no use to the next.
    let scratch = 0;
    for (const kernel of kernels) {
      if (!printer || kernel.kind !== "matmul" || (blas && printer.blasProduct(kernel))) continue;
      const plain = printer.planProduct(kernel);
      const isAhead = plain && task.kind === "loop" && mayPackAhead(plain, task, thread);
      const other = isAhead ? printer.planProduct(kernel, true) : undefined;
      const ahead = other?.plan.packY === "ahead" ? other : undefined;
      const product = ahead || plain;
      products.set(kernel, product);
      scratch = Math.max(scratch, alignBytes(product?.scratchBytes ?? 0));
    }
    let end = scratch;
    for (const kernel of kernels) {
      const packedBytes = products.get(kernel)?.plan.packedYBytes ?? 0;
      if (packedBytes === 0) continue;
      packed.set(kernel, end);
      end += alignBytes(packedBytes + SLACK_BYTES);
    }
    bytes = Math.max(bytes, end);
  }
  return { products, packed, bytes: alignBytes(bytes + SLACK_BYTES) };
}

/** Returns whether the right operand of a product is loop-invariant, and packing it before the loop pays. */
function mayPackAhead(
  plain: PlannedMatmul,
  { loop, tasks }: LoopTask,
  thread: Axis,
): boolean {
  if (loop.time.extent < 4 || plain.kernel.batch.length > 0) return false;
  const { y } = plain.kernel;
  let moves = [...axesIn(plain.y.base)].some((axis) => axis !== thread);
  visitExpression(plain.y.base, (part) => moves ||= part.kind === "load");
  const isWritten = kernelsOfTasks(tasks).some(({ stores }) =>
    stores.some(({ buffer }) => buffer === y.buffer)
  );
  if (moves || isWritten) return false;
  const { shape, packY } = plain.plan;
  return packY !== "none" || shape.k * shape.n * 4 > MAX_REPACKED_BYTES;
}
