/**
 * What Ctrl-C and the system's polite requests do to something that takes long.
 *
 * @module
 */

/** What is said of a start that takes longer than this. */
const SLOW_START =
  "Making the first parameters: of a large model they take a while, Ctrl-C ends it\n";
const PATIENCE_MS = 3000;

/** Something that can be asked to end. */
export interface Interruption {
  /** Is aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Says that the start is over, which takes long for large models. */
  readonly started: () => void;
}

/**
 * Runs something that a signal asks to end well; a second one ends the process.
 *
 * The signals are listened to in a thread of their own, which forgets them at the first. So the second one does what it
 * does to any program, also while the thread that trains is in a long step and listens to nothing.
 *
 * @param body Runs until it is over, or the signal is aborted.
 * @param settings Whether a long start is told of.
 * @returns What it gives.
 */
export async function interruptible<Result>(
  body: (interruption: Interruption) => Promise<Result>,
  { quiet = true }: { readonly quiet?: boolean } = {},
): Promise<Result> {
  const controller = new AbortController();
  const signals = signalsToSave();
  const stop = () => {
    controller.abort();
    forget();
  };
  let isListening = true;
  const forget = () => {
    if (isListening) { for (const signal of signals) Deno.removeSignalListener(signal, stop); }
    isListening = false;
  };
  // Until the thread is there.
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  const source = `(${watch})(${JSON.stringify({ signals, slow: quiet ? "" : SLOW_START })},
    ${PATIENCE_MS}, self)`;
  const watcher = new Worker(`data:text/javascript,${encodeURIComponent(source)}`, {
    type: "module",
  });
  watcher.onmessage = ({ data }) => data === "ready" ? forget() : controller.abort();
  // Without threads it goes on as it was.
  watcher.onerror = (event) => event.preventDefault();
  try {
    return await body({
      signal: controller.signal,
      started: () => watcher.postMessage("started"),
    });
  } finally {
    watcher.terminate();
    forget();
  }
}

/** The signals after which a run is saved. */
function signalsToSave(): Deno.Signal[] {
  if (Deno.build.os === "windows") return ["SIGINT"];
  // Where nobody has a terminal there is none to be closed, and `nohup` wants the signal ignored.
  const hasTerminal = [Deno.stdin, Deno.stdout, Deno.stderr].some((stream) => stream.isTerminal());
  return ["SIGINT", "SIGTERM", ...hasTerminal ? ["SIGHUP"] as const : []];
}

/** The messages between the threads. */
interface WatcherScope {
  postMessage(message: string): void;
  onmessage: (() => void) | null;
}

/** What the thread does; it has nothing of this module. */
function watch(
  { signals, slow }: { readonly signals: readonly Deno.Signal[]; readonly slow: string },
  patience: number,
  scope: WatcherScope,
): void {
  const timer = setTimeout(() => {
    try {
      Deno.stderr.writeSync(new TextEncoder().encode(slow));
    } catch {
      // Nobody reads it.
    }
  }, patience);
  scope.onmessage = () => clearTimeout(timer);
  const stop = () => {
    for (const signal of signals) Deno.removeSignalListener(signal, stop);
    scope.postMessage("stop");
  };
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  scope.postMessage("ready");
}
