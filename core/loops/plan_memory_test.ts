import { assert, assertEquals, assertLess } from "@std/assert";
import { add, matmul, mul, sigmoid, split, tanh } from "../language/ops/mod.ts";
import { addIndex, axisExpression, type Buffer, load, scaleIndex } from "../ir/expression.ts";
import { grad } from "../language/gradient.ts";
import { zeros } from "../language/ops/creation.ts";
import { scan } from "../language/ops/scan.ts";
import { optimize } from "../passes/optimize.ts";
import type { Tensor } from "../language/tensor.ts";
import { trace } from "../language/trace.ts";
import { copyKernel } from "./buffers.ts";
import { lowerGraph } from "./lower.ts";
import { type ArenaOptions, planArena } from "./plan_memory.ts";
import type { LoopProgram, Step, TimeLoop } from "./program.ts";

const SIZE = 100;
const OPTIONS: ArenaOptions = { alignment: 4, slack: 0 };

function buffers<Name extends string>(...names: Name[]): Record<Name, Buffer> {
  const made = names.map((name): [Name, Buffer] => [name, { name, dtype: "f32", size: SIZE }]);
  return Object.fromEntries(made) as Record<Name, Buffer>;
}

function loop(extent: number, ...steps: Step[]): TimeLoop {
  return { kind: "loop", name: "scan", time: { name: "t", extent }, steps };
}

/** Bytes of temporaries, as a multiple of those of one. */
function planned(temporaries: readonly Buffer[], ...steps: Step[]) {
  const program: LoopProgram = { name: "made", inputs: [], outputs: [], temporaries, steps };
  const { size, offsets } = planArena(program, OPTIONS);
  const share = (a: Buffer, b: Buffer) => offsets.get(a) === offsets.get(b);
  return { count: size / 4 / SIZE, share };
}

const { x, y } = buffers("x", "y");

Deno.test("planArena() lets the loops of an iteration share memory", () => {
  const { a, b, c } = buffers("a", "b", "c");
  const inner = (
    own: Buffer,
  ) => [copyKernel(x, own), loop(3, copyKernel(own, c)), copyKernel(c, y)];
  const steps = [...inner(a), ...inner(b)];
  // Outside of loops it has always been so.
  for (const all of [steps, [loop(5, ...steps)]]) {
    const { count, share } = planned([a, b, c], ...all);
    assertEquals([count, share(a, b), share(a, c)], [2, true, false]);
  }
  assertEquals(planned([a, b, c], loop(5, loop(2, ...steps))).count, 2);
});

Deno.test("planArena() keeps what goes from one iteration to the next", () => {
  const { carry, a, b } = buffers("carry", "a", "b");
  const body = [copyKernel(carry, a), loop(3, copyKernel(a, b)), copyKernel(b, carry)];
  // A carry is used last in an iteration at a place where the next one still has to read it.
  const { share } = planned([carry, a, b], copyKernel(x, carry), loop(5, ...body));
  assertEquals([share(carry, a), share(carry, b)], [false, false]);
  // Nor is it to be overwritten where all its uses are inside, and the first one reads.
  const before = [copyKernel(x, a), loop(3, copyKernel(a, y))];
  const inside = planned(
    [carry, a, b],
    loop(5, ...before, copyKernel(carry, b), loop(3, copyKernel(b, y)), copyKernel(b, carry)),
  );
  assertEquals([inside.share(carry, a), inside.share(carry, b)], [false, false]);
  // What an inner loop carries lives as long as that loop, and no longer.
  const nested = planned([carry, a, b], loop(4, copyKernel(x, carry), loop(5, ...body), ...body));
  assertEquals([nested.share(carry, a), nested.share(carry, b)], [false, false]);
});

Deno.test("planArena() keeps what is read after a loop, or written before", () => {
  const { early, late, a } = buffers("early", "late", "a");
  const { share, count } = planned(
    [early, late, a],
    copyKernel(x, early),
    loop(5, copyKernel(early, y), copyKernel(x, a), loop(2, copyKernel(a, y)), copyKernel(x, late)),
    copyKernel(late, y),
  );
  assertEquals([share(early, a), share(late, a), share(early, late), count], [
    false,
    false,
    false,
    3,
  ]);
});

