/**
 * Opens devices by name.
 *
 * @module
 */
import { debugLine } from "../util/debug_output.ts";
import { readVariable } from "../util/environment.ts";
import type { GraphCost } from "../passes/cost.ts";
import type { Backend, BackendName } from "../ir/backend.ts";
import { asBackendName, chooseDevice } from "./choose.ts";
import type { TuningCache } from "./webgpu.ts";

/** What is brought along to a device that is opened by name. */
export interface OpenSettings {
  /** Keeps what is measured of a GPU; without one nothing is measured. */
  readonly tuning?: TuningCache;
}

/** How each device is opened. Each is loaded when it is asked for: what a page does not use, it need not fetch. */
const OPENERS: Readonly<Record<BackendName, (settings: OpenSettings) => Promise<Backend>>> = {
  reference: async () => (await import("./extras.ts")).referenceBackend(),
  cpu: async () => (await import("./cpu.ts")).cpuBackend(),
  native: async () => await (await import("./native.ts")).nativeBackend(),
  webgpu: async ({ tuning }) => await (await import("./webgpu.ts")).webgpuBackend({ tuning }),
};

/**
 * Opens a device.
 *
 * @param name Which one; `auto` is the one named by the variable `UNROLL_BACKEND`, else the CPU.
 * @param settings What is brought along.
 * @returns The device, owned by the caller.
 * @throws {RangeError} If there is none of that name, or it cannot be had here. Where the variable names `native` and
 * that cannot be had, it is the CPU, and a line on standard error says why.
 *
 * @example Usage
 * ```ts
 * import { openBackend } from "@unroll/core/backends";
 * import { strictEqual } from "node:assert/strict";
 *
 * using backend = await openBackend("reference");
 * strictEqual(backend.name, "reference");
 * ```
 */
export async function openBackend(
  name: BackendName | "auto" = "auto",
  settings: OpenSettings = {},
): Promise<Backend> {
  if (name !== "auto") return await OPENERS[asBackendName(name)](settings);
  const chosen = readVariable("UNROLL_BACKEND") ?? "cpu";
  try {
    return await openBackend(asBackendName(chosen), settings);
  } catch (error) {
    if (chosen !== "native" || !(error instanceof RangeError)) throw error;
    warnOnce(`${error.message}, so cpu is used in its place`);
    return await openBackend("cpu");
  }
}

const warned = new Set<string>();

function warnOnce(sentence: string): void {
  if (!warned.has(sentence)) debugLine(sentence);
  warned.add(sentence);
}

/** A device and, where it was chosen here, why. */
export interface OpenedBackend {
  /** The device, owned by the caller. */
  readonly backend: Backend;
  /** Why it was chosen; absent for one that was named. */
  readonly reason?: string;
}

/**
 * Opens the device for a program: the one that is named, or the one that suits it.
 *
 * @param name Which one, or `auto`.
 * @param estimate Says what one run of the program takes; called for `auto` only.
 * @param settings What is brought along.
 * @returns The device and why.
 * @throws {RangeError} As {@linkcode openBackend}; a GPU or native code that `auto` cannot open is passed over.
 *
 * @example Usage
 * ```ts
 * import { openBackendFor } from "@unroll/core/backends";
 *
 * const { backend, reason } = await openBackendFor("auto", () => ({
 *   operations: 37_000,
 *   iterations: 122,
 * }));
 * console.log(backend.name, reason);
 * backend.dispose();
 * ```
 */
export async function openBackendFor(
  name: BackendName | "auto",
  estimate: () => GraphCost | Promise<GraphCost>,
  settings: OpenSettings = {},
): Promise<OpenedBackend> {
  if (name !== "auto") return { backend: await openBackend(name, settings) };
  const variable = readVariable("UNROLL_BACKEND");
  // What a variable has settled need not be estimated.
  const cost = variable ? { operations: 0, iterations: 0 } : await estimate();
  const { device, reason } = await chooseDevice(cost);
  if (variable) {
    const backend = await openBackend("auto", settings);
    const isIt = backend.name === device;
    return {
      backend,
      reason: isIt ? reason : `UNROLL_BACKEND says ${device}, which cannot be had`,
    };
  }
  try {
    return { backend: await openBackend(device, settings), reason };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { backend: await openBackend("cpu"), reason: error.message };
  }
}

let shared: Promise<Backend> | undefined;

/**
 * Opens the device that `compile` uses where none is named, when it is first needed, once.
 *
 * @returns The device, the same each time.
 *
 * @example Usage
 * ```ts
 * import { defaultBackend } from "@unroll/core/backends";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(await defaultBackend(), await defaultBackend());
 * ```
 */
export function defaultBackend(): Promise<Backend> {
  shared ??= openBackend();
  return shared;
}
