/**
 * Numbers, tables and words as people and shells read them.
 *
 * @module
 */

/**
 * Quotes a word that a shell would not take as it is.
 *
 * @param word The word.
 * @returns It, in quotes where it has to be.
 */
export function quoted(word: string): string {
  return /^[\w./:@+,=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * Shows control characters as pictures of them, so that what stands in a file does nothing to a terminal.
 *
 * @param text A text, perhaps of somebody else.
 * @returns It, with `␛` for an escape; tabs and line ends stay.
 */
export function visible(text: string): string {
  return text.replace(CONTROL, pictureOf);
}

// deno-lint-ignore no-control-regex -- these are what is looked for
const CONTROL = /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g;

function pictureOf(letter: string): string {
  const code = letter.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === 0x7f ? "␡" : "�";
}

/**
 * Leaves what this program itself says to a terminal, colours and lines that are written anew, and makes all else
 * {@linkcode visible}: names of files and folders may be of somebody else, too.
 *
 * @param text What is about to be written.
 * @returns It, which does no more to a terminal than to colour it and to write over its last line.
 */
export function terminalText(text: string): string {
  return text.replace(
    ALL_CODES,
    (code, at: number) => code.length > 1 || (code === "\r" && at === 0) ? code : pictureOf(code),
  );
}

// Colours, the rest of a line, and a line anew.
const ALL_CODES = new RegExp(`\\x1b\\[(?:[\\d;]*m|K)|${CONTROL.source}`, "g");

/**
 * Tells how long lines may be: as a terminal shows them, and of any length for programs.
 *
 * @param terminal Where they go.
 * @returns Columns.
 */
export function lineColumns(
  { isOutputTerminal = false, columns }: {
    readonly isOutputTerminal?: boolean;
    readonly columns: () => number;
  },
): number {
  return isOutputTerminal ? columns() : Infinity;
}

/** Formats a number to four digits, such as `0.03125`, `114.7`, `1.2e-7`. */
export function formatFigure(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) return value.toExponential(1);
  return value.toFixed(
    Math.max(0, Math.min(4, 3 - Math.floor(Math.log10(Math.max(size, 1e-1))))),
  );
}

/** Formats a number with so many digits after the point, and never as `-0.00`. */
export function formatFixed(value: number, digits: number): string {
  return value.toFixed(digits).replace(/^-(?=[0.]+$)/, "");
}

/** Formats a fraction as percent, such as `1.2 %`; never `0 %` for what is more than nothing, nor `100 %` for less than all. */
export function formatPercent(fraction: number): string {
  if (fraction > 0 && fraction < 0.001) return "<0.1 %";
  if (fraction < 1 && fraction > 0.999) return ">99.9 %";
  const percent = fraction * 100;
  return `${
    percent >= 10 || percent === 0
      ? percent.toFixed(percent === 100 || percent === 0 ? 0 : 1)
      : percent.toFixed(1)
  } %`;
}

/** Formats a whole number with commas between thousands. */
export function formatCount(count: number): string {
  // `toLocaleString` would take tens of milliseconds the first time.
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Counts steps, such as `1 step`, `15 steps`. */
export function formatSteps(count: number): string {
  return count === 1 ? "1 step" : `${formatCount(count)} steps`;
}

/** Says how often something is, such as `every step`, `every 15 steps`. */
export function formatEvery(steps: number): string {
  return steps === 1 ? "every step" : `every ${formatCount(steps)} steps`;
}

/** Formats a number that a task measures: a fraction as percent, a count as such, which the name tells. */
export function formatMetric(name: string, value: number): string {
  if (/error|accuracy/.test(name)) return formatPercent(value);
  return Number.isInteger(value) ? formatCount(value) : formatFigure(value);
}

/** Formats a time span in the two largest units that say something. */
export function formatDuration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (part: number) => String(part).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

/** Formats how long ago something was, in the largest unit that says something, such as `3 h`. */
export function formatAge(seconds: number): string {
  const units = [["d", 86_400], ["h", 3600], ["min", 60]] as const;
  const unit = units.find(([, size]) => seconds >= size);
  return unit === undefined ? "now" : `${Math.floor(seconds / unit[1])} ${unit[0]}`;
}

/**
 * Formats a difference, with its sign.
 *
 * @example Usage
 * ```ts
 * import { formatDifference } from "@unroll/cli/recipes";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(formatDifference(0.25), "+0.25");
 * ```
 */
export function formatDifference(difference: number): string {
  if (Number.isNaN(difference)) return "";
  return `${difference > 0 ? "+" : ""}${formatNumber(difference)}`;
}

/**
 * Formats a number to the four digits that say something, as people write them.
 *
 * @example Usage
 * ```ts
 * import { formatNumber } from "@unroll/cli/recipes";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(formatNumber(1.23456), "1.235");
 * ```
 */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return "-";
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1000) return value.toFixed(0);
  return String(Number(value.toPrecision(size < 1 ? 3 : 4)));
}

/** Shortens 1500 to `1.5k`, as axes have little room. */
export function shortCount(value: number): string {
  if (Math.abs(value) >= 1e6) return `${Number((value / 1e6).toFixed(2))}M`;
  if (Math.abs(value) >= 1e3) return `${Number((value / 1e3).toFixed(2))}k`;
  return String(Number(value.toFixed(2)));
}

/** Formats a number for an axis, to three digits. */
export function shortNumber(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e4) return shortCount(value);
  if (size < 1e-4) return value.toExponential(Number.isInteger(Math.log10(size)) ? 0 : 1);
  return String(Number(value.toPrecision(3)));
}

/**
 * Lays out a table.
 *
 * @param rows The cells of each row, the heads first.
 * @param left Columns that are flush left; the others are flush right.
 * @returns Lines without line ends.
 */
export function formatTable(
  rows: readonly (readonly string[])[],
  left: readonly number[] = [],
): string[] {
  const widths = rows[0].map((_, column) =>
    Math.max(...rows.map((row) => [...row[column]].length))
  );
  return rows.map((row) =>
    row.map((text, column) => {
      const space = " ".repeat(widths[column] - [...text].length);
      return left.includes(column) ? text + space : space + text;
    }).join("  ").trimEnd()
  );
}

/**
 * Breaks a text into lines.
 *
 * @param text The text, in words with spaces between them.
 * @param columns How long a line may be.
 * @param beginning What the first line begins with; the others are set in as far.
 * @returns Lines without line ends; a word that is longer has one of its own.
 */
export function wrapLines(text: string, columns: number, beginning: string = ""): string[] {
  const indent = " ".repeat(beginning.length);
  const lines = [beginning];
  let isEmpty = true;
  for (const word of text.split(" ")) {
    const last = lines[lines.length - 1];
    if (!isEmpty && last.length + 1 + word.length > columns) {
      lines.push(indent + word);
    } else {
      lines[lines.length - 1] += `${isEmpty ? "" : " "}${word}`;
    }
    isEmpty = false;
  }
  return lines;
}
