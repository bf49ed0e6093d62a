/**
 * What a side-by-side run found, as tables: on the terminal job by job, and for the page.
 *
 * @module
 */
import { formatFactor, formatNumber, formatPercent, formatTable } from "../format.ts";
import { flopsPerStep, type Job, LOSS_TOLERANCE } from "../jobs/job.ts";

/** A peer in one job, and how it took part. */
export interface PeerEntry {
  /** Its name. */
  readonly name: string;
  /** Its name in tables. */
  readonly title: string;
  /** Why it could not. */
  readonly unable?: string;
  readonly version?: string;
  /** What it ran on, where it can tell. */
  readonly device?: string;
  readonly variant?: string;
}

/** What one peer reached in one job. */
export interface PeerCell extends PeerEntry {
  readonly threads?: number;
  /** Steps a second in each round. */
  readonly speeds?: readonly number[];
  /** Losses of the first steps. */
  readonly losses?: readonly number[];
}

/** One job. */
export interface JobRow {
  readonly job: Job;
  /** GFLOP/s of one core, measured just before. */
  readonly peak: number;
  readonly cells: readonly PeerCell[];
}

/** Begins the names of Unroll's own ways of running; of the first the losses are what others are compared with. */
export const OWN = "unroll";
/** Stands where nothing was measured. */
export const NONE = "–";
/** The version of PyTorch that the targets are for; another is taken if it is not there. */
const TARGET_TORCH = "torch-1.13";

/** The middle number. */
function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Finds the PyTorch that Unroll is compared with among the names of peers. */
export function torchOf(peers: readonly string[]): string | undefined {
  return peers.find((name) => name === TARGET_TORCH) ??
    peers.find((name) => name.startsWith("torch-"));
}

/** What a peer reached, by its name. */
function cellOf(row: JobRow, name: string): PeerCell | undefined {
  return row.cells.find((cell) => cell.name === name && cell.speeds !== undefined);
}

/** What a way of running Unroll reached, by whose losses others are judged: the first that took part. */
function ownCell({ cells }: JobRow): PeerCell | undefined {
  return cells.find(({ name, speeds }) => name.startsWith(OWN) && speeds !== undefined);
}

/** Computes how many times as fast one is as another: the median of the rounds' ratios. */
export function ratioTo(row: JobRow, other: string, one = OWN): number | undefined {
  const [own, its] = [cellOf(row, one)?.speeds, cellOf(row, other)?.speeds];
  return own && its && median(own.map((speed, round) => speed / its[round]));
}

/** Number of steps whose losses are compared. */
function stepsCompared(row: JobRow, cell: PeerCell): number {
  return Math.min(row.job.compared, cell.losses?.length ?? 0);
}

/** Computes the greatest relative difference of the compared losses from Unroll's; NaN counts as infinite. */
export function lossDifference(row: JobRow, cell: PeerCell): number | undefined {
  const own = ownCell(row)?.losses;
  const { losses } = cell;
  if (!own || !losses) return undefined;
  const differences = losses.slice(0, stepsCompared(row, cell))
    .map((loss, i) => Math.abs(loss - own[i]) / Math.abs(own[i]));
  return Math.max(0, ...differences.map((one) => Number.isNaN(one) ? Infinity : one));
}

/** Columns of {@linkcode detailRows}. */
const DETAILS = ["job", "peer", "variant", "threads", "steps/s", "GFLOP/s", "of peak"].concat(
  ["compared", "losses apart"],
);

/** All that is told of a job: a row for each peer. */
function detailRows(row: JobRow): string[][] {
  return row.cells.map((cell) => {
    const { title, unable, variant = "", threads, speeds } = cell;
    const speed = speeds && median(speeds);
    const rate = speed === undefined ? undefined : speed * flopsPerStep(row.job) / 1e9;
    const difference = cell === ownCell(row) ? undefined : lossDifference(row, cell);
    const far = difference !== undefined && difference > LOSS_TOLERANCE;
    return [
      `\`${row.job.name}\``,
      title,
      (speed === undefined ? `unable: ${unable}` : variant).replaceAll("|", "/"),
      `${threads ?? ""}`,
      speed === undefined ? "" : formatNumber(speed),
      rate === undefined ? "" : formatNumber(rate),
      rate === undefined ? "" : formatPercent(rate / row.peak),
      `${stepsCompared(row, cell) || ""}`,
      difference === undefined ? "" : `${difference.toExponential(0)}${far ? " TOO FAR" : ""}`,
    ];
  });
}

/** Formats the details of some jobs as a table. */
export function detailTable(rows: readonly JobRow[]): string {
  return formatTable(DETAILS, rows.flatMap(detailRows), 3);
}

/** Speeds side by side, with how many times as fast one way of running Unroll is, and whether targets are met. */
export function speedTable(rows: readonly JobRow[], own = OWN): string {
  const all = rows.flatMap(({ cells }) => cells);
  const titles = new Map(
    all.filter(({ name, speeds }) => !name.startsWith(OWN) && speeds)
      .map(({ name, title }) => [name, title]),
  );
  const title = all.find(({ name }) => name === own)?.title ?? "Unroll";
  const peers = [...titles.keys()];
  const torch = torchOf(peers);
  const target = torch === undefined ? [] : [`wanted × ${titles.get(torch)}`];
  return formatTable(
    ["job", title, ...titles.values(), ...target],
    rows.map((row) => {
      const { speeds } = cellOf(row, own) ?? {};
      const reached = torch === undefined ? undefined : ratioTo(row, torch, own);
      const verdict = reached === undefined ? "" : reached >= row.job.target ? ": met" : ": missed";
      return [
        `\`${row.job.name}\``,
        speeds ? formatNumber(median(speeds)) : NONE,
        ...peers.map((name) => formatPeer(row, name, own)),
        ...target.map(() => `≥ ${row.job.target}${verdict}`),
      ];
    }),
  );
}

function formatPeer(row: JobRow, name: string, own: string): string {
  const cell = cellOf(row, name);
  if (!cell?.speeds) return NONE;
  // Who has other losses trains something else.
  if ((lossDifference(row, cell) ?? 0) > LOSS_TOLERANCE) return "other losses";
  const ratio = ratioTo(row, name, own);
  const speed = formatNumber(median(cell.speeds));
  return ratio === undefined ? speed : `${speed} (${formatFactor(ratio)})`;
}

/** Lists what took part in a run, and the machine's peak, as a list that begins with other lines. */
export function runLines(rows: readonly JobRow[], lines: readonly string[]): string {
  const cells = rows.flatMap((row) => row.cells);
  const told = (
    of: (cell: PeerCell) => string | undefined,
  ) => [...new Set(cells.flatMap((cell) => of(cell) || []))];
  const isMissing = ({ unable }: PeerCell) => unable?.startsWith("not installed");
  const peak = formatNumber(median(rows.map(({ peak }) => peak)));
  return [
    ...lines,
    `peak of one core: ${peak} GFLOP/s, a loop of fused multiply-adds`,
    ...told(({ title, version, device }) =>
      version && `${title}: ${version}${device === undefined ? "" : `, ${device}`}`
    ),
    ...told((cell) => isMissing(cell) ? `${cell.title}: ${cell.unable}` : undefined),
  ].map((line) => `- ${line}`).join("\n");
}
