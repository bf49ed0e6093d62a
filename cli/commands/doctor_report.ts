/**
 * What `doctor` found, for people, and what to do about what is missing.
 *
 * @module
 */

import { wrapLines } from "../format.ts";
import { canTrain, type DeviceReport } from "@unroll/core/backends";
import type { MachineReport, VulkanFiles } from "../machine.ts";
import { permitNative } from "../permissions.ts";
import { commandLine } from "../program.ts";

/**
 * Formats what was found of a machine.
 *
 * @param report What was found.
 * @param advice What to do about what is missing.
 * @param columns How long a line of advice may be.
 * @returns Lines, each with its end.
 */
export function formatReport(
  report: MachineReport,
  advice: readonly string[],
  columns: number = Infinity,
): string {
  const { webassembly, adapters, devices, hasWebGpu } = report.diagnosis;
  const yes = (there: boolean) => there ? "yes" : "no";
  const rows: (readonly [string, string])[] = [
    ["Unroll", report.unroll],
    ["Deno", `${report.deno} (V8 ${report.v8})`],
    ["System", report.system],
    ["Processor", `${report.cpu}, ${report.cores} cores`],
    ["JSR", report.jsr === "JSR" ? "reached" : "out of reach, stand-ins from compat/"],
    [
      "WebAssembly",
      `SIMD ${yes(webassembly.simd)}, relaxed SIMD ${yes(webassembly.relaxedSimd)}, threads ${
        yes(webassembly.threads)
      }`,
    ],
    ...adapters.map(({ name, vendor, driver, isSoftware }) =>
      [
        "Adapter",
        [
          name,
          vendor && `vendor ${vendor}`,
          driver && `driver ${driver}`,
          isSoftware ? "software" : "hardware",
        ].filter(Boolean).join(", "),
      ] as const
    ),
    ...(adapters.length > 0
      ? []
      : [["Adapter", hasWebGpu ? "none" : "none: this Deno has no WebGPU"] as const]),
  ];
  rows.push(["BLAS", formatBlas(report)], ["Native code", formatNative(report)]);
  rows.push(["Tuning", formatTuning(report.tuning)]);
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  lines.push("", "Devices", ...devices.flatMap(formatDevice));
  if (advice.length > 0) {
    lines.push(
      "",
      "To do",
      ...advice.flatMap((line) => wrapLines(line, columns, "  ")),
    );
  }
  lines.push("", canTrain(report.diagnosis) ? "Ready to train" : "Not ready to train");
  return `${lines.join("\n")}\n`;
}

/** Says whether a library multiplies large matrices, and how fast it is. */
function formatBlas({ blas, diagnosis }: MachineReport): string {
  const { isAllowed, trials, minGain } = diagnosis.blas;
  const tried = trials.find(({ isUsed }) => isUsed) ??
    trials.find(({ gain }) => gain !== undefined);
  if (tried?.gain !== undefined) {
    const verdict = tried.isUsed
      ? "used for large products"
      : `not used, ${minGain} times is needed`;
    return `${tried.name} (${tried.path}), ` +
      `${tried.gain.toFixed(1)} times as fast as WebAssembly: ${verdict}`;
  }
  if (blas === undefined) return "none found";
  return isAllowed
    ? `${blas} is there, but cannot be opened`
    : `${blas} is there, but may not be called`;
}

/** Says whether there is native code, where it is kept, and how fast it is beside WebAssembly. */
function formatNative({ compiler, diagnosis: { devices, native } }: MachineReport): string {
  const [cpu, own] = ["cpu", "native"].map((name) =>
    devices.find((device) => device.name === name)
  );
  if (own?.description !== undefined) {
    const [fast, slow] = [own, cpu].map((device) => device?.speed?.gflops ?? NaN);
    const gain = fast > 0 && slow > 0
      ? `, ${(fast / slow).toFixed(1)} times as fast as cpu in a matrix product`
      : "";
    return `kept in ${native.folder}${gain}`;
  }
  if (native.missing.length === 0) {
    return (own?.failure ?? "not tried").replace(/^Cannot open native: /, "");
  }
  if (compiler === undefined) return "not permitted, or no C compiler found";
  return compiler ? "a C compiler is there, but may not be used" : "no C compiler found";
}

