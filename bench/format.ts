/**
 * Numbers and tables for people, and where tables go on pages whose words are written by hand.
 *
 * @module
 */
import { cpus } from "node:os";

/** Formats a number with three digits, as many as a measurement has at best: `1,230`, `45.6`, `0.0789`. */
export function formatNumber(value: number): string {
  const rounded = Number(value.toPrecision(3));
  return rounded >= 100 || rounded === 0 ? rounded.toLocaleString("en-US") : value.toPrecision(3);
}

function withUnit(value: number, units: readonly (readonly [number, string])[]): string {
  const [size, name] = units.find(([size]) => value >= size) ?? units[units.length - 1];
  return `${formatNumber(value / size)} ${name}`;
}

/** Formats a time in the unit that suits it. */
export function formatTime(seconds: number): string {
  return withUnit(seconds, [[1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]]);
}

/** Bytes in the unit that suits them, by powers of ten. */
export function formatBytes(bytes: number): string {
  return withUnit(bytes, [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]]);
}

/** Formats a fraction in percent. */
export function formatPercent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

/** Formats a factor, such as of speeds. */
export function formatFactor(factor: number): string {
  return `${formatNumber(factor)}×`;
}

/** Formats a table in Markdown as `deno fmt` has it, the first columns on the left and the others on the right. */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  left = 1,
): string {
  const widths = head.map((title, i) =>
    Math.max(3, title.length, ...rows.map((row) => row[i].length))
  );
  const line = (cells: readonly string[]) =>
    `| ${
      cells.map((cell, i) => i < left ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))
        .join(" | ")
    } |`;
  const rule = widths.map((width, i) => i < left ? "-".repeat(width) : `${"-".repeat(width - 1)}:`);
  return [head, rule, ...rows].map(line).join("\n");
}

/** Describes the day and the machine. */
export function describeRun(): string {
  const processors = cpus();
  const model = processors[0]?.model.trim() || "unknown processor";
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, ${model}, ${processors.length} cores, ${Deno.build.os}, Deno ${Deno.version.deno}`;
}

/**
 * Puts tables between the marks `<!-- NAME -->` and `<!-- /NAME -->` of a page.
 *
 * @param page The page.
 * @param parts Text by the name of its place.
 * @returns The page with the new text.
 * @throws {RangeError} If the page has no such marks.
 */
export function fillPage(page: string, parts: Readonly<Record<string, string>>): string {
  return Object.entries(parts).reduce((text, [name, part]) => {
    const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new RangeError(`Cannot fill a page: it has no ${begin}`);
    return `${text.slice(0, from + begin.length)}\n\n${part}\n\n${text.slice(to)}`;
  }, page);
}

/** Puts tables into a page of this folder, and formats it. */
export async function writePage(
  name: string,
  parts: Readonly<Record<string, string>>,
): Promise<void> {
  const url = new URL(name, import.meta.url);
  await Deno.writeTextFile(url, fillPage(await Deno.readTextFile(url), parts));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", url.pathname] }).output();
}
