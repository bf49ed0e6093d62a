/**
 * The board: a page on this machine alone that shows all runs, also those that other processes train.
 *
 * @module
 */

import type { LoadSettings } from "@unroll/core/runs";
import { RunIndex } from "./run_index.ts";
import { createFeed, livePage, pageResponse, type ServedPages, servePages } from "./page_server.ts";

/** What the board shows. */
export interface BoardSettings extends LoadSettings {
  /** The folders of runs and of sweeps. */
  readonly folders: readonly string[];
  /** The port; 0 for one that is free. */
  readonly port: number;
}

/** How often folders are looked at while somebody watches, in milliseconds, at most. */
const LOOK_INTERVAL_MS = 1000;

/**
 * Serves the board. It reads what runs have written, and writes nothing.
 *
 * @param settings What it shows.
 * @returns The pages; close them.
 * @throws {RangeError} When the address cannot be served.
 */
export async function serveBoard({ folders, port, ...load }: BoardSettings): Promise<ServedPages> {
  const index = new RunIndex(folders);
  await index.refresh();
  let isOver = false;
  const feed = createFeed(async (wanted) => {
    const { boardCharts, boardTable, unaskedRuns } = await import("./board_view.ts");
    const chosen = index.find(new URLSearchParams(wanted).getAll("run"));
    const shown = chosen.length > 0 ? chosen : unaskedRuns(index.runs);
    return {
      runs: boardTable(index.runs),
      charts: await boardCharts(shown),
      isChosen: chosen.length > 0,
    };
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  let looking = Promise.resolve();
  const look = async () => {
    if (feed.isWatched && await index.refresh()) await feed.send();
    if (!isOver) wait();
  };
  const wait = () => {
    timer = setTimeout(() => looking = look(), Math.max(LOOK_INTERVAL_MS, feed.pause));
  };
  const html = livePage("Runs", BODY, SCRIPT);
  const pages = servePages(async ({ pathname, search, searchParams }) => {
    switch (pathname) {
      case "/":
        return pageResponse(html);
      case "/events":
        await index.refresh();
        return feed.open(search);
      case "/report":
        return await report(searchParams.getAll("run"));
    }
  }, port);
  const report = async (names: readonly string[]) => {
    await index.refresh();
    const runs = index.find(names).flatMap(({ run }) => run ?? []);
    if (runs.length === 0) return undefined;
    const { gatherReports } = await import("./write_report.ts");
    const { reportHtml } = await import("./report_html.ts");
    return pageResponse(reportHtml(await gatherReports(runs, load)));
  };
  wait();
  return {
    url: pages.url,
    async close() {
      isOver = true;
      clearTimeout(timer);
      await looking;
      feed.close();
      await pages.close();
    },
  };
}

const BODY =
  `<p><input id="filter" type="search" placeholder="filter, such as: lstm training" aria-label="filter">
<a id="compare" hidden>report of the chosen</a> <button id="none" hidden>choose none</button>
<span id="state" class="soft">connecting</span></p>
<div id="runs" class="runs"></div>
<div id="charts"></div>`;

const SCRIPT = `
const byId = (id) => document.getElementById(id);
const chosen = new Set(new URLSearchParams(location.hash.slice(1)).getAll("run"));
const wanted = () => new URLSearchParams([...chosen].map((name) => ["run", name]));
const mark = () => {
  for (const box of document.querySelectorAll("input[data-run]")) box.checked = chosen.has(box.dataset.run);
  byId("compare").hidden = byId("none").hidden = chosen.size === 0;
  byId("compare").href = "/report?" + wanted();
};
const filter = () => {
  const words = byId("filter").value.toLowerCase().split(/\\s+/).filter(Boolean);
  for (const body of document.querySelectorAll("#runs tbody")) {
    const folder = body.querySelector(".folder").textContent.toLowerCase();
    let some = false;
    for (const row of body.querySelectorAll(".run")) {
      const text = folder + " " + row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      some ||= !row.hidden;
    }
    body.hidden = !some;
  }
};
let source;
const listen = () => {
  source?.close();
  source = new EventSource("/events?" + wanted());
  source.onmessage = ({ data }) => {
    const { runs, charts, isChosen } = JSON.parse(data);
    byId("runs").innerHTML = runs;
    byId("charts").innerHTML = charts;
    byId("state").textContent = isChosen ? "" : "tick runs to compare them";
    mark();
    filter();
    drawn();
  };
  source.onerror = () => byId("state").textContent = "the connection is lost";
};
document.addEventListener("change", ({ target }) => {
  const name = target.dataset.run;
  if (name === undefined) return;
  if (target.checked) chosen.add(name);
  else chosen.delete(name);
  change();
});
const change = () => {
  history.replaceState(null, "", "#" + wanted());
  mark();
  listen();
};
byId("none").addEventListener("click", () => {
  chosen.clear();
  change();
});
byId("filter").addEventListener("input", filter);
listen();
`;
