/**
 * Elementwise kernels and reductions as C. Vectors lie along an axis of the result, each lane a fold of its
 * own, or along an axis that is folded, where the lanes are folded at the end. Long sums of floats are cut:
 * after {@linkcode CHAIN_TERMS} additions a chain is added to a total in doubles, as in `wasm/printer`.
 *
 * @module
 */
import type { Axis } from "../../ir/expression.ts";
import { pointsOf } from "../../loops/accesses.ts";
import type { MapKernel, ReduceKernel } from "../../loops/program.ts";
import { chooseFoldAxis, resultOfFold, unfoldedKernel } from "../cpu/plain_kernels.ts";
import { cheapestAxis, mapCost } from "../cpu/vector_axis.ts";
import { cConstant } from "./literals.ts";
import { letterOf } from "./operations.ts";
import type { CWriter, Lanes } from "./writer.ts";
import { ONE_LANE } from "./writer.ts";

/** Chains that are added to side by side. */
const CHAINS = 4;
/** Sums of more rounds than this are cut. */
const SHORT_CHAIN = 128;
/** Additions to a chain before it starts again. */
const CHAIN_TERMS = 64;

/** Vectors next to each other along an axis. */
export interface Segment extends Lanes {
  /** Where the first begins. */
  readonly start: number;
  /** How many there are. */
  readonly vectors: number;
}

/** Covers an axis by vectors: those that fill a register, then shorter ones. */
export function segmentsOf(extent: number, lanes: number): Segment[] {
  const segments: Segment[] = [];
  let start = 0;
  const add = (width: number, vectors: number, count = width) => {
    if (vectors > 0) segments.push({ start, width, vectors, count });
    start += vectors * count;
  };
  add(lanes, Math.floor(extent / lanes));
  // At most seven elements are read that do not count.
  const rest = extent - start;
  if (rest > 0) add(rest > 8 ? 16 : rest > 4 ? 8 : 4, 1, rest);
  return segments;
}

/** Writes vectors along an axis: `body` for each, or once in a loop. */
function eachVector(writer: CWriter, axis: Axis, body: () => void): void {
  for (const segment of segmentsOf(axis.extent, writer.lanesOfRegister)) {
    const { start, width, vectors } = segment;
    writer.along(axis, segment, () => {
      if (vectors === 1) return writer.block("", [[axis, `${start}`]], body);
      const name = writer.unique("j");
      const head = `for (int ${name} = ${start}; ${name} < ${
        start + vectors * width
      }; ${name} += ${width}) `;
      writer.block(head, [[axis, name]], body);
    });
  }
}

/** Writes an elementwise kernel. */
export function printMap(writer: CWriter, { axes, stores }: MapKernel): void {
  const values = stores.map(({ value }) => value);
  const { axis } = cheapestAxis(axes, (axis) => mapCost(axes, stores, values, axis));
  writer.loops(axes.filter((other) => other !== axis), () => {
    if (axis) eachVector(writer, axis, () => writer.stores(stores));
    else writer.along(undefined, ONE_LANE, () => writer.stores(stores));
  });
}

/** Writes a reduction. */
export function printReduce(writer: CWriter, kernel: ReduceKernel): void {
  if (kernel.inner.length === 0 && kernel.operation !== "argmax") {
    return printMap(writer, unfoldedKernel(kernel));
  }
  const { across, along } = chooseFoldAxis(kernel);
  if (along) printAlong(writer, kernel, along);
  else printAcross(writer, kernel, across);
}

/** What a fold starts from. */
function identityOf({ operation, value: { dtype } }: ReduceKernel, width: number): string {
  const first = operation === "sum"
    ? 0
    : dtype === "f32"
    ? -Infinity
    : dtype === "i32"
    ? -(2 ** 31)
    : 0;
  return `splat_${letterOf(dtype)}${width}(${cConstant(dtype, first)})`;
}

/** A fold of two vectors. */
function foldText(
  { operation, value: { dtype } }: ReduceKernel,
  width: number,
  a: string,
  b: string,
) {
  if (operation === "sum") return `${a} + ${b}`;
  const type = `${letterOf(dtype)}${width}`;
  return dtype === "f32"
    ? `pick_${type}((${b} > ${a}) | (${b} != ${b}), ${b}, ${a})`
    : `max_${type}(${a}, ${b})`;
}

