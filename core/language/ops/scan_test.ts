import { assert, assertEquals, assertGreater, assertLess, assertThrows } from "@std/assert";
import { evaluateGraph } from "../../ir/evaluate.ts";
import { checkGraph } from "../../passes/check_graph.ts";
import { type Graph, paramsOf } from "../../ir/graph.ts";
import { lowerGraph } from "../../loops/lower.ts";
import { planArena } from "../../loops/plan_memory.ts";
import { optimize } from "../../passes/optimize.ts";
import { SCAN } from "../primitives/scan.ts";
import { type Tensor, tensor } from "../../mod.ts";
import { checkGradients, gradientGraph } from "../../testing/check_gradients.ts";
import { programs } from "../../test_support/arbitrary_programs.ts";
import {
  checkSameMeaning,
  largestDifference,
  randomInputs,
} from "../../test_support/compare_graphs.ts";
import { fc, isLong, RUNS } from "../../test_support/fast_check.ts";
import { buildProgram } from "../../test_support/program_spec.ts";
import { randomSource } from "../../util/random_source.ts";
import { recomputeScans } from "../../test_support/recompute_scans.ts";
import type { TensorType } from "../../ir/tensor_type.ts";
import { trace } from "../trace.ts";
import { grad } from "../gradient.ts";
import { mul, sigmoid, split, sum, tanh, zeros } from "./mod.ts";
import { scan, scanInSegments, type ScanOptions } from "./scan.ts";

/** Results in double precision differ only by the order in which gradients are added up. */
const TOLERANCE = 1e-12;

function f32(...shape: number[]): TensorType {
  return { dtype: "f32", shape };
}

Deno.test(`${isLong ? "[long] " : ""}scan() gives random programs the same gradients where it recomputes`, () => {
  let flagged = 0;
  const runs = Math.min(80, Math.ceil(RUNS / 4));
  const smooth = programs({ smooth: true, large: false, derivatives: 0 });
  const steps = fc.constantFrom(1, 2, 3, true as const);
  const property = fc.property(smooth, steps, (spec, steps) => {
    const graph = buildProgram(spec).forward;
    const stored = gradientGraph(graph);
    const recomputing = gradientGraph(recomputeScans(graph, steps));
    flagged += countRecomputing(recomputing);
    const inputs = randomInputs(stored, 1);
    const expected = evaluateGraph(stored, inputs);
    assertLess(largestDifference(expected, evaluateGraph(recomputing, inputs)), TOLERANCE);
    optimize(recomputing, {
      trace(_pass, changed) {
        checkGraph(changed);
        checkSameMeaning(recomputing, changed, { inputs, tolerance: TOLERANCE });
      },
    });
  });
  fc.assert(property, { seed: 1, numRuns: runs });
  assertGreater(flagged, runs / 2);
});

/** Loops that recompute, inside others too. */
function countRecomputing(graph: Graph): number {
  return graph.equations.filter(({ primitive }) => primitive === SCAN)
    .map((equation) => paramsOf(equation, SCAN))
    .reduce((sum, { body, recompute }) => sum + (recompute ? 1 : 0) + countRecomputing(body), 0);
}

/** h ← tanh(h w + x or h w), giving h² of all steps and the last h, each used twice. */
function network(length: number, walks: boolean, options: ScanOptions): Graph {
  return trace([f32(3, 3), f32(2, 3), f32(length, 2, 3)], (w, start, xs) => {
    const [last, squares] = scan(
      (h: Tensor, x: Tensor | undefined) => {
        const product = h.matmul(w);
        const next = tanh(x ? product.add(x) : product);
        return [next, next.mul(h)];
      },
      start,
      walks ? xs : undefined,
      { ...options, length },
    );
    return [last, squares, sum(squares).mul(last)];
  }).graph;
}

for (const recompute of [1, 2, 5, 7, true] as const) {
  Deno.test(`scan() has first and second derivatives with recompute ${recompute}`, () => {
    const random = randomSource(3);
    for (const length of [0, 1, 2, 5, 6]) {
      for (const reverse of [false, true]) {
        for (const walks of [false, true]) {
          const stored = network(length, walks, { reverse });
          const graph = network(length, walks, { reverse, recompute });
          const inputs = randomInputs(graph, length);
          checkSameMeaning(stored, graph, { inputs });
          checkSameMeaning(gradientGraph(stored), gradientGraph(graph), { seed: length });
          if (length === 5) checkGradients(graph, inputs, random, { order: 2 });
        }
      }
    }
  });
}

Deno.test("scanInSegments() passes segments, carry and outputs on in order", async () => {
  for (const reverse of [false, true]) {
    const lengths: number[] = [];
    const [last, [doubled, none]] = scanInSegments(
      ({ count, trail }: Record<"count" | "trail", Tensor>, x: Tensor, length) => {
        lengths.push(length);
        // The trail's digits say in which order the segments came.
        const next = trail.mul(10).add(x.slice(0, 0, 1).reshape([]));
        return [{ count: count.add(length), trail: next }, [x.mul(2), undefined]];
      },
      { count: tensor(0), trail: tensor(0) },
      tensor([1, 2, 3, 4, 5, 6, 7]),
      { steps: 3, reverse },
    );
    assertEquals([...await doubled.data()], [2, 4, 6, 8, 10, 12, 14]);
    assertEquals(none, undefined);
    assertEquals(await last.count.item(), 7);
    assertEquals(await last.trail.item(), reverse ? 741 : 147);
    assertEquals(lengths.toSorted(), [1, 3]);
  }
});

