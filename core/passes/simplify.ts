/**
 * Simplifies a few neighbouring equations by algebra: what tracing and derivatives leave behind that a
 * person would not have written.
 *
 * @module
 */
import type { Graph } from "../ir/graph.ts";
import { sizeOf } from "../ir/tensor_type.ts";
import { FILL } from "../language/primitives/creation.ts";
import { SCAN } from "../language/primitives/scan.ts";
import { withBody } from "./loop.ts";
import { rewrite, type Rule } from "./rewrite.ts";
import { simplifyElementwise } from "./simplify_elementwise.ts";
import { LAYOUT_RULES } from "./simplify_layout.ts";
import { PRODUCT_RULES } from "./simplify_products.ts";
import { emitFill, isElementwise } from "./simplify_rule.ts";

/**
 * Applies local rules until none applies. They keep each result as it is, or round it less; the terms
 * of a sum may be added in another order, and the sign of zero is not kept. NaN and infinities are, so
 * `0 · x` and `x − x` of real numbers stay; and nothing that f32 holds is computed by way of what it
 * does not, so `x · s · s` and `x / s` of real numbers stay, too, but for factors whose product is
 * exact.
 */
export function simplify(graph: Graph): Graph {
  return rewrite(
    graph,
    (equation, rewriter) => {
      rewriter.add(equation.primitive === SCAN ? withBody(equation, simplify) : equation);
    },
    simplifyEquation,
  );
}

const simplifyEquation: Rule = (equation, rewriter) => {
  const { primitive, outputs } = equation;
  // What has no elements is as good as a fill, whatever its shape: no other rule need think of it.
  if (primitive !== FILL && outputs.every(({ type }) => sizeOf(type.shape) === 0)) {
    return outputs.map(({ type }) => emitFill(rewriter, type, 0));
  }
  if (isElementwise(equation)) return simplifyElementwise(equation, rewriter);
  return (LAYOUT_RULES[primitive.name] ?? PRODUCT_RULES[primitive.name])?.(equation, rewriter);
};
