/**
 * Makes the pictures of the README from a run that it trains, and those of the chapters.
 *
 * ```sh
 * deno task pictures
 * ```
 *
 * @module
 */

import { drawChapters } from "../learn/update.ts";
import { createContext, main } from "../mod.ts";
import { findChromium, openPage } from "../test_support/browser.ts";
import { terminalSvg } from "./terminal_svg.ts";

const FOLDER = new URL(".", import.meta.url).pathname;
const TRAIN = ["train", "--model", "rnn", "--task", "fizzbuzz", "--device", "cpu"];
/** What is shown of the report, from its top. */
const SIZE = { width: 1100, height: 960 };

/** Runs a command as at a terminal of 100 columns; returns what it printed. */
async function printed(...args: readonly string[]): Promise<string> {
  const context = createContext();
  let text = "";
  const write = (more: string) => text += more;
  const terminal = {
    ...context.terminal,
    ...{ write, writeError: write, isTerminal: true, color: true, columns: () => 100 },
  };
  const code = await main(args, { ...context, terminal });
  if (code !== 0) throw new RangeError(`Cannot draw ${args.join(" ")}: ${text}`);
  return text;
}

/** Takes a picture of the top of a page in the current folder. */
async function screenshot(name: string): Promise<Uint8Array> {
  const chromium = findChromium();
  if (chromium === undefined) throw new RangeError("Cannot draw the report: Chromium is needed");
  const page = await openPage(chromium, [`--window-size=${SIZE.width},${SIZE.height}`]);
  try {
    // A picture is of all that a page has, and of a frame as much as is seen.
    await Deno.writeTextFile(
      "frame.html",
      `<body style="margin: 0"><iframe src="${name}" width="${SIZE.width}" height="${SIZE.height}" ` +
        `style="border: 0; display: block"></iframe></body>`,
    );
    await page.open(`file://${Deno.cwd()}/frame.html`);
    return await page.screenshot();
  } finally {
    await page.close();
  }
}

/** Makes all pictures. */
async function makePictures(): Promise<void> {
  const folder = await Deno.makeTempDir();
  Deno.chdir(folder);
  try {
    const trained = await printed(...TRAIN);
    const typed = `\x1b[32m$\x1b[0m deno task ${TRAIN.slice(0, -2).join(" ")}\n`;
    await Deno.writeTextFile(
      `${FOLDER}training.svg`,
      terminalSvg(typed + trained, "A terminal: an RNN learns FizzBuzz and says it"),
    );
    await printed("inspect", "last", "--length", "46", "--out", "hidden_states.png");
    await Deno.copyFile("hidden_states.png", `${FOLDER}hidden_states.png`);
    await printed("report", "last", "--out", "report.html");
    await Deno.writeFile(`${FOLDER}report.png`, await screenshot("report.html"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  await drawChapters();
  await makePictures();
}
