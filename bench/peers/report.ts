/**
 * The tables of a side-by-side run: on the terminal job by job, and as a page. All of the page is made here, from what
 * the run found; nothing is added by hand.
 *
 * @module
 */
import { flopsPerStep, LOSS_TOLERANCE } from "../jobs/job.ts";
import {
  cellOf,
  duration,
  formatDifference,
  gigaflopsOf,
  type JobRow,
  judgedTorch,
  lossDifference,
  median,
  type PeerCell,
  ratioOf,
  short,
  speedOf,
  stepsCompared,
} from "./results.ts";
import { targetLines } from "./targets.ts";

/** How a run was made. */
export interface RunDescription {
  readonly args: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  /** As in 2026-11-21. */
  readonly date: string;
  /** Processor, cores and system. */
  readonly machine: string;
  /** How long it took. */
  readonly minutes: number;
}

const OWN = "unroll";
const PLAIN = "unroll-without-blas";

/** Prints one job. */
export function printRow(row: JobRow): void {
  console.log(`\n${row.job.name}  (peak ${row.peak.toFixed(1)} GFLOP/s a core)`);
  for (const cell of row.cells) {
    if (cell.speeds === undefined) {
      console.log(`  ${cell.title.padEnd(19)} -: ${cell.unable}`);
      continue;
    }
    const ratio = cell.name === OWN ? undefined : ratioOf(row, OWN, cell.name);
    console.log(
      `  ${cell.title.padEnd(19)}`,
      `${short(median(cell.speeds))} steps/s`.padStart(17),
      (ratio === undefined ? "" : `${short(ratio)}×`).padStart(8),
      `${short(gigaflopsOf(row, cell.name)!)} GFLOP/s`.padStart(15),
      cell.name === OWN ? "" : ` losses off by ${formatDifference(row, cell)} `,
      `(${cell.variant}; ${cell.threads} threads; ${cell.version})`,
    );
  }
  const line = headlineOf(row);
  if (line) console.log(`  ${line}`);
}

function headlineOf(row: JobRow): string | undefined {
  if (!row.headline) return undefined;
  const { steps, seconds, measured } = row.headline;
  const others = row.cells.flatMap(({ name, title, speeds }) =>
    name === OWN || speeds === undefined ? [] : [`${title} ${duration(steps / median(speeds))}`]
  );
  return `${steps.toLocaleString("en-US")} steps of \`${row.job.name}\`: ` +
    `Unroll ${duration(seconds)}${measured ? "" : " (extrapolated)"}` +
    (others.length > 0 ? `; extrapolated from the blocks: ${others.join(", ")}` : "");
}

/** A peer that reached something somewhere. */
interface Column {
  readonly name: string;
  readonly title: string;
}

/** The page. */
export function writeResults(rows: readonly JobRow[], run: RunDescription): string {
  const cells = rows.flatMap((row) => row.cells);
  const columns: Column[] = [...new Map(cells.map(({ name, title }) => [name, { name, title }]))
    .values()].filter(({ name }) => name !== OWN && rows.some((row) => cellOf(row, name)));
  const peers = columns.filter(({ name }) => name !== PLAIN);
  return [
    "# Training steps, side by side",
    "",
    ...descriptionLines(rows, run),
    "",
    `Steps a second, medians of ${run.rounds} interleaved blocks of ${run.seconds} s. A step is all of it: batch in,`,
    "forward, backward through time, clipping, optimizer, state carried; float32; the same initial parameters and",
    "batches for all. In brackets how many times as fast Unroll is (median of the rounds' ratios). Each peer runs in",
    "its fastest variant, listed below; what takes more than two seconds a step is measured once.",
    "",
    ...mainTable(rows, peers),
    "",
    ...suspectLines(rows),
    ...rows.flatMap((row) => headlineOf(row) ?? []).flatMap((line) => [`**${line}.**`, ""]),
    "All of this is on the CPU; nothing in it ran on a GPU. What a step is on WebGPU, and on which adapter that was",
    "counted, is in [WEBGPU.md](WEBGPU.md).",
    "",
    ...targetLines(rows),
    ...plainLines(rows, peers),
    "## Arithmetic",
    "",
    "GFLOP/s counts the matrix products only. The share is of one core's peak, so that two cores may have 200 %.",
    "",
    ...arithmeticTable(rows, columns),
    "",
    "## Variants, and how far losses are apart",
    "",
    `The greatest relative difference of the losses of the first steps from Unroll's; up to ${LOSS_TOLERANCE} is rounding.`,
    "",
    ...table(
      ["job", "peer", "variant", "threads", "steps compared", "losses apart"],
      rows.flatMap((row) =>
        row.cells.filter(({ name }) => name === OWN || columns.some((one) => one.name === name))
          .map((cell) => variantCells(row, cell))
      ),
    ),
    "",
  ].join("\n");
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
}

