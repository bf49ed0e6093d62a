/**
 * Removes what a loop reads, carries or stacks twice, or need not at all.
 *
 * @module
 */
import { type Equation, type Graph, isApplication, type Value } from "../ir/graph.ts";
import { BROADCAST } from "../language/primitives/layout.ts";
import { FILL } from "../language/primitives/creation.ts";
import { type Loop, producersOf, replaceInBody, rewriteScans } from "./loop.ts";
import type { Rewriter } from "./rewrite.ts";

/**
 * Simplifies the interfaces of loops:
 *
 * - an input passed twice is passed once, and a value stacked twice is stacked once;
 * - a carry that never changes becomes a constant;
 * - a sequence whose slices are all equal becomes a constant, and a stack of a value that is the same
 *   at each step becomes a repetition outside;
 * - a sequence that is stacked as it came is the stack.
 */
export function dedupeScan(graph: Graph): Graph {
  return rewriteScans(graph, (loop, outside) => {
    const size = (): number =>
      2 * loop.carries.length + 2 * loop.sequences.length + loop.constants.length +
      2 * loop.stacks.length;
    const before = size();
    freezeCarries(loop, outside);
    const unrolled = unrepeatSequences(loop, outside);
    shareInputs(loop);
    const finish = shareStacks(loop, outside);
    return unrolled || size() !== before ? finish : false;
  });
}

/** Carries that never change become constants. */
function freezeCarries(loop: Loop, outside: Rewriter): void {
  const frozen = loop.carries.filter(({ inner, next }) => inner === next);
  for (const { initial, inner, last } of frozen) {
    loop.constants.push({ outer: initial, inner });
    outside.replace(last, initial);
  }
  loop.carries = loop.carries.filter((carry) => !frozen.includes(carry));
}

/** Sequences that repeat one value become that value, repeated in the body where it must be. */
function unrepeatSequences(loop: Loop, outside: Rewriter): boolean {
  const made: Equation[] = [];
  loop.sequences = loop.sequences.filter(({ outer, inner }) => {
    const producer = outside.producer(outer);
    const slice = inner.type.shape;
    if (producer?.primitive === FILL) {
      const params = { ...producer.params, shape: slice };
      made.push({ primitive: FILL, inputs: [], outputs: [inner], params });
      return false;
    }
    if (!producer || !isApplication(producer, BROADCAST)) return true;
    const { axes } = producer.params;
    if (axes[0] === 0) return true;
    const [repeated] = producer.inputs;
    if (axes.length === slice.length) {
      loop.constants.push({ outer: repeated, inner });
      return false;
    }
    const whole: Value = { type: repeated.type };
    const params = { shape: slice, axes: axes.map((axis) => axis - 1) };
    loop.constants.push({ outer: repeated, inner: whole });
    made.push({ primitive: BROADCAST, inputs: [whole], outputs: [inner], params });
    return false;
  });
  loop.equations = [...made, ...loop.equations];
  return made.length > 0;
}

/** Constants and sequences passed twice are passed once. */
function shareInputs(loop: Loop): void {
  const by = new Map<Value, Value>();
  for (const part of ["constants", "sequences"] as const) {
    const first = new Map<Value, Value>();
    loop[part] = loop[part].filter(({ outer, inner }) => {
      const known = first.get(outer);
      if (known) by.set(inner, known);
      else first.set(outer, inner);
      return !known;
    });
  }
  replaceInBody(loop, by);
}

/** Stacks of one value become one, and those that need no loop leave it. */
function shareStacks(loop: Loop, outside: Rewriter): () => void {
  const first = new Map<Value, Value>();
  for (const { outer, inner } of loop.sequences) first.set(inner, outer);
  const fixed = new Map(loop.constants.map(({ outer, inner }) => [inner, outer]));
  const producers = producersOf(loop);
  const repeated: { readonly value: () => Value; readonly outer: Value }[] = [];
  loop.stacks = loop.stacks.filter(({ outer, inner }) => {
    const known = first.get(inner);
    if (known) {
      outside.replace(outer, known);
      return false;
    }
    const value = wholeValue(inner, fixed, producers, outside);
    if (value) repeated.push({ value, outer });
    else first.set(inner, outer);
    return !value;
  });
  return () => {
    for (const { value, outer } of repeated) {
      const { shape } = outer.type;
      const axes = shape.slice(1).map((_, d) => d + 1);
      outside.replace(outer, outside.emit(BROADCAST, [value()], { shape, axes })[0]);
    }
  };
}

/** Computes outside a value of the body that is a constant, or a constant repeated or a fill. */
function wholeValue(
  inner: Value,
  fixed: ReadonlyMap<Value, Value>,
  producers: ReadonlyMap<Value, Equation>,
  outside: Rewriter,
): (() => Value) | undefined {
  const outer = fixed.get(inner);
  if (outer) return () => outer;
  const producer = producers.get(inner);
  if (producer?.primitive !== FILL && producer?.primitive !== BROADCAST) return undefined;
  const inputs = producer.inputs.map((value) => wholeValue(value, fixed, producers, outside));
  if (inputs.some((input) => input === undefined)) return undefined;
  return () => {
    const values = inputs.map((input) => (input as () => Value)());
    return outside.emit(producer.primitive, values, producer.params)[0];
  };
}
