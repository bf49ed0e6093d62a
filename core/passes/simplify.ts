/**
 * Simplifies a few neighbouring equations by algebra: what tracing and derivatives leave behind that a
 * person would not have written.
 *
 * @module
 */
import type { Graph } from "../ir/graph.ts";
import { SCAN } from "../language/primitives/scan.ts";
import { withBody } from "./loop.ts";
import { rewrite, type Rule } from "./rewrite.ts";
import { simplifyElementwise } from "./simplify_elementwise.ts";
import { LAYOUT_RULES } from "./simplify_layout.ts";
import { PRODUCT_RULES } from "./simplify_products.ts";
import { isElementwise } from "./simplify_rule.ts";

/**
 * Applies local rules until none applies. They keep the meaning up to rounding, the sign of zero
 * aside; NaN and infinities are kept, so `0 · x` and `x − x` of real numbers stay.
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
  if (isElementwise(equation)) return simplifyElementwise(equation, rewriter);
  const { name } = equation.primitive;
  return (LAYOUT_RULES[name] ?? PRODUCT_RULES[name])?.(equation, rewriter);
};
