/**
 * The operations that random programs are made of, one function a kind.
 *
 * @module
 */
import type { ElementwiseName } from "../ir/operation_names.ts";
import { DTYPES, sizeOf } from "../ir/tensor_type.ts";
import * as ops from "../language/ops/mod.ts";
import { ELEMENTWISE, elementwise } from "../language/primitives/elementwise.ts";
import { foldIn, randomBits } from "../language/random.ts";
import type { Tensor } from "../language/tensor.ts";
import { MOST_ELEMENTS, Pool, type StepSpec } from "./program_pool.ts";

const isReal = (x: Tensor) => x.type.dtype === "f32";
const isKey = (x: Tensor) => x.type.dtype === "u32" && x.rank === 1 && x.shape[0] === 2;

/** Does a step, if there are operands for it. */
export function takeStep(pool: Pool, step: StepSpec): void {
  const { kind } = step;
  if (kind in ELEMENTWISE) elementwiseStep(pool, kind as ElementwiseName, step);
  else STEPS[kind](pool, step);
}

/** Numbers in [−1, 1] of the same derivative's sign. */
const unit = (x: Tensor) => ops.tanh(x);
/** Numbers of 1 or more. */
const positive = (x: Tensor) => ops.add(ops.square(unit(x)), 1);

function elementwiseStep(pool: Pool, name: ElementwiseName, step: StepSpec): void {
  const { picks, numbers } = step;
  const { arity, types } = ELEMENTWISE[name];
  const x = pool.pick(
    picks[0],
    ({ type: { dtype } }) => types.inputs.includes(dtype) && (!pool.smooth || dtype === "f32"),
  );
  if (!x) return;
  if (name === "cast") {
    pool.add(ops.cast(x, DTYPES[numbers[0] % 4]));
    return;
  }
  if (name === "select") {
    const condition = pool.like(picks[2], { dtype: "bool", shape: x.shape });
    pool.add(ops.where(condition, x, pool.like(picks[1], x.type)));
    return;
  }
  if (arity === 1) {
    const argument = !pool.smooth
      ? x
      : name === "exp"
      ? unit(x)
      : name === "log" || name === "sqrt"
      ? positive(x)
      : x;
    pool.add(elementwise(name, [argument]));
    return;
  }
  // A number now and then, as people write them.
  const constant = [0, 1, 2, 3][numbers[1] % 4];
  const y = numbers[0] % 4 === 3 && x.type.dtype !== "bool"
    ? ops.fill(x.shape, constant, x.type.dtype)
    : pool.like(picks[1], x.type);
  if (pool.smooth) {
    const pair = name === "div"
      ? [x, positive(y)]
      : name === "pow"
      ? [positive(x), unit(y)]
      : [x, y];
    const result = elementwise(name, pair);
    pool.add(name === "pow" ? result : unit(result));
  } else pool.add(elementwise(name, numbers[0] % 8 === 3 ? [y, x] : [x, y]));
}

