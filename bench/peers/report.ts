/**
 * The table of a side-by-side run: on the terminal job by job, and as a page.
 *
 * @module
 */
import { cpus } from "node:os";
import { type Job, LOSS_TOLERANCE } from "../jobs/job.ts";

/** What one peer reached in one job. */
export interface PeerCell {
  readonly name: string;
  readonly title: string;
  /** Why it could not. */
  readonly unable?: string;
  readonly version?: string;
  readonly variant?: string;
  readonly threads?: number;
  readonly stepsPerSecond?: number;
  /** Unroll's speed as a multiple of this one's. */
  readonly ratio?: number;
  /** Losses of the first steps. */
  readonly losses?: readonly number[];
}

/** One job. */
export interface JobRow {
  readonly job: Job;
  /** GFLOP/s of one core, measured just before. */
  readonly peak: number;
  readonly gigaflopsPerStep: number;
  /** Unroll first. */
  readonly cells: readonly PeerCell[];
  /** Time for the whole of the original experiment. */
  readonly headline?: {
    readonly steps: number;
    readonly seconds: number;
    readonly measured: boolean;
  };
}

/** How a run was made. */
export interface RunDescription {
  readonly args: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
}

/** The middle number. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Three digits are known at best. */
function short(value: number): string {
  return value >= 100
    ? Math.round(Number(value.toPrecision(3))).toLocaleString("en-US")
    : value.toPrecision(value < 1 ? 2 : 3);
}

/** Greatest relative difference of the compared losses from Unroll's; NaN counts as infinite. */
function lossDifference(row: JobRow, cell: PeerCell): number | undefined {
  const own = row.cells.find(({ name }) => name === "unroll")?.losses;
  if (!own || !cell.losses) return undefined;
  let worst = 0;
  for (let i = 0; i < row.job.compared; i++) {
    const difference = Math.abs(cell.losses[i] - own[i]) / Math.abs(own[i]);
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Infinity : difference;
  }
  return worst;
}

function formatDifference(row: JobRow, cell: PeerCell): string {
  const difference = lossDifference(row, cell);
  if (difference === undefined) return "not compared";
  return `${difference.toExponential(0)}${difference > LOSS_TOLERANCE ? " TOO FAR" : ""}`;
}

/** Prints one job. */
export function printRow(row: JobRow): void {
  console.log(`\n${row.job.name}  (peak ${row.peak.toFixed(1)} GFLOP/s a core)`);
  for (const cell of row.cells) {
    if (cell.unable !== undefined || cell.stepsPerSecond === undefined) {
      console.log(`  ${cell.title.padEnd(14)} -: ${cell.unable}`);
      continue;
    }
    const gigaflops = row.gigaflopsPerStep * cell.stepsPerSecond;
    console.log(
      `  ${cell.title.padEnd(14)}`,
      `${short(cell.stepsPerSecond)} steps/s`.padStart(17),
      (cell.name === "unroll" || cell.ratio === undefined ? "" : `${short(cell.ratio)}×`).padStart(
        8,
      ),
      `${short(gigaflops)} GFLOP/s`.padStart(15),
      cell.name === "unroll" ? "" : ` losses off by ${formatDifference(row, cell)} `,
      `(${cell.variant}; ${cell.threads} threads; ${cell.version})`,
    );
  }
  const line = headlineOf(row);
  if (line) console.log(`  ${line}`);
}

function headlineOf(row: JobRow): string | undefined {
  if (!row.headline) return undefined;
  const { steps, seconds, measured } = row.headline;
  const others = row.cells.filter(({ name, stepsPerSecond }) =>
    name !== "unroll" && stepsPerSecond !== undefined
  ).map(({ title, stepsPerSecond }) => `${title} ${duration(steps / stepsPerSecond!)}`);
  return `${steps.toLocaleString("en-US")} steps: Unroll ${duration(seconds)}` +
    (measured ? "" : " (extrapolated)") +
    (others.length > 0 ? `; extrapolated from the blocks: ${others.join(", ")}` : "");
}

function duration(seconds: number): string {
  return seconds < 120 ? `${seconds.toPrecision(3)} s` : `${(seconds / 60).toPrecision(3)} min`;
}

