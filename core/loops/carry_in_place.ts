/**
 * Gives carries of loops one slot where two take turns: if all that reads what an iteration enters with comes before
 * its kernel that writes what it leaves with, or is that kernel at the same element, the new takes the place of the
 * old. An optimizer's state then takes half the memory, and half of the caches.
 *
 * @module
 */
import { type Access, accessesOf, loadsIn, pointsOf, usersOf } from "./accesses.ts";
import {
  addIndex,
  axisExpression,
  type Buffer,
  type Expression,
  index,
  load,
  remainderIndex,
  rewriteExpression,
  scaleIndex,
  termsOf,
} from "../ir/expression.ts";
import { rangeOf } from "../ir/range.ts";
import {
  axesOf,
  type Kernel,
  kernelsOf,
  type LoopProgram,
  mapKernel,
  type Step,
  type TimeLoop,
} from "./program.ts";

/** A carry that shall have one slot. */
interface Carry {
  readonly buffer: Buffer;
  /** The kernels of its loop. */
  readonly inside: ReadonlySet<Kernel>;
  /** The slot that the last iteration writes; the other holds what was before. */
  readonly final: number;
  /** The slots, as terms of indices in the loop: what an iteration enters with, and what it leaves with. */
  readonly slots: readonly [old: Expression, next: Expression];
}

/** An access to a carry: the slot, and the element in it. */
interface Place {
  readonly slot: number;
  readonly element: Expression;
}

/**
 * Lets loops update carries in place.
 *
 * @param program The program.
 * @returns One that computes the same.
 */
export function updateCarriesInPlace(program: LoopProgram): LoopProgram {
  const temporary = new Set(program.temporaries);
  const users = usersOf(kernelsOf(program.steps));
  const carries = new Map<Buffer, Carry>();
  const search = (steps: readonly Step[]): void => {
    for (const step of steps) {
      if (step.kind !== "loop") continue;
      search(step.steps);
      const inside = new Set(kernelsOf([step]));
      for (const writer of step.steps) {
        if (writer.kind === "loop") continue;
        for (const { buffer } of writer.stores) {
          if (!temporary.has(buffer) || buffer.size % 2 !== 0) continue;
          const final = step.time.extent % 2;
          const carry = { buffer, inside, final, slots: slotsOf(step, buffer.size / 2) };
          if (mayShare(carry, writer, [...users.get(buffer) ?? []])) carries.set(buffer, carry);
        }
      }
    }
  };
  search(program.steps);
  return carries.size === 0 ? program : withOneSlot(program, carries);
}

function slotsOf({ time }: TimeLoop, size: number): Carry["slots"] {
  const step = axisExpression(time);
  const [old, next] = [step, addIndex(step, index(1))].map((of) =>
    scaleIndex(remainderIndex(of, 2), size)
  );
  return [old, next];
}

/** Finds the slot of an index; `undefined` if it may be in either. */
function placeOf({ buffer, slots, inside }: Carry, at: Expression, kernel: Kernel) {
  const size = buffer.size / 2;
  const terms = termsOf(at);
  const isIn = (element: Expression) => {
    const { min, max } = rangeOf(element);
    return min >= 0 && max < size;
  };
  const places = inside.has(kernel)
    ? slots.map((own, slot): Place => ({
      slot,
      element: terms.filter((term) => term !== own).reduce(addIndex, index(0)),
    })).filter(({ slot }) => terms.includes(slots[slot]))
    : [0, 1].map((slot): Place => ({ slot, element: addIndex(at, index(-slot * size)) }));
  return places.find(({ element }) => isIn(element));
}

/** Returns whether what a kernel writes for the next iteration may take the place of what this one entered with. */
function mayShare(carry: Carry, writer: Kernel, users: readonly Kernel[]): boolean {
  const { buffer, inside } = carry;
  const own = writer.stores.filter((store) => store.buffer === buffer);
  const [{ index: at, mode }] = own;
  // It writes all elements, each once.
  if (own.length > 1 || mode !== "set" || pointsOf(axesOf(writer)) !== buffer.size / 2) {
    return false;
  }
  const first = users.findIndex((kernel) => inside.has(kernel));
  const last = users.findLastIndex((kernel) => inside.has(kernel));
  const written = users.indexOf(writer);
  const target = placeOf(carry, at, writer);
  return users.every((kernel, i) =>
    accessesOf(kernel).filter((access) => access.buffer === buffer).every((access: Access) => {
      const place = placeOf(carry, access.index, kernel);
      if (!place) return false;
      const { slot, element } = place;
      // Before the loop the first slot is filled; after it only what was written last is there.
      if (i < first) return access.write && slot === 0;
      if (i > last) return !access.write && slot === carry.final;
      if (i !== written) return !access.write && slot === (i < written ? 0 : 1);
      return access.write ? slot === 1 : slot === 0 && element === target?.element;
    })
  ) && !loadsIn(operandsOf(writer)).some((read) => read.buffer === buffer);
}

/** What a kernel reads before it has finished any element. */
function operandsOf(kernel: Kernel): readonly Expression[] {
  return kernel.kind === "matmul"
    ? [kernel.x, kernel.y]
    : kernel.kind === "reduce"
    ? [kernel.value]
    : [];
}

function withOneSlot(program: LoopProgram, carries: ReadonlyMap<Buffer, Carry>): LoopProgram {
  const single = new Map(
    [...carries.keys()].map((buffer) => [buffer, { ...buffer, size: buffer.size / 2 }]),
  );
  const rename = (buffer: Buffer) => single.get(buffer) ?? buffer;
  const inKernel = (kernel: Kernel): Kernel => {
    if (!accessesOf(kernel).some(({ buffer }) => carries.has(buffer))) return kernel;
    const elements = new Map<Expression, Expression>();
    for (const { buffer, index: at } of accessesOf(kernel)) {
      const carry = carries.get(buffer);
      const place = carry && placeOf(carry, at, kernel);
      if (place) elements.set(at, place.element);
    }
    const known = new Map<Expression, Expression>();
    const rewrite = (expression: Expression): Expression =>
      rewriteExpression(expression, (part) => {
        if (part.kind !== "load" || !carries.has(part.buffer)) return undefined;
        return load(rename(part.buffer), rewrite(elements.get(part.index) ?? part.index));
      }, known);
    const mapped = mapKernel(kernel, rewrite, rename);
    const stores = mapped.stores.map((store, i) => {
      const { buffer, index: at } = kernel.stores[i];
      return carries.has(buffer) ? { ...store, index: rewrite(elements.get(at) ?? at) } : store;
    });
    return { ...mapped, stores };
  };
  const inSteps = (steps: readonly Step[]): Step[] =>
    steps.map((step) =>
      step.kind === "loop" ? { ...step, steps: inSteps(step.steps) } : inKernel(step)
    );
  return {
    ...program,
    steps: inSteps(program.steps),
    temporaries: program.temporaries.map(rename),
  };
}
