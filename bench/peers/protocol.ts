/**
 * What the peers under Deno share, as `protocol.py` does for those in Python: reading a job, timing blocks of steps,
 * and talking to the orchestrator in lines of JSON.
 *
 * @module
 */
import { decodeSafetensors, type StoredTensor } from "@unroll/core/runs";
import type { Job } from "../jobs/job.ts";
import { BATCHES, type JobNumbers } from "../jobs/numbers.ts";

/**
 * Trains on `count` batches from number `first` round and round, waits, gives the losses of the last call: as many as
 * the variant makes steps in one.
 */
export type TrainingRun = (first: number, count: number) => Promise<ArrayLike<number>>;

/** One way of writing a job. */
export interface Variant {
  /** What tells it from the others. */
  readonly name: string;
  /** Threads that it works on. */
  readonly threads: number;
  /** Steps a call; counts are multiples of it. */
  readonly quantum?: number;
  /** Starts training afresh. */
  readonly make: () => Promise<TrainingRun>;
}

/** One block of steps, as printed. */
export interface BlockResult {
  readonly peer: string;
  readonly job: string;
  readonly steps_per_second: number;
  readonly steps: number;
  readonly seconds: number;
  readonly threads: number;
  readonly variant: string;
  readonly version: string;
  readonly loss: number;
}

/** A peer on the command line. */
export interface Peer {
  /** Its name. */
  readonly name: string;
  /** Loads it; what it throws is the reason why it cannot take part. */
  readonly load: () => Promise<{
    readonly version: string;
    /** What it runs on. */
    readonly device?: string;
    /** Ways of doing a job; throws if there is none. */
    readonly variants: (job: JobNumbers) => readonly Variant[] | Promise<readonly Variant[]>;
  }>;
}

class Session {
  readonly #peer: string;
  readonly #version: string;
  readonly #job: Job;
  readonly #variant: Variant;
  #run!: TrainingRun;
  #at = 0;
  #rate = 1;
  #latest!: BlockResult;

  /** Steps a second in the latest block. */
  get rate(): number {
    return this.#rate;
  }

  /** The latest block. */
  get latest(): BlockResult {
    return this.#latest;
  }

  constructor(peer: string, version: string, job: Job, variant: Variant) {
    this.#peer = peer;
    this.#version = version;
    this.#job = job;
    this.#variant = variant;
  }

  /** Makes the first steps; throws if the very first took longer than some seconds. */
  async start(limit: number): Promise<void> {
    const quantum = this.#variant.quantum ?? 1;
    this.#run = await this.#variant.make();
    const started = performance.now();
    await this.#advance(quantum);
    const seconds = (performance.now() - started) / 1000;
    if (seconds > limit) throw new RangeError(`its first step took ${seconds.toFixed(1)} s`);
    await this.block({ steps: quantum });
  }

