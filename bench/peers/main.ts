/**
 * Side by side: `deno task bench:peers [--jobs a,b] [--peers jax,torch] [--python P,Q] [--rounds N] [--seconds S]`.
 *
 * Each job runs in Unroll and in each peer, in processes of their own that stay up, so that neither start nor
 * compilation counts. Blocks of training steps alternate; a ratio is that of the blocks of one round, and the median
 * of the rounds is told. All start from the same numbers and their losses are compared.
 *
 * Python peers run in the first interpreter of `--python` (or of the variable `UNROLL_PEERS_PYTHON`) that has their
 * package; by default `python3`. `--output FILE` says where the table goes, `--output -` that it only is printed.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { peakGigaflops } from "../peak.ts";
import { flopsPerStep, type Job, JOBS } from "../jobs/job.ts";
import { encodeJob } from "../jobs/numbers.ts";
import { PeerProcess } from "./peer_process.ts";
import { type JobRow, median, type PeerCell, printRow, writeResults } from "./report.ts";

/** Steps after which losses are compared: once round the batches. */
const CHECKED_STEPS = 16;
/** The iterations of the original FizzBuzz experiment. */
const HEADLINE_STEPS = 200_000;
/** An extrapolation stands where the steps themselves would take longer. */
const HEADLINE_SECONDS = 30;
/** Most seconds a peer may take to load, compile and choose its variant. */
const SETUP_SECONDS = 120;

/** What makes fewer steps a second is measured once, when it starts. */
const SLOWEST = 0.2;

interface PeerProgram {
  readonly name: string;
  readonly title: string;
  /** Module to look for in the Python interpreters. */
  readonly python?: readonly string[];
  readonly script: string;
  /** Sets of arguments, of which the fastest is kept. */
  readonly settings: readonly (readonly string[])[];
}

const UNROLL: PeerProgram = {
  name: "unroll",
  title: "Unroll",
  script: "unroll_jobs.ts",
  settings: [[]],
};

const PEERS: readonly PeerProgram[] = [
  {
    name: "jax",
    title: "JAX",
    python: ["jax", "optax"],
    script: "jax_jobs.py",
    settings: [[], ["--threads", "1"]],
  },
  { name: "torch", title: "PyTorch", python: ["torch"], script: "torch_jobs.py", settings: [[]] },
  {
    name: "numpy",
    title: "NumPy",
    python: ["numpy"],
    script: "numpy_jobs.py",
    settings: [[], ["--threads", "1"]],
  },
  { name: "tfjs", title: "TensorFlow.js", script: "tfjs_jobs.ts", settings: [[]] },
  { name: "jaxjs", title: "jax-js", script: "jaxjs_jobs.ts", settings: [[]] },
];

