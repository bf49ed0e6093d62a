/**
 * The terminal that this process writes to.
 *
 * @module
 */

import type { Terminal } from "./context.ts";

/**
 * Looks at where standard output and error go.
 *
 * Colours and redrawing are for terminals only, and colours only without `NO_COLOR`.
 *
 * @returns The terminal.
 */
export function processTerminal(): Terminal {
  const isTerminal = Deno.stderr.isTerminal() && environment("TERM") !== "dumb";
  return {
    write: (text) => writeAll(Deno.stdout, text),
    writeError: (text) => writeAll(Deno.stderr, text),
    isTerminal,
    color: isTerminal && !Deno.noColor,
    columns() {
      try {
        return Deno.consoleSize().columns;
      } catch {
        return 80; // Neither standard stream is a terminal.
      }
    },
    lines: standardLines,
    variable: environment,
    debug: (environment("DEBUG") ?? "") !== "",
  };
}

/** A variable, where it may be read without asking. */
function environment(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}

async function* standardLines(): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of Deno.stdin.readable) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n/);
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let done = 0; done < bytes.length;) done += stream.writeSync(bytes.subarray(done));
  } catch (error) {
    // Who read it (`| head`) has left: training goes on, the run is saved.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