/** Vectors along an axis of the result, or single results if there is none to lie along. */
function printAcross(writer: CWriter, kernel: ReduceKernel, axis: Axis | undefined): void {
  writer.loops(kernel.axes.filter((other) => other !== axis), () => {
    if (!axis) {
      return writer.along(
        undefined,
        ONE_LANE,
        () => writer.block("", [], () => printFolds(writer, kernel, [[]], ONE_LANE)),
      );
    }
    for (const segment of segmentsOf(axis.extent, writer.lanesOfRegister)) {
      const { start, width, vectors } = segment;
      writer.along(axis, segment, () => {
        const together = kernel.operation === "argmax" ? 1 : Math.min(CHAINS, vectors);
        const folds = (head: string, first: string, count: number) => {
          const places = Array.from(
            { length: count },
            (_, i) => [[axis, i === 0 ? first : `${first} + ${i * width}`]] as const,
          );
          writer.block(head, [], () => printFolds(writer, kernel, places, segment));
        };
        const rounds = Math.floor(vectors / together);
        const end = start + rounds * together * width;
        if (rounds > 1) {
          const name = writer.unique("j");
          const head = `for (int ${name} = ${start}; ${name} < ${end}; ${name} += ${
            together * width
          }) `;
          folds(head, name, together);
        } else folds("", `${start}`, together);
        const rest = vectors - rounds * together;
        if (rest > 0) folds("", `${end}`, rest);
      });
    }
  });
}

/** Folds vectors of results side by side, and stores them. */
function printFolds(
  writer: CWriter,
  kernel: ReduceKernel,
  places: readonly (readonly (readonly [Axis, string])[])[],
  { width }: Lanes,
): void {
  const { inner, value, stores } = kernel;
  const type = `${letterOf(value.dtype)}${width}`;
  const finish = (results: readonly string[]) =>
    places.forEach((at, i) =>
      writer.block("", at, () => {
        writer.know(resultOfFold(kernel), results[i]);
        writer.stores(stores);
      }, true)
    );
  if (kernel.operation === "argmax") return finish([printArgmax(writer, kernel, places[0], width)]);
  const chains = places.length > 1 ? 1 : CHAINS;
  const sums = Array.from({ length: chains }, () => places.map(() => writer.unique("a")));
  for (const sum of sums.flat()) writer.line(`${type} ${sum} = ${identityOf(kernel, width)};`);
  const totals = isLong(kernel, Math.ceil(pointsOf(inner) / chains))
    ? places.map(() => writer.unique("t"))
    : [];
  for (const total of totals) writer.line(`d${width} ${total} = { 0 };`);
  const joined = (i: number) => sums.map((chain) => chain[i]).join(" + ");
  const flush = () =>
    totals.forEach((total, i) => {
      writer.line(`${total} += __builtin_convertvector(${joined(i)}, d${width});`);
      for (const chain of sums) writer.line(`${chain[i]} = (${type}){ 0 };`);
    });
  foldLoops(writer, inner, chains, totals.length > 0 ? flush : undefined, (chain) => {
    places.forEach((at, i) =>
      writer.block("", at, () => {
        const found = writer.unique("x");
        writer.line(`const ${type} ${found} = ${writer.vector(value)};`);
        writer.line(`${sums[chain][i]} = ${foldText(kernel, width, sums[chain][i], found)};`);
      })
    );
  });
  finish(places.map((_, i) => {
    const name = writer.unique("r");
    if (totals.length > 0) {
      const wide = `${totals[i]} + __builtin_convertvector(${joined(i)}, d${width})`;
      writer.line(`const ${type} ${name} = __builtin_convertvector(${wide}, ${type});`);
      return name;
    }
    writer.line(`${type} ${name} = ${sums[0][i]};`);
    for (const chain of sums.slice(1)) {
      writer.line(`${name} = ${foldText(kernel, width, name, chain[i])};`);
    }
    return name;
  }));
}

/** Whether the chains of a fold are cut. */
function isLong({ operation, value }: ReduceKernel, rounds: number): boolean {
  return operation === "sum" && value.dtype === "f32" && rounds > SHORT_CHAIN;
}

/** Loops of a fold whose rounds go to several chains in turn. */
function foldLoops(
  writer: CWriter,
  inner: readonly Axis[],
  chains: number,
  flush: (() => void) | undefined,
  step: (chain: number) => void,
): void {
  const last = inner[inner.length - 1];
  const count = writer.unique("n");
  if (flush) writer.line(`int ${count} = 0;`);
  const pause = () => {
    if (flush) {
      writer.block(`if (++${count} == ${CHAIN_TERMS}) `, [], () => {
        writer.line(`${count} = 0;`);
        flush();
      });
    }
  };
  writer.loops(inner.slice(0, -1), () => {
    const rounds = Math.floor(last.extent / chains);
    const name = writer.unique("k");
    if (rounds > 0) {
      const head = `for (int ${name} = 0; ${name} < ${rounds * chains}; ${name} += ${chains}) `;
      writer.block(head, [], () => {
        for (let chain = 0; chain < chains; chain++) {
          const at = chain === 0 ? name : `${name} + ${chain}`;
          writer.block("", [[last, at]], () => step(chain));
        }
        pause();
      });
    }
    for (let i = rounds * chains; i < last.extent; i++) {
      writer.block("", [[last, `${i}`]], () => step(i % chains));
    }
    if (rounds * chains < last.extent) pause();
  });
}

