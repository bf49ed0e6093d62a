/**
 * What is known of a WebGPU adapter: its name, whether it is software, whether it allows enough.
 *
 * @module
 */

import { readVariable } from "../../util/environment.ts";

/** An adapter, as far as choosing needs it. */
export interface AdapterFacts {
  /** What it calls itself. */
  readonly name: string;
  /** Who made it; empty if it does not say. */
  readonly vendor: string;
  /** Its driver or architecture; empty if it does not say. */
  readonly driver: string;
  /** Whether the processor does its work. */
  readonly isSoftware: boolean;
}

/** Vendors that Deno names by their numbers. */
const VENDORS: Readonly<Record<string, string>> = {
  4098: "AMD",
  4203: "Apple",
  4318: "NVIDIA",
  5045: "Arm",
  5140: "Microsoft",
  20803: "Qualcomm",
  32902: "Intel",
  65541: "Mesa",
};

/** Names of software adapters, for where the browser or driver does not mark them. */
const SOFTWARE = /llvmpipe|lavapipe|swiftshader|softpipe|basic render|\bwarp\b/i;

/**
 * Describes an adapter.
 *
 * @param adapter The adapter.
 * @returns Its name, and whether it is software: it is marked as a fallback or is called by the name of one.
 *
 * @example Usage
 * ```ts
 * import { describeAdapter, findAdapter } from "@unroll/core/backends";
 *
 * const adapter = await findAdapter();
 * console.log(adapter ? describeAdapter(adapter).name : "no WebGPU here");
 * ```
 */
export function describeAdapter({ info }: Pick<GPUAdapter, "info">): AdapterFacts {
  const { description = "", device = "", architecture = "", vendor = "" } = info;
  // Deno names devices by numbers, browsers by architecture.
  const own = /^\d+$/.test(device) ? "" : device;
  const name = description || own || [vendor, architecture].filter(Boolean).join(" ");
  return {
    name: name || "unnamed adapter",
    vendor: VENDORS[vendor] ?? vendor,
    driver: architecture,
    isSoftware: info.isFallbackAdapter === true ||
      SOFTWARE.test([description, device, architecture, vendor].join(" ")),
  };
}

/** Limits that generated code cannot do without, and how much of each. */
const NEEDED_LIMITS = {
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupsPerDimension: 8192,
  maxComputeWorkgroupStorageSize: 16384,
  maxStorageBuffersPerShaderStage: 4,
} as const;

/** What Mesa's software calls itself, by OpenGL and by Vulkan alike. */
const MESA_SOFTWARE = /llvmpipe|softpipe|swrast|mesa offscreen/i;

/**
 * Returns whether an adapter is Mesa's software by way of OpenGL, which Deno offers where there is no driver
 * of Vulkan. It says of itself what the one by Vulkan says, word for word, but OpenGL cannot store to
 * textures whose first channel is blue.
 *
 * @param adapter The adapter.
 */
export function isSoftwareOpenGl(
  { info, features }: Pick<GPUAdapter, "info" | "features">,
): boolean {
  return MESA_SOFTWARE.test(info.description) && !features.has("bgra8unorm-storage");
}

/**
 * Returns why an adapter is not to be used, in one sentence; `undefined` if it may be.
 *
 * @param adapter The adapter.
 */
export function unsupportedReason(
  adapter: Pick<GPUAdapter, "info" | "limits" | "features">,
): string | undefined {
  if (isSoftwareOpenGl(adapter) && readVariable("UNROLL_GL_ADAPTER") !== "1") {
    return `${describeAdapter(adapter).name} is OpenGL in software, which is too slow to be used ` +
      "unless UNROLL_GL_ADAPTER is 1; a driver of Vulkan that works is needed (on Debian, libvulkan1 and " +
      "mesa-vulkan-drivers bring a software one)";
  }
  for (const [name, needed] of Object.entries(NEEDED_LIMITS)) {
    const found = adapter.limits[name as keyof typeof NEEDED_LIMITS];
    if (found < needed) {
      return `${describeAdapter(adapter).name} has a ${name} of ${found}, ${needed} is needed`;
    }
  }
  return undefined;
}

/** Finds the adapter that this system offers, usable or not, the fast one where there are two. */
export async function offeredAdapter(
  gpu: Pick<GPU, "requestAdapter"> | undefined = systemGpu(),
): Promise<GPUAdapter | undefined> {
  return await gpu?.requestAdapter({ powerPreference: "high-performance" }) ?? undefined;
}

/**
 * Finds the adapter that WebGPU is opened on here.
 *
 * @param gpu Where to look; by default the system.
 * @returns The adapter; `undefined` if there is none that lacks nothing.
 *
 * @example Usage
 * ```ts
 * import { findAdapter } from "@unroll/core/backends";
 *
 * const adapter = await findAdapter();
 * console.log(adapter ? adapter.limits.maxBufferSize : "no WebGPU here");
 * ```
 */
export async function findAdapter(
  gpu: Pick<GPU, "requestAdapter"> | undefined = systemGpu(),
): Promise<GPUAdapter | undefined> {
  const adapter = await offeredAdapter(gpu);
  return adapter && !unsupportedReason(adapter) ? adapter : undefined;
}

/** Returns WebGPU of this runtime, where it has any. */
export function systemGpu(): GPU | undefined {
  return typeof navigator === "undefined" ? undefined : navigator.gpu;
}
