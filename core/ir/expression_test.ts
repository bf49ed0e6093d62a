import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { ELEMENTWISE } from "../language/primitives/elementwise.ts";
import type { ElementwiseName } from "./operation_names.ts";
import { randomSource } from "../util/random_source.ts";
import type { DType } from "./tensor_type.ts";
import { evaluateProgram } from "../test_support/evaluate_program.ts";
import {
  addIndex,
  affineIndex,
  applyExpression,
  type Axis,
  axisExpression,
  type Buffer,
  clampIndex,
  constantExpression,
  divideIndex,
  type Expression,
  index,
  load,
  remainderIndex,
  scaleIndex,
  subtractIndex,
  termsOf,
} from "./expression.ts";
import { rangeOf } from "./range.ts";

const POINTS = 13;
const I: Axis = { name: "i", extent: POINTS };
const i = axisExpression(I);

/** Numbers at which integers wrap, and small ones. */
const EDGES = [0, 1, 2, 3, 7, 10, 31, 1000, 2 ** 20, 1_000_000_007, 2 ** 31 - 1, 2 ** 31, 2 ** 32];
const REALS = [0.5, -0.5, 3e9, -3e9, NaN, Infinity, -Infinity, 7, -1, 1e-3, 2 ** 31, -(2 ** 31), 0];

/** A number as an integer type holds it. */
function wrapped(value: number, dtype: DType): number {
  return dtype === "i32" ? value | 0 : dtype === "u32" ? value >>> 0 : Number(value !== 0);
}

const BUFFERS = (["i32", "u32", "f32", "bool"] as const).map((dtype): Buffer => ({
  name: dtype,
  dtype,
  size: POINTS,
}));
const CONTENTS = BUFFERS.map(({ dtype }) =>
  dtype === "f32"
    ? Float64Array.from(REALS)
    : Float64Array.from(EDGES, (x, at) => wrapped(at % 2 ? -x : x, dtype))
);

/** A random expression of a type, of what its operations are made of. */
function randomExpression(random: () => number, dtype: DType, depth: number): Expression {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
  const of = (dtype: DType) => randomExpression(random, dtype, depth - 1);
  const buffer = BUFFERS.find((one) => one.dtype === dtype) as Buffer;
  if (dtype === "f32") {
    const number = depth > 0 && random() < 0.5 ? pick(["i32", "u32"] as const) : undefined;
    return number ? applyExpression("cast", "f32", [of(number)]) : load(buffer, i);
  }
  if (depth === 0 || random() < 0.1) {
    const constant = constantExpression(dtype, wrapped(pick(EDGES) * pick([1, -1]), dtype));
    return pick([constant, constant, load(buffer, i), dtype === "i32" ? i : constant]);
  }
  if (dtype === "bool") {
    const operands = pick(["i32", "u32", "f32"] as const);
    const name = pick(["eq", "ne", "lt", "le", "gt", "ge"] as const);
    return applyExpression(name, "bool", [of(operands), of(operands)]);
  }
  const name = pick(Object.keys(ELEMENTWISE) as ElementwiseName[]);
  const { arity, types } = ELEMENTWISE[name];
  if (name === "cast") {
    const from = pick((["f32", "i32", "u32", "bool"] as const).filter((from) => from !== dtype));
    return applyExpression("cast", dtype, [of(from)]);
  }
  if (name === "select") return applyExpression(name, dtype, [of("bool"), of(dtype), of(dtype)]);
  if (types.output === "bool" || !types.inputs.includes(dtype) || name === "stop_gradient") {
    // Not one of this type: the four that addresses are made of instead.
    const other = pick(["add", "mul", "div", "rem"] as const);
    const constant = constantExpression(dtype, wrapped(pick(EDGES), dtype));
    return applyExpression(other, dtype, [of(dtype), random() < 0.5 ? constant : of(dtype)]);
  }
  return applyExpression(name, dtype, Array.from({ length: arity }, () => of(dtype)));
}

/** The values of expressions at all points. */
function valuesOf(expressions: readonly Expression[]): Float64Array[] {
  const outputs = expressions.map(({ dtype }, at): Buffer => ({
    name: `output${at}`,
    dtype,
    size: POINTS,
  }));
  const stores = expressions.map((value, at) => ({
    ...{ buffer: outputs[at], index: i, value },
    mode: "set" as const,
  }));
  const steps = [{ kind: "map", name: "map", axes: [I], stores }] as const;
  return evaluateProgram(
    { name: "test", inputs: BUFFERS, outputs, temporaries: [], steps },
    CONTENTS,
  );
}

Deno.test("rangeOf() holds what random integers that wrap can be", () => {
  const random = randomSource(1);
  let narrow = 0;
  for (let draw = 0; draw < 200; draw++) {
    const expressions = Array.from(
      { length: 20 },
      (_, k) => randomExpression(random, (["i32", "u32", "i32", "bool"] as const)[k % 4], 4),
    );
    valuesOf(expressions).forEach((values, k) => {
      const { min, max } = rangeOf(expressions[k]);
      const { kind, dtype } = expressions[k];
      if (kind === "apply" && dtype !== "bool" && max - min < 2 ** 32 - 1) narrow++;
      for (const value of values) {
        assert(value >= min && value <= max, `${value} is not from ${min} to ${max}`);
      }
    });
  }
  // Not because nothing is ever known.
  assert(narrow > 200, `${narrow} ranges say something`);
});

