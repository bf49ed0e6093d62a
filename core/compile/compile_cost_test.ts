import { assert } from "@std/assert";
import { compileToWasm } from "../codegen/wasm/compile_to_wasm.ts";
import { valueAndGrad } from "../language/gradient.ts";
import * as ops from "../language/ops/mod.ts";
import type { Tensor } from "../language/tensor.ts";
import { trace } from "../language/trace.ts";
import { optimize } from "../passes/optimize.ts";

/** Programs of as many operations as they are told, of two arguments [4, 16] and a sequence of 8 more. */
const PROGRAMS: Readonly<
  Record<string, (count: number, h: Tensor, w: Tensor, xs: Tensor) => Tensor[]>
> = {
  "a chain": (count, h, w, xs) => {
    const [last] = ops.scan((h, x) => [chain(count, h, x, w), undefined], h, xs);
    return [last];
  },
  "a chain and its derivative": (count, h, w, xs) => {
    const loss = ([h, w]: readonly [Tensor, Tensor]) =>
      ops.scan((h, x) => [chain(count, h, x, w), undefined], h, xs)[0].sum();
    const [value, [dh, dw]] = valueAndGrad(loss)([h, w] as const);
    return [value, dh, dw];
  },
  "what only a sequence is needed for": (count, h, w, xs) => {
    const [last] = ops.scan((h, x) => [h.add(chain(count, x, x, w)), undefined], h, xs);
    return [last];
  },
  "many readers of one value": (count, h, _, xs) => {
    const [last] = ops.scan(
      (h, x) => {
        let sum = h;
        for (let i = 0; i < count / 4; i++) {
          sum = sum.add(ops.tanh(x.mul(1 + i / 4096)).mul(h.add(i / 4096)));
        }
        return [ops.tanh(sum), undefined];
      },
      h,
      xs,
    );
    return [last];
  },
  "many results": (count, h, _, xs) => {
    const [, stacks] = ops.scan(
      (h, x) => {
        const many = Array.from({ length: count / 4 }, (_, i) => ops.tanh(x.add(i / 4096)).mul(h));
        return [many[0], many];
      },
      h,
      xs,
    );
    return stacks;
  },
};

function chain(count: number, h: Tensor, x: Tensor, w: Tensor): Tensor {
  for (let i = 0; i < count; i++) {
    const step = i % 5;
    if (step === 0) h = h.mul(0.5 + i / 4096);
    else if (step === 1) h = h.add(x);
    else if (step === 2) h = ops.tanh(h);
    else if (step === 3) h = h.sub(0.1);
    else h = i % 50 === 4 ? h.matmul(w) : h.mul(h);
  }
  return h;
}

/** Counts the look-ups in tables and the members of lists passed by, while something is done. */
function countSteps(act: () => void): number {
  let steps = 0;
  const mended: (() => void)[] = [];
  const watch = <T extends object>(
    prototype: T,
    name: keyof T & string,
    cost: (self: T) => number,
  ) => {
    const own = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
    const { value } = own;
    mended.push(() => Object.defineProperty(prototype, name, own));
    Object.defineProperty(prototype, name, {
      ...own,
      value(this: T, ...args: unknown[]) {
        steps += cost(this);
        return value.apply(this, args);
      },
    });
  };
  for (const prototype of [Map, Set, WeakMap].map((table) => table.prototype)) {
    for (const name of ["has", "get", "set", "add"]) {
      if (name in prototype) watch(prototype, name as never, () => 1);
    }
  }
  const lists = [
    "map",
    "flatMap",
    "filter",
    "forEach",
    "reduce",
    "indexOf",
    "concat",
    "slice",
    "toSorted",
  ];
  for (const name of lists) watch(Array.prototype, name as "map", ({ length }) => length);
  for (const name of ["some", "every", "find", "findIndex", "includes"] as const) {
    watch(Array.prototype, name, () => 1);
  }
  try {
    act();
  } finally {
    for (const mend of mended) mend();
  }
  return steps;
}

for (const [name, program] of Object.entries(PROGRAMS)) {
  Deno.test(`compileToWasm() and optimize() take steps near-linear in the operations of ${name}`, () => {
    // Large enough for what is small to be cut into shards too.
    const [row, matrix] = [[16, 32], [32, 32]].map((shape) => ({ dtype: "f32" as const, shape }));
    const stepsOf = (count: number) => {
      const types = [row, matrix, { dtype: "f32" as const, shape: [8, 16, 32] }];
      const { graph } = trace(types, (h, w, xs) => program(count, h, w, xs));
      return countSteps(() => void compileToWasm(optimize(graph), { threads: 2 }));
    };
    const [few, many] = [250, 1000].map(stepsOf);
    assert(many < 5 * few, `${few} steps for 250 operations, ${many} for 1,000`);
  });
}

Deno.test("compileToWasm() takes steps near-linear in tables that are looked up at sums of what was found", () => {
  const stepsOf = (count: number) => {
    const { graph } = trace(
      [[4, 6], [50]].map((shape) => ({ dtype: "i32", shape })),
      (x, table) => {
        let y = x;
        for (let i = 0; i < count; i++) y = ops.gather(table, y).add(ops.gather(table, y.add(1)));
        return [y];
      },
    );
    return countSteps(() => void compileToWasm(optimize(graph)));
  };
  const [few, many] = [8, 16].map(stepsOf);
  assert(many < 5 * few, `${few} steps for 8 sums, ${many} for 16`);
});