function formatTuning({ path, products }: MachineReport["tuning"]): string {
  if (path === undefined) return "not kept: no variable names a folder for caches";
  return products === 0
    ? `${path}, nothing measured yet`
    : `${path}, ${products} matrix ${products === 1 ? "product" : "products"} measured`;
}

function formatDevice(device: DeviceReport): string[] {
  const { name, description, failure, selfTest, speed, limits, features } = device;
  const head = `  ${name.padEnd(9)}  ${description ?? failure}`;
  if (description === undefined) return [head];
  const lines = [head];
  const more = (text: string) => lines.push(`  ${" ".repeat(9)}  ${text}`);
  if (failure !== undefined) more(failure);
  if (selfTest) {
    more(
      `training step: greatest relative error ${selfTest.error.toExponential(1)}, ${
        selfTest.allowed.toExponential(1)
      } is allowed`,
    );
  }
  if (speed) {
    const figure = speed.gflops < 10 ? speed.gflops.toFixed(2) : speed.gflops.toFixed(0);
    more(`matrix product of ${speed.size}: ${figure} GFLOP/s`);
  }
  for (const [limit, value] of Object.entries(limits ?? {})) more(`${limit} ${value}`);
  if (features) more(`features: ${features.join(", ") || "none"}`);
  return lines;
}

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
  advice.push(...adviceOnBlas(report), ...adviceOnNative(report));
  if (!hasWebGpu) {
    advice.push("webgpu needs Deno 2.9 or later, which brings WebGPU along");
  } else if (adapters.length === 0) {
    advice.push(...adviceWithoutAdapter(report));
  } else if (adapters.every(({ isSoftware }) => isSoftware)) {
    const isUsable = adapters.some(({ unsupportedReason }) => unsupportedReason === undefined);
    advice.push(...isUsable ? [adviceWithoutHardware(report)] : adviceWithoutAdapter(report));
  }
  for (const { unsupportedReason } of adapters) {
    if (unsupportedReason !== undefined) {
      // What to do about it is said above, by what is there.
      advice.push(`webgpu passes over an adapter: ${unsupportedReason.split(";")[0]}`);
    }
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
  const [plain, withBlas] = [commandLine("train"), commandLine("train", { ffi: true })];
  const how = "permit it with --allow-ffi" +
    (plain === withBlas ? "" : `, as ${withBlas} does in place of ${plain}`);
  if (blas !== undefined) return [`cpu may multiply faster with ${blas}: ${how}`];
  if (os !== "linux") return [];
  return [
    `cpu may multiply faster with OpenBLAS: install it (on Debian and Ubuntu libopenblas0) and ${how}`,
  ];
}

/** Mentions native code, which is faster where a compiler is there. */
function adviceOnNative({ os, compiler, diagnosis }: MachineReport): string[] {
  const how = permitNative("…", diagnosis.native.missing);
  if (os === "windows" || (compiler !== false && how === undefined)) return [];
  const install = os === "darwin"
    ? "xcode-select --install"
    : "on Debian and Ubuntu gcc and libc6-dev";
  const steps = [
    ...compiler !== false ? [] : [`install a C compiler (${install})`],
    ...how === undefined ? [] : [`permit it with ${how}`],
  ];
  return [`native code trains faster than cpu, often two or three times: ${steps.join(" and ")}`];
}

function adviceWithoutAdapter({ os, distribution, vulkan }: MachineReport): string[] {
  if (os === "darwin") return ["webgpu needs Metal: macOS 11 or later on a Mac with a GPU"];
  if (os === "windows") return ["webgpu needs Direct3D 12 or Vulkan: update the driver of the GPU"];
  if (vulkan?.loader && vulkan.drivers.length > 0) {
    return [
      `webgpu cannot use Vulkan although its loader and ${vulkan.drivers.join(", ")} are there: ` +
      "see what vulkaninfo says, and whether this user may open /dev/dri (group render or video)",
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
