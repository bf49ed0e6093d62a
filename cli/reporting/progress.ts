/**
 * Progress of a training run on standard error: a bar in a terminal, a line now and then elsewhere.
 *
 * Nothing is printed per step: the terminal is redrawn at most ten times a second, and plain lines come at growing
 * intervals, so that a log of a long run stays short.
 *
 * @module
 */

import { formatCount, formatDuration, formatFigure } from "../format.ts";

/** What is known after a step. */
export interface ProgressUpdate {
  /** Steps done. */
  readonly step: number;
  /** Training loss, lately. */
  readonly loss: number;
  /** What the last validation says, such as `error 1.2 %`. */
  readonly measure?: string;
  /** Seconds spent on compiling so far, which say nothing about those to come. */
  readonly compiling?: number;
}

/** What a progress display draws on. */
export interface ProgressSettings {
  /** Steps in all. */
  readonly steps: number;
  /** What runs, to begin the line with, such as `fizzbuzz · rnn`. */
  readonly title?: string;
  /** Prints text as it is. */
  readonly write: (text: string) => void;
  /** Whether the text goes to a terminal whose line can be redrawn. */
  readonly isTerminal: boolean;
  /** Whether colours may be used. */
  readonly color?: boolean;
  /** The terminal's width, now. */
  readonly columns?: () => number;
  /** The time in milliseconds; by default the clock's. */
  readonly now?: () => number;
}

/** A display of progress. */
export interface Progress {
  /** Tells of a step; cheap to call often. */
  update(update: ProgressUpdate): void;
  /** Prints lines of their own above the display. */
  note(lines: string): void;
  /** Ends the display, so that other text may follow. */
  stop(): void;
}

const REDRAW = 100;
/** When the first plain line comes, soon: it says that all is well. What is over by then needs none. */
const FIRST_LINE = 250;
/** From one plain line to the next, at first. */
const INTERVAL = 2000;
/** For how long steps are watched before their rate is told: those of a moment may be far off. */
const STEADY = 500;
/** Fewer steps in that time may be those between which programs for other shapes are compiled. */
const ENOUGH = 20;
/** Steps that lately are so many times as fast as those before have not come to their rate. */
const FASTER = 1.5;
const BLOCKS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
const SPARKS = [..."▁▂▃▄▅▆▇█"];
const SPARK_WIDTH = 12;

/**
 * Makes a display of progress.
 *
 * @param settings What it draws on.
 * @returns The display; it prints nothing before the first update.
 */
export function createProgress(settings: ProgressSettings): Progress {
  const now = settings.now ?? (() => performance.now());
  const meter = createMeter();
  const losses = createHistory(256);
  const columns = settings.columns ?? (() => 80);
  let latest: ProgressUpdate | undefined;
  let drawn = -Infinity;
  const started = now();
  let nextLine = FIRST_LINE;

  function draw(): void {
    if (latest === undefined) return;
    const state = {
      ...latest,
      steps: settings.steps,
      title: settings.title,
      rate: meter.rate(),
      losses: losses.values(),
    };
    if (settings.isTerminal) {
      const line = formatBar(state, columns() - 1, settings.color ?? false);
      settings.write(`\r${line}\x1b[K`);
    } else {
      settings.write(`${formatLine(state)}\n`);
    }
  }

  return {
    update(update) {
      const time = now();
      const working = time - 1000 * (update.compiling ?? 0);
      latest = update;
      if (Number.isFinite(update.loss)) losses.add(update.loss);
      meter.see(working, update.step);
      if (settings.isTerminal ? time - drawn < REDRAW : time - started < nextLine) return;
      drawn = time;
      // Each wait is a quarter of the time so far: lines thin out as a run grows long.
      nextLine = Math.max(nextLine + INTERVAL, (time - started) * 1.25);
      draw();
    },
    note(lines) {
      const text = settings.isTerminal ? `\r${lines.replaceAll("\n", "\x1b[K\n")}\x1b[K` : lines;
      settings.write(`${text}\n`);
      if (settings.isTerminal) draw();
    },
    stop() {
      if (latest === undefined) return;
      if (settings.isTerminal) {
        draw();
        settings.write("\n");
      }
      latest = undefined;
    },
  };
}

/** What a line of progress shows. */
export interface ProgressState extends ProgressUpdate {
  readonly steps: number;
  readonly title?: string;
  /** Steps a second, 0 when not known yet. */
  readonly rate: number;
  /** Losses so far, oldest first. */
  readonly losses: readonly number[];
}

/**
 * Formats the line of a terminal: bar and figures, never wider than asked.
 *
 * @param state What to show.
 * @param width Columns to fill; what matters least is left out when there are few.
 * @param color Whether to use colours.
 * @returns One line without a line end.
 */
