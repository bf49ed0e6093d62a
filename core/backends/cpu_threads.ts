/**
 * The threads of the CPU backend: workers that run the same programs on the same memory as the thread
 * that calls them. They are made when the first program wants them, watch a word of memory for work,
 * and sleep when there is none for a while.
 *
 * @module
 */
import { CONTROL, controlBytes } from "../kernels/wasm/barrier.ts";
import { bindBlas, type Sgemm } from "./cpu_blas.ts";
import type { CpuMemory } from "./cpu_memory.ts";

/** Words that workers watch, in bytes from the start of the board; only the caller writes them. */
const BOARD = {
  /** Changes whenever there is news. */
  signal: 0,
  /** How many jobs there were; a job stays as it is until all have done it. */
  job: 4,
  /** What to run. */
  program: 8,
  /** What to run it on. */
  table: 12,
  /** How many messages were sent. */
  sent: 16,
  /** Not 0 if workers shall stop watching for good. */
  leave: 20,
  /** How many sleep; written by all. */
  asleep: 64,
} as const;
const BOARD_BYTES = 128;
/** How often a thread looks at a barrier before it goes to sleep: some tens of microseconds. */
const PATIENCE = 20_000;

/** What a worker is told. */
type Message =
  | {
    readonly memory: WebAssembly.Memory;
    readonly board: number;
    readonly thread: number;
    /** Where the BLAS is, if programs want one. */
    readonly blas: string | undefined;
    /** Jobs and messages that came before. */
    readonly job: number;
    readonly heard: number;
  }
  | { readonly id: number; readonly module: WebAssembly.Module }
  | { readonly drop: number };

/** A worker of whatever kind there is. */
interface Thread {
  send(message: Message): void;
  /** Resolves when the worker has done what the last message said. */
  answer: Promise<void>;
  end(): void;
}

/** Programs on several threads. */
export class CpuThreads {
  /** How many there are, with the one that calls. */
  readonly count: number;
  readonly #memory: CpuMemory;
  readonly #board: number;
  readonly #blas: string | undefined;
  /** Address of the words that threads wait for each other with. */
  readonly control: number;
  #threads: Promise<readonly Thread[]> | undefined;
  #loading: Promise<void> = Promise.resolve();
  #programs = 0;
  #isDisposed = false;

