/**
 * Chooses the device that suits a program: what `auto` means.
 *
 * The times estimated here are rough on purpose; they only tell programs that a GPU finishes many times
 * faster from those that it would only delay. What a GPU is given here is modest, so that `webgpu` is
 * chosen where it wins on an ordinary one.
 *
 * @module
 */
import { readVariable } from "../util/environment.ts";
import { unknownName } from "../util/names.ts";
import type { GraphCost } from "../passes/cost.ts";
import type { BackendName } from "../ir/backend.ts";
import type { AdapterFacts } from "./webgpu/adapter.ts";

/** A device and why it was chosen. */
export interface DeviceChoice {
  /** The device. */
  readonly device: BackendName;
  /** Why, as the rest of a sentence after `device: `. */
  readonly reason: string;
}

/** Settings of {@linkcode chooseDevice}, for tests. */
export interface ChooseSettings {
  /** The variable `UNROLL_BACKEND`; by default as it is. */
  readonly variable?: string;
  /** What finds the adapter; by default the system's. It is called only if the answer matters. */
  readonly findAdapter?: () => Promise<AdapterFacts | undefined>;
}

/** Names that {@linkcode BackendName} has. */
export const BACKEND_NAMES: readonly BackendName[] = ["reference", "cpu", "native", "webgpu"];

/** Operations a second of one core with WebAssembly SIMD: about a third of its peak. */
const CPU_RATE = 8e9;
/** Operations a second that a modest GPU reaches on programs like these. */
const GPU_RATE = 4e11;
/** Seconds of encoding and submitting one run. */
const GPU_RUN = 3e-4;
/** Seconds from one iteration of a loop over time to the next: a barrier or a dispatch. */
const GPU_ITERATION = 1e-5;
/** How many times faster it must be to be worth while. */
const GAIN = 2;

/**
 * Chooses the device for a program: the one that `UNROLL_BACKEND` names, else a GPU if the program is
 * large enough to gain from it and there is one that is not software, else the CPU.
 *
 * @param cost The cost of one run of the program.
 * @param settings Where to look, for tests.
 * @returns The device and the reason.
 * @throws {RangeError} If `UNROLL_BACKEND` names none.
 *
 * @example Usage
 * ```ts
 * import { chooseDevice } from "@unroll/core/backends";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const choice = await chooseDevice({ operations: 2e6, iterations: 16 }, { variable: "" });
 * deepStrictEqual(choice, {
 *   device: "cpu",
 *   reason: "a step of 2 MFLOP, 16 iterations one after the other, gains nothing from a GPU",
 * });
 * ```
 */
export async function chooseDevice(
  cost: GraphCost,
  settings: ChooseSettings = {},
): Promise<DeviceChoice> {
  const variable = settings.variable ?? readVariable("UNROLL_BACKEND");
  if (variable) return { device: asBackendName(variable), reason: "UNROLL_BACKEND says so" };
  const step = describeCost(cost);
  if (!suitsGpu(cost)) return { device: "cpu", reason: `${step} gains nothing from a GPU` };
  const adapter = await (settings.findAdapter ?? usableAdapter)();
  if (!adapter) {
    return { device: "cpu", reason: `${step} suits a GPU, but none was found (see doctor)` };
  }
  if (adapter.isSoftware) {
    return {
      device: "cpu",
      reason: `${step} suits a GPU, but the only adapter is software (${adapter.name})`,
    };
  }
  return { device: "webgpu", reason: `${step} suits ${adapter.name}` };
}

/** Returns whether a modest GPU would be faster by more than the estimate may be off. */
function suitsGpu({ operations, iterations }: GraphCost): boolean {
  const cpu = operations / CPU_RATE;
  const gpu = GPU_RUN + iterations * GPU_ITERATION + operations / GPU_RATE;
  return cpu > GAIN * gpu;
}

/** Checks the name of a device. */
export function asBackendName(name: string): BackendName {
  const found = BACKEND_NAMES.find((known) => known === name);
  if (!found) throw new RangeError(unknownName("device", name, [...BACKEND_NAMES]));
  return found;
}

async function usableAdapter(): Promise<AdapterFacts | undefined> {
  const { describeAdapter, findAdapter } = await import("./webgpu/adapter.ts");
  const adapter = await findAdapter();
  return adapter && describeAdapter(adapter);
}

function describeCost({ operations, iterations }: GraphCost): string {
  const [scale, unit] = operations < 1e9 ? [1e6, "MFLOP"] : [1e9, "GFLOP"];
  const figure = Number((operations / scale).toPrecision(2));
  const waiting = iterations > 0 ? `, ${iterations} iterations one after the other,` : "";
  return `a step of ${figure} ${unit}${waiting}`;
}
