import { assertEquals } from "@std/assert";
import { evaluateGraph } from "../../ir/evaluate.ts";
import { checkGradients } from "../../testing/check_gradients.ts";
import { randomSource } from "../../util/random_source.ts";
import { apply } from "../tensor.ts";
import { trace } from "../trace.ts";
import { ELEMENTWISE } from "./elementwise.ts";
import type { ElementwiseName } from "../../ir/operation_names.ts";
import type { Sample } from "../../ir/primitive.ts";
import type { DifferentiablePrimitive } from "../rules.ts";
import { PRIMITIVES, samplesOf } from "./table.ts";

function graphOf(primitive: DifferentiablePrimitive, { inputs, params }: Sample) {
  return trace(inputs.map(({ type }) => type), (...args) => apply(primitive, args, params)).graph;
}

Deno.test("elementwise operations compute what their rows say, element by element", () => {
  for (const primitive of PRIMITIVES) {
    const rule = ELEMENTWISE[primitive.name as ElementwiseName];
    if (rule === undefined || primitive.name === "cast") continue;
    for (const { inputs, params } of samplesOf(primitive, randomSource(4))) {
      const [x, y = x, z = x] = inputs.map(({ data }) => data);
      const { dtype } = inputs[primitive.name === "select" ? 1 : 0].type;
      const wanted = x.map((_, i) => rule.evaluate(x[i], y[i], z[i], dtype));
      assertEquals(primitive.evaluate(inputs, params)[0].data, wanted, primitive.name);
    }
  }
});

for (const primitive of PRIMITIVES) {
  Deno.test(`${primitive.name}: its type rule describes what it computes`, () => {
    for (const sample of samplesOf(primitive, randomSource(1))) {
      const graph = graphOf(primitive, sample);
      const results = evaluateGraph(graph, sample.inputs);
      assertEquals(results.map(({ type }) => type), graph.outputs.map(({ type }) => type));
    }
  });

  Deno.test(`${primitive.name}: its gradient agrees with finite differences, twice`, () => {
    const random = randomSource(2);
    for (const sample of samplesOf(primitive, random)) {
      if (sample.smooth === false) continue;
      checkGradients(graphOf(primitive, sample), sample.inputs, random, {
        order: 2,
        tolerance: 1e-5,
      });
    }
  });

  Deno.test(`${primitive.name}: its batching rule is the operation on each case`, () => {
    const random = randomSource(3);
    const size = 3;
    for (const { inputs, params } of samplesOf(primitive, random)) {
      for (let mask = 0; mask < 1 << Math.min(inputs.length, 3); mask++) {
        const mapped = inputs.map((_, i) => Boolean(mask & (1 << i)));
        if (inputs.length > 0 && !mapped.some(Boolean)) continue;
        const cases = inputs.map(({ type, data }, i) =>
          Array.from({ length: size }, (_, c) => ({
            type,
            data: data.map((x) => mapped[i] && type.dtype === "f32" ? x * (1 + c / 7) : x),
          }))
        );
        const types = inputs.map(({ type }, i) =>
          mapped[i] ? { dtype: type.dtype, shape: [size, ...type.shape] } : type
        );
        let possible = true;
        const { graph } = trace(types, (...args) => {
          const results = primitive.batchRule(args, mapped, params, size);
          possible = results !== undefined;
          return results ?? [];
        });
        if (!possible) continue;
        const batched = evaluateGraph(
          graph,
          inputs.map((input, i) =>
            mapped[i]
              ? {
                type: types[i],
                data: Float64Array.from(cases[i].flatMap(({ data }) => [...data])),
              }
              : input
          ),
        );
        for (let c = 0; c < size; c++) {
          const single = primitive.evaluate(cases.map((list) => list[c]), params);
          single.forEach(({ type, data }, i) => {
            assertEquals(batched[i].type, { dtype: type.dtype, shape: [size, ...type.shape] });
            const part = batched[i].data.subarray(c * data.length, (c + 1) * data.length);
            assertEquals(part, data);
          });
        }
      }
    }
  });
}