Deno.test("index functions give what plain operations on integers that wrap give", () => {
  const random = randomSource(2);
  const plain = (name: "add" | "mul" | "div" | "rem" | "max" | "min", x: Expression, y: number) =>
    applyExpression(name, "i32", [x, index(y)]);
  for (let draw = 0; draw < 300; draw++) {
    // Sums of multiples of the axis, of something wild, and of what they are made of again.
    const wild = randomExpression(random, "i32", 2);
    const a = [1, 2, 3].reduce(
      (sum) => applyExpression("add", "i32", [plain("mul", sum, EDGES[draw % 12] - 3), wild]),
      random() < 0.5 ? i : plain("rem", wild, 1 + Math.floor(random() * 20)),
    );
    const b = random() < 0.5 ? plain("rem", a, 5) : scaleIndex(i, Math.floor(random() * 2 ** 30));
    const k = 1 + Math.floor(random() * (random() < 0.5 ? 16 : 2 ** 29));
    const affine = affineIndex(a, [I]);
    const pairs: [Expression, Expression][] = [
      [addIndex(a, b), applyExpression("add", "i32", [a, b])],
      [addIndex(index(-(2 ** 31)), index(-k)), plain("add", index(-(2 ** 31)), -k)],
      [subtractIndex(a, b), applyExpression("sub", "i32", [a, b])],
      [scaleIndex(a, k), plain("mul", a, k)],
      [divideIndex(a, k), plain("div", a, k)],
      [divideIndex(scaleIndex(i, k), 3), plain("div", plain("mul", i, k), 3)],
      [divideIndex(b, k), plain("div", b, k)],
      [divideIndex(a, -k), plain("div", a, -k)],
      [divideIndex(b, 0), plain("div", b, 0)],
      [remainderIndex(a, k), plain("rem", a, k)],
      [remainderIndex(scaleIndex(i, 2 * k), k), plain("rem", plain("mul", i, 2 * k), k)],
      [remainderIndex(b, k), plain("rem", b, k)],
      [remainderIndex(a, -k), plain("rem", a, -k)],
      [remainderIndex(b, 0), plain("rem", b, 0)],
      [clampIndex(a, k), plain("min", plain("max", a, 0), k - 1)],
      [clampIndex(b, k), plain("min", plain("max", b, 0), k - 1)],
      [termsOf(a).reduce((x, y) => applyExpression("add", "i32", [x, y]), index(0)), a],
      [
        addIndex(
          scaleIndex(divideIndex(a, k), k),
          remainderIndex(a, k),
        ),
        a,
      ],
    ];
    if (affine) pairs.push([addIndex(affine.base, scaleIndex(i, affine.strides.get(I) ?? 0)), a]);
    const values = valuesOf(pairs.flat());
    pairs.forEach((_, p) => assertEquals(values[2 * p], values[2 * p + 1], `pair ${p}`));
  }
});

Deno.test("clampIndex() leaves addresses alone that cannot leave", () => {
  const j = axisExpression({ name: "j", extent: 10 });
  const flat = addIndex(scaleIndex(i, 10), j);
  const inside: [Expression, number][] = [
    [i, POINTS],
    [flat, 10 * POINTS],
    [subtractIndex(index(POINTS - 1), i), POINTS],
    [divideIndex(flat, 7), 19],
    [remainderIndex(flat, 7), 7],
    [addIndex(scaleIndex(i, 2), index(5)), 2 * POINTS + 4],
  ];
  for (const [at, extent] of inside) assertStrictEquals(clampIndex(at, extent), at);
});

Deno.test("index functions look at shared parts once", () => {
  // Each line reads the one before twice: 2⁴⁰ ways from the last to the first.
  const ways: ((x: Expression, k: number) => Expression)[] = [
    (x) => applyExpression("add", "i32", [x, x]),
    (x) => applyExpression("mul", "i32", [x, x]),
    (x, k) => applyExpression("max", "i32", [x, applyExpression("add", "i32", [x, index(k)])]),
    (x) =>
      applyExpression("add", "i32", [
        applyExpression("mul", "i32", [x, index(3)]),
        applyExpression("mul", "i32", [applyExpression("add", "i32", [x, index(1)]), index(5)]),
      ]),
    (x) => addIndex(scaleIndex(x, 3), applyExpression("rem", "i32", [x, index(7)])),
  ];
  for (const way of ways) {
    let x: Expression = i;
    for (let k = 0; k < 40; k++) x = way(x, k);
    const at = addIndex(scaleIndex(divideIndex(x, 7), 3), remainderIndex(x, 7));
    const [value] = valuesOf([clampIndex(at, 100)]);
    const { min, max } = rangeOf(at);
    assert(min <= max && value.every((row) => row >= 0 && row < 100));
    assert(termsOf(scaleIndex(at, 5)).length < 100);
    affineIndex(at, [I]);
  }
});