  constructor(memory: CpuMemory, count: number, blas?: string) {
    this.#memory = memory;
    this.#blas = blas;
    this.count = count;
    this.#board = memory.allocate(BOARD_BYTES);
    this.control = memory.allocate(controlBytes(count));
    const words = memory.words;
    words.fill(0, this.#board >> 2, (this.#board + BOARD_BYTES) >> 2);
    words.fill(0, this.control >> 2, (this.control + controlBytes(count)) >> 2);
    for (let thread = 0; thread < count; thread++) {
      const own = this.control + CONTROL.own + thread * CONTROL.line;
      words[(own + CONTROL.patience) >> 2] = thread > 0 || maySleep() ? PATIENCE : 0;
    }
  }

  /** Begins to make the workers, which takes a while. */
  prepare(): void {
    this.#threads ??= Promise.all(
      Array.from({ length: this.count - 1 }, (_, i) => this.#start(i + 1)),
    );
    // Whoever loads a program hears of it.
    this.#threads.catch(() => {});
  }

  async #start(thread: number): Promise<Thread> {
    const worker = await startWorker();
    const [board, blas] = [this.#board, this.#blas];
    worker.send({ memory: this.#memory.memory, board, thread, blas, job: 0, heard: 0 });
    await worker.answer;
    return worker;
  }

  /** Gives a program to all threads. Programs are loaded one after the other. */
  async load(module: WebAssembly.Module): Promise<number> {
    const id = this.#programs++;
    await this.#tell({ id, module });
    return id;
  }

  /** Makes the threads forget a program. */
  unload(program: number): void {
    if (!this.#isDisposed) this.#tell({ drop: program }).catch(() => {});
  }

  #tell(message: Message): Promise<void> {
    this.prepare();
    const before = this.#loading;
    const told = (async () => {
      await before.catch(() => {});
      const threads = await this.#threads;
      if (this.#isDisposed || !threads) return;
      // Those who watch for work do not hear messages unless they are told that there is one.
      const { words } = this.#memory;
      words[(this.#board + BOARD.sent) >> 2] += 1;
      this.#signal();
      for (const thread of threads) thread.send(message);
      await Promise.all(threads.map(({ answer }) => answer));
    })();
    this.#loading = told;
    return told;
  }

  /** Lets all threads but this one run a program; its last barrier waits for them. */
  start(program: number, table: number): void {
    const { words } = this.#memory;
    words[(this.#board + BOARD.program) >> 2] = program;
    words[(this.#board + BOARD.table) >> 2] = table;
    words[(this.#board + BOARD.job) >> 2] += 1;
    this.#signal();
  }

  #signal(): void {
    const { words } = this.#memory;
    const signal = (this.#board + BOARD.signal) >> 2;
    Atomics.add(words, signal, 1);
    if (Atomics.load(words, (this.#board + BOARD.asleep) >> 2) > 0) Atomics.notify(words, signal);
  }

  /** Ends the workers. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    // A worker that sleeps cannot be ended.
    this.#memory.words[(this.#board + BOARD.leave) >> 2] = 1;
    this.#signal();
    this.#threads?.then((threads) => threads.forEach((thread) => thread.end())).catch(() => {});
  }
}

/** Whether this thread may wait in `Atomics.wait`; the main thread of a page may not. */
function maySleep(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}

/** What a worker needs of the place it runs in. */
interface WorkerScope {
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  postMessage(message: unknown): void;
}

/**
 * All that a worker does. It is sent as text, so that a worker needs no file, and must not use anything
 * from outside.
 */
function work(scope: WorkerScope, places: typeof BOARD, bind: typeof bindBlas): void {
  /** How often to look for news before going to sleep: some hundred microseconds. */
  const LOOKS = 30_000;
  const programs = new Map<number, (table: number, thread: number) => void>();
  let memory: WebAssembly.Memory;
  let sgemm: Sgemm | undefined;
  let [board, thread, job, heard] = [0, 0, 0, 0];
  /** Runs what is posted until there is a message. */
  const serve = (): void => {
    const words = new Int32Array(memory.buffer);
    const at = (place: keyof typeof BOARD): number => (board + places[place]) >> 2;
    const [signal, asleep] = [at("signal"), at("asleep")];
    for (;;) {
      const seen = Atomics.load(words, signal);
      if (Atomics.load(words, at("job")) !== job) {
        job = words[at("job")];
        const program = words[at("program")];
        const run = programs.get(program);
        if (!run) {
          throw new Error(`Cannot run program ${program}: thread ${thread} does not have it`);
        }
        run(words[at("table")], thread);
      }
      if (Atomics.load(words, at("sent")) !== heard || words[at("leave")] !== 0) return;
      for (let i = 0; i < LOOKS && Atomics.load(words, signal) === seen; i++);
      while (Atomics.load(words, signal) === seen) {
        Atomics.add(words, asleep, 1);
        Atomics.wait(words, signal, seen);
        Atomics.sub(words, asleep, 1);
      }
    }
  };
  scope.onmessage = ({ data }) => {
    const message = data as Message;
    if ("memory" in message) {
      ({ memory, board, thread, job, heard } = message);
      if (message.blas !== undefined) ({ sgemm } = bind(memory, message.blas));
    } else {
      heard++;
      if ("module" in message) {
        const { exports } = new WebAssembly.Instance(message.module, {
          env: { memory, ...(sgemm && { sgemm }) },
        });
        programs.set(message.id, exports.run as (table: number, thread: number) => void);
      } else programs.delete(message.drop);
    }
    scope.postMessage(0);
    serve();
  };
}

/** Starts a worker, so that it does not keep the process alive where there is such a thing. */
async function startWorker(): Promise<Thread> {
  const source = `(${work})(scope, ${JSON.stringify(BOARD)}, ${bindBlas});`;
  if ("process" in globalThis) {
    const { Worker } = await import("node:worker_threads");
    const bridge = `const { parentPort } = require("node:worker_threads");
const scope = { postMessage: (message) => parentPort.postMessage(message) };
parentPort.on("message", (data) => scope.onmessage({ data }));\n`;
    const worker = new Worker(bridge + source, { eval: true });
    return threadOf({
      post: (message) => worker.postMessage(message),
      listen: (answer, fail) => {
        worker.on("message", answer);
        worker.on("error", fail);
      },
      keepAlive: (on) => on ? worker.ref() : worker.unref(),
      end: () => void worker.terminate(),
    });
  }
  const bytes = new Blob([`const scope = self;\n${source}`], { type: "text/javascript" });
  const url = URL.createObjectURL(bytes);
  const worker = new Worker(url, { type: "module" });
  return threadOf({
    post: (message) => worker.postMessage(message),
    listen: (answer, fail) => {
      worker.onmessage = answer;
      worker.onerror = (event) => fail(event.message);
    },
    keepAlive: () => {},
    end: () => {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  });
}

function threadOf(worker: {
  readonly post: (message: Message) => void;
  readonly listen: (answer: () => void, fail: (reason: unknown) => void) => void;
  readonly keepAlive: (on: boolean) => void;
  readonly end: () => void;
}): Thread {
  let [done, fail] = [() => {}, (_: unknown) => {}];
  worker.listen(() => {
    worker.keepAlive(false);
    done();
  }, (reason) => fail(reason));
  const thread: Thread = {
    answer: Promise.resolve(),
    send(message) {
      worker.keepAlive(true);
      ({ promise: thread.answer, resolve: done, reject: fail } = Promise.withResolvers<void>());
      worker.post(message);
    },
    end: worker.end,
  };
  return thread;
}
