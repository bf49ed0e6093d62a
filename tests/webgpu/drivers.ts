/**
 * Which implementations of WebGPU this machine has, and which drivers they may run on.
 *
 * @module
 */
import type { AdapterFacts } from "@unroll/core/backends";

/** A driver to run on. */
interface Driver {
  readonly name: string;
  /** Name of its file among those that Vulkan's loader reads; without one, what the system picks. */
  readonly file?: RegExp;
  /** Whether an adapter is this driver's. */
  readonly isIts: (adapter: AdapterFacts) => boolean;
  /** How to get it. */
  readonly install: string;
}

const DRIVERS: readonly Driver[] = [
  {
    name: "lavapipe",
    file: /^lvp_icd.*\.json$/,
    isIts: ({ name }) => name.startsWith("llvmpipe"),
    install: "on Debian, apt install libvulkan1 mesa-vulkan-drivers",
  },
  {
    name: "SwiftShader",
    file: /^vk_swiftshader_icd.*\.json$/,
    isIts: ({ name }) => name.startsWith("SwiftShader"),
    install: "it comes with Chromium; on Debian, apt install libvulkan1 chromium",
  },
  {
    name: "GPU",
    isIts: ({ isSoftware }) => !isSoftware,
    install: "the drivers of this system find none",
  },
];

/** Where drivers of Vulkan are registered, and where browsers keep theirs. */
const FOLDERS: readonly string[] = [
  ...(Deno.env.get("XDG_DATA_DIRS") || "/usr/local/share:/usr/share").split(":")
    .concat(`${Deno.env.get("HOME")}/.local/share`, "/etc", "/usr/local/etc")
    .map((folder) => `${folder}/vulkan/icd.d`),
  "/usr/lib/chromium",
  "/usr/lib/chromium-browser",
  "/usr/lib64/chromium-browser",
  "/opt/google/chrome",
  "/Applications/Google Chrome.app/Contents/Frameworks/Google Chrome Framework.framework/Libraries",
];

/** Implementations of WebGPU, and how Deno is started with each. */
const IMPLEMENTATIONS: Readonly<Record<string, readonly string[]>> = {
  wgpu: ["-P=develop"],
  // With everything allowed: it is a library of C++.
  Dawn: ["-A", "--preload", new URL("dawn.ts", import.meta.url).pathname],
};

/** The project's lock file, copied: Dawn is none of its packages, and stays out of it. */
export async function copyLock(): Promise<string> {
  const lock = await Deno.makeTempFile({ suffix: ".lock" });
  await Deno.copyFile(new URL("../../deno.lock", import.meta.url), lock);
  return lock;
}

/** An implementation on a driver. */
export interface Target {
  readonly name: string;
  /** The adapter's own name; `undefined` where there is none. */
  readonly adapter: string | undefined;
  /** Why there is none. */
  readonly reason: string;
  /** Options of `deno run` and `deno test`. */
  readonly options: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The file of a driver, if it is installed. */
function fileOf(pattern: RegExp): string | undefined {
  for (const folder of FOLDERS) {
    try {
      for (const { name } of Deno.readDirSync(folder)) {
        if (pattern.test(name)) return `${folder}/${name}`;
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** Starts Deno with a WebGPU, and returns what is found of the adapter, or why nothing is. */
async function adapterOf(
  options: readonly string[],
  env: Target["env"],
): Promise<AdapterFacts | string> {
  const script = new URL("adapter.ts", import.meta.url).pathname;
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...options, script],
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (success) return JSON.parse(text(stdout)) ?? "it gives no adapter";
  return /error: .*/.exec(text(stderr))?.[0] ?? "Deno ended without a word";
}

/**
 * Looks for every implementation on every driver.
 *
 * @param lock A file of locked packages that may change.
 * @param words Words of the names of those to look for, such as "Dawn on SwiftShader"; all by default.
 */
export async function findTargets(lock: string, words: readonly string[] = []): Promise<Target[]> {
  const targets: Target[] = [];
  for (const [implementation, start] of Object.entries(IMPLEMENTATIONS)) {
    const options = [...start, `--lock=${lock}`];
    for (const { name: driver, file: pattern, isIts, install } of DRIVERS) {
      const name = `${implementation} on ${driver}`;
      if (!words.every((word) => name.toLowerCase().includes(word.toLowerCase()))) continue;
      const file = pattern && fileOf(pattern);
      const env: Record<string, string> = {
        // Some look here for a window system, and complain.
        XDG_RUNTIME_DIR: Deno.env.get("XDG_RUNTIME_DIR") ?? "/tmp",
        // The second is the name of old loaders.
        ...file ? { VK_DRIVER_FILES: file, VK_ICD_FILENAMES: file } : {},
      };
      const found = pattern && !file ? install : await adapterOf(options, env);
      const isFound = typeof found !== "string" && isIts(found);
      targets.push({
        name,
        adapter: isFound ? found.name : undefined,
        reason: typeof found !== "string" ? install : file ? `${file}: ${found}` : found,
        options,
        env,
      });
    }
  }
  return targets;
}