/** The first interpreter that has all modules. */
async function findPython(
  interpreters: readonly string[],
  modules: readonly string[],
): Promise<string> {
  const test = `import importlib.util as u, sys; sys.exit(any(u.find_spec(m) is None for m in ${
    JSON.stringify(modules)
  }))`;
  for (const interpreter of interpreters) {
    try {
      const { success } = await new Deno.Command(interpreter, {
        args: ["-c", test],
        stdout: "null",
        stderr: "null",
      }).output();
      if (success) return interpreter;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new RangeError(`not installed (${modules.join(" and ")} for Python)`);
}

async function commandOf(
  peer: PeerProgram,
  interpreters: readonly string[],
): Promise<readonly string[]> {
  const script = `${import.meta.dirname}/${peer.script}`;
  if (peer.python) return [await findPython(interpreters, peer.python), script];
  // Their packages are no part of this project's lock file.
  const lock = peer === UNROLL ? [] : ["--no-lock"];
  return [Deno.execPath(), "run", "--quiet", "--no-check", "--allow-all", ...lock, script];
}

/** Starts a peer with the settings that make it fastest. */
async function startFastest(
  peer: PeerProgram,
  data: string,
  interpreters: readonly string[],
  verbose: boolean,
): Promise<PeerProcess> {
  const command = [...await commandOf(peer, interpreters), "--data", data, "--serve"];
  let best: PeerProcess | undefined;
  for (const settings of peer.settings) {
    let process: PeerProcess;
    try {
      process = await PeerProcess.start([...command, ...settings], SETUP_SECONDS, verbose);
    } catch (error) {
      if (best) continue;
      throw error;
    }
    const slower = best && best.ready.probed > process.ready.probed ? process : best;
    if (slower !== process) best = process;
    await slower?.[Symbol.asyncDispose]();
  }
  return best!;
}

interface RunSettings {
  readonly peers: readonly PeerProgram[];
  readonly interpreters: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  readonly verbose: boolean;
}

async function runJob(job: Job, folder: string, settings: RunSettings): Promise<JobRow> {
  const data = `${folder}/${job.name}.safetensors`;
  await Deno.writeFile(data, encodeJob(job));
  const peak = await peakGigaflops();
  await using stack = new AsyncDisposableStack();
  const running: { readonly peer: PeerProgram; readonly process: PeerProcess }[] = [];
  const cells: PeerCell[] = [];
  for (const peer of [UNROLL, ...settings.peers]) {
    try {
      const process = await startFastest(peer, data, settings.interpreters, settings.verbose);
      stack.use(process);
      running.push({ peer, process });
    } catch (error) {
      const unable = error instanceof Error ? error.message : String(error);
      cells.push({ name: peer.name, title: peer.title, unable });
    }
  }
  const losses = new Map<string, readonly number[]>();
  for (const { peer, process } of running) {
    if (process.ready.steps_per_second < SLOWEST) continue;
    losses.set(peer.name, await process.check(CHECKED_STEPS));
  }
  const speeds = new Map<string, number[]>(running.map(({ peer }) => [peer.name, []]));
  for (let round = 0; round < settings.rounds; round++) {
    // Nobody is always first.
    for (let i = 0; i < running.length; i++) {
      const { peer, process } = running[(i + round) % running.length];
      const { steps_per_second } = process.ready.steps_per_second < SLOWEST
        ? process.ready
        : await process.block({ seconds: settings.seconds });
      speeds.get(peer.name)!.push(steps_per_second);
    }
  }
  const own = speeds.get(UNROLL.name);
  for (const { peer, process: { ready } } of running) {
    const found = speeds.get(peer.name)!;
    cells.push({
      ...{ name: peer.name, title: peer.title, version: ready.version },
      ...{ variant: ready.variant, threads: ready.threads },
      stepsPerSecond: median(found),
      ratio: own && median(found.map((speed, round) => own[round] / speed)),
      losses: losses.get(peer.name),
    });
  }
  const order = [UNROLL, ...PEERS].map(({ name }) => name);
  cells.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  const headline = job.name === "fizzbuzz-rnn" && own
    ? await headlineSeconds(running[0].process, median(own))
    : undefined;
  return { job, peak, gigaflopsPerStep: flopsPerStep(job) / 1e9, cells, headline };
}

/** Seconds of the original experiment's steps, run if that does not take too long. */
async function headlineSeconds(
  process: PeerProcess,
  stepsPerSecond: number,
): Promise<JobRow["headline"]> {
  if (HEADLINE_STEPS / stepsPerSecond > HEADLINE_SECONDS) {
    return { steps: HEADLINE_STEPS, seconds: HEADLINE_STEPS / stepsPerSecond, measured: false };
  }
  const { seconds } = await process.block({ steps: HEADLINE_STEPS });
  return { steps: HEADLINE_STEPS, seconds, measured: true };
}

function chosen<T extends { readonly name: string }>(
  what: string,
  all: readonly T[],
  list: string | undefined,
): readonly T[] {
  if (list === undefined) return all;
  return list.split(",").filter((name) => name !== "").map((name) => {
    const found = all.find((one) => one.name === name);
    if (!found) {
      throw new RangeError(
        `Cannot find ${what} ${JSON.stringify(name)}: known are ${
          all.map((one) => one.name).join(", ")
        }`,
      );
    }
    return found;
  });
}

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      jobs: { type: "string" },
      peers: { type: "string" },
      python: { type: "string" },
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "0.5" },
      output: { type: "string" },
      verbose: { type: "boolean", default: false },
    },
  });
  const jobs = chosen("job", JOBS, values.jobs);
  const python = values.python ?? Deno.env.get("UNROLL_PEERS_PYTHON") ?? "python3";
  const settings: RunSettings = {
    peers: chosen("peer", PEERS, values.peers),
    interpreters: python.split(","),
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    verbose: values.verbose,
  };
  const folder = await Deno.makeTempDir({ prefix: "unroll_peers_" });
  const rows: JobRow[] = [];
  try {
    for (const job of jobs) {
      const row = await runJob(job, folder, settings);
      rows.push(row);
      printRow(row);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const output = values.output ?? `${import.meta.dirname}/../RESULTS.md`;
  // Where an interpreter lies is nobody's business.
  const shown = args.map((arg, i) =>
    args[i - 1] === "--python" ? arg.replaceAll(/[^,]*\//g, "") : arg
  );
  const text = writeResults(rows, {
    args: shown,
    rounds: settings.rounds,
    seconds: settings.seconds,
  });
  if (output === "-") console.log(`\n${text}`);
  else await Deno.writeTextFile(output, text);
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    console.error(error.message);
    Deno.exit(2);
  }
}
