/**
 * Side by side: `deno task bench:peers [--jobs a,b] [--peers jax,torch] [--python P,Q] [--rounds N] [--seconds S] [--memory]`.
 *
 * Each job runs in Unroll, as native code, with a BLAS and without permissions, and in each peer, in processes of their own that stay up, so that
 * neither start nor compilation counts. Blocks of training steps alternate; a ratio is that of the blocks of one
 * round, and the median of the rounds is told. All start from the same numbers and their losses are compared.
 *
 * Python peers run in the first interpreter of `--python` (or of the variable `UNROLL_PEERS_PYTHON`) that has their
 * packages, by default `python3`; each version of PyTorch found is a peer of its own. `--write` puts the tables into
 * `bench/RESULTS.md`; they are printed in any case. `--memory` measures peak memory instead of speed.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { describeRun, writePage } from "../format.ts";
import { peakGigaflops } from "../peak.ts";
import { type Job, JOBS } from "../jobs/job.ts";
import { measureMemory } from "./memory.ts";
import { memoryLines, type MemoryRow, memoryTable } from "./memory_report.ts";
import {
  commandOf,
  PEER_NAMES,
  type PeerProgram,
  peersOf,
  probeInterpreters,
  startSeconds,
  UNROLL,
  UNROLL_NATIVE,
  UNROLL_WITHOUT_BLAS,
} from "./peer_programs.ts";
import { PeerProcess } from "./peer_process.ts";
import { detailTable, type JobRow, type PeerCell, runLines, speedTable } from "./report.ts";
import { encodeJob } from "./write_jobs.ts";

/** What makes fewer steps a second is measured once, when it starts. */
const SLOWEST = 0.5;
/** Most seconds that the steps of a comparison of losses may take. */
const CHECK_SECONDS = 10;

interface RunSettings {
  readonly peers: readonly PeerProgram[];
  readonly rounds: number;
  readonly seconds: number;
  readonly verbose: boolean;
}

/** A peer that is up, and why other ways of starting it came to nothing. */
interface RunningPeer {
  readonly peer: PeerProgram;
  readonly process: PeerProcess;
  readonly failures: readonly string[];
}

