/**
 * A page on this machine alone that follows a run while it trains.
 *
 * @module
 */

import { escapeMarkup } from "./html.ts";
import type { Reporter } from "./reporter.ts";
import { PAGE } from "./dashboard_html.ts";

/** A served page. */
export interface Dashboard {
  /** Where it is. */
  readonly url: string;
  /** What is told here appears there. */
  readonly reporter: Reporter;
  /** Says that no more comes, and ends serving. */
  close(): Promise<void>;
}

/** More lines of progress than this are thinned out for who comes late. */
const KEPT = 2000;
/** How long those who watch may take to read the end, in milliseconds. */
const PATIENCE = 1000;
/** Bytes that wait for one who does not read, before no more is told there. */
const UNREAD = 2 ** 23;

/**
 * Serves a page that follows a run, on a free port of the loopback address.
 *
 * The page asks for nothing but itself and its events; who comes late is told all from the beginning.
 *
 * @param title What runs.
 * @returns The page.
 * @throws {RangeError} When the address cannot be served.
 */
export async function serveDashboard(title: string): Promise<Dashboard> {
  const watchers = new Set<ReadableStreamDefaultController<Uint8Array>>();
  const encoder = new TextEncoder();
  const once = new Map<string, string>();
  let lines: string[] = [];
  let ended = false;

  const encode = (line: string) => encoder.encode(`data: ${line}\n\n`);
  const tell = (event: string, line: object, keep: "all" | "last") => {
    const text = JSON.stringify({ event, ...line });
    if (keep === "last") once.set(event, text);
    else lines.push(text);
    if (lines.length > KEPT) lines = lines.filter((_, i) => i % 2 === 0 || i > KEPT - 100);
    const bytes = encode(text);
    for (const watcher of watchers) {
      if ((watcher.desiredSize ?? 0) > 0) watcher.enqueue(bytes);
      else {
        watchers.delete(watcher);
        watcher.close();
      }
    }
  };
  const events = () => {
    let own: ReadableStreamDefaultController<Uint8Array>;
    return new ReadableStream<Uint8Array>({
      start(controller) {
        own = controller;
        for (const line of [...lines, ...once.values()]) controller.enqueue(encode(line));
        if (ended) controller.close();
        else watchers.add(controller);
      },
      cancel() {
        watchers.delete(own);
      },
    }, new ByteLengthQueuingStrategy({ highWaterMark: UNREAD }));
  };

  const controller = new AbortController();
  const answering = new Set<Promise<void>>();
  const html = PAGE.replaceAll("{{title}}", escapeMarkup(title));
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve({
      hostname: "127.0.0.1",
      port: 0,
      signal: controller.signal,
      onListen() {},
    }, (request, { completed }) => {
      const end = completed.catch(() => {}).finally(() => answering.delete(end));
      answering.add(end);
      return answer(request, html, events);
    });
  } catch (error) {
    throw new RangeError(`Cannot serve a page: ${(error as Error).message}`, { cause: error });
  }
  const { port } = server.addr;
  const reporter: Reporter = {
    config: (line) => tell("config", line, "last"),
    progress: (line) => tell("progress", line, "all"),
    validation: (line) => tell("validation", line, "all"),
    hidden({ states, labels }) {
      const { time, units } = states;
      const shown = Math.min(units, 64);
      const values = Array.from(
        { length: time * shown },
        (_, i) => Number(states.values[Math.floor(i / shown) * units + i % shown].toFixed(3)),
      );
      tell("hidden", { time, units: shown, of: units, values, labels }, "last");
    },
    stopped: (line) => tell("stopped", line, "last"),
    done: (line, shown = []) => tell("done", { ...line, shown }, "last"),
    close() {
      if (!ended) tell("end", {}, "last");
      ended = true;
    },
  };
  return await Promise.resolve({
    url: `http://127.0.0.1:${port}/`,
    reporter,
    async close() {
      reporter.close();
      for (const watcher of watchers) watcher.close();
      watchers.clear();
      // Who does not read the end in time is cut off. A shutdown that waits could not be ended any more.
      const timer = setTimeout(() => controller.abort(), PATIENCE);
      await Promise.race([Promise.all(answering), server.finished]);
      clearTimeout(timer);
      controller.abort();
      await server.finished;
    },
  });
}

function answer(request: Request, html: string, events: () => ReadableStream<Uint8Array>) {
  const url = URL.parse(request.url);
  if (url === null) return new Response("Bad request\n", { status: 400 });
  // A name that somebody else let point here is not ours.
  if (url.hostname !== "127.0.0.1" && url.hostname !== "localhost") {
    return new Response("This page is for 127.0.0.1\n", { status: 403 });
  }
  if (url.pathname === "/events") {
    return new Response(events(), {
      headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
    });
  }
  if (url.pathname !== "/") return new Response("Not found\n", { status: 404 });
  return new Response(html, {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy":
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:",
    },
  });
}