/** The first place of the greatest value, in each lane; NaN is greater than all, and stays. */
function printArgmax(
  writer: CWriter,
  kernel: ReduceKernel,
  at: readonly (readonly [Axis, string])[],
  width: number,
): string {
  const { inner: [axis], value } = kernel;
  const type = `${letterOf(value.dtype)}${width}`;
  const [best, place, index] = ["b", "p", "k"].map((name) => writer.unique(name));
  writer.line(`${type} ${best} = ${identityOf(kernel, width)};`);
  writer.line(`i${width} ${place} = { 0 };`);
  const head = `for (int ${index} = 0; ${index} < ${axis.extent}; ${index}++) `;
  writer.block(head, [...at, [axis, index]], () => {
    const [found, greater] = ["x", "m"].map((name) => writer.unique(name));
    writer.line(`const ${type} ${found} = ${writer.vector(value)};`);
    const test = value.dtype === "f32"
      ? `((${found} > ${best}) | (${found} != ${found})) & (${best} == ${best})`
      : `${found} > ${best}`;
    writer.line(`const i${width} ${greater} = ${test};`);
    writer.line(`${place} = pick_i${width}(${greater}, splat_i${width}(${index}), ${place});`);
    writer.line(`${best} = pick_${type}(${greater}, ${found}, ${best});`);
  });
  return place;
}

/** Vectors along an axis that is folded. */
function printAlong(writer: CWriter, kernel: ReduceKernel, axis: Axis): void {
  const { axes, inner, value, stores, operation } = kernel;
  const letter = letterOf(value.dtype);
  const scalar = { f: "float", i: "int32_t", u: "word" }[letter];
  const others = inner.filter((other) => other !== axis);
  writer.loops(axes, () =>
    writer.block("", [], () => {
      const parts: string[] = [];
      for (const segment of segmentsOf(axis.extent, writer.lanesOfRegister)) {
        const { start, width, vectors, count } = segment;
        const type = `${letter}${width}`;
        const chains = Math.min(CHAINS, vectors);
        const sums = Array.from({ length: chains }, () => writer.unique("a"));
        for (const sum of sums) writer.line(`${type} ${sum} = ${identityOf(kernel, width)};`);
        const rounds = Math.floor(vectors / chains);
        const long = isLong(kernel, (rounds + 1) * pointsOf(others));
        const [total, n] = ["t", "n"].map((name) => writer.unique(name));
        if (long) writer.line(`double ${total} = 0; int ${n} = 0;`);
        const pause = () => {
          if (!long) return;
          writer.line(`if (++${n} == ${CHAIN_TERMS}) {`);
          writer.line(`  ${n} = 0;`);
          writer.line(`  ${total} += wide_sum_${type}(${sums.join(" + ")});`);
          for (const sum of sums) writer.line(`  ${sum} = (${type}){ 0 };`);
          writer.line("}");
        };
        const step = (chain: number, at: string) =>
          writer.block("", [[axis, at]], () => {
            const found = writer.unique("x");
            const text = writer.vector(value);
            const kept = count === width
              ? text
              : `pick_${type}(places_${width} < ${count}, ${text}, ${identityOf(kernel, width)})`;
            writer.line(`const ${type} ${found} = ${kept};`);
            writer.line(`${sums[chain]} = ${foldText(kernel, width, sums[chain], found)};`);
          });
        writer.along(axis, segment, () =>
          writer.loops(others, () => {
            const end = start + rounds * chains * width;
            if (rounds > 1) {
              const j = writer.unique("j");
              const head = `for (int ${j} = ${start}; ${j} < ${end}; ${j} += ${chains * width}) `;
              writer.block(head, [], () => {
                for (let c = 0; c < chains; c++) step(c, c === 0 ? j : `${j} + ${c * width}`);
                pause();
              });
            } else {
              for (let c = 0; c < chains; c++) step(c, `${start + c * width}`);
              pause();
            }
            for (let v = rounds * chains; v < vectors; v++) {
              step(v % chains, `${start + v * width}`);
            }
            if (rounds * chains < vectors) pause();
          }));
        for (const [i, sum] of sums.entries()) {
          if (i > 0) writer.line(`${sums[0]} = ${foldText(kernel, width, sums[0], sum)};`);
        }
        const part = writer.unique("r");
        parts.push(part);
        writer.line(
          long
            ? `const double ${part} = ${total} + wide_sum_${type}(${sums[0]});`
            : `const ${scalar} ${part} = ${operation === "sum" ? "sum" : "greatest"}_${type}(${
              sums[0]
            });`,
        );
      }
      const result = writer.unique("r");
      const all = operation === "sum"
        ? parts.join(" + ")
        : parts.reduce((a, b) => `(${b} > ${a} || ${b} != ${b} ? ${b} : ${a})`);
      writer.line(`const ${letter}4 ${result} = splat_${letter}4((${scalar})(${all}));`);
      writer.along(undefined, ONE_LANE, () =>
        writer.block("", [], () => {
          writer.know(resultOfFold(kernel), result);
          writer.stores(stores);
        }, true));
    }));
}
