/**
 * The threads of the CPU backend: workers that help the thread that runs a program with parts of it (see
 * `codegen/wasm/team.ts`). They are made when the first program wants them and join in when they are
 * ready; until then, and whenever they are held up, the caller does all the work itself.
 *
 * @module
 */
import { SPIN_LIMIT } from "../codegen/cpu/memory_layout.ts";
import { CONTROL } from "../codegen/wasm/team.ts";
import { bindBlas, type BlasLibrary, type Sgemm } from "./cpu_blas.ts";
import * as sharing from "../codegen/wasm/printer/sharing.ts";
import type { CpuMemory } from "./cpu_memory.ts";

/** What a worker is told. */
type Message =
  | {
    readonly memory: WebAssembly.Memory;
    readonly control: number;
    /** The BLAS, if programs want one. */
    readonly blas: BlasLibrary | undefined;
    /** Messages that came before. */
    readonly heard: number;
  }
  | { readonly program: number; readonly module: WebAssembly.Module }
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
  /** Address of the words that threads share. */
  readonly control: number;
  /** What prints programs for them. */
  readonly sharing = sharing;
  readonly #memory: CpuMemory;
  readonly #blas: BlasLibrary | undefined;
  #threads: Promise<readonly Thread[]> | undefined;
  #telling: Promise<void> = Promise.resolve();
  /** Programs are counted from 1. */
  #programs = 0;
  #isDisposed = false;

  constructor(memory: CpuMemory, count: number, blas?: BlasLibrary) {
    this.#memory = memory;
    this.#blas = blas && { path: blas.path, inBlocks: blas.inBlocks };
    this.count = count;
    this.control = memory.allocate(CONTROL.bytes);
    const first = this.control >> 2;
    memory.words.fill(0, first, first + (CONTROL.bytes >> 2));
    // Of the region before the first, all parts are taken.
    memory.words[first + (CONTROL.ticket >> 2)] = 255;
    memory.words[first + (CONTROL.spinLimit >> 2)] = maySleep() ? SPIN_LIMIT : 0;
  }

  /** Begins to make the workers, which takes a while. */
  prepare(): void {
    this.#threads ??= Promise.all(
      Array.from({ length: this.count - 1 }, () => this.#start()),
    );
    // Who has no helpers works alone.
    this.#threads.catch(() => {});
  }

  async #start(): Promise<Thread> {
    const worker = await startWorker();
    const { memory } = this.#memory;
    worker.send({ memory, control: this.control, blas: this.#blas, heard: 0 });
    await worker.answer;
    return worker;
  }

  /**
   * Gives a program to all threads, which takes a while.
   *
   * @returns What the program is called, and when all have it.
   */
  load(module: WebAssembly.Module): { readonly program: number; readonly ready: Promise<void> } {
    const program = ++this.#programs;
    return { program, ready: this.#tell({ program, module }) };
  }

  /** Makes the threads forget a program. */
  unload(program: number): void {
    if (!this.#isDisposed) this.#tell({ drop: program });
  }

  /** Messages are sent one after the other. */
  #tell(message: Message): Promise<void> {
    this.prepare();
    const before = this.#telling;
    return this.#telling = (async () => {
      await before;
      try {
        const threads = await this.#threads;
        if (this.#isDisposed || !threads) return;
        // Those who watch for work do not hear messages unless they are told that there is one.
        Atomics.add(this.#memory.words, (this.control + CONTROL.sent) >> 2, 1);
        for (const thread of threads) thread.send(message);
        this.#wake();
        await Promise.all(threads.map(({ answer }) => answer));
      } catch {
        // A worker that fails does not help; nothing waits for it.
      }
    })();
  }

  /** Says which program runs now. */
  start(program: number): void {
    Atomics.store(this.#memory.words, (this.control + CONTROL.program) >> 2, program);
  }

  /** Wakes all workers, or keeps them from falling asleep. */
  #wake(): void {
    const { words } = this.#memory;
    const ticket = (this.control + CONTROL.ticket) >> 2;
    // The next region, of which all parts are taken.
    Atomics.store(words, ticket, (Atomics.load(words, ticket) | 255) + 256);
    Atomics.notify(words, ticket);
  }

  /** Ends the workers. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    // A worker that sleeps cannot be ended.
    Atomics.store(this.#memory.words, (this.control + CONTROL.leave) >> 2, 1);
    this.#wake();
    this.#threads?.then((threads) => threads.forEach((thread) => thread.end())).catch(() => {});
  }
}

/** Returns whether this thread may wait in `Atomics.wait`; the main thread of a page may not. */
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
function work(scope: WorkerScope, places: typeof CONTROL, bind: typeof bindBlas): void {
  type Serve = (control: number, program: number, heard: number) => void;
  const programs = new Map<number, Serve>();
  let memory: WebAssembly.Memory;
  let sgemm: Sgemm | undefined;
  let [control, heard] = [0, 0];
  /** Helps until there is a message. */
  const help = (): void => {
    const words = new Int32Array(memory.buffer);
    const [ticket, program, sent, leave, asleep] = [
      places.ticket,
      places.program,
      places.sent,
      places.leave,
      places.asleep,
    ].map((place) => (control + place) >> 2);
    for (;;) {
      const seen = Atomics.load(words, ticket);
      if (Atomics.load(words, sent) !== heard || Atomics.load(words, leave) !== 0) return;
      const running = Atomics.load(words, program);
      const serve = programs.get(running);
      if (serve) serve(control, running, heard);
      else {
        Atomics.add(words, asleep, 1);
        Atomics.wait(words, ticket, seen);
      }
    }
  };
  scope.onmessage = ({ data }) => {
    const message = data as Message;
    if ("memory" in message) {
      ({ memory, control, heard } = message);
      const { blas } = message;
      if (blas !== undefined) sgemm = bind(memory, blas.path).product(blas.inBlocks);
    } else {
      heard++;
      if ("module" in message) {
        const env = { memory, ...(sgemm && { sgemm }) };
        const { exports } = new WebAssembly.Instance(message.module, { env });
        programs.set(message.program, exports.serve as Serve);
      } else programs.delete(message.drop);
    }
    scope.postMessage(0);
    help();
  };
}

/**
 * Finds what makes a worker of the web keep Deno's process alive, or not, which only workers of Node have a name for.
 * Those take 50 ms to make, in which the caller waits, and these 15. Where it is not found the others do.
 */
function findKeepAlive(): symbol | undefined {
  if (!("Deno" in globalThis) || typeof Worker === "undefined") return undefined;
  const [symbol, ...more] = Object.getOwnPropertySymbols(Worker.prototype)
    .filter(({ description }) => !description);
  return more.length === 0 && symbol && symbol in Worker.prototype ? symbol : undefined;
}

/** Starts a worker, so that it does not keep the process alive where there is such a thing. */
async function startWorker(): Promise<Thread> {
  const source = `(${work})(scope, ${JSON.stringify(CONTROL)}, ${bindBlas});`;
  const keepAlive = findKeepAlive();
  if ("process" in globalThis && !keepAlive) {
    const { Worker } = await import("node:worker_threads");
    const bridge = `const { parentPort } = require("node:worker_threads");
const scope = { postMessage: (message) => parentPort.postMessage(message) };
parentPort.on("message", (data) => scope.onmessage({ data }));\n`;
    // A copy of the environment would ask for a permission.
    const worker = new Worker(bridge + source, { eval: true, env: {} });
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
  let isKept = true;
  return threadOf({
    post: (message) => worker.postMessage(message),
    listen: (answer, fail) => {
      worker.onmessage = answer;
      worker.onerror = (event) => {
        // Who has no helpers works alone: nothing is to end because of it.
        event.preventDefault();
        fail(event.message);
      };
    },
    keepAlive: (on) => {
      // Deno counts the calls.
      if (keepAlive === undefined || on === isKept) return;
      (worker as unknown as Record<symbol, (on: boolean) => void>)[keepAlive](isKept = on);
    },
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
      thread.answer = new Promise<void>((resolve, reject) => [done, fail] = [resolve, reject]);
      worker.post(message);
    },
    end: worker.end,
  };
  return thread;
}