  async #advance(count: number): Promise<number> {
    const losses = await this.#run(this.#at % BATCHES, count);
    this.#at += count;
    return losses[losses.length - 1];
  }

  async block({ seconds = 1, steps }: { seconds?: number; steps?: number }): Promise<BlockResult> {
    const quantum = this.#variant.quantum ?? 1;
    const count = Math.max(1, Math.round((steps ?? this.#rate * seconds) / quantum)) * quantum;
    const started = performance.now();
    const loss = await this.#advance(count);
    const elapsed = Math.max(performance.now() - started, 1e-3) / 1000;
    this.#rate = count / elapsed;
    return this.#latest = {
      peer: this.#peer,
      job: this.#job.name,
      steps_per_second: this.#rate,
      steps: count,
      seconds: elapsed,
      threads: this.#variant.threads,
      variant: this.#variant.name,
      version: this.#version,
      loss,
    };
  }

  /** Losses of the first steps from the initial parameters. */
  async check(steps: number): Promise<{ readonly losses: readonly number[] }> {
    const run = await this.#variant.make();
    const losses: number[] = [];
    while (losses.length < steps) {
      losses.push(...Array.from(await run(losses.length, this.#variant.quantum ?? 1)));
    }
    return { losses };
  }
}

function say(message: unknown): void {
  console.log(JSON.stringify(message));
}

/** Reads a job and its numbers. */
export function readJob(path: string): JobNumbers {
  const { tensors, metadata } = decodeSafetensors(Deno.readFileSync(path));
  const part = (prefix: string): Map<string, StoredTensor> =>
    new Map(
      [...tensors].filter(([name]) => name.startsWith(prefix)).map((
        [name, t],
      ) => [name.slice(2), t]),
    );
  return { ...JSON.parse(metadata.job) as Job, parameters: part("p."), batches: part("b.") };
}

/** Seconds that a first call may take, and how much longer than the best's for its steps, before a variant is left. */
const FIRST_CALL_TIMEOUT = { seconds: 2, factor: 5 } as const;

/** Finds the fastest variant, in turns and after all are warm; its best speed in that. */
async function probe(
  peer: string,
  version: string,
  job: JobNumbers,
  variants: readonly Variant[],
): Promise<{ readonly rate: number; readonly session: Session }> {
  const found: { readonly session: Session; readonly name: string; rate: number }[] = [];
  const failures: string[] = [];
  for (const variant of variants) {
    try {
      const session = new Session(peer, version, job, variant);
      const best = Math.max(0, ...found.map(({ rate }) => rate));
      const usual = (variant.quantum ?? 1) / best;
      await session.start(Math.max(FIRST_CALL_TIMEOUT.seconds, FIRST_CALL_TIMEOUT.factor * usual));
      // What takes seconds a step needs no warming up.
      if (session.rate > 1) await session.block({ seconds: 0.1 });
      found.push({ session, name: variant.name, rate: session.rate });
    } catch (error) {
      failures.push(`${variant.name}: ${firstLine(error)}`);
    }
  }
  for (let i = 0; i < 3; i++) {
    for (const one of found) {
      if (one.session.rate <= 1) continue;
      const { steps_per_second } = await one.session.block({ seconds: 0.2 });
      one.rate = Math.max(one.rate, steps_per_second);
    }
  }
  for (const { name, rate } of found) {
    console.error(`# ${peer} ${job.name} ${name}: ${rate.toPrecision(4)} steps/s`);
  }
  if (found.length === 0) throw new RangeError(failures.join("; ") || "no variant");
  return found.reduce((best, one) => one.rate > best.rate ? one : best);
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0];
}

/**
 * Runs a peer's program: `--data FILE [--serve] [--plain] [--seconds S] [--blocks N] [--variant PATTERN]`. With
 * `--serve` it obeys lines `{"do":"check","steps":n}`, `{"do":"block","seconds":s}` and `{"do":"block","steps":n}`. With
 * `--plain` it says `{"loaded":true}` before it makes anything of the job, waits for a line, and takes its first variant.
 */
export async function servePeer(peer: Peer, args: readonly string[]): Promise<void> {
  const option = (name: string): string | undefined => {
    const at = args.indexOf(`--${name}`);
    return at < 0 ? undefined : args[at + 1];
  };
  const data = option("data");
  if (!data) throw new RangeError("Cannot run a peer: --data FILE is needed");
  const job = readJob(data);
  let session: Session;
  let probed: number;
  let version = "";
  let device: string | undefined;
  const requests = readLines(Deno.stdin.readable);
  try {
    const loaded = await peer.load();
    ({ version, device } = loaded);
    const wanted = new RegExp(option("variant") ?? "");
    let variants = (await loaded.variants(job)).filter(({ name }) => wanted.test(name));
    if (args.includes("--plain")) {
      say({ loaded: true });
      await requests.next();
      variants = variants.slice(0, 1);
    }
    ({ session, rate: probed } = await probe(peer.name, version, job, variants));
  } catch (error) {
    say({ peer: peer.name, job: job.name, unable: firstLine(error), version });
    return;
  }
  if (!args.includes("--serve")) {
    for (let i = 0; i < Number(option("blocks") ?? 5); i++) {
      say(await session.block({ seconds: Number(option("seconds") ?? 0.5) }));
    }
    return;
  }
  // What takes seconds a step is not asked for another.
  const block = probed > 1 ? await session.block({ seconds: 0.1 }) : session.latest;
  say({ ready: true, probed, device, ...block });
  for await (const line of requests) {
    const request = JSON.parse(line) as { do: string; steps?: number; seconds?: number };
    if (request.do === "check") say(await session.check(request.steps ?? 1));
    else if (request.do === "block") say(await session.block(request));
    else return;
  }
}

/** The lines of a stream. */
export async function* readLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}
