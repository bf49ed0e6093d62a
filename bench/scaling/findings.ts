/**
 * What the tables of the page on scaling show, in sentences made of their numbers.
 *
 * @module
 */
import { formatTime } from "../calls.ts";
import type { Measurements, Row, Sweep } from "./measure.ts";
import { BASE, SYMBOLS, trafficOf } from "./step.ts";

/** Numbers of a step of time up to which what is not counted is a good part of it. */
const SMALL_STEP = 1024;
/** Share of the floor below which a size is named. */
const SLOW = 0.5;
/** Programs that want to run, beside this one, from which a machine counts as busy. */
const BUSY = 0.5;
/** Bytes of weights that no second cache holds beside what else a step reads. */
const CACHE = 2 ** 20;

/** The least that a step can take. */
export function floorOf({ arithmetic, moving }: Row): number {
  return Math.max(arithmetic, moving);
}

/** Share of the time that the floor is. */
export function shareOf(row: Row): number {
  return floorOf(row) / row.seconds;
}

/** A share in words. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

/** A change in words. */
export function change(ratio: number): string {
  const by = Math.round(100 * (ratio - 1));
  return `${by < 0 ? "−" : "+"}${Math.abs(by)} %`;
}

/** The rows of one number. */
export function rowsOf(sweeps: readonly Sweep[], name: Sweep["name"]): readonly Row[] {
  return sweeps.find((sweep) => sweep.name === name)?.rows ?? [];
}

function nameOf({ size }: Row): string {
  const changed = (["hidden", "time", "batch", "layers"] as const)
    .filter((name) => size[name] !== BASE[name]);
  const signs = { hidden: "H", time: "T", batch: "B", layers: "L" };
  return changed.map((name) => `${signs[name]} ${size[name]}`).join(", ") || "the base";
}

function named(rows: readonly Row[]): string {
  return rows.map((row) => `${nameOf(row)} (${percent(shareOf(row))})`).join(", ");
}

/** Rows of all tables, the base once. */
function allRows(sweeps: readonly Sweep[]): Row[] {
  const base = rowsOf(sweeps, "hidden").find(({ size }) => size.hidden === BASE.hidden);
  const others = sweeps.flatMap(({ rows }) => rows).filter((row) => nameOf(row) !== "the base");
  return [...base ? [base] : [], ...others];
}

/** Paragraphs, as items of a list. */
export function findings(measured: Measurements): string[] {
  const { sweeps } = measured;
  return [
    floors(allRows(sweeps)),
    slow(allRows(sweeps), isBusy(measured)),
    smallSizes(rowsOf(sweeps, "hidden")[0], measured.least),
    ...heavyWeights(rowsOf(sweeps, "hidden")),
    time(rowsOf(sweeps, "time")),
    ...threadsOf(measured),
    recomputing(measured),
  ];
}

function isSmall({ size }: Row): boolean {
  return size.batch * size.hidden <= SMALL_STEP;
}

function floors(rows: readonly Row[]): string {
  const large = rows.filter((row) => !isSmall(row));
  const shares = large.map(shareOf);
  return `**Against the floor.** Where a step of time has more than ${SMALL_STEP} numbers (B·H), the floor is ` +
    `${percent(Math.min(...shares))} to ${percent(Math.max(...shares))} of the time.`;
}

/** Whether other programs were at work when the measurement began. */
export function isBusy({ load }: Measurements): boolean {
  return load > BUSY;
}

function slow(rows: readonly Row[], busy: boolean): string {
  let below = rows.filter((row) => shareOf(row) < SLOW);
  if (below.length === 0) return `**Far above the floor** (more than twice): none.`;
  const take = (reason: string, holds: (row: Row) => boolean): string[] => {
    const own = below.filter(holds);
    below = below.filter((row) => !own.includes(row));
    return own.length === 0 ? [] : [`${named(own)}${reason}`];
  };
  const parts = [
    ...take(": small sizes, see below", isSmall),
    ...take(
      ": large weights, see below",
      ({ size, planned }) => trafficOf(size, planned).weights > CACHE,
    ),
    ...take(
      `, which the size does not explain${busy ? "; the machine was busy" : ""}`,
      () => true,
    ),
  ];
  return `**Far above the floor** (more than twice), with the floor's share: ${parts.join("; ")}.`;
}

