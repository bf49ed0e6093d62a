/**
 * Random programs for property tests, of every primitive and element type.
 *
 * @module
 */
import type { DType } from "../ir/tensor_type.ts";
import { sizeOf } from "../ir/tensor_type.ts";
import { type Arbitrary, fc } from "./fast_check.ts";
import { MOST_ELEMENTS, type StepSpec } from "./program_pool.ts";
import type { InputSpec, ProgramSpec } from "./program_spec.ts";
import { KINDS, SMOOTH_KINDS, USUAL_KINDS } from "./program_steps.ts";

/** Options of {@linkcode programs}. */
export interface ProgramOptions {
  /** Most operations outside of loops; 14 if left out. */
  readonly operations?: number;
  /** Whether only smooth operations are drawn, on numbers below 2. */
  readonly smooth?: boolean;
  /** Whether NaN, infinities and the edges of the range are drawn; `true` if left out. */
  readonly special?: boolean;
  /** Whether sizes of more than a hundred are drawn; `true` if left out. */
  readonly large?: boolean;
  /** Most derivatives; 2 if left out. */
  readonly derivatives?: 0 | 1 | 2;
}

/** Real numbers that computers get wrong. */
const SPECIAL_REALS = [
  ...[NaN, Infinity, -Infinity, 0, -0, 1e-40, -1e-40, 2 ** -149, 2 ** -126, 1e-38, -1e-38],
  ...[3e38, -3e38, (2 - 2 ** -23) * 2 ** 127, 1e30, -1e30, 1e-30, 16777217, 88.8, -104, 1e6],
].map(Math.fround);
const SMALL = [0, 1, -1, 2, 0.5, -0.5, 3, 0.25, -1.5, 0.75, -2, 1.25];

const EDGES: Readonly<Record<DType, readonly number[]>> = {
  f32: SPECIAL_REALS,
  i32: [2 ** 31 - 1, -(2 ** 31), 2 ** 30, 65536, -65537, 31, 32, 33, -32],
  u32: [2 ** 32 - 1, 2 ** 31, 65536, 31, 32, 33],
  bool: [0, 1],
};

function numbersOf(dtype: DType, special: boolean): Arbitrary<number> {
  const smooth = fc.integer({ min: -1_000_000, max: 1_000_000 })
    .map((x) => Math.fround(x / 500_000));
  const usual: Arbitrary<number> = dtype === "f32"
    ? fc.oneof(fc.constantFrom(...SMALL), smooth)
    : dtype === "bool"
    ? fc.nat(1)
    : dtype === "u32"
    ? fc.nat(9)
    : fc.integer({ min: -3, max: 9 });
  return special ? fc.oneof(usual, fc.constantFrom(...EDGES[dtype])) : usual;
}

function inputs(dtype: DType, minRank: number, special: boolean, large: boolean) {
  const size = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(2, 3, 1, 4, 5, 7) },
    { weight: 1, arbitrary: fc.constantFrom(0, 8, 13, 16, 17) },
    ...large ? [{ weight: 1, arbitrary: fc.constantFrom(31, 64, 67, 257, 1025) }] : [],
  );
  const shape = fc.array(size, { minLength: minRank, maxLength: 3 })
    .filter((shape) => sizeOf(shape) <= MOST_ELEMENTS);
  return fc.record({
    type: shape.map((shape) => ({ dtype, shape })),
    values: fc.array(numbersOf(dtype, special), { minLength: 1, maxLength: 11 }),
  });
}

/** Operands: mostly late ones. */
const place = fc.oneof(fc.nat(3), fc.nat(12));

function steps(kinds: readonly string[], most: number, depth: number): Arbitrary<StepSpec[]> {
  const plain = fc.record({
    kind: fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom(...kinds.filter((kind) => kind !== "scan")) },
      { weight: 1, arbitrary: fc.constantFrom(...USUAL_KINDS) },
    ),
    picks: fc.tuple(place, place, place),
    numbers: fc.tuple(fc.nat(63), fc.nat(63), fc.nat(63)),
  });
  if (depth === 0) return fc.array(plain, { minLength: 1, maxLength: most, size: "max" });
  const loop = fc.record({
    kind: fc.constant("scan"),
    picks: fc.tuple(place, place, place),
    numbers: fc.tuple(fc.nat(63), fc.nat(63), fc.nat(255), fc.nat(511)),
    body: steps(kinds, 5, depth - 1),
  });
  const step = fc.oneof(
    { weight: depth > 1 ? 5 : 9, arbitrary: plain as Arbitrary<StepSpec> },
    { weight: 1, arbitrary: loop as Arbitrary<StepSpec> },
  );
  return fc.array(step, { minLength: 1, maxLength: most, size: "max" });
}

/**
 * Draws programs.
 *
 * @param options What they may be made of.
 * @returns An arbitrary of fast-check, which shrinks to few steps on small arguments.
 */
export function programs(options: ProgramOptions = {}): Arbitrary<ProgramSpec> {
  const { operations = 14, smooth = false, special = true, large = true, derivatives = 2 } =
    options;
  const dtypes: readonly DType[] = smooth ? ["f32", "i32"] : ["f32", "i32", "u32", "bool"];
  const of = (special: boolean): Arbitrary<ProgramSpec> => {
    const some = fc.constantFrom(...dtypes).chain((dtype) => inputs(dtype, 0, special, large));
    const key = fc.record({
      type: fc.constant({ dtype: "u32", shape: [2] } as const),
      values: fc.tuple(fc.nat(99), fc.nat(2 ** 31 - 1)),
    });
    const list: Arbitrary<readonly InputSpec[]> = fc.tuple(
      inputs("f32", 1, special, large),
      fc.array(fc.oneof({ weight: 4, arbitrary: some }, { weight: 1, arbitrary: key }), {
        maxLength: 4,
      }),
    ).map(([first, others]) => [...others, first]);
    return fc.record({
      inputs: list,
      steps: steps(smooth ? SMOOTH_KINDS : KINDS, operations, 2),
      // Few results leave more to fuse and to remove, many leave less unseen.
      outputs: fc.constantFrom(1, 2, 3, 16),
      derivative: fc.constantFrom(...([0, 0, 0, 1, 2] as const).filter((x) => x <= derivatives)),
      donates: fc.boolean(),
      smooth: fc.constant(smooth),
    });
  };
  return special && !smooth ? fc.oneof(of(false), of(false), of(true)) : of(false);
}
