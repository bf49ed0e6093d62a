/**
 * What invocations fold: the variables of partial results, a term added to one, and how teams fold what
 * their members have over each other, in workgroup memory or inside of subgroups.
 *
 * @module
 */
import type { Axis } from "../../ir/expression.ts";
import type { ReduceKernel } from "../../loops/program.ts";
import { type PrintContext, WORKGROUP_SIZE, writerFor } from "./context.ts";
import { literal } from "./expressions.ts";

/** Workgroup memory that invocations fold over each other, as bits whatever the type: less is zeroed. */
export const FOLDED = "folded";
/** The same of the places of an argmax. */
export const FOLDED_PLACES = "folded_places";

/** Names of the variables that hold a partial result. */
export interface Fold {
  readonly operation: ReduceKernel["operation"];
  readonly dtype: "f32" | "i32" | "u32";
  /** The sum or the greatest so far. */
  readonly value: string;
  /** Where the greatest is, for `argmax`. */
  readonly place: string;
  /** The one that the stores read. */
  readonly result: string;
}

/** Declares the variables of a partial result. */
export function declareFold(kernel: ReduceKernel, { source, names }: PrintContext): Fold {
  const { operation } = kernel;
  const dtype = kernel.value.dtype === "bool" ? "u32" : kernel.value.dtype;
  const min = dtype === "i32" ? -2147483648 : dtype === "u32" ? 0 : -Infinity;
  const value = names.unique(operation === "sum" ? "sum" : "greatest");
  source.line(`var ${value} = ${literal(dtype, operation === "sum" ? 0 : min)};`);
  if (operation !== "argmax") return { operation, dtype, value, place: "", result: value };
  const place = names.unique("place");
  source.line(`var ${place} = 2147483647;`);
  return { operation, dtype, value, place, result: place };
}

/** Folds the terms at some steps into a partial result. */
export function accumulate(
  kernel: ReduceKernel,
  context: PrintContext,
  steps: readonly ReadonlyMap<Axis, string>[],
  { operation, value, place, dtype }: Fold,
): void {
  const texts = steps.map((axes) => {
    const writer = writerFor(context, axes);
    writer.announce([kernel.value]);
    const plain = kernel.operation === "sum"
      ? writer.term(kernel.value)
      : writer.text(kernel.value);
    return kernel.value.dtype === "bool" ? `${dtype}(${plain})` : plain;
  });
  const [text] = texts;
  const { source } = context;
  switch (operation) {
    case "sum":
      return source.line(`${value} += ${texts.join(" + ")};`);
    case "max":
      return source.line(`${value} = ${greaterOf(dtype, value, text)};`);
    case "argmax": {
      const candidate = context.names.unique("candidate");
      source.line(`let ${candidate} = ${text};`);
      const at = steps[0].get(kernel.inner[0]) ?? "0";
      const wins = comesFirst(dtype, [candidate, at], [value, place]);
      return source.block(`if (${wins} || ${place} == 2147483647)`, () => {
        source.line(`${value} = ${candidate};`);
        source.line(`${place} = ${at};`);
      });
    }
    default:
      return operation satisfies never;
  }
}

function greaterOf(dtype: Fold["dtype"], x: string, y: string): string {
  return dtype === "f32" ? `max_real(${x}, ${y})` : `max(${x}, ${y})`;
}

/** Whether a value at a place goes before another in an argmax. */
function comesFirst(
  dtype: Fold["dtype"],
  [x, at]: readonly [string, string],
  [y, place]: readonly [string, string],
): string {
  return dtype === "f32"
    ? `comes_first(${x}, ${at}, ${y}, ${place})`
    : `(${x} > ${y} || (${x} == ${y} && ${at} < ${place}))`;
}

/** Folds what the members of each team have, of each of its points; the first of each gets it all. */
export function combine(
  context: PrintContext,
  folds: readonly Fold[],
  member: string,
  team: number,
): void {
  const { source, names, scratch } = context;
  const [{ operation, dtype }] = folds;
  const slot = (i: number) => i === 0 ? "local" : `local + ${i * WORKGROUP_SIZE}`;
  const put = (): void =>
    folds.forEach(({ value, place }, i) => {
      const bits = dtype === "u32" ? value : `bitcast<u32>(${value})`;
      source.line(`${FOLDED}[${slot(i)}] = ${bits};`);
      if (operation === "argmax") source.line(`${FOLDED_PLACES}[${slot(i)}] = u32(${place});`);
    });
  const fold = ({ value, place }: Fold, other: string, otherPlace: string): void => {
    if (operation === "sum") return source.line(`${value} += ${other};`);
    if (operation === "max") {
      return source.line(`${value} = ${greaterOf(dtype, value, other)};`);
    }
    const seen = names.unique("other");
    const where = names.unique("other_place");
    source.line(`let ${seen} = ${other};`);
    source.line(`let ${where} = ${otherPlace};`);
    source.block(`if (${comesFirst(dtype, [seen, where], [value, place])})`, () => {
      source.line(`${value} = ${seen};`);
      source.line(`${place} = ${where};`);
    });
  };
  const take = (distance: string): void =>
    folds.forEach((own, i) => {
      const from = `${slot(i)} + ${distance}`;
      const bits = `${FOLDED}[${from}]`;
      const other = dtype === "u32" ? bits : `bitcast<${dtype}>(${bits})`;
      fold(own, other, `i32(${FOLDED_PLACES}[${from}])`);
    });
  // Members of a subgroup need neither memory nor barriers for the last steps.
  const together = Math.min(team, context.subgroup);
  if (team > together) {
    scratch.folds = operation === "argmax" ? 2 : scratch.folds || 1;
    scratch.together = Math.max(scratch.together, folds.length);
    put();
    source.line("workgroupBarrier();");
    if (team <= 8 && together === 1) {
      const other = names.unique("other");
      source.block(`if (${member} == 0)`, () => {
        if (team === 2) take("1");
        else {
          source.block(`for (var ${other} = 1; ${other} < ${team}; ${other}++)`, () => take(other));
        }
      });
      return source.line("workgroupBarrier();");
    }
    const half = names.unique("half");
    const head = `for (var ${half} = ${team / 2}; ${half} >= ${together}; ${half} /= 2)`;
    source.block(together === 1 ? head.replace(">= 1", "> 0") : head, () => {
      source.block(`if (${member} < ${half})`, () => {
        take(half);
        put();
      });
      source.line("workgroupBarrier();");
    });
  }
  for (let distance = together / 2; distance >= 1; distance /= 2) {
    const told = (value: string) => `subgroupShuffleDown(${value}, ${distance}u)`;
    for (const own of folds) fold(own, told(own.value), told(own.place));
  }
}
