/**
 * Reassociates sums in loops: brings the terms that do not depend on the carry together, so that they can
 * be added before the loop.
 *
 * @module
 */
import type { Equation, Graph, Value } from "../ir/graph.ts";
import { countReads, producersOf, rewriteScans } from "./loop.ts";
import { levelsOf } from "./loop_levels.ts";

/** Rewrites `(early + late) + early'` in a loop's body to `(early + early') + late`. */
export function reassociateSums(graph: Graph): Graph {
  return rewriteScans(graph, (loop) => {
    const levels = levelsOf(loop);
    const producers = producersOf(loop);
    const reads = countReads(loop);
    const isLate = (value: Value) => levels.of(value) === "carry";
    const dropped = new Set<Equation>();
    const replaced = new Map<Equation, Equation[]>();
    for (const outer of loop.equations) {
      if (outer.primitive.name !== "add") continue;
      for (const [sum, early] of [outer.inputs, outer.inputs.toReversed()]) {
        const inner = producers.get(sum);
        if (inner?.primitive.name !== "add" || reads.get(sum) !== 1) continue;
        if (isLate(early) || dropped.has(inner) || replaced.has(inner)) continue;
        const [x, y] = inner.inputs;
        if (isLate(x) === isLate(y)) continue;
        const [other, late] = isLate(x) ? [y, x] : [x, y];
        const together: Value = { type: early.type };
        dropped.add(inner);
        replaced.set(outer, [
          { ...inner, inputs: [other, early], outputs: [together] },
          { ...outer, inputs: [together, late] },
        ]);
        break;
      }
    }
    loop.equations = loop.equations.flatMap((equation) =>
      dropped.has(equation) ? [] : replaced.get(equation) ?? [equation]
    );
    return dropped.size > 0;
  });
}
