/**
 * What a side-by-side run found, and the numbers that follow from it.
 *
 * @module
 */
import { flopsPerStep, type Job, LOSS_TOLERANCE } from "../jobs/job.ts";

/** What one peer reached in one job. */
export interface PeerCell {
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
  readonly threads?: number;
  /** Steps a second in each round. */
  readonly speeds?: readonly number[];
  /** Losses of the first steps. */
  readonly losses?: readonly number[];
}

/** Seconds of the parts of a training step. */
export interface StepParts {
  readonly forward: number;
  readonly backward: number;
  readonly update: number;
}

/** One job. */
export interface JobRow {
  readonly job: Job;
  /** GFLOP/s of one core, measured just before. */
  readonly peak: number;
  readonly cells: readonly PeerCell[];
  /** Time for the whole of the original experiment. */
  readonly headline?: {
    readonly steps: number;
    readonly seconds: number;
    readonly measured: boolean;
  };
  /** Where the time of a step goes, if the job missed what was wanted. */
  readonly parts?: StepParts;
}

/** The version of PyTorch that the targets are for. */
export const TARGET_TORCH = "torch-1.13";

/** The middle number. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** What a peer reached, by its name. */
export function cellOf(row: JobRow, name: string): PeerCell | undefined {
  return row.cells.find((cell) => cell.name === name && cell.speeds !== undefined);
}

/** Steps a second: the median of the rounds. */
export function speedOf(row: JobRow, name: string): number | undefined {
  const speeds = cellOf(row, name)?.speeds;
  return speeds && median(speeds);
}

/** GFLOP/s of the matrix products. */
export function gigaflopsOf(row: JobRow, name: string): number | undefined {
  const speed = speedOf(row, name);
  return speed === undefined ? undefined : speed * flopsPerStep(row.job) / 1e9;
}

/** How many times as fast one is as another: the median of the rounds' ratios. */
export function ratioOf(row: JobRow, name: string, other: string): number | undefined {
  const [own, its] = [cellOf(row, name)?.speeds, cellOf(row, other)?.speeds];
  return own && its && median(own.map((speed, round) => speed / its[round]));
}

/** The PyTorch that a run is judged by: the one that the targets are for, or what there is. */
export function judgedTorch(rows: readonly JobRow[]): string | undefined {
  const names = new Set(rows.flatMap(({ cells }) => cells.map(({ name }) => name)));
  return names.has(TARGET_TORCH)
    ? TARGET_TORCH
    : [...names].find((name) => name.startsWith("torch-"));
}

/** What a job is short of. */
export interface Shortfall {
  /** Ratio to the PyTorch that is judged by, if it is below the target. */
  readonly torch?: number;
  /** Ratio to JAX, if it is below one. */
  readonly jax?: number;
}

/** What a job is short of; `undefined` if it has all that was wanted and could be measured. */
export function shortfallOf(row: JobRow, torch: string | undefined): Shortfall | undefined {
  const toTorch = torch === undefined ? undefined : ratioOf(row, "unroll", torch);
  const toJax = ratioOf(row, "unroll", "jax");
  const missed = toTorch !== undefined && toTorch < row.job.target;
  const behind = toJax !== undefined && toJax < 1;
  if (!missed && !behind) return undefined;
  return { ...missed && { torch: toTorch }, ...behind && { jax: toJax } };
}

/** Number of steps whose losses are compared. */
export function stepsCompared(row: JobRow, cell: PeerCell): number {
  return Math.min(row.job.compared, cell.losses?.length ?? 0);
}

/** Greatest relative difference of the compared losses from Unroll's; NaN counts as infinite. */
export function lossDifference(row: JobRow, cell: PeerCell): number | undefined {
  const own = cellOf(row, "unroll")?.losses;
  if (!own || !cell.losses) return undefined;
  let worst = 0;
  for (let i = 0; i < stepsCompared(row, cell); i++) {
    const difference = Math.abs(cell.losses[i] - own[i]) / Math.abs(own[i]);
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Infinity : difference;
  }
  return worst;
}

/** The difference of losses as text, marked where it is no rounding. */
export function formatDifference(row: JobRow, cell: PeerCell): string {
  const difference = lossDifference(row, cell);
  if (difference === undefined) return "not compared";
  return `${difference.toExponential(0)}${difference > LOSS_TOLERANCE ? " TOO FAR" : ""}`;
}

/** A number with the three digits that are known at best. */
export function short(value: number): string {
  return value >= 100
    ? Math.round(Number(value.toPrecision(3))).toLocaleString("en-US")
    : value.toPrecision(value < 1 ? 2 : 3);
}

/** A time as people say it. */
export function duration(seconds: number): string {
  if (seconds >= 7200) return `${(seconds / 3600).toPrecision(3)} h`;
  return seconds < 120 ? `${seconds.toPrecision(3)} s` : `${(seconds / 60).toPrecision(3)} min`;
}