/** One function a kind that is not elementwise. */
const STEPS: Readonly<Record<string, (pool: Pool, step: StepSpec) => void>> = {
  sum(pool, { picks, numbers: [a, b] }) {
    const x = pool.pick(picks[0], ({ type }) => type.dtype !== "bool");
    if (!x) return;
    const axes = x.shape.flatMap((_, d) => (a >> d) & 1 ? [d] : []);
    const result = ops.sum(x, axes, { keepDims: b % 3 === 0 });
    pool.add(pool.smooth && isReal(x) ? unit(result) : result);
  },
  max(pool, { picks, numbers: [a, b] }) {
    const x = pool.pick(
      picks[0],
      ({ type: { dtype, shape } }) => ["f32", "i32"].includes(dtype) && sizeOf(shape) > 0,
    );
    if (!x) return;
    const axes = x.shape.flatMap((_, d) => (a >> d) & 1 ? [d] : []);
    pool.add(ops.max(x, axes, { keepDims: b % 3 === 0 }));
  },
  argmax(pool, { picks, numbers: [a] }) {
    const x = pool.pick(
      picks[0],
      ({ type: { dtype, shape } }) =>
        ["f32", "i32"].includes(dtype) && sizeOf(shape) > 0 && shape.length > 0,
    );
    if (x) pool.add(ops.argmax(x, a % x.rank));
  },
  matmul(pool, { picks, numbers: [a, b] }) {
    const x = pool.pick(picks[0], (x) => isReal(x) && x.rank >= 2);
    if (!x) return;
    const [transposeX, transposeY] = [a % 2 === 1, (a >> 1) % 2 === 1];
    const [m, k] = x.shape.slice(-2);
    const inner = transposeX ? m : k;
    // A matrix that fits if there is one, else one made.
    const lead = x.rank > 2 && (transposeX || (a >> 2) % 2 === 1) ? x.shape.slice(0, -2) : [];
    const found = pool.pick(
      picks[1],
      (y) =>
        isReal(y) && y.rank === lead.length + 2 && y.shape.slice(0, -2).join() === lead.join() &&
        y.shape.at(transposeY ? -1 : -2) === inner,
    );
    const n = 1 + b % 4;
    const y = found ??
      pool.like(picks[1], {
        dtype: "f32",
        shape: [...lead, ...transposeY ? [n, inner] : [inner, n]],
      });
    const columns = y.shape.at(transposeY ? -2 : -1) as number;
    if (sizeOf(x.shape) * columns > 16 * MOST_ELEMENTS) return;
    const result = ops.matmul(x, y, { transposeX, transposeY });
    pool.add(pool.smooth ? unit(result) : result);
  },
  reshape(pool, { picks, numbers: [a] }) {
    const x = pool.pick(picks[0]);
    if (!x) return;
    const flat = sizeOf(x.shape);
    const divisor = [2, 3, 4, 5, 1].find((d) => flat % d === 0) as number;
    const shapes = [
      [flat],
      [divisor, flat / divisor],
      [1, ...x.shape],
      [flat / divisor, 1, divisor],
      x.shape.filter((size) => size !== 1),
    ];
    pool.add(ops.reshape(x, shapes[a % shapes.length]));
  },
  transpose(pool, { picks, numbers: [a, b] }) {
    const x = pool.pick(picks[0], (x) => x.rank > 1);
    if (!x) return;
    const order = x.shape.map((_, d) => d);
    const [moved] = order.splice(a % x.rank, 1);
    order.splice(b % x.rank, 0, moved);
    pool.add(ops.transpose(x, order));
  },
  broadcast(pool, { picks, numbers: [a, b] }) {
    const x = pool.pick(picks[0], (x) => x.rank < 4);
    if (!x) return;
    const at = a % (x.rank + 1);
    const shape = [...x.shape.slice(0, at), 1 + b % 4, ...x.shape.slice(at)];
    pool.add(ops.broadcastTo(ops.expandDims(x, at), shape));
  },
  reverse(pool, { picks, numbers: [a] }) {
    const x = pool.pick(picks[0], (x) => x.rank > 0);
    if (x) pool.add(ops.reverse(x, a % x.rank));
  },
  slice(pool, { picks, numbers: [a, b, c] }) {
    const x = pool.pick(picks[0], (x) => x.rank > 0);
    if (!x) return;
    const axis = a % x.rank;
    const size = x.shape[axis];
    const start = b % (size + 1);
    pool.add(ops.slice(x, axis, start, start + c % (size - start + 1)));
  },
  split(pool, { picks, numbers: [a, b] }) {
    const x = pool.pick(picks[0], (x) => x.rank > 0);
    if (!x) return;
    const axis = a % x.rank;
    const first = b % (x.shape[axis] + 1);
    for (const part of ops.split(x, [first, x.shape[axis] - first], axis)) pool.add(part);
  },
  pad(pool, { picks, numbers: [a, b, c] }) {
    const x = pool.pick(picks[0], (x) => x.rank > 0 && x.type.dtype !== "bool");
    if (x) pool.add(ops.pad(x, a % x.rank, { before: b % 3, after: (b >> 2) % 4, value: c % 2 }));
  },
  concatenate(pool, { picks, numbers: [a] }) {
    const x = pool.pick(picks[0], (x) => x.rank > 0);
    if (!x) return;
    const axis = a % x.rank;
    const y = pool.pick(
      picks[1],
      ({ type, shape, rank }) =>
        rank === x.rank && type.dtype === x.type.dtype &&
        shape.every((size, d) => d === axis || size === x.shape[d]),
    );
    if (y) pool.add(ops.concatenate((a >> 3) % 2 ? [x, y, x] : [y, x], axis));
  },
  gather(pool, { picks }) {
    const table = pool.pick(picks[0], (x) => x.rank > 0 && x.shape[0] > 0);
    const indices = pool.pick(picks[1], ({ type }) => type.dtype === "i32");
    if (!table || !indices) return;
    if (sizeOf(indices.shape) * sizeOf(table.shape.slice(1)) > MOST_ELEMENTS) return;
    pool.add(ops.gather(table, indices));
  },
  scatter_add(pool, { picks, numbers: [a, b] }) {
    const updates = pool.pick(picks[0], (x) => isReal(x) && x.rank > 0);
    if (!updates) return;
    const places = 1 + a % updates.rank;
    const type = { dtype: "i32", shape: updates.shape.slice(0, places) } as const;
    const result = ops.scatterAdd(pool.like(picks[1], type), updates, 1 + b % 5);
    pool.add(pool.smooth ? unit(result) : result);
  },
  iota(pool, { picks, numbers: [a, b] }) {
    const x = pool.pick(picks[0], (x) => x.rank > 0);
    if (x) pool.add(ops.iota(x.shape, a % x.rank, DTYPES[pool.smooth ? 1 : b % 3]));
  },
  fill(pool, { picks, numbers: [a, b] }) {
    const x = pool.pick(picks[0]);
    if (!x) return;
    const dtype = DTYPES[a % 4];
    const real = [0, 1, -1, 0.1, 3, -0.5, ...pool.smooth ? [] : [Infinity, NaN, 1e-40, 3e38]];
    pool.add(ops.fill(x.shape, dtype === "f32" ? real[b % real.length] : b % 2, dtype));
  },
  random_bits(pool, { picks, numbers: [a, b] }) {
    const key = pool.pick(picks[0], isKey);
    const x = pool.pick(picks[1]);
    if (!key || !x) return;
    const number = pool.pick(picks[2], ({ type, rank }) => type.dtype === "u32" && rank === 0);
    const own = a % 3 === 0 ? foldIn(key, number ?? b) : key;
    if (own !== key) pool.add(own);
    const bits = randomBits(own, x.shape);
    pool.add(b % 2 ? bits : ops.mul(ops.cast(ops.shiftRight(bits, 8), "f32"), 2 ** -24));
  },
  softmax(pool, { picks, numbers: [a] }) {
    const x = pool.pick(picks[0], (x) => isReal(x) && x.rank > 0 && sizeOf(x.shape) > 0);
    if (x) pool.add([ops.softmax, ops.logSoftmax, ops.logSumExp][a % 3](x));
  },
  one_hot(pool, { picks }) {
    const table = pool.pick(picks[0], (x) => isReal(x) && x.rank === 2 && x.shape[0] > 0);
    const labels = pool.pick(picks[1], ({ type, rank }) => type.dtype === "i32" && rank < 3);
    if (!table || !labels) return;
    const [rows, width] = table.shape;
    if (sizeOf(labels.shape) * Math.max(rows, width) > MOST_ELEMENTS) return;
    const hot = ops.oneHot(labels, rows);
    if (hot.rank > 1) pool.add(ops.matmul(hot, table));
    else pool.add(hot);
  },
  embedding(pool, { picks, numbers: [a, b] }) {
    const table = pool.pick(picks[0], (x) => isReal(x) && x.rank === 2 && x.shape[0] > 0);
    const labels = pool.pick(picks[1], ({ type, rank }) => type.dtype === "i32" && rank < 3);
    if (!table || !labels || sizeOf(labels.shape) > 40) return;
    // More rows than the table has, and wide ones.
    const width = 16 + a % 3;
    const wide = a % 2 ? table : pool.like(picks[2], { dtype: "f32", shape: [1 + b % 3, width] });
    const weight = pool.like(picks[0], { dtype: "f32", shape: [wide.shape[1], 1 + b % 4] });
    const rows = ops.gather(wide, labels);
    if (rows.rank < 2) return;
    const result = ops.matmul(rows, weight);
    pool.add(pool.smooth ? unit(result) : result);
  },
  recurrent(pool, { picks, numbers: [a, b] }) {
    const xs = pool.pick(picks[0], (x) => isReal(x) && x.rank === 3 && x.shape[0] <= 20) ??
      pool.like(picks[0], { dtype: "f32", shape: [1 + a % 4, 2, 3] });
    const [, batch, width] = xs.shape;
    const real = (...shape: number[]) => pool.like(picks[1], { dtype: "f32", shape });
    const [weight, bias] = [real(width, width), real(width)];
    const [last, states] = ops.scan(
      (h: Tensor, x: Tensor) => {
        const mixed = h.matmul(weight).add(x);
        const open = ops.sigmoid(mixed.add(bias));
        const next = h.mul(ops.sub(1, open)).add(open.mul(ops.tanh(x.sub(h))));
        return [next, a % 3 === 0 ? next : mixed.mul(next)];
      },
      real(batch, width),
      xs,
      { reverse: b % 3 === 0, recompute: b % 4 === 3 ? 2 : false },
    );
    pool.add(last);
    pool.add(pool.smooth ? unit(states) : states);
  },
  scan: scanStep,
};

