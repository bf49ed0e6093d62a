/**
 * Keeping constants apart. Compilers make x · (1e20 · 1e20) of (x · 1e20) · 1e20, which is infinite for
 * all x, and the same of sums; and (x + y) · 1e-20 of x · 1e-20 + y · 1e-20, though x + y may be infinite.
 *
 * @module
 */
import type { Expression } from "../../ir/expression.ts";

/** The constants in a product or a sum, whichever of them a compiler brings together. */
interface Group {
  readonly family: "product" | "sum";
  /** The product of the factors above 1, or the sum of all sizes. */
  readonly most: number;
  /** The product of the factors below 1. */
  readonly least: number;
}

const FAMILIES: Readonly<Record<string, Group["family"]>> = {
  mul: "product",
  div: "product",
  add: "sum",
  sub: "sum",
};

/** The group of an operand that is a constant, or holds none. */
function groupOf(x: Expression, family: Group["family"]): Group {
  const size = x.kind === "constant" ? Math.abs(x.value) : undefined;
  if (family === "sum") return { family, most: size ?? 0, least: 1 };
  return { family, most: Math.max(size ?? 1, 1), least: Math.min(size ?? 1, 1) };
}

function join(operation: string, x: Group, y: Group): Group {
  const { family } = x;
  if (family === "sum") return { family, most: x.most + y.most, least: 1 };
  return operation === "mul"
    ? { family, most: x.most * y.most, least: x.least * y.least }
    : { family, most: x.most / y.least, least: x.least / y.most };
}

/** Whether f32 holds all constants that may come of a group, with all their digits. */
function fits({ most, least }: Group): boolean {
  return Number.isFinite(Math.fround(most)) && least >= 2 ** -126;
}

/** Knows the constants that compilers see in what has been printed. */
export class Constants {
  readonly #seen = new Map<Expression, Group>();

  /**
   * Puts between the operands of an operation on real numbers what no compiler sees through, where their
   * constants do not fit into one. Operands come before the operations on them.
   *
   * @param expression The operation.
   * @param texts Texts of its operands.
   * @returns The texts to use.
   */
  keepApart(
    expression: Expression & { readonly kind: "apply" },
    texts: readonly string[],
  ): readonly string[] {
    const { operation, inputs } = expression;
    const [inner] = inputs.map((input) => this.#seen.get(input));
    if (operation === "neg" && inner) this.#seen.set(expression, inner);
    const family = FAMILIES[operation];
    if (!family) return texts;
    if (family === "sum" && this.#areScaledDown(inputs)) {
      return [this.asTerm(inputs[0], texts[0]), texts[1]];
    }
    const own = inputs.map((input) => groupOf(input, family));
    const all = inputs.map((input, i) => {
      const seen = this.#seen.get(input);
      return seen?.family === family ? seen : own[i];
    });
    const together = join(operation, all[0], all[1]);
    const isApart = fits(together) || all.every((group, i) => group === own[i]);
    this.#seen.set(expression, isApart ? together : join(operation, own[0], own[1]));
    return isApart ? texts : texts.map((text, i) => all[i] === own[i] ? text : `kept(${text})`);
  }

  /**
   * Makes the text of a term of a long sum, in front of which no compiler takes a constant that makes it
   * smaller.
   *
   * @param term The term.
   * @param text Its text.
   * @returns The text to use.
   */
  asTerm(term: Expression, text: string): string {
    return this.#scaleOf(term) < 1 ? `kept(${text})` : text;
  }

  /** Whether numbers are products with the same constant, which makes them smaller. */
  #areScaledDown([x, y]: readonly Expression[]): boolean {
    return this.#scaleOf(x) < 1 && this.#scaleOf(x) === this.#scaleOf(y);
  }

  #scaleOf(x: Expression): number {
    const seen = this.#seen.get(x);
    return seen?.family === "product" ? seen.least : 1;
  }
}
