/**
 * The devices that run on the processor, for tests of what they have in common.
 *
 * @module
 */
import type { Backend } from "../ir/backend.ts";
import { cpuBackend } from "../backends/cpu.ts";
import { nativeBackend } from "../backends/native.ts";

/** How one of them is opened, and what tests of it are called. */
export interface CpuDevice {
  /** The function that opens it. */
  readonly name: string;
  /** The function that prints its programs. */
  readonly printer: string;
  /** Whether it cannot be opened here: tests of it are shown as ignored. */
  readonly ignore: boolean;
  /** Opens it. */
  readonly open: (
    options?: { readonly threads?: number; readonly eager?: boolean },
  ) => Promise<Backend>;
}

/** Why native code cannot be had here, if it cannot. */
export const NO_NATIVE: unknown = await nativeBackend().then(
  (backend) => backend.dispose(),
  (reason) => reason,
);

/** WebAssembly and native code. */
export const CPU_DEVICES: readonly CpuDevice[] = [
  {
    name: "cpuBackend()",
    printer: "printWasm()",
    ignore: false,
    open: (options) => Promise.resolve(cpuBackend(options)),
  },
  {
    name: "nativeBackend()",
    printer: "printC()",
    ignore: NO_NATIVE !== undefined,
    open: nativeBackend,
  },
];
