/**
 * The lifetimes of results on devices: whoever disposes of one gives its memory back at once; the
 * memory of the others comes back when the engine has collected their tensors.
 *
 * An engine collects when its own heap grows, and knows nothing of a device's memory. It tells of
 * what it has collected in a turn of the event loop, which a loop that only awaits results never
 * gives it. So both are asked for here when the results that wait for it have grown by enough.
 *
 * @module
 */
import type { DeviceBuffer } from "../ir/backend.ts";
import { collectGarbage } from "../util/collect_garbage.ts";
import { sizeOf } from "../ir/tensor_type.ts";
import type { Tensor } from "./tensor.ts";

/** Bytes by which results may grow before they are collected. */
const GROWTH_BYTES = 2 ** 27;

/** Turns of the event loop that collecting may take. */
const MAX_TURNS = 4;

/** Bytes of results that were neither disposed of nor collected. */
let held = 0;
let limit = GROWTH_BYTES;
let collecting: Promise<boolean> | undefined;

const finalizers = new FinalizationRegistry<DeviceBuffer>((buffer) => {
  held -= bytesOf(buffer);
  buffer.dispose();
});

/** Gives a buffer to the tensor that is its handle: it is freed when the tensor is collected. */
export function keepResult(tensor: Tensor, buffer: DeviceBuffer): void {
  held += bytesOf(buffer);
  finalizers.register(tensor, buffer, tensor);
}

/** Forgets the buffer of a tensor, which has another owner now or is freed. */
export function forgetResult(tensor: Tensor, buffer: DeviceBuffer): void {
  if (finalizers.unregister(tensor)) held -= bytesOf(buffer);
}

/** Collects what nobody holds any more, if results have grown by enough since that was last done. */
export function collectIfGrown(): Promise<boolean> | undefined {
  return held < limit ? undefined : collecting ??= collect().finally(() => collecting = undefined);
}

/** Collects all results that nobody holds any more, however long it takes; returns whether there were any. */
export async function collectResults(): Promise<boolean> {
  const before = held;
  if (before === 0) return false;
  collectGarbage({ thoroughly: true });
  await nextTurn();
  return await collect() || held < before;
}

async function collect(): Promise<boolean> {
  const before = held;
  const enough = before - Math.min(GROWTH_BYTES, before) / 2;
  // The first turn often brings only what an earlier collection has found.
  for (let turn = 0; turn < MAX_TURNS && held > enough; turn++) {
    collectGarbage();
    await nextTurn();
  }
  limit = held + GROWTH_BYTES;
  return held < before;
}

/** Lets the engine tell of what it collected. By a timer: Deno hands out many messages before that. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Bytes that a result takes, with about those of its handles. */
function bytesOf({ type }: DeviceBuffer): number {
  return 4 * sizeOf(type.shape) + 512;
}