function descriptionLines(rows: readonly JobRow[], run: RunDescription): string[] {
  const cells = rows.flatMap((row) => row.cells);
  const versions = new Set(cells.flatMap(({ version }) => version || []));
  const missing = new Map(
    cells.filter(({ unable }) => unable?.startsWith("not installed")).map((
      { title, unable },
    ) => [title, unable!]),
  );
  const devices = new Map<string, string[]>();
  for (const row of rows) {
    const device = cellOf(row, OWN)?.device;
    if (device !== undefined) devices.set(device, [...devices.get(device) ?? [], row.job.name]);
  }
  return [
    `- date: ${run.date}`,
    `- machine: ${run.machine}`,
    `- versions: ${[...versions].join(", ")}`,
    ...[...missing].map(([title, reason]) => `- ${title}: ${reason}`),
    `- command: \`deno task bench:peers${run.args.map((arg) => ` ${arg}`).join("")}\`, ` +
    `${run.minutes.toFixed(1)} minutes`,
    `- peak: ${
      median(rows.map(({ peak }) => peak)).toFixed(1)
    } GFLOP/s a core, a WebAssembly loop of fused multiply-adds in the same run`,
    ...[...devices].map(([device, jobs]) =>
      `- Unroll's device${devices.size > 1 ? ` (${jobs.join(", ")})` : ""}: ${device}`
    ),
  ];
}

function mainTable(rows: readonly JobRow[], peers: readonly Column[]): string[] {
  const torch = judgedTorch(rows);
  const judge = peers.find(({ name }) => name === torch)?.title;
  return table(
    [
      "job",
      "Unroll",
      ...peers.map(({ title }) => title),
      ...judge === undefined ? [] : [`target × ${judge}`],
    ],
    rows.map((row) => {
      const ratio = torch === undefined ? undefined : ratioOf(row, OWN, torch);
      const verdict = ratio === undefined ? "" : ratio >= row.job.target ? ": met" : ": missed";
      return [
        `\`${row.job.name}\``,
        formatSpeed(row, OWN),
        ...peers.map(({ name }) => formatSpeed(row, name, OWN)),
        ...judge === undefined ? [] : [`≥ ${row.job.target}${verdict}`],
      ];
    }),
  );
}

/** Speeds of what trained something else. */
function suspectLines(rows: readonly JobRow[]): string[] {
  const suspects = rows.flatMap((row) =>
    row.cells.filter((cell) => (lossDifference(row, cell) ?? 0) > LOSS_TOLERANCE)
      .map(({ title }) => `${title} in \`${row.job.name}\``)
  );
  return suspects.length === 0 ? [] : [
    `Not to be believed, because losses are too far apart: ${suspects.join(", ")}.`,
    "",
  ];
}

/** Unroll as it is without the permission to call a BLAS. */
function plainLines(rows: readonly JobRow[], peers: readonly Column[]): string[] {
  const measured = rows.filter((row) => cellOf(row, PLAIN));
  if (measured.length === 0) return [];
  const torch = judgedTorch(rows);
  const against = peers.filter(({ name }) => name === "jax" || name.startsWith("torch-"));
  const devices = new Set(measured.flatMap((row) => cellOf(row, PLAIN)?.device ?? []));
  return [
    "## Without a BLAS",
    "",
    `Unroll started without \`--allow-ffi\`, which no BLAS is called without, in the same run: ${
      [...devices].join("; ")
    }.`,
    "The third column is its share of the speed above; the others are how many times as fast it is.",
    "",
    ...table(
      [
        "job",
        "steps a second",
        "of Unroll above",
        ...against.map(({ title }) => `× ${title}`),
        ...torch === undefined ? [] : ["target"],
      ],
      measured.map((row) => {
        const own = ratioOf(row, PLAIN, OWN);
        const ratio = torch === undefined ? undefined : ratioOf(row, PLAIN, torch);
        const verdict = ratio === undefined ? "" : ratio >= row.job.target ? ": met" : ": missed";
        return [
          `\`${row.job.name}\``,
          formatSpeed(row, PLAIN),
          own === undefined ? "–" : `${Math.round(100 * own)} %`,
          ...against.map(({ name }) => {
            const found = ratioOf(row, PLAIN, name);
            return found === undefined ? "–" : `${short(found)}×`;
          }),
          ...torch === undefined ? [] : [`≥ ${row.job.target}${verdict}`],
        ];
      }),
    ),
    "",
  ];
}

function arithmeticTable(rows: readonly JobRow[], columns: readonly Column[]): string[] {
  return table(
    ["job", "MFLOP a step", "Unroll", "share of peak", ...columns.map(({ title }) => title)],
    rows.map((row) => {
      const own = gigaflopsOf(row, OWN);
      return [
        `\`${row.job.name}\``,
        short(flopsPerStep(row.job) / 1e6),
        own === undefined ? "–" : short(own),
        own === undefined ? "–" : `${Math.round(100 * own / row.peak)} %`,
        ...columns.map(({ name }) => {
          const found = gigaflopsOf(row, name);
          return found === undefined ? "–" : short(found);
        }),
      ];
    }),
  );
}

function variantCells(row: JobRow, cell: PeerCell): string[] {
  const { name, title, unable, variant, threads, speeds, losses } = cell;
  return [
    `\`${row.job.name}\``,
    title,
    (speeds === undefined ? `unable: ${unable}` : variant ?? "").replaceAll("|", "/"),
    // Its small programs run on one.
    threads === undefined ? "" : name === OWN || name === PLAIN ? `up to ${threads}` : `${threads}`,
    losses ? `${stepsCompared(row, cell)}` : "",
    name === OWN || speeds === undefined ? "" : formatDifference(row, cell),
  ];
}

/** Steps a second, and how many times as fast `own` is. */
function formatSpeed(row: JobRow, name: string, own?: string): string {
  const speed = speedOf(row, name);
  if (speed === undefined) return "–";
  const ratio = own === undefined ? undefined : ratioOf(row, own, name);
  return ratio === undefined ? short(speed) : `${short(speed)} (${short(ratio)}×)`;
}
