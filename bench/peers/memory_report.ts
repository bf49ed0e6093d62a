/**
 * The peak memory of peers as a table.
 *
 * @module
 */
import { formatNumber, formatPercent, formatTable } from "../format.ts";
import { NONE, OWN, type PeerEntry, torchOf } from "./report.ts";

/** What one peer took in one job. */
export interface MemoryCell extends PeerEntry {
  /** Bytes before it made anything of the job. */
  readonly idle?: number;
  /** The most bytes, training. */
  readonly peak?: number;
}

/** One job. */
export interface MemoryRow {
  readonly job: string;
  readonly cells: readonly MemoryCell[];
}

/** The most of PyTorch's memory that Unroll may take. */
const WANTED_SHARE = 2 / 3;

/** Formats peaks side by side in MiB, in brackets those before the job, and Unroll's share of PyTorch's. */
export function memoryTable(rows: readonly MemoryRow[]): string {
  const cells = rows.flatMap((row) => row.cells).filter(({ peak }) => peak !== undefined);
  const titles = new Map(cells.map(({ name, title }) => [name, title]));
  const peers = [...titles.keys()];
  const torch = torchOf(peers);
  const target = torch === undefined ? [] : [`of ${titles.get(torch)}`, "wanted ≤ 67 %"];
  return formatTable(
    ["job", ...titles.values(), ...target],
    rows.map(({ job, cells }) => {
      const cellOf = (name?: string) => cells.find((cell) => cell.name === name);
      const [own, its] = [cellOf(OWN)?.peak, cellOf(torch)?.peak];
      const share = own === undefined || its === undefined ? undefined : own / its;
      const verdict = share === undefined
        ? [NONE, NONE]
        : [formatPercent(share), share <= WANTED_SHARE ? "met" : "missed"];
      return [
        `\`${job}\``,
        ...peers.map((name) => format(cellOf(name))),
        ...target.map((_, i) => verdict[i]),
      ];
    }),
  );
}

function format({ idle, peak }: Partial<MemoryCell> = {}): string {
  const mebibytes = (bytes: number) => formatNumber(bytes / 2 ** 20);
  if (peak === undefined) return NONE;
  return idle === undefined ? mebibytes(peak) : `${mebibytes(peak)} (${mebibytes(idle)})`;
}

/** Lists who took part, with versions and variants, and who could not, as a list that begins with other lines. */
export function memoryLines(rows: readonly MemoryRow[], lines: readonly string[]): string {
  const found = new Map<string, Set<string>>();
  const add = (text: string, more: string) =>
    found.set(text, (found.get(text) ?? new Set()).add(more));
  for (const { job, cells } of rows) {
    for (const { title, unable, version, variant = "" } of cells) {
      if (unable === undefined) add(`${title}: ${version}, `, variant);
      else add(`${title}: ${unable}: `, `\`${job}\``);
    }
  }
  const told = [...found].map(([text, more]) => `${text}${[...more].join("; ")}`);
  return [...lines, ...told].map((line) => `- ${line}`).join("\n");
}