export function formatBar(
  state: ProgressState,
  width: number,
  color: boolean,
): string {
  const share = state.steps > 0 ? Math.min(1, state.step / state.steps) : 1;
  const left = state.rate > 0 ? (state.steps - state.step) / state.rate : undefined;
  // From what matters most to what matters least; the order on screen is that of `place`.
  const parts = [
    { place: 2, text: `${Math.floor(share * 100)}%`.padStart(4) },
    { place: 4, text: `training loss ${formatFigure(state.loss)}` },
    ...(left === undefined || share === 1
      ? []
      : [{ place: 7, text: `${formatDuration(left)} left` }]),
    ...(state.measure === undefined ? [] : [{ place: 6, text: `validation ${state.measure}` }]),
    {
      place: 3,
      text: `${formatCount(state.step)}/${formatCount(state.steps)}`,
    },
    ...(state.losses.length < 2 ? [] : [{ place: 5, text: sparkline(state.losses, SPARK_WIDTH) }]),
    ...(state.title === undefined ? [] : [{ place: 0, text: state.title }]),
  ];
  const narrowest = 10;
  const kept: { place: number; text: string }[] = [];
  let used = narrowest;
  for (const part of parts) {
    if (used + 2 + [...part.text].length > width) break;
    used += 2 + [...part.text].length;
    kept.push(part);
  }
  const barWidth = Math.min(30, narrowest + Math.max(0, width - used));
  kept.push({ place: 1, text: paint(bar(share, barWidth), 36, color) });
  kept.sort((a, b) => a.place - b.place);
  const line = kept.map(({ place, text }) => place === 5 ? paint(text, 2, color) : text).join("  ");
  return width < narrowest ? `${Math.floor(share * 100)}%`.slice(0, Math.max(0, width)) : line;
}

/**
 * Formats the line of a log.
 *
 * @param state What to show.
 * @returns One line without a line end, plain text.
 */
export function formatLine(state: ProgressState): string {
  const share = state.steps > 0 ? Math.min(1, state.step / state.steps) : 1;
  const parts = [
    `step ${formatCount(state.step)} of ${formatCount(state.steps)} (${Math.floor(share * 100)} %)`,
    `training loss ${formatFigure(state.loss)}`,
  ];
  if (state.measure !== undefined) parts.push(`validation ${state.measure}`);
  if (state.rate > 0 && share < 1) {
    parts.push(`${formatDuration((state.steps - state.step) / state.rate)} left`);
  }
  return parts.join(", ");
}

function bar(share: number, width: number): string {
  const eighths = Math.floor(share * width * 8);
  const filled = "█".repeat(Math.floor(eighths / 8)) + BLOCKS[eighths % 8];
  return filled + "░".repeat(width - filled.length);
}

function paint(text: string, code: number, color: boolean): string {
  return color ? `\x1b[${code}m${text}\x1b[0m` : text;
}

/**
 * Draws a small curve in one line of text.
 *
 * @param values The curve; more values than columns are averaged.
 * @param width Columns at most.
 * @returns One block a column, lowest value to highest.
 */
export function sparkline(values: readonly number[], width: number): string {
  const count = Math.min(width, values.length);
  const columns = Array.from({ length: count }, (_, column) => {
    const begin = Math.floor(column * values.length / count);
    const end = Math.floor((column + 1) * values.length / count);
    let sum = 0;
    for (let i = begin; i < end; i++) sum += values[i];
    return sum / (end - begin);
  });
  const lowest = Math.min(...columns);
  const range = Math.max(...columns) - lowest;
  return columns.map((value) =>
    SPARKS[
      range > 0 ? Math.min(7, Math.floor((value - lowest) / range * 8)) : 0
    ]
  ).join("");
}

/** Steps a second over the last seconds, from the first step on, before which programs are compiled. */
function createMeter(): { see(time: number, step: number): void; rate(): number } {
  const seen: { readonly time: number; readonly step: number }[] = [];
  return {
    see(time, step) {
      // Close updates replace the last one; about five seconds are looked back on.
      if (seen.length > 1 && time - seen[seen.length - 2].time < 250) {
        seen[seen.length - 1] = { time, step };
      } else if (seen.length === 0 || time > seen[seen.length - 1].time) seen.push({ time, step });
      if (seen.length > 20) seen.shift();
    },
    rate() {
      if (seen.length === 0) return 0;
      const first = seen[0];
      const last = seen[seen.length - 1];
      const time = last.time - first.time;
      const isEnough = time >= STEADY && (last.step - first.step >= ENOUGH || time >= 4 * STEADY);
      if (!isEnough) return 0;
      const rate = (last.step - first.step) / time;
      const middle = seen[Math.floor(seen.length / 2)];
      const lately = (last.step - middle.step) / (last.time - middle.time);
      // While it is still getting faster, there is no telling how fast it will be.
      return lately > FASTER * rate ? 0 : Math.max(0, rate * 1000);
    },
  };
}

/** Keeps a curve of any length in bounded memory: when full, neighbours are averaged. */
function createHistory(
  limit: number,
): { add(value: number): void; values(): readonly number[] } {
  let values: number[] = [];
  let each = 1;
  let sum = 0;
  let count = 0;
  return {
    add(value) {
      sum += value;
      if (++count < each) return;
      values.push(sum / count);
      sum = count = 0;
      if (values.length < limit) return;
      values = Array.from(
        { length: limit / 2 },
        (_, i) => (values[2 * i] + values[2 * i + 1]) / 2,
      );
      each *= 2;
    },
    values: () => values,
  };
}