/** The page. */
export function writeResults(rows: readonly JobRow[], run: RunDescription): string {
  const names = [...new Map(rows.flatMap(({ cells }) => cells).map((c) => [c.name, c.title]))]
    .filter(([name]) => name !== "unroll");
  const processors = cpus();
  const versions = new Set(
    rows.flatMap(({ cells }) => cells.flatMap(({ version }) => version ?? [])),
  );
  const lines = [
    "# Training steps, side by side",
    "",
    `- date: ${new Date().toISOString().slice(0, 10)}`,
    `- machine: ${
      processors[0]?.model.trim() || "unknown"
    }, ${processors.length} cores, ${Deno.build.os}`,
    `- versions: ${[...versions].join(", ")}`,
    `- command: \`deno task bench:peers${run.args.map((arg) => ` ${arg}`).join("")}\``,
    `- peak: ${
      median(rows.map(({ peak }) => peak)).toFixed(1)
    } GFLOP/s a core, a WebAssembly loop of fused multiply-adds in the same run`,
    "",
    `Steps a second, medians of ${run.rounds} interleaved blocks of ${run.seconds} s. A step is all of it: batch in,`,
    "forward, backward through time, clipping, optimizer, state carried; float32; the same initial parameters and",
    "batches for all. In brackets how many times as fast Unroll is (median of the rounds' ratios). Each peer runs in",
    "its fastest variant, listed below.",
    "",
    `| job | Unroll | ${names.map(([, title]) => title).join(" | ")} | target × PyTorch |`,
    `| --- | --- |${names.map(() => " --- |").join("")} --- |`,
    ...rows.map((row) => {
      const cell = (name: string) => row.cells.find((one) => one.name === name);
      const torch = cell("torch")?.ratio;
      const verdict = torch === undefined ? "" : torch >= row.job.target ? ": met" : ": missed";
      return `| \`${row.job.name}\` | ${formatSpeed(cell("unroll"))} | ${
        names.map(([name]) => {
          const found = cell(name);
          return formatSpeed(found) +
            (found?.ratio === undefined ? "" : ` (${short(found.ratio)}×)`);
        }).join(" | ")
      } | ≥ ${row.job.target}${verdict} |`;
    }),
    "",
    ...rows.flatMap((row) => headlineOf(row) ?? []),
    "",
    "All of this is on the CPU. What a step is on WebGPU, and on which adapter that was counted, is in",
    "[WEBGPU.md](WEBGPU.md).",
    "",
    "## Arithmetic",
    "",
    "GFLOP/s counts the matrix products only. The share is of one core's peak.",
    "",
    `| job | MFLOP a step | Unroll GFLOP/s | share of peak | ${
      names.map(([, title]) => `${title} GFLOP/s`).join(" | ")
    } |`,
    `| --- | --- | --- | --- |${names.map(() => " --- |").join("")}`,
    ...rows.map((row) => {
      const speed = (name: string): number | undefined => {
        const rate = row.cells.find((one) => one.name === name)?.stepsPerSecond;
        return rate === undefined ? undefined : rate * row.gigaflopsPerStep;
      };
      const own = speed("unroll");
      const shown = (value: number | undefined): string => value === undefined ? "–" : short(value);
      return `| \`${row.job.name}\` | ${short(row.gigaflopsPerStep * 1000)} | ${shown(own)} | ${
        own === undefined ? "–" : `${Math.round(100 * own / row.peak)} %`
      } | ${names.map(([name]) => shown(speed(name))).join(" | ")} |`;
    }),
    "",
    "## Variants, and how far losses are apart",
    "",
    `The greatest relative difference of the losses of the first steps from Unroll's; up to ${LOSS_TOLERANCE} is rounding.`,
    "",
    "| job | peer | variant | threads | steps compared | losses apart |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows.flatMap((row) =>
      row.cells.map((cell) =>
        `| \`${row.job.name}\` | ${cell.title} | ${
          cell.unable === undefined ? cell.variant : `unable: ${cell.unable.replaceAll("|", "/")}`
        } | ${cell.threads ?? ""} | ${cell.losses ? row.job.compared : ""} | ${
          cell.name === "unroll" || cell.unable !== undefined ? "" : formatDifference(row, cell)
        } |`
      )
    ),
    "",
  ];
  return lines.join("\n");
}

function formatSpeed(cell: PeerCell | undefined): string {
  return cell?.stepsPerSecond === undefined ? "–" : short(cell.stepsPerSecond);
}
