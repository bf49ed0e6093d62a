/**
 * Serves pages to this machine alone: what the page that follows a run and the board of all runs have in common.
 *
 * @module
 */

import { deadline } from "@std/async/deadline";
import { escapeMarkup } from "./html.ts";
import { htmlPage } from "./html_page.ts";

/** Pages that are served. */
export interface ServedPages {
  /** Where they are. */
  readonly url: string;
  /** Ends serving; who still reads is given a moment. */
  close(): Promise<void>;
}

/** How long those who read may take at the end, in milliseconds. */
const CLOSE_TIMEOUT_MS = 1000;
/** Bytes that wait for one who does not read, before no more is sent there. */
const MAX_UNREAD_BYTES = 2 ** 21;
/** From one drawing to the next, in milliseconds, at least. */
const DRAW_INTERVAL_MS = 500;
/** At most one part in so many of the time is spent on drawing. */
const DRAW_SHARE = 20;

/**
 * Serves pages on the loopback address, and refuses what other sites ask for.
 *
 * @param answer Answers a request; `undefined` where there is no such page.
 * @param port The port; 0 for one that is free.
 * @returns The pages.
 * @throws {RangeError} When the address cannot be served.
 */
export function servePages(
  answer: (url: URL) => Response | undefined | Promise<Response | undefined>,
  port: number = 0,
): ServedPages {
  const controller = new AbortController();
  const answering = new Set<Promise<void>>();
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve({
      hostname: "127.0.0.1",
      port,
      signal: controller.signal,
      onListen() {},
    }, async (request, { completed }) => {
      const end = completed.catch(() => {}).finally(() => answering.delete(end));
      answering.add(end);
      const url = URL.parse(request.url);
      if (url === null) return new Response("Bad request\n", { status: 400 });
      return refusal(request, url) ?? await answer(url) ??
        new Response("Not found\n", { status: 404 });
    });
  } catch (error) {
    throw new RangeError(`Cannot serve a page: ${(error as Error).message}`, { cause: error });
  }
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    async close() {
      // Who does not read the end in time is cut off. A shutdown that waits could not be ended any more.
      await deadline(Promise.all(answering), CLOSE_TIMEOUT_MS).catch(() => {});
      controller.abort();
      await server.finished;
    },
  };
}

function refusal({ headers }: Request, { hostname }: URL): Response | undefined {
  // A name that somebody else let point here is not ours.
  const isOurs = hostname === "127.0.0.1" || hostname === "localhost";
  // Other sites may link here, but have no business to load anything of ours.
  const isForeign = headers.get("sec-fetch-site") === "cross-site" &&
    headers.get("sec-fetch-mode") !== "navigate";
  return isOurs && !isForeign
    ? undefined
    : new Response("This page is for 127.0.0.1\n", { status: 403 });
}

/** Answers with a page that may load nothing but what comes from here. */
export function pageResponse(html: string): Response {
  return new Response(html, {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy":
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:",
    },
  });
}

/**
 * Writes a page that shows what it is sent.
 *
 * @param title What it is of.
 * @param body Its HTML, below the title.
 * @param script What it does; it finds `drawn`, to be called after each change.
 * @returns An HTML document.
 */
export function livePage(title: string, body: string, script: string): string {
  const told = `
const drawn = () => document.dispatchEvent(new Event("drawn"));
${script}`;
  return htmlPage(title, `<h1>${escapeMarkup(title)}</h1>\n${body}`, told);
}

/** Sends what is drawn to all who watch; nothing is drawn while nobody does. */
export interface Feed {
  /** Whether anybody watches. */
  readonly isWatched: boolean;
  /** How long to wait from one drawing to the next, in milliseconds. */
  readonly pause: number;
  /** Answers one who wants to watch something; it is sent the newest at once. */
  open(wanted: string): Response;
  /** Draws, and sends it to all; who has not read the last gets no other, unless it is the end. */
  send(): Promise<void>;
  /** Sends no more. */
  close(): void;
}

/**
 * Makes a feed.
 *
 * @param draw Draws what is wanted, as JSON.
 * @param isOver Tells whether no more comes: all are sent the end, and who comes late that alone.
 * @returns The feed.
 */
export function createFeed(
  draw: (wanted: string) => Promise<object>,
  isOver: () => boolean = () => false,
): Feed {
  const watchers = new Map<ReadableStreamDefaultController<Uint8Array>, string>();
  const encoder = new TextEncoder();
  let pause = DRAW_INTERVAL_MS;
  const encode = async (wanted: string) => {
    const began = performance.now();
    const event = JSON.stringify(await draw(wanted));
    pause = Math.max(DRAW_INTERVAL_MS, (performance.now() - began) * DRAW_SHARE);
    return encoder.encode(`data: ${event}\n\n`);
  };
  // A server ends the stream of one who has left, and may say so later.
  const reach = (watcher: ReadableStreamDefaultController<Uint8Array>, act: () => void) => {
    try {
      act();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      watchers.delete(watcher);
    }
  };
  return {
    get isWatched() {
      return watchers.size > 0;
    },
    get pause() {
      return pause;
    },
    open(wanted) {
      let own: ReadableStreamDefaultController<Uint8Array>;
      let isGone = false;
      const events = new ReadableStream<Uint8Array>({
        async start(controller) {
          own = controller;
          const first = await encode(wanted);
          if (isGone) return;
          controller.enqueue(first);
          if (isOver()) controller.close();
          else watchers.set(controller, wanted);
        },
        cancel() {
          isGone = true;
          watchers.delete(own);
        },
      }, new ByteLengthQueuingStrategy({ highWaterMark: MAX_UNREAD_BYTES }));
      return new Response(events, {
        headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
      });
    },
    async send() {
      const drawn = new Map<string, Uint8Array>();
      for (const wanted of new Set(watchers.values())) drawn.set(wanted, await encode(wanted));
      for (const [watcher, wanted] of watchers) {
        const bytes = drawn.get(wanted);
        // Who has not read the last is not sent another: the next says it all.
        if (bytes !== undefined && ((watcher.desiredSize ?? 0) > 0 || isOver())) {
          reach(watcher, () => watcher.enqueue(bytes));
        }
      }
    },
    close() {
      for (const watcher of watchers.keys()) reach(watcher, () => watcher.close());
      watchers.clear();
    },
  };
}
