/**
 * Who takes part: the programs of the peers, and what is installed of those in Python.
 *
 * @module
 */

/** One way of starting a peer; of several, the fastest is kept. */
export interface Setting {
  /** Arguments of its script. */
  readonly args: readonly string[];
  /** Permissions of Deno, for scripts that run there; all by default. */
  readonly permissions?: readonly string[];
  /** Whether to use the threads that the fastest so far has. */
  readonly sameThreads?: boolean;
  /** Most seconds to load, compile and choose a variant; by default what `startSeconds()` says. */
  readonly seconds?: number;
}

/** A peer, and how to start it. */
export interface PeerProgram {
  /** Its name, as in `--peers`; a version may follow. */
  readonly name: string;
  /** Its name in tables. */
  readonly title: string;
  /** Script, in this folder. */
  readonly script: string;
  /** The interpreter, for Python. */
  readonly interpreter?: string;
  /** Ways of starting it. */
  readonly settings: readonly Setting[];
  /** Why it cannot take part. */
  readonly missing?: string;
}

/** Unroll as native code, by the machine's own C compiler. */
export const UNROLL_NATIVE: PeerProgram = {
  name: "unroll-native",
  title: "Unroll, native code",
  script: "unroll_jobs.ts",
  settings: [{ args: ["--device", "native"] }],
};

/** Unroll as WebAssembly, with all permissions. */
export const UNROLL: PeerProgram = {
  name: "unroll",
  title: "Unroll, BLAS",
  script: "unroll_jobs.ts",
  settings: [{ args: [] }],
};

/** Unroll without `--allow-ffi`, so that it finds no BLAS. */
export const UNROLL_WITHOUT_BLAS: PeerProgram = {
  name: "unroll-without-blas",
  title: "Unroll, no permissions",
  script: "unroll_jobs.ts",
  settings: [{ args: [], permissions: ["--allow-read", "--allow-env", "--allow-sys"] }],
};

/** Versions by Python module; `null` where there is none. */
export type Modules = Readonly<Record<string, string | null>>;

/** What an interpreter was found to have. */
export interface Interpreter {
  /** How to start it. */
  readonly command: string;
  /** Its modules. */
  readonly modules: Modules;
}

/** Compiling for one number of threads may take this long. */
const COMPILE_SECONDS = 75;

interface PythonPeer {
  readonly name: string;
  readonly title: string;
  readonly modules: readonly string[];
  readonly settings: (version: string) => readonly Setting[];
  /** Whether each version is a peer of its own. */
  readonly everyVersion?: boolean;
}

const PYTHON_PEERS: readonly PythonPeer[] = [
  {
    ...{ name: "jax", title: "JAX", modules: ["jax", "optax"] },
    settings: () => [
      { args: ["--budget", "30"] },
      { args: ["--threads", "1", "--budget", "30"], seconds: 60 },
    ],
  },
  {
    ...{ name: "torch", title: "PyTorch", modules: ["torch"], everyVersion: true },
    settings: (version) =>
      Number.parseInt(version) < 2 ? [{ args: [] }] : [{ args: ["--variant", "eager"] }, {
        args: ["--variant", "compile"],
        sameThreads: true,
        seconds: COMPILE_SECONDS,
      }],
  },
  {
    ...{ name: "numpy", title: "NumPy", modules: ["numpy"] },
    settings: () => [{ args: [] }, { args: ["--threads", "1"] }],
  },
];

const DENO_PEERS: readonly PeerProgram[] = [
  {
    ...{ name: "tfjs", title: "TensorFlow.js", script: "tfjs_jobs.ts" },
    settings: ["wasm", "cpu"].map((backend) => ({ args: ["--variant", backend] })),
  },
  { name: "jaxjs", title: "jax-js", script: "jaxjs_jobs.ts", settings: [{ args: [] }] },
];

/** Names for `--peers`, in the order of the table. */
export const PEER_NAMES: readonly string[] = [...PYTHON_PEERS, ...DENO_PEERS].map(({ name }) =>
  name
);

/** Returns the most seconds of a start: the first may be slow; a later one must be worth it. */
export function startSeconds(setting: Setting, first: number | undefined): number {
  return setting.seconds ?? (first === undefined ? 60 : 5 + 2 * first);
}

/**
 * Finds the peers that were asked for.
 *
 * @param names Some of `PEER_NAMES`.
 * @param interpreters Those of Python, in order of preference; of PyTorch each version is a peer.
 * @returns The peers; one that is not installed says so.
 */
export function peersOf(
  names: readonly string[],
  interpreters: readonly Interpreter[],
): readonly PeerProgram[] {
  return names.flatMap((name) => {
    const python = PYTHON_PEERS.find((peer) => peer.name === name);
    return python ? pythonPeers(python, interpreters) : DENO_PEERS.filter((p) => p.name === name);
  });
}

function pythonPeers(peer: PythonPeer, interpreters: readonly Interpreter[]): PeerProgram[] {
  const { name, title, modules, settings, everyVersion } = peer;
  const script = `${name}_jobs.py`;
  const found = new Map<string, PeerProgram>();
  for (const { command, modules: own } of interpreters) {
    if (modules.some((module) => !own[module])) continue;
    const version = own[modules[0]]!;
    const short = /^\d+(\.\d+)?/.exec(version)?.[0] ?? version;
    const program = { script, interpreter: command, settings: settings(version) };
    if (!everyVersion) return [{ name, title, ...program }];
    const versioned = { name: `${name}-${short}`, title: `${title} ${short}`, ...program };
    if (!found.has(short)) found.set(short, versioned);
  }
  if (found.size > 0) return [...found.values()];
  const missing = `not installed (${modules.join(" and ")} for Python)`;
  return [{ name, title, script, settings: [], missing }];
}

/** Asks interpreters for their versions of what the peers need; those that are not there are left out. */
export async function probeInterpreters(commands: readonly string[]): Promise<Interpreter[]> {
  const modules = [...new Set(PYTHON_PEERS.flatMap((peer) => peer.modules))];
  const program = [
    "import importlib.metadata as m, importlib.util as u, json",
    `names = ${JSON.stringify(modules)}`,
    "print(json.dumps({n: m.version(n) if u.find_spec(n) else None for n in names}))",
  ].join("\n");
  const found: Interpreter[] = [];
  for (const command of commands) {
    try {
      const { success, stdout } = await new Deno.Command(command, {
        args: ["-c", program],
        stderr: "null",
      }).output();
      if (!success) continue;
      found.push({ command, modules: JSON.parse(new TextDecoder().decode(stdout)) as Modules });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return found;
}

/** Returns the program and arguments of a peer. */
export function commandOf(peer: PeerProgram, { args, permissions }: Setting): string[] {
  const script = `${import.meta.dirname}/${peer.script}`;
  if (peer.interpreter !== undefined) return [peer.interpreter, script, ...args];
  // The packages of the others are no part of this project's lock file.
  const lock = peer.script === UNROLL.script ? [] : ["--no-lock"];
  const permitted = permissions ?? ["--allow-all"];
  return [Deno.execPath(), "run", "--quiet", "--no-check", ...permitted, ...lock, script, ...args];
}
