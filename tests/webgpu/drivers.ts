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
    install: "the system's own driver finds no GPU",
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
  wgpu: ["-P=cli"],
  // Foreign functions are allowed: it is a library of C++.
  Dawn: ["-P=blas", "--preload", new URL("dawn.ts", import.meta.url).pathname],
};

/** Pairs that are known not to work, and why. */
const IMPOSSIBLE: Readonly<Record<string, string>> = {
  "Dawn on lavapipe": "Dawn asks for more of Vulkan than Mesa 22 has",
};

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

/** Starts Deno with a WebGPU, and returns what is found of the adapter. */
async function adapterOf(
  options: readonly string[],
  env: Target["env"],
): Promise<AdapterFacts | undefined> {
  const script = new URL("adapter.ts", import.meta.url).pathname;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...options, script],
    env,
    stdin: "null",
    stderr: "null",
  }).output();
  const last = new TextDecoder().decode(stdout).trim().split("\n").at(-1);
  return JSON.parse(last || "null") ?? undefined;
}

/**
 * Looks for every implementation on every driver.
 *
 * @param lock A file of locked packages that may change.
 */
export async function findTargets(lock: string): Promise<Target[]> {
  const targets: Target[] = [];
  for (const [implementation, start] of Object.entries(IMPLEMENTATIONS)) {
    const options = [...start, `--lock=${lock}`];
    for (const { name: driver, file: pattern, isIts, install } of DRIVERS) {
      const name = `${implementation} on ${driver}`;
      const file = pattern && fileOf(pattern);
      // Both names: the second is that of loaders before 2022.
      const env: Record<string, string> = file
        ? { VK_DRIVER_FILES: file, VK_ICD_FILENAMES: file }
        : {};
      const facts = pattern && !file ? undefined : await adapterOf(options, env);
      const adapter = facts && isIts(facts) ? facts.name : undefined;
      const impossible = pattern && file ? IMPOSSIBLE[name] : undefined;
      const reason = impossible ?? (file ? `${file} gives no adapter` : install);
      targets.push({ name, adapter, reason, options, env });
    }
  }
  return targets;
}