Deno.test("planArena() keeps slots that an outer loop counts", () => {
  const { a } = buffers("a");
  const slots: Buffer = { name: "slots", dtype: "f32", size: 5 * SIZE };
  const outer = loop(5);
  const axis = { name: "i", extent: SIZE };
  const at = axisExpression(axis);
  const own = addIndex(scaleIndex(axisExpression(outer.time), SIZE), at);
  const step = (to: [Buffer, typeof at], from: [Buffer, typeof at]): Step => ({
    ...{ kind: "map", name: "move", axes: [axis] },
    stores: [{ buffer: to[0], index: to[1], value: load(...from), mode: "set" }],
  });
  const steps = [
    step([slots, own], [x, at]),
    loop(2, step([y, at], [slots, own])),
    copyKernel(x, a),
    loop(2, copyKernel(a, y)),
  ];
  assertEquals(planned([slots, a], { ...outer, steps }).count, 6);
});

Deno.test("planArena() does not use memory again at once, so that threads need not wait", () => {
  const { a, b, c, d } = buffers("a", "b", "c", "d");
  const pass = (own: Buffer) => [copyKernel(x, own), copyKernel(own, y)];
  const inner = loop(2, copyKernel(x, y));
  // The first three live at once, so that there is room for the last beside the one used just before.
  const { count, share } = planned(
    [a, b, c, d],
    loop(
      5,
      copyKernel(x, a),
      copyKernel(x, b),
      copyKernel(a, b),
      inner,
      ...pass(c),
      ...pass(d),
      inner,
    ),
  );
  assertEquals([count, share(c, d)], [2, false]);
});

Deno.test("planArena() sees into no loop without others, nor into one that is to be whole", () => {
  const { a, b } = buffers("a", "b");
  const steps = [copyKernel(x, a), copyKernel(a, y), copyKernel(x, b), copyKernel(b, y)];
  assertEquals(planned([a, b], loop(5, ...steps)).count, 2);
  const nested = loop(5, ...steps, loop(2, copyKernel(x, y)));
  assertEquals(planned([a, b], nested).count, 1);
  const program = { name: "made", inputs: [], outputs: [], temporaries: [a, b], steps: [nested] };
  const whole = planArena(program, { ...OPTIONS, isWhole: (loop) => loop === nested });
  assertEquals(whole.size / 4 / SIZE, 2);
});

Deno.test("planArena() gives gates of a segment and their slopes the same memory", () => {
  const [batch, inputs, hidden, length] = [16, 32, 64, 512];
  const f32 = (...shape: number[]) => ({ dtype: "f32", shape }) as const;
  const bytesOf = (recompute: number): number => {
    const types = [f32(inputs, 4 * hidden), f32(hidden, 4 * hidden), f32(length, batch, inputs)];
    const { graph } = trace(types, (wx, wh, xs) =>
      grad(([wx, wh]: Tensor[]) => {
        const zero = zeros([batch, hidden]);
        const [[h]] = scan(
          ([h, c]: Tensor[], x: Tensor): [Tensor[], undefined] => {
            const gates = add(matmul(x, wx), matmul(h, wh));
            const [i, f, g, o] = split(gates, 4);
            const cell = add(mul(sigmoid(f), c), mul(sigmoid(i), tanh(g)));
            return [[mul(sigmoid(o), tanh(cell)), cell], undefined];
          },
          [zero, zero],
          xs,
          { recompute },
        );
        return mul(h, h).sum();
      })([wx, wh]));
    return planArena(lowerGraph(optimize(graph))).size;
  };
  const state = 4 * batch * hidden;
  // A segment of 64 steps has 32 steps more than one of 32, and a carry of two states for 8 instead of 16.
  const perStep = (bytesOf(64) - bytesOf(32) + 2 * 8 * state) / 32 / state;
  // For each step two states, four activated gates, a tanh and their slopes, and the gates before or after.
  const [states, activations, gates] = [2, 5, 4];
  assertLess(perStep, states + 2 * activations + gates + 0.5);
  assert(perStep > states + activations + gates, `${perStep} states a step`);
});
