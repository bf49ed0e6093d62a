/**
 * The devices, by name.
 *
 * @module
 */
import { readVariable } from "../debug.ts";
import { unknownName } from "../plugin/names.ts";
import type { Backend, BackendName } from "./backend.ts";
import { cpuBackend } from "./cpu.ts";
import { referenceBackend } from "./reference.ts";
import { webgpuBackend } from "./webgpu.ts";

/** How each device is opened. */
const OPENERS: Readonly<Record<BackendName, () => Promise<Backend>>> = {
  reference: () => Promise.resolve(referenceBackend()),
  cpu: () => Promise.resolve(cpuBackend()),
  webgpu: () => webgpuBackend(),
};

/**
 * Opens a device.
 *
 * @param name Which one; `auto` is the one named by the variable `UNROLL_BACKEND`, else the CPU.
 * @returns The device, owned by the caller.
 * @throws {RangeError} If there is none of that name, or it cannot be had here.
 *
 * @example Usage
 * ```ts
 * import { openBackend } from "@unroll/core";
 * import { strictEqual } from "node:assert/strict";
 *
 * using backend = await openBackend("reference");
 * strictEqual(backend.name, "reference");
 * ```
 */
export async function openBackend(name: BackendName | "auto" = "auto"): Promise<Backend> {
  const chosen = name === "auto" ? readVariable("UNROLL_BACKEND") ?? "cpu" : name;
  if (!isBackendName(chosen)) {
    throw new RangeError(unknownName("device", chosen, Object.keys(OPENERS)));
  }
  return await OPENERS[chosen]();
}

function isBackendName(name: string): name is BackendName {
  return Object.hasOwn(OPENERS, name);
}

let shared: Promise<Backend> | undefined;

/** The device that `compile` uses where none is named; opened when it is first needed, once. */
export function defaultBackend(): Promise<Backend> {
  shared ??= openBackend();
  return shared;
}
