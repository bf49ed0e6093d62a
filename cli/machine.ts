/**
 * What `doctor` finds out about the machine, beside what the core can try by itself: its parts, where the packages come
 * from, and which of the files that WebGPU needs are there.
 *
 * @module
 */

import { diagnose, type Diagnosis } from "@unroll/core/backends";
import { isGranted } from "./permissions.ts";
import type { TuningFile } from "./tuning_file.ts";

/** A machine, as far as training on it goes. */
export interface MachineReport {
  /** Unroll's version. */
  readonly unroll: string;
  /** Deno's version. */
  readonly deno: string;
  /** V8's version. */
  readonly v8: string;
  /** Operating system and its release. */
  readonly system: string;
  /** The operating system. */
  readonly os: typeof Deno.build.os;
  /** What the distribution calls itself and what it derives from, such as `ubuntu debian`; Linux only. */
  readonly distribution: string;
  /** What the processor calls itself. */
  readonly cpu: string;
  /** How many cores there are. */
  readonly cores: number;
  /** Where the packages of JSR come from. */
  readonly jsr: "JSR" | "stand-ins";
  /** The BLAS that the system has, whether or not it may be called; absent if it has none that is known here. */
  readonly blas?: string;
  /** Whether there is a C compiler where systems have it, whether or not it may be started; absent if nobody may look. */
  readonly compiler?: boolean;
  /** Where what was measured of GPUs is kept, and how many products that is. */
  readonly tuning: { readonly path?: string; readonly products: number };
  /** The parts of Vulkan on Linux. */
  readonly vulkan?: VulkanFiles;
  /** What the devices can do. */
  readonly diagnosis: Diagnosis;
}

/** What Vulkan consists of, on Linux. */
export interface VulkanFiles {
  /** Whether the loader is there. */
  readonly loader: boolean;
  /** Names of the drivers' manifests. */
  readonly drivers: readonly string[];
  /** Names of the GPUs' device files. */
  readonly devices: readonly string[];
}

/**
 * Looks at this machine and tries its devices.
 *
 * @param unroll Unroll's version.
 * @param tuning What keeps measurements of GPUs.
 * @returns What was found.
 */
export async function inspectMachine(
  unroll: string,
  tuning: TuningFile,
): Promise<MachineReport> {
  const { os, arch } = Deno.build;
  const blas = systemBlas();
  return {
    unroll,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    system: [os, osRelease(), arch].filter(Boolean).join(" "),
    os,
    distribution: os === "linux" ? distributionOf(read("/etc/os-release")) : "",
    cpu: processorName(),
    cores: navigator.hardwareConcurrency,
    jsr: usesStandIns() ? "stand-ins" : "JSR",
    ...(blas === undefined ? {} : { blas }),
    ...isGranted({ name: "run", command: "ls" })
      ? { compiler: output("ls", ...COMPILERS) !== "" }
      : {},
    tuning: { path: tuning.path, products: tuning.size },
    ...(os === "linux" ? { vulkan: vulkanFiles() } : {}),
    diagnosis: await diagnose(),
  };
}

function osRelease(): string {
  try {
    return Deno.osRelease();
  } catch {
    return ""; // It may not be asked.
  }
}

/** Tells where packages come from: the stand-ins are members of the workspace; JSR's packages are not files of it. */
function usesStandIns(): boolean {
  // A package of JSR has no import map, and came from there itself.
  return import.meta.url.startsWith("file:") &&
    import.meta.resolve("@cliffy/command").startsWith("file:");
}

/** Finds the identifiers in the text of `os-release`. */
export function distributionOf(text: string): string {
  const field = (name: string) =>
    new RegExp(`^${name}="?([^"\n]*)"?$`, "m").exec(text)?.[1].trim() ?? "";
  return `${field("ID")} ${field("ID_LIKE")}`.trim();
}

/** Asks the system's own programs: files of the kernel may not be read by Deno. */
function processorName(): string {
  const text = Deno.build.os === "darwin"
    ? output("sysctl", "-n", "machdep.cpu.brand_string")
    : /^Model name:\s*(.*)$/m.exec(output("lscpu"))?.[1] ?? "";
  return text.replace(/\s+/g, " ").trim() || `${Deno.build.arch} processor`;
}

/** Where Linux has its libraries. */
const LIBRARY_FOLDERS: readonly string[] = [
  "/usr/lib/x86_64-linux-gnu",
  "/usr/lib/aarch64-linux-gnu",
  "/usr/lib64",
  "/usr/lib",
  "/usr/local/lib",
];

function hasLibrary(name: RegExp): boolean {
  return LIBRARY_FOLDERS.some((folder) => names(folder).some((file) => name.test(file)));
}

/** Finds the BLAS of the system that the core can call, if it is there. */
function systemBlas(): string | undefined {
  const { os } = Deno.build;
  if (os === "darwin") return "Accelerate";
  return os === "linux" && hasLibrary(/^libopenblas\.so(\.0)?$/) ? "OpenBLAS" : undefined;
}

/** Where systems have their C compiler. */
const COMPILERS: readonly string[] = ["/usr/bin/cc", "/usr/local/bin/cc"];

function vulkanFiles(): VulkanFiles {
  const manifests = [
    "/usr/share/vulkan/icd.d",
    "/etc/vulkan/icd.d",
    "/usr/local/share/vulkan/icd.d",
  ];
  return {
    loader: hasLibrary(/^libvulkan\.so/),
    drivers: manifests.flatMap(names).filter((name) => name.endsWith(".json")).sort(),
    devices: output("ls", "/dev", "/dev/dri").split("\n")
      .filter((name) => /^(nvidia|renderD)\d+$/.test(name)).sort(),
  };
}

/** Names in a folder; none where it is not there or may not be read. */
function names(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch {
    return [];
  }
}

/** Returns what a program prints; nothing where it is not there or may not be run. */
function output(command: string, ...args: readonly string[]): string {
  try {
    const { stdout } = new Deno.Command(command, {
      args: [...args],
      env: { LC_ALL: "C" },
      stdin: "null",
      stderr: "null",
    }).outputSync();
    return new TextDecoder().decode(stdout);
  } catch {
    return "";
  }
}

function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
