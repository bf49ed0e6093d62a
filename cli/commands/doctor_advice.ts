/**
 * What to install, and what else to do, on a machine that lacks something.
 *
 * @module
 */

import type { MachineReport, VulkanFiles } from "../machine.ts";

/** Packages with Vulkan's loader and with Mesa's drivers, by the distribution's package manager. */
const PACKAGES: readonly {
  readonly like: RegExp;
  readonly install: string;
  readonly loader: string;
  readonly drivers: string;
}[] = [
  {
    like: /debian|ubuntu/,
    install: "apt install",
    loader: "libvulkan1",
    drivers: "mesa-vulkan-drivers",
  },
  {
    like: /fedora|rhel|centos/,
    install: "dnf install",
    loader: "vulkan-loader",
    drivers: "mesa-vulkan-drivers",
  },
  {
    like: /arch/,
    install: "pacman -S",
    loader: "vulkan-icd-loader",
    drivers: "vulkan-swrast",
  },
  {
    like: /alpine/,
    install: "apk add",
    loader: "vulkan-loader",
    drivers: "mesa-vulkan-swrast",
  },
  {
    like: /suse/,
    install: "zypper install",
    loader: "libvulkan1",
    drivers: "libvulkan_lvp",
  },
];

/**
 * Says what to do about what is missing.
 *
 * @param report What was found.
 * @returns Sentences, the most useful first; none if nothing is missing.
 */
export function adviceFor(report: MachineReport): string[] {
  const { webassembly, adapters, devices, hasWebGpu } = report.diagnosis;
  const advice: string[] = [];
  if (!webassembly.simd) {
    advice.push("cpu needs WebAssembly SIMD: use Deno 2.9 or later on a 64-bit processor");
  } else if (!webassembly.relaxedSimd) {
    advice.push("cpu would be faster with relaxed SIMD: use Deno 2.9 or later");
  }
  advice.push(...adviceOnBlas(report));
  if (!hasWebGpu) {
    advice.push("webgpu needs Deno 2.9 or later, which brings WebGPU along");
  } else if (adapters.length === 0) {
    advice.push(...adviceWithoutAdapter(report));
  } else if (adapters.every(({ isSoftware }) => isSoftware)) {
    advice.push(adviceWithoutHardware(report));
  }
  for (const { name, lack } of adapters) {
    if (lack !== undefined) advice.push(`${name} cannot be used: ${lack}`);
  }
  for (const { name, description, failure } of devices) {
    if (description !== undefined && failure !== undefined) advice.push(`${name}: ${failure}`);
  }
  if (report.jsr === "stand-ins") {
    advice.push(
      "JSR is out of reach, so the stand-ins in compat/ are used: nothing needs to be installed",
    );
  }
  return advice;
}

/** Mentions a BLAS: nobody needs one, but one that is not used should at least be known of. */
function adviceOnBlas({ os, blas, diagnosis }: MachineReport): string[] {
  if (diagnosis.blas.isAllowed) return [];
  const how =
    "permit it with --allow-ffi, as deno task blas train does in place of deno task train";
  if (blas !== undefined) return [`cpu may multiply faster with ${blas}: ${how}`];
  if (os !== "linux") return [];
  return [
    `cpu may multiply faster with OpenBLAS: install it (on Debian and Ubuntu libopenblas0) and ${how}`,
  ];
}

function adviceWithoutAdapter({ os, distribution, vulkan }: MachineReport): string[] {
  if (os === "darwin") return ["webgpu needs Metal: macOS 11 or later on a Mac with a GPU"];
  if (os === "windows") return ["webgpu needs Direct3D 12 or Vulkan: update the driver of the GPU"];
  if (vulkan?.loader && vulkan.drivers.length > 0) {
    return [
      "webgpu found no adapter although Vulkan and a driver are installed: see what vulkaninfo " +
      "says, and whether this user may open /dev/dri (group render or video)",
    ];
  }
  const missing = [
    vulkan?.loader ? undefined : "loader" as const,
    vulkan?.drivers.length ? undefined : "drivers" as const,
  ].filter((part) => part !== undefined);
  const known = PACKAGES.find(({ like }) => like.test(distribution));
  const what = missing.map((part) => part === "loader" ? "Vulkan's loader" : "a Vulkan driver");
  const first = `webgpu needs ${what.join(" and ")}: ` +
    (known
      ? `${known.install} ${
        missing.map((part) => known[part]).join(" ")
      } (a software adapter: right, but slow)`
      : `install the packages of libvulkan.so.1 and of Mesa's Vulkan drivers`);
  return vulkan && hasNvidia(vulkan) ? [first, NVIDIA] : [first];
}

const NVIDIA =
  "an NVIDIA GPU is there, but its Vulkan driver is not: install the driver's libnvidia-gl package, " +
  "or in a container set NVIDIA_DRIVER_CAPABILITIES=all";

function hasNvidia({ devices }: VulkanFiles): boolean {
  return devices.some((name) => name.startsWith("nvidia"));
}

function adviceWithoutHardware({ vulkan }: MachineReport): string {
  if (vulkan && hasNvidia(vulkan)) return NVIDIA;
  if (vulkan && vulkan.devices.length > 0) {
    return "webgpu has a software adapter only, although there is a GPU: install its Vulkan driver";
  }
  return "webgpu has a software adapter only, which is for tests: auto trains on cpu";
}