Deno.test("scan() throws when recompute is not a positive whole number", () => {
  for (const recompute of [0, -1, 2.5]) {
    assertThrows(
      () => scan((x: Tensor) => [x, undefined], tensor(1), undefined, { length: 4, recompute }),
      RangeError,
      `Cannot recompute a scan in segments of ${recompute} steps: a positive whole number is needed`,
    );
  }
});

Deno.test("scan() throws when the body returns the carry under other names or in another form", () => {
  const names =
    "Cannot scan: the body must return a carry of the same names as the one it is given: ";
  const one = tensor(1);
  const cases: readonly [unknown, unknown, string][] = [
    [{ h: one, c: one }, { c: one, a: one }, `${names}"h" wanted, found "a"`],
    [{ h: one, c: one }, { h: one }, `${names}"c" wanted, found none`],
    [{ h: one }, { h: one, c: one }, `${names}no more wanted, found "c"`],
    [[{ w: one }], [{ v: one }], `${names}"0.w" wanted, found "0.v"`],
    [one, [one], `${names}one tensor wanted, found "0"`],
    [[one], { 0: one }, "of the same form as the one it is given"],
  ];
  for (const recompute of [false, 2]) {
    for (const [before, after, sentence] of cases) {
      const run = () => scan(() => [after, undefined], before, undefined, { length: 4, recompute });
      assertThrows(run, TypeError, sentence);
    }
  }
  // The order of names does not matter, and what holds no tensor is no part of a carry.
  const [last] = scan(
    ({ h, c }: Record<string, Tensor>) => [{ c, h: h.add(c) }, undefined],
    { h: one, c: one } as Record<string, Tensor>,
    undefined,
    { length: 2 },
  );
  assertEquals(Object.keys(last), ["h", "c"]);
});

Deno.test("scan() throws when the body does not return a pair", () => {
  for (
    const [returned, found] of [
      [tensor([1, 2]), "f32[2]"],
      [[tensor(1)], "an array of 1"],
      [undefined, "nothing"],
    ] as const
  ) {
    assertThrows(
      () =>
        scan(() => returned as unknown as [Tensor, undefined], tensor(0), undefined, { length: 2 }),
      TypeError,
      "Cannot scan: the body must return two in an array, the next carry and outputs, " +
        `found ${found}`,
    );
  }
});

const [BATCH, INPUTS, HIDDEN] = [4, 2, 64];

/** Bytes of temporaries of the gradient of a gated network's last state by its weights. */
function plannedBytes(length: number, recompute: boolean | number): number {
  const types = [f32(INPUTS, 3 * HIDDEN), f32(HIDDEN, 3 * HIDDEN), f32(length, BATCH, INPUTS)];
  const { graph } = trace(types, (wx, wh, xs) => {
    const [dx, dh] = grad(([wx, wh]: Tensor[]) => {
      const [last] = scan(
        (h: Tensor, x: Tensor) => {
          const [xr, xz, xn] = split(x.matmul(wx), 3);
          const [hr, hz, hn] = split(h.matmul(wh), 3);
          const z = sigmoid(xz.add(hz));
          const n = tanh(xn.add(mul(sigmoid(xr.add(hr)), hn)));
          return [n.add(mul(z, h.sub(n))), undefined];
        },
        zeros([BATCH, HIDDEN]),
        xs,
        { recompute },
      );
      return last.sum();
    })([wx, wh]);
    return [dx, dh];
  });
  return planArena(lowerGraph(optimize(graph))).size;
}

Deno.test("scan() takes memory that grows with the length, and with its root where it recomputes", () => {
  const state = 4 * BATCH * HIDDEN;
  const lengths = [256, 1024, 4096];
  const stored = lengths.map((length) => plannedBytes(length, false));
  const recomputed = lengths.map((length) => plannedBytes(length, true));
  const growth = (bytes: readonly number[]) => (bytes[2] - bytes[1]) / (bytes[1] - bytes[0]);
  // Four times the length: four times what is stored for each step, and twice its root.
  assert(Math.abs(growth(stored) - 4) < 0.01, `${stored}`);
  assert(Math.abs(growth(recomputed) - 2) < 0.01, `${recomputed}`);
  assertGreater(stored[2], 12 * state * lengths[2]);
  assertLess(recomputed[2], stored[2] / 24);

  // One carry a segment; and within a segment, a fixed number of states a step.
  const bySegment = [32, 64].map((steps) => plannedBytes(4096, steps));
  const perStep = (bySegment[1] - bySegment[0] + state * (4096 / 32 - 4096 / 64)) / 32 / state;
  assert(perStep > 5 && perStep < 30, `${perStep} states are stored for a step of a segment`);
});
