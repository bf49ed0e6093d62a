/**
 * Plans the products of a program and the memory that each thread has for itself: scratch memory of
 * products, and right operands that are packed once before a loop.
 *
 * @module
 */
import { axesIn, type Axis, visitExpression } from "../../../ir/expression.ts";
import type { Kernel, MatmulKernel } from "../../../loops/program.ts";
import { blasProduct } from "../../../loops/split_matmul_epilogues.ts";
import { alignBytes, SLACK_BYTES } from "../memory_layout.ts";
import { kernelsOfTasks, type LoopTask, type ThreadSchedule } from "../scheduled_tasks.ts";
import { type PlannedMatmul, planProduct } from "./matmul_kernel.ts";

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
 * @returns The plan; the memory begins with what a product needs while it runs.
 */
export function planScratch({ tasks, thread }: ThreadSchedule, blas: boolean): ScratchPlan {
  const products = new Map<Kernel, PlannedMatmul | undefined>();
  const packed = new Map<Kernel, number>();
  let bytes = 0;
  for (const task of tasks) {
    const kernels = kernelsOfTasks([task]);
    // What one step leaves in its scratch memory is of no use to the next.
    let scratch = 0;
    for (const kernel of kernels) {
      if (kernel.kind !== "matmul" || (blas && blasProduct(kernel))) continue;
      const plain = planProduct(kernel);
      const ahead = plain && task.kind === "loop" && planAhead(kernel, plain, task, thread);
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

/** Plans a product whose right operand is loop-invariant, and packed before the loop, if that pays. */
function planAhead(
  kernel: MatmulKernel,
  plain: PlannedMatmul,
  { loop, tasks }: LoopTask,
  thread: Axis,
): PlannedMatmul | undefined {
  if (loop.time.extent < 4 || plain.kernel.batch.length > 0) return undefined;
  const { y } = plain.kernel;
  let moves = [...axesIn(plain.y.base)].some((axis) => axis !== thread);
  visitExpression(plain.y.base, (part) => moves ||= part.kind === "load");
  const isWritten = kernelsOfTasks(tasks).some(({ stores }) =>
    stores.some(({ buffer }) => buffer === y.buffer)
  );
  if (moves || isWritten) return undefined;
  const { shape, packY } = plain.plan;
  if (packY === "none" && shape.k * shape.n * 4 <= MAX_REPACKED_BYTES) return undefined;
  const product = planProduct(kernel, true);
  return product?.plan.packY === "ahead" ? product : undefined;
}