/** A loop: its body reads values from outside, carries some, walks over some, stacks some. */
function scanStep(pool: Pool, { picks, numbers, body = [] }: StepSpec): void {
  if (pool.depth > 1) return;
  const [shape, count, roles, flags] = numbers;
  const first = shape % 4 === 3
    ? undefined
    : pool.pick(picks[0], (x) => x.rank > 0 && x.shape[0] <= 70);
  const length = first ? first.shape[0] : count % 5;
  const second = pool.pick(picks[1], (x) => x.rank > 0 && x.shape[0] === length);
  const walked = [first, shape % 2 ? second : undefined].filter((x) => x !== undefined);
  const carries = Array.from({ length: roles % 4 }, (_, i) => pool.pick(picks[2] + 2 * i))
    .filter((x) => x !== undefined);
  const weight = pool.pick(picks[1], (x) => isReal(x) && x.rank === 2);
  const [last, stacks] = ops.scan(
    (carry: Tensor[], slices: Tensor[]) => {
      const outer = pool.pick(picks[1]) as Tensor;
      const inner = new Pool(
        [...weight ? [weight] : [], outer, ...carry, ...slices],
        pool.smooth,
        pool.depth + 1,
      );
      for (const step of body) takeStep(inner, step);
      const next = carry.map((x, i) => {
        const role = (roles >> (2 + 2 * i)) % 4;
        const found = inner.like(flags % 3, x.type);
        if (role === 0) return x;
        return role === 1 && isReal(x) ? ops.add(x, pool.smooth ? unit(found) : found) : found;
      });
      return [next, inner.values.slice(-1 - (flags >> 2) % 3)];
    },
    carries,
    walked,
    {
      length,
      reverse: (flags >> 4) % 2 === 1,
      recompute: (flags >> 5) % 4 === 3 ? [true, 1, 2, 3][(flags >> 7) % 4] : false,
    },
  );
  for (const x of [...last, ...stacks]) pool.add(x);
}

/** Names of all kinds. */
export const KINDS: readonly string[] = [...Object.keys(ELEMENTWISE), ...Object.keys(STEPS)];

/** Names of what models are made of, which are drawn more often. */
export const USUAL_KINDS: readonly string[] = [
  ...["add", "sub", "mul", "tanh", "sigmoid", "matmul", "sum", "reshape", "embedding", "one_hot"],
  ...["recurrent"],
];

/** Names of those without jumps and kinks. */
export const SMOOTH_KINDS: readonly string[] = [
  ...[
    "neg",
    "exp",
    "log",
    "sqrt",
    "sin",
    "cos",
    "tanh",
    "sigmoid",
    "add",
    "sub",
    "mul",
    "div",
    "pow",
  ],
  ...["sum", "matmul", "reshape", "transpose", "broadcast", "reverse", "slice", "split", "pad"],
  ...[
    "concatenate",
    "gather",
    "scatter_add",
    "iota",
    "one_hot",
    "softmax",
    "embedding",
    "recurrent",
    "scan",
  ],
];
