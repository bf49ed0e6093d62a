/**
 * The runtimes there are on this machine, and what bits each of them trains: `deno task test:runtimes`.
 *
 * Node and Bun are looked for in `node_modules` of the folder that `UNROLL_RUNTIMES` names, where
 *
 * ```sh
 * npm install node20@npm:node@20 node22@npm:node@22 node24@npm:node@24 bun
 * ```
 *
 * puts them, and then among the system's programs.
 *
 * @module
 */
import { findChromium, openPage } from "../../cli/test_support/browser.ts";
import type { Outcome } from "./program.ts";

/** A runtime. */
export interface Runtime {
  /** Its name and version. */
  readonly name: string;
  /** Runs the program there. */
  readonly run: (program: string) => Promise<readonly Outcome[]>;
}

/** What a program prints; `undefined` if there is no such program. */
async function outputOf(command: string, ...args: string[]): Promise<string | undefined> {
  try {
    const options = { args, stdin: "null", stderr: "piped" } as const;
    const { success, stdout, stderr } = await new Deno.Command(command, options).output();
    if (!success) throw new RangeError(new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** A runtime of the command line, if it is there and as new as is needed. */
async function processRuntime(name: string, command: string): Promise<Runtime | undefined> {
  const version = (await outputOf(command, "--version"))?.split(/[\n(]/)[0].replace(/^\D+/, "")
    .trim();
  const [major, minor] = (version ?? "0.0").split(".").map(Number);
  if (version === undefined || (name === "Node" && (major < 20 || major === 20 && minor < 16))) {
    return;
  }
  return {
    name: `${name} ${version}`,
    async run(program) {
      const file = await Deno.makeTempFile({ suffix: ".mjs" });
      try {
        await Deno.writeTextFile(file, program);
        return JSON.parse(
          await outputOf(command, ...name === "Deno" ? ["run", file] : [file]) ?? "",
        );
      } finally {
        await Deno.remove(file);
      }
    },
  };
}

/** Chromium with a page that is, or is not, isolated from other origins, which lets threads share memory. */
function pageRuntime(chromium: string, isolated: boolean): Runtime {
  const headers: Record<string, string> = isolated
    ? {
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
    }
    : {};
  return {
    name: isolated ? "Chromium, isolated" : "Chromium",
    async run(program) {
      const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
        const isScript = url.endsWith(".js");
        const html = `<!DOCTYPE html><link rel="icon" href="data:,"><script type="module">
          import { outcomes } from "./program.js"; globalThis.outcomes = await outcomes;</script>`;
        const type = isScript ? "text/javascript" : "text/html";
        return new Response(isScript ? program : html, {
          headers: { ...headers, "content-type": type },
        });
      });
      const page = await openPage(chromium);
      try {
        await page.open(`http://127.0.0.1:${server.addr.port}/`);
        await page.until("globalThis.outcomes", 120_000);
        return await page.evaluate<readonly Outcome[]>("outcomes");
      } finally {
        await page.close();
        await server.shutdown();
      }
    },
  };
}

/** Finds the runtimes: Deno first. */
export async function findRuntimes(): Promise<readonly Runtime[]> {
  const folder = `${Deno.env.get("UNROLL_RUNTIMES") ?? "."}/node_modules`;
  const places: [name: string, command: string][] = [
    ["Deno", Deno.execPath()],
    ...["node20", "node22", "node24"].map((one): [string, string] => [
      "Node",
      `${folder}/${one}/bin/node`,
    ]),
    ["Node", "node"],
    ["Bun", `${folder}/.bin/bun`],
    ["Bun", "bun"],
  ];
  const found = new Map<string, Runtime>();
  for (const runtime of await Promise.all(places.map((place) => processRuntime(...place)))) {
    if (runtime !== undefined && !found.has(runtime.name)) found.set(runtime.name, runtime);
  }
  const chromium = findChromium();
  const pages = chromium === undefined
    ? []
    : [false, true].map((isolated) => pageRuntime(chromium, isolated));
  return [...found.values(), ...pages];
}

/** Makes one file of the program. */
export async function bundleProgram(): Promise<string> {
  const file = decodeURIComponent(new URL("program.ts", import.meta.url).pathname);
  const text = await outputOf(Deno.execPath(), "bundle", "--quiet", "--platform=browser", file);
  return text ?? "";
}

/** Whether an outcome is among others: the same threads, the same bits. */
export function isAmong(outcomes: readonly Outcome[], { threads, bits }: Outcome): boolean {
  return outcomes.some((one) =>
    one.threads === threads && Object.keys(bits).every((task) => one.bits[task] === bits[task])
  );
}

if (import.meta.main) {
  const program = await bundleProgram();
  let isAlike = true;
  let wanted: readonly Outcome[] = [];
  console.log("runtime                threads   fused   xor        fizzbuzz   char       as Deno");
  for (const runtime of await findRuntimes()) {
    const outcomes = await runtime.run(program);
    if (wanted.length === 0) wanted = outcomes;
    // The first half is not fused anywhere. Where the second cannot be either, it is the same.
    const plain = outcomes.slice(0, outcomes.length / 2);
    for (const outcome of outcomes) {
      const isFused = !isAmong(plain, outcome);
      if (!isFused && !plain.includes(outcome)) continue;
      const isSame = isAmong(wanted, outcome);
      isAlike &&= isSame;
      const name = runtime.name.padEnd(23);
      const way = `${outcome.threads}`.padEnd(10) + (isFused ? "yes" : "no").padEnd(8);
      const hashes = Object.values(outcome.bits).map((hash) => hash.padEnd(11)).join("");
      console.log(`${name}${way}${hashes}${isSame ? "yes" : "NO"}`);
    }
  }
  if (!isAlike) Deno.exit(1);
}
