/**
 * A page on this machine alone that follows a run while it trains: the server draws, the page shows what it is sent.
 *
 * @module
 */

import { deadline } from "@std/async/deadline";
import type { TaskInstance } from "@unroll/core/plugin";
import { eventLine, type MetricsLine, type RunCallbacks } from "@unroll/core/runs";
import { formatDuration } from "../format.ts";
import { resumeCommand } from "../resume_command.ts";
import type { DashboardState } from "./dashboard_view.ts";
import { captureStudy } from "./hidden_states.ts";
import { escapeMarkup, PAGE_STYLE } from "./html.ts";
import { STATES_STYLE } from "./states_style.ts";

/** A served page. */
export interface Dashboard {
  /** Where it is. */
  readonly url: string;
  /** Shows a run on it. */
  readonly reporter: RunCallbacks;
  /** Says that no more comes, and ends serving. */
  close(): Promise<void>;
}

/** More lines than this are thinned out. */
const MAX_LINES = 2000;
/** From one drawing to the next, in milliseconds, at least. */
const DRAW_INTERVAL_MS = 500;
/** At most one part in so many of the time is spent on drawing. */
const DRAW_SHARE = 20;
/** How long those who watch may take to read the end, in milliseconds. */
const CLOSE_TIMEOUT_MS = 1000;
/** Bytes that wait for one who does not read, before no more is sent there. */
const MAX_UNREAD_BYTES = 2 ** 21;

/**
 * Serves a page that follows a run, on a free port of the loopback address.
 *
 * The page asks for nothing but itself and its events, each of which is all there is to show. Nothing is drawn while
 * nobody watches.
 *
 * @param title What runs.
 * @returns The page.
 * @throws {RangeError} When the address cannot be served.
 */
export async function serveDashboard(title: string): Promise<Dashboard> {
  const watchers = new Set<ReadableStreamDefaultController<Uint8Array>>();
  const encoder = new TextEncoder();
  let state: DashboardState = {
    about: "",
    status: { text: "training", kind: "soft" },
    isOver: false,
    lines: [],
    shown: [],
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pause = DRAW_INTERVAL_MS;

  const draw = async () => {
    // Drawing is loaded when somebody watches: training starts faster without.
    const { dashboardView } = await import("./dashboard_view.ts");
    const began = performance.now();
    const event = JSON.stringify({ html: dashboardView(state), isOver: state.isOver });
    pause = Math.max(DRAW_INTERVAL_MS, (performance.now() - began) * DRAW_SHARE);
    return encoder.encode(`data: ${event}\n\n`);
  };
  const send = async () => {
    const bytes = await draw();
    for (const watcher of watchers) {
      // Who has not read the last is not sent another: the next says it all.
      if ((watcher.desiredSize ?? 0) > 0 || state.isOver) watcher.enqueue(bytes);
    }
  };
  const change = (changes: Partial<DashboardState>) => {
    state = { ...state, ...changes };
    if (watchers.size === 0 || timer !== undefined || state.isOver) return;
    timer = setTimeout(async () => {
      await send();
      timer = undefined;
    }, pause);
  };
  const add = (line: MetricsLine) => {
    const lines = [...state.lines, line];
    const thinned = lines.length <= MAX_LINES
      ? lines
      : lines.filter(({ event }, i) => event !== "progress" || i % 2 === 0 || i > MAX_LINES - 100);
    change({ lines: thinned });
  };
  const end = (text: string, kind: "good" | "bad", shown: readonly string[] = []) => {
    if (!state.isOver) change({ status: { text, kind }, isOver: true, shown });
  };
  const events = () => {
    let own: ReadableStreamDefaultController<Uint8Array>;
    return new ReadableStream<Uint8Array>({
      async start(controller) {
        own = controller;
        controller.enqueue(await draw());
        if (state.isOver) controller.close();
        else watchers.add(controller);
      },
      cancel() {
        watchers.delete(own);
      },
    }, new ByteLengthQueuingStrategy({ highWaterMark: MAX_UNREAD_BYTES }));
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
  let resume = "";
  let task: TaskInstance;
  const reporter: RunCallbacks = {
    onRunCreated(run, start) {
      const { seed, device, training } = run.config;
      task = start.task;
      resume = resumeCommand(run);
      change({ about: `· ${run.path} · seed ${seed} · ${device}`, steps: Number(training.steps) });
    },
    async onEvent(event) {
      if (event.event === "progress") change({ step: event.step });
      // Between the points of the curves only the count of steps goes on.
      if (event.event !== "progress" || event.isPoint) add(eventLine(event));
      if (event.event !== "validation") return;
      const hidden = await captureStudy(task, event.predict);
      if (hidden !== undefined) change({ hidden });
    },
    async onEnd({ ended, seconds, task, predict }) {
      if (ended === "aborted") return end(`stopped; go on with: ${resume}`, "bad");
      const shown = await task.show?.(predict) ?? [];
      end(`done in ${formatDuration(seconds)}`, "good", shown);
    },
    onError: () => end("ended with an error", "bad"),
  };
  return await Promise.resolve({
    url: `http://127.0.0.1:${port}/`,
    reporter,
    async close() {
      end("ended with an error", "bad");
      clearTimeout(timer);
      if (watchers.size > 0) await send();
      for (const watcher of watchers) watcher.close();
      watchers.clear();
      // Who does not read the end in time is cut off. A shutdown that waits could not be ended any more.
      await deadline(Promise.all(answering), CLOSE_TIMEOUT_MS).catch(() => {});
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

/** The page; `{{title}}` stands for what runs. */
const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{title}}</title>
<link rel="icon" href="data:,">
<style>${PAGE_STYLE}${STATES_STYLE}
.track { height: 8px; background: var(--panel); border: 1px solid var(--line); border-radius: 5px; overflow: hidden; margin: 14px 0 0; }
#bar { height: 100%; background: var(--accent); }
</style>
</head>
<body>
<h1>{{title}}</h1>
<div id="view"><p><span id="state" class="soft">connecting</span></p></div>
<script>
"use strict";
const source = new EventSource("/events");
source.onmessage = ({ data }) => {
  const { html, isOver } = JSON.parse(data);
  const view = document.getElementById("view");
  // What a person chose, or has the keys on, stays so.
  const chosen = [...view.querySelectorAll("input:checked")].map(({ id }) => id);
  const focused = document.activeElement?.id;
  view.innerHTML = html;
  for (const id of chosen) {
    const input = document.getElementById(id);
    if (input) input.checked = true;
  }
  if (focused) document.getElementById(focused)?.focus();
  if (isOver) source.close();
};
source.onerror = () => document.getElementById("state").textContent = "the connection is lost";
</script>
</body>
</html>
`;
