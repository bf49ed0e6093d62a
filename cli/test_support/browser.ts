/**
 * Headless Chromium for tests of pages, spoken to over its debugging port; a profile of its own, thrown away.
 *
 * @module
 */

/** A page in a browser. */
export interface Page {
  /** Is as wide as a telephone or a screen, in light or in the dark. */
  emulate(look: { readonly width: number; readonly dark: boolean }): Promise<void>;
  /** Goes to an address and waits until it has loaded. */
  open(url: string): Promise<void>;
  /** The value of an expression in the page; promises are awaited. */
  evaluate<Value>(expression: string): Promise<Value>;
  /** Waits until an expression is true. */
  until(expression: string, timeout?: number): Promise<void>;
  /** The page as a PNG, all of its length. */
  screenshot(): Promise<Uint8Array>;
  /** The addresses that the page asked for. */
  readonly requests: readonly string[];
  /** What the page complained of. */
  readonly errors: readonly string[];
  close(): Promise<void>;
}

const FLAGS: readonly string[] = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--hide-scrollbars",
  "--remote-debugging-port=0",
  "--window-size=1200,900",
];

/**
 * Finds Chromium.
 *
 * @returns Its path; `undefined` when there is none, and what needs it is to be ignored.
 */
export function findChromium(): string | undefined {
  const paths = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
  return paths.find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

/**
 * Starts a browser with an empty page.
 *
 * @param chromium Its path.
 * @param flags More flags than it is always started with.
 * @returns The page; close it.
 */
export async function openPage(chromium: string, flags: readonly string[] = []): Promise<Page> {
  const profile = await Deno.makeTempDir({ prefix: "chromium_" });
  const child = new Deno.Command(chromium, {
    args: [...FLAGS, ...flags, `--user-data-dir=${profile}`, "about:blank"],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const end = async () => {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await child.status;
    await removeFolder(profile);
  };
  try {
    const port = await portOf(profile);
    const target = await pageTarget(port);
    const connection = await connect(target);
    await connection.send("Page.enable");
    await connection.send("Network.enable");
    await connection.send("Runtime.enable");
    return pageOver(connection, end);
  } catch (error) {
    await end();
    throw error;
  }
}

/** Chromium writes the port that it took into its profile. */
async function portOf(profile: string): Promise<number> {
  return await retry("chromium's debugging port", async () => {
    const text = await Deno.readTextFile(`${profile}/DevToolsActivePort`);
    const port = Number(text.split("\n")[0]);
    return port > 0 ? port : undefined;
  });
}

async function pageTarget(port: number): Promise<string> {
  return await retry("a page in chromium", async () => {
    const response = await fetch(`http://127.0.0.1:${port}/json/list`);
    const targets: { readonly type: string; readonly webSocketDebuggerUrl: string }[] =
      await response.json();
    return targets.find(({ type }) => type === "page")?.webSocketDebuggerUrl;
  });
}

async function retry<Value>(what: string, act: () => Promise<Value | undefined>): Promise<Value> {
  for (let tries = 0; tries < 1200; tries++) {
    try {
      const value = await act();
      if (value !== undefined) return value;
    } catch {
      // Not yet.
    }
    await pause(100);
  }
  throw new RangeError(`Cannot find ${what}: it did not come within 120 s`);
}

interface Connection {
  send(method: string, params?: object): Promise<Record<string, unknown>>;
  readonly requests: string[];
  readonly errors: string[];
  loads: number;
  close(): Promise<void>;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly error?: { readonly message: string };
  readonly result?: Record<string, unknown>;
  readonly params?: {
    readonly request?: { readonly url: string };
    readonly exceptionDetails?: {
      readonly text: string;
      readonly exception?: { description?: string };
    };
  };
}

async function connect(url: string): Promise<Connection> {
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  const waiting = new Map<number, (message: Message) => void>();
  let next = 1;
  const connection: Connection = {
    requests: [],
    errors: [],
    loads: 0,
    send(method, params = {}) {
      const id = next++;
      return new Promise((resolve, reject) => {
        waiting.set(id, ({ error, result = {} }) => {
          if (error === undefined) resolve(result);
          else reject(new RangeError(`Cannot ${method}: ${error.message}`));
        });
        socket.send(JSON.stringify({ id, method, params }));
      });
    },
    close() {
      return new Promise((resolve) => {
        socket.onclose = () => resolve();
        socket.close();
      });
    },
  };
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(String(data)) as Message;
    if (message.id !== undefined) {
      waiting.get(message.id)?.(message);
      waiting.delete(message.id);
      return;
    }
    const { params } = message;
    if (message.method === "Network.requestWillBeSent" && params?.request !== undefined) {
      connection.requests.push(params.request.url);
    }
    if (message.method === "Page.loadEventFired") connection.loads++;
    if (message.method === "Runtime.exceptionThrown") {
      const { exceptionDetails } = params ?? {};
      connection.errors.push(
        exceptionDetails?.exception?.description ?? exceptionDetails?.text ?? "an exception",
      );
    }
  };
  return connection;
}

function pageOver(connection: Connection, end: () => Promise<void>): Page {
  const page: Page = {
    requests: connection.requests,
    errors: connection.errors,
    async emulate({ width, dark }) {
      const size = { width, height: 900, deviceScaleFactor: 1, mobile: width < 600 };
      await connection.send("Emulation.setDeviceMetricsOverride", size);
      const value = dark ? "dark" : "light";
      await connection.send("Emulation.setEmulatedMedia", {
        features: [{ name: "prefers-color-scheme", value }],
      });
    },
    async open(url) {
      const before = connection.loads;
      await connection.send("Page.navigate", { url });
      await retry(`the page ${url}`, () => Promise.resolve(connection.loads > before || undefined));
    },
    async evaluate<Value>(expression: string) {
      const { result } = await connection.send("Runtime.evaluate", {
        expression,
        awaitPromise: true,
        returnByValue: true,
      });
      return (result as { readonly value: Value }).value;
    },
    async until(expression, timeout = 120_000) {
      const started = performance.now();
      while (!await page.evaluate<boolean>(`Boolean(${expression})`)) {
        if (performance.now() - started > timeout) {
          throw new RangeError(`Cannot wait for ${expression}: it is still not true`);
        }
        await pause(50);
      }
    },
    async screenshot() {
      const { data } = await connection.send("Page.captureScreenshot", {
        format: "png",
        captureBeyondViewport: true,
      });
      return Uint8Array.from(atob(String(data)), (letter) => letter.charCodeAt(0));
    },
    async close() {
      await connection.close();
      await end();
    },
  };
  return page;
}

/** What the browser still writes while it ends can be in the way for a moment. */
async function removeFolder(path: string): Promise<void> {
  for (let tries = 0;; tries++) {
    try {
      return await Deno.remove(path, { recursive: true });
    } catch (error) {
      if (tries === 50) throw error;
      await pause(50);
    }
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