function smallSizes(row: Row, least: Row): string {
  return `**Small sizes.** At ${
    nameOf(row)
  } the ${SYMBOLS} classes of the outputs weigh more than the ` +
    `${row.size.hidden} units: a maximum, exp, two sums, the gradient, and three products whose sums are ` +
    `short, of which the floor counts exp, and the products as if they were long. The loops over time cost ` +
    `little of themselves: at ${
      nameOf(least)
    }, where there is next to nothing to compute, a whole ` +
    `training step takes ${formatTime(least.seconds)}, ${
      formatTime(least.seconds / least.size.time)
    } for each step of time, forward and backward together.`;
}

function heavyWeights(rows: readonly Row[]): string[] {
  const heavy = rows.filter(({ size, planned }) => trafficOf(size, planned).weights > CACHE);
  if (heavy.length === 0) return [];
  const row = heavy[heavy.length - 1];
  const { weights, passes } = trafficOf(row.size, row.planned);
  return [
    `**Large H.** At ${nameOf(row)} the weights of the state are ${
      (weights / 2 ** 20).toFixed(0)
    } MiB, more than ` +
    `a core's second cache, and are read ${passes} times a training step. Reading and computing take turns ` +
    `more than they overlap: both floors added are ${
      percent((row.arithmetic + row.moving) / row.seconds)
    } of the ` +
    `time. A larger batch reads them as often and does more with them.`,
  ];
}

function time(rows: readonly Row[]): string {
  const perStep = (row: Row) => formatTime(row.seconds / row.size.time);
  const least = rows.reduce((a, b) => a.seconds / a.size.time < b.seconds / b.size.time ? a : b);
  const [first, last] = [rows[0], rows[rows.length - 1]];
  const best = `${perStep(least)} at best, at T ${least.size.time}`;
  const short = `; ${perStep(first)} at T ${first.size.time}, where few steps share the optimizer`;
  return `**T is linear.** A step of time takes ${best}${least === first ? "" : short}; and ${
    perStep(last)
  } at T ${last.size.time}, where ${
    (last.planned / 2 ** 20).toFixed(0)
  } MiB go to memory and come back, beyond every cache.`;
}

function threadsOf({ sweeps, threads }: Measurements): string[] {
  if (threads < 2) return [];
  const rows = allRows(sweeps);
  const gain = (row: Row) => row.seconds / row.shared;
  const best = rows.reduce((a, b) => gain(a) > gain(b) ? a : b);
  const worst = rows.reduce((a, b) => gain(a) < gain(b) ? a : b);
  return [
    `**${threads} threads** give ${gain(best).toFixed(2)} times the speed at most (${
      nameOf(best)
    }), and ` +
    `${gain(worst).toFixed(2)} times at least (${
      nameOf(worst)
    }). They are used only where they are ` +
    `expected to save 300,000 cycles a training step; how busy the machine is with other things, that ` +
    `expectation does not know.`,
  ];
}

function recomputing({ sweeps, recomputing }: Measurements): string {
  const rows = recomputing.map((row) => {
    const stored = rowsOf(sweeps, "time").find(({ size }) => size.time === row.size.time) as Row;
    return {
      time: row.size.time,
      slower: row.seconds / stored.seconds,
      less: stored.planned / row.planned,
    };
  });
  const last = rows[rows.length - 1];
  const ratios = rows.map(({ slower }) => slower);
  return `**Recomputing** makes a training step take ${change(Math.min(...ratios))} to ${
    change(Math.max(...ratios))
  } ` +
    `of time; at T ${last.time} ${change(last.slower)}, for ${
      last.less.toFixed(1)
    } times less memory. ` +
    `By arithmetic alone it would be ${
      change(4 / 3)
    } (the products forward are a third of all), but a ` +
    `segment's values are read from cache where stored ones come from memory.`;
}
