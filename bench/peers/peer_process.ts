/**
 * A peer in a process of its own, asked for blocks of steps in lines of JSON.
 *
 * @module
 */
import { type BlockResult, readLines } from "./protocol.ts";
import { peakMemory } from "./peak_memory.ts";

/** How much longer than expected an answer may take: a factor, and seconds. */
const ANSWER_TIMEOUT = { factor: 4, seconds: 60 } as const;

/** What a peer says when it is warm. */
export interface ReadyResult extends BlockResult {
  /** The best of some short blocks, by which its variant was chosen. */
  readonly probed: number;
  /** What it runs on, where it can tell. */
  readonly device?: string;
}

/** What a peer may say before it is asked. */
interface FirstMessage extends ReadyResult {
  readonly unable?: string;
  readonly loaded?: boolean;
}

/** A running peer. */
export class PeerProcess implements AsyncDisposable {
  /** Its first block, and which variant it chose. */
  readonly ready: ReadyResult;
  /** Bytes of memory that it took before it made anything of the job, where that was asked for. */
  readonly idle: number | undefined;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncIterator<string>;

  private constructor(
    ready: ReadyResult,
    idle: number | undefined,
    child: Deno.ChildProcess,
    input: WritableStreamDefaultWriter<Uint8Array>,
    lines: AsyncIterator<string>,
  ) {
    this.ready = ready;
    this.idle = idle;
    this.#child = child;
    this.#input = input;
    this.#lines = lines;
  }

  /**
   * Starts a peer and waits until it is warm.
   *
   * @param command Program and arguments; with `--plain` among them the memory it takes before is measured.
   * @param timeout Seconds it may take to load, compile and choose its variant.
   * @param verbose Whether to show what it says on its standard error.
   * @throws {RangeError} With the peer's reason, if it cannot do the job.
   */
  static async start(
    command: readonly string[],
    timeout: number,
    verbose: boolean,
  ): Promise<PeerProcess> {
    const child = new Deno.Command(command[0], {
      args: command.slice(1),
      stdin: "piped",
      stdout: "piped",
      stderr: verbose ? "inherit" : "null",
    }).spawn();
    const lines = jsonLines(child.stdout);
    const input = child.stdin.getWriter();
    const next = async (): Promise<FirstMessage> => {
      const late = `no training step within ${Math.round(timeout)} s`;
      const line = await inTime(lines.next(), timeout, late);
      if (line.done) throw new RangeError("it ended without a word");
      const message = JSON.parse(line.value) as FirstMessage;
      if (message.unable !== undefined) throw new RangeError(message.unable);
      return message;
    };
    try {
      let message = await next();
      let idle: number | undefined;
      if (message.loaded) {
        idle = await peakMemory(child.pid);
        await input.write(new TextEncoder().encode("\n"));
        message = await next();
      }
      return new PeerProcess(message, idle, child, input, lines);
    } catch (error) {
      await end(child, input);
      throw error;
    }
  }

  /** One more block of training. */
  block(request: { readonly seconds: number } | { readonly steps: number }): Promise<BlockResult> {
    const expected = "steps" in request
      ? request.steps / this.ready.steps_per_second
      : Math.max(request.seconds, 1 / this.ready.steps_per_second);
    return this.#ask({ do: "block", ...request }, expected) as Promise<BlockResult>;
  }

  /** Losses of the first steps from the initial parameters. */
  async check(steps: number): Promise<readonly number[]> {
    const expected = steps / this.ready.steps_per_second;
    const answer = await this.#ask({ do: "check", steps }, expected);
    return (answer as { readonly losses: readonly number[] }).losses;
  }

  /** The most bytes of memory that it has taken so far. */
  peakMemory(): Promise<number> {
    return peakMemory(this.#child.pid);
  }

  async #ask(request: unknown, expected: number): Promise<unknown> {
    await this.#input.write(new TextEncoder().encode(`${JSON.stringify(request)}\n`));
    const timeout = ANSWER_TIMEOUT.factor * expected + ANSWER_TIMEOUT.seconds;
    const answer = await inTime(this.#lines.next(), timeout, "no answer in time");
    if (answer.done) throw new RangeError("it ended in the middle");
    return JSON.parse(answer.value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.#child, this.#input);
  }
}

async function end(
  child: Deno.ChildProcess,
  input: WritableStreamDefaultWriter<Uint8Array>,
): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch {
    // It ended before.
  }
  await child.status;
  await input.close().catch(() => {});
}

async function inTime<T>(promise: Promise<T>, seconds: number, otherwise: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new RangeError(otherwise)), seconds * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The lines that are JSON objects; libraries print greetings. */
async function* jsonLines(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  for await (const line of readLines(stream)) if (line.startsWith("{")) yield line;
}
