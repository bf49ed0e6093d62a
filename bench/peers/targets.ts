/**
 * The part of the page that says what was wanted, what of it was reached, and what is in the way of the rest.
 *
 * @module
 */
import { parameterShapes } from "../jobs/job.ts";
import { OBSTACLES } from "./obstacles.ts";
import {
  type JobRow,
  judgedTorch,
  ratioOf,
  short,
  shortfallOf,
  type StepParts,
} from "./results.ts";

/** Models of fewer numbers than this are small. */
const SMALL = 10_000;
/** How many times as fast as JAX a small model should be. */
const SMALL_TARGET = 3;

/** Lines of Markdown: verdicts on PyTorch's targets and on JAX, and what stands in the way. */
export function targetLines(
  rows: readonly JobRow[],
  obstacles: Readonly<Record<string, string>> = OBSTACLES,
): string[] {
  const torch = judgedTorch(rows);
  const lines = ["## Targets", ""];
  if (torch !== undefined) lines.push(...torchLines(rows, torch), "");
  const short = rows.filter((row) => shortfallOf(row, torch) !== undefined);
  lines.push(...jaxLines(rows));
  const near = rows.filter((row) => !short.includes(row) && isNearJax(row))
    .flatMap(({ job: { name } }) => obstacles[name] ? [`- \`${name}\`: ${obstacles[name]}`] : []);
  if (near.length > 0) lines.push("What is between:", "", ...near, "");
  if (short.length === 0) return lines;
  lines.push(
    "What is in the way, and what of a step's time its parts take, from programs of the forward pass, of it and the",
    "gradients, and of the whole step, one step a call:",
    "",
    ...short.map(({ job, parts }) =>
      [
        `- \`${job.name}\`:`,
        parts ? `${formatParts(parts)}.` : "",
        obstacles[job.name] ?? "What is in the way is not known yet.",
      ].filter((part) => part !== "").join(" ")
    ),
    "",
  );
  return lines;
}

function torchLines(rows: readonly JobRow[], torch: string): string[] {
  const title = rows.flatMap(({ cells }) => cells).find(({ name }) => name === torch)!.title;
  const judged = rows.flatMap((row) => {
    const ratio = ratioOf(row, "unroll", torch);
    return ratio === undefined ? [] : [{ job: row.job, ratio }];
  });
  const missed = judged.filter(({ job, ratio }) => ratio < job.target);
  const line = `Against ${title}, ${judged.length - missed.length} of ${judged.length} jobs meet ` +
    "their target";
  if (missed.length === 0) return [`${line}.`];
  return [
    `${line}. Missed:`,
    "",
    ...missed.map(({ job, ratio }) =>
      `- \`${job.name}\`: ${short(ratio)}× of the ${job.target}× wanted, ` +
      `${percent(1 - ratio / job.target)} short`
    ),
  ];
}

function jaxLines(rows: readonly JobRow[]): string[] {
  const measured = rows.flatMap((row) => {
    const ratio = ratioOf(row, "unroll", "jax");
    return ratio === undefined ? [] : [{ name: row.job.name, ratio, small: isSmall(row) }];
  });
  if (measured.length === 0) return [];
  const tell = (some: typeof measured): string =>
    some.map(({ name, ratio }) => `\`${name}\` (${short(ratio)}×)`).join(", ");
  const behind = measured.filter(({ ratio }) => ratio < 1);
  const lines = [
    `Unroll is ahead of JAX in ${measured.length - behind.length} of ${measured.length} jobs` +
    (behind.length > 0 ? `; behind in ${tell(behind)}.` : "."),
  ];
  const small = measured.filter((one) => one.small);
  const parts = [
    ["reached by", small.filter(({ ratio }) => ratio >= SMALL_TARGET)] as const,
    ["not by", small.filter(({ ratio }) => ratio < SMALL_TARGET)] as const,
  ].filter(([, some]) => some.length > 0).map(([verb, some]) => `${verb} ${tell(some)}`);
  if (parts.length > 0) {
    lines.push(
      `${SMALL_TARGET}× is wanted of models with fewer than ${SMALL.toLocaleString("en-US")} ` +
        `parameters: ${parts.join("; ")}.`,
    );
  }
  return [...lines, ""];
}

function isSmall({ job }: JobRow): boolean {
  const sizes = Object.values(parameterShapes(job))
    .map((shape) => shape.reduce((size, extent) => size * extent, 1));
  return sizes.reduce((sum, size) => sum + size, 0) < SMALL;
}

/** Whether a small model is not as far ahead of JAX as was wanted. */
function isNearJax(row: JobRow): boolean {
  const ratio = ratioOf(row, "unroll", "jax");
  return ratio !== undefined && ratio < SMALL_TARGET && isSmall(row);
}

function formatParts(parts: StepParts): string {
  const total = parts.forward + parts.backward + parts.update;
  const shares = Object.entries(parts).map(([name, seconds]) =>
    `${name} ${percent(seconds / total)}`
  );
  return `of ${formatMicroseconds(total)}, ${shares.join(", ")}`;
}

function formatMicroseconds(seconds: number): string {
  return seconds < 1e-3 ? `${short(seconds * 1e6)} µs` : `${short(seconds * 1e3)} ms`;
}

function percent(share: number): string {
  const value = 100 * share;
  return `${value >= 1 ? Math.round(value) : value.toFixed(1)} %`;
}