/** Starts a peer with the settings that make it fastest. */
async function startFastest(
  peer: PeerProgram,
  data: string,
  verbose: boolean,
): Promise<RunningPeer> {
  if (peer.missing !== undefined) throw new RangeError(peer.missing);
  const failures: string[] = [];
  let best: PeerProcess | undefined;
  let first: number | undefined;
  for (const setting of peer.settings) {
    const threads = setting.sameThreads && best ? ["--threads", `${best.ready.threads}`] : [];
    const command = [...commandOf(peer, setting), "--data", data, "--serve", ...threads];
    const started = performance.now();
    try {
      const process = await PeerProcess.start(command, startSeconds(setting, first), verbose);
      const slower = best && best.ready.probed > process.ready.probed ? process : best;
      if (slower !== process) best = process;
      await slower?.[Symbol.asyncDispose]();
    } catch (error) {
      failures.push([...setting.args, reasonOf(error)].join(" "));
    }
    first ??= (performance.now() - started) / 1000;
  }
  if (!best) throw new RangeError(failures[0]);
  return { peer, process: best, failures };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function runJob(job: Job, data: string, settings: RunSettings): Promise<JobRow> {
  const peak = await peakGigaflops();
  await using stack = new AsyncDisposableStack();
  const running: RunningPeer[] = [];
  const cells = new Map<string, PeerCell>();
  const giveUp = ({ name, title }: PeerProgram, error: unknown): void => {
    cells.set(name, { name, title, unable: reasonOf(error) });
  };
  for (const peer of settings.peers) {
    try {
      const started = await startFastest(peer, data, settings.verbose);
      stack.use(started.process);
      running.push(started);
    } catch (error) {
      giveUp(peer, error);
    }
  }
  const speeds = await measure(running, settings, giveUp);
  for (const { peer, process, failures } of running) {
    if (cells.has(peer.name)) continue;
    const { name, title } = peer;
    const { version, device, threads, steps_per_second } = process.ready;
    try {
      const losses = await process.check(stepsToCheck(job, steps_per_second));
      const variant = [process.ready.variant, ...failures.map((reason) => `(${reason})`)].join(" ");
      cells.set(name, {
        ...{ name, title, version, device, variant, threads, losses },
        speeds: speeds.get(peer),
      });
    } catch (error) {
      giveUp(peer, error);
    }
  }
  return { job, peak, cells: settings.peers.flatMap(({ name }) => cells.get(name) ?? []) };
}

/** Blocks in turns; what is too slow for that has done its only one, and who fails is out. */
async function measure(
  running: readonly RunningPeer[],
  { rounds, seconds }: RunSettings,
  giveUp: (peer: PeerProgram, error: unknown) => void,
): Promise<Map<PeerProgram, number[]>> {
  const speeds = new Map<PeerProgram, number[]>(running.map(({ peer }) => [peer, []]));
  for (let round = 0; round < rounds; round++) {
    // Nobody is always first.
    for (let i = 0; i < running.length; i++) {
      const { peer, process } = running[(i + round) % running.length];
      if (!speeds.has(peer)) continue;
      const { ready } = process;
      const isSlow = ready.steps_per_second < SLOWEST;
      try {
        const { steps_per_second } = isSlow ? ready : await process.block({ seconds });
        speeds.get(peer)?.push(steps_per_second);
      } catch (error) {
        speeds.delete(peer);
        giveUp(peer, error);
      }
    }
  }
  return speeds;
}

/** As many as say something, and as there is time for. */
function stepsToCheck(job: Job, stepsPerSecond: number): number {
  return Math.max(1, Math.min(job.compared, Math.floor(CHECK_SECONDS * stepsPerSecond)));
}

/** The names of a list, each of which must be known. */
function chosen(what: string, known: readonly string[], list: string | undefined): string[] {
  if (list === undefined) return [...known];
  return list.split(",").filter((name) => name !== "").map((name) => {
    if (known.includes(name)) return name;
    throw new RangeError(
      `Cannot find ${what} ${JSON.stringify(name)}: known are ${known.join(", ")}`,
    );
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
      memory: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      verbose: { type: "boolean", default: false },
    },
  });
  const started = performance.now();
  const names = chosen("job", JOBS.map(({ name }) => name), values.jobs);
  const python = values.python ?? Deno.env.get("UNROLL_PEERS_PYTHON") ?? "python3";
  const interpreters = await probeInterpreters(python.split(","));
  const others = peersOf(chosen("peer", PEER_NAMES, values.peers), interpreters);
  const settings: RunSettings = {
    peers: [UNROLL_NATIVE, UNROLL, UNROLL_WITHOUT_BLAS, ...others],
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    verbose: values.verbose,
  };
  const folder = await Deno.makeTempDir({ prefix: "unroll_peers_" });
  const rows: JobRow[] = [];
  const memory: MemoryRow[] = [];
  try {
    for (const job of JOBS.filter(({ name }) => names.includes(name))) {
      const data = `${folder}/${job.name}.safetensors`;
      await Deno.writeFile(data, encodeJob(job));
      if (values.memory) {
        const row = await measureMemory(job, data, settings.peers, settings.verbose);
        memory.push(row);
        console.log(`\n${memoryTable([row])}`);
      } else {
        const row = await runJob(job, data, settings);
        rows.push(row);
        console.log(`\n${detailTable([row])}`);
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  // Where things lie on this machine is nobody's business.
  const shown = args.map((arg) => arg.replaceAll(/[^,=]*\//g, ""));
  const minutes = (performance.now() - started) / 60_000;
  const command = ["deno task bench:peers", ...shown].join(" ");
  const lines = [describeRun(), `\`${command}\`, ${minutes.toFixed(1)} minutes`];
  const parts: Record<string, string> = values.memory
    ? { "made-memory": memoryLines(memory, lines), memory: memoryTable(memory) }
    : {
      made: runLines(rows, lines),
      "speeds-native": speedTable(rows, UNROLL_NATIVE.name),
      speeds: speedTable(rows, UNROLL_WITHOUT_BLAS.name),
      "speeds-blas": speedTable(rows, UNROLL.name),
      details: detailTable(rows),
    };
  if (values.write) await writePage("RESULTS.md", parts);
  else console.log(`\n${Object.values(parts).slice(0, 4).join("\n\n")}`);
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
