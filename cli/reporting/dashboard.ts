/**
 * A page on this machine alone that follows a run while it trains: the server draws, the page shows what it is sent.
 *
 * @module
 */

import type { TaskInstance } from "@unroll/core/plugin";
import { eventLine, type MetricsLine } from "@unroll/core/runs";
import type { RunReporter } from "../context.ts";
import { formatDuration } from "../format.ts";
import { commandLine } from "../program.ts";
import { resumeCommand } from "../resume_command.ts";
import type { DashboardState } from "./dashboard_view.ts";
import { captureStudy } from "./hidden_states.ts";
import { createFeed, livePage, pageResponse, servePages } from "./page_server.ts";

/** A served page. */
export interface Dashboard {
  /** Where it is. */
  readonly url: string;
  /** Shows a run on it. */
  readonly reporter: RunReporter;
  /** Says that no more comes, and ends serving. */
  close(): Promise<void>;
}

/** More lines than this are thinned out. */
const MAX_LINES = 2000;

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
  let state: DashboardState = {
    about: "",
    status: { text: "training", kind: "soft" },
    isOver: false,
    lines: [],
    shown: [],
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const feed = createFeed(async () => {
    // Drawing is loaded when somebody watches: training starts faster without.
    const { dashboardView } = await import("./dashboard_view.ts");
    return { html: dashboardView(state), isOver: state.isOver };
  }, () => state.isOver);
  const change = (changes: Partial<DashboardState>) => {
    state = { ...state, ...changes };
    if (!feed.isWatched || timer !== undefined || state.isOver) return;
    timer = setTimeout(async () => {
      await feed.send();
      timer = undefined;
    }, feed.pause);
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

  const html = livePage(title, BODY, SCRIPT);
  const served = servePages(({ pathname }) =>
    pathname === "/events" ? feed.open("") : pathname === "/" ? pageResponse(html) : undefined
  );
  let resume = "";
  let task: TaskInstance;
  const reporter: RunReporter = {
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
    onSample: (step, text) => add({ event: "sample", step, text }),
    async onEnd({ ended, seconds, task, predict }) {
      if (ended === "aborted") return end(`stopped; go on with: ${resume}`, "bad");
      const shown = await task.show?.(predict) ?? [];
      change({ about: `${state.about} · see it later with: ${commandLine("board")}` });
      end(`done in ${formatDuration(seconds)}`, "good", shown);
    },
    onError: () => end("ended with an error", "bad"),
  };
  return await Promise.resolve({
    url: served.url,
    reporter,
    async close() {
      end("ended with an error", "bad");
      clearTimeout(timer);
      if (feed.isWatched) await feed.send();
      feed.close();
      await served.close();
    },
  });
}

const BODY = `<div id="view"><p><span id="state" class="soft">connecting</span></p></div>`;

const SCRIPT = `
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
  drawn();
  if (isOver) source.close();
};
source.onerror = () => document.getElementById("state").textContent = "the connection is lost";
`;
