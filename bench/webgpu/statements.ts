/**
 * What {@linkcode parseShader} reads of a shader, and which loops have to be gone through.
 *
 * @module
 */

/** An expression. */
export type Node =
  & {
    /** Whether it is a real number, and not an integer or a condition. */
    readonly isReal: boolean;
    /** Numbers in it: 4 in a vector. */
    readonly size: number;
  }
  & (
    | { readonly kind: "number"; readonly value: number }
    | { readonly kind: "name"; readonly name: string }
    | {
      readonly kind: "load";
      readonly array: string;
      /** Whether the array is in a buffer, and not in workgroup memory. */
      readonly far: boolean;
      readonly at: Node;
      readonly text: string;
    }
    /** An operation, or the call of a function, by its name. */
    | { readonly kind: "apply"; readonly name: string; readonly inputs: readonly Node[] }
  );

/** A statement; blocks are taken apart, as names are never used twice. */
export type Statement =
  | { readonly kind: "set"; readonly name: string; readonly value: Node }
  | {
    readonly kind: "store";
    readonly array: string;
    readonly far: boolean;
    readonly size: number;
    readonly at: Node;
    readonly value: Node;
  }
  | { readonly kind: "barrier" }
  | { readonly kind: "call"; readonly name: string; readonly inputs: readonly Node[] }
  | { readonly kind: "return"; readonly value: Node | undefined }
  | {
    readonly kind: "if";
    readonly condition: Node;
    readonly then: readonly Statement[];
    readonly otherwise: readonly Statement[];
  }
  | {
    readonly kind: "for";
    readonly name: string;
    readonly from: Node;
    readonly condition: Node;
    /** What the variable is in the next iteration. */
    readonly next: Node;
    readonly body: readonly Statement[];
    /** Whether how often something inside runs depends on the variable. */
    readonly isCounted: boolean;
  };

/** Whether how often something in a loop's body runs changes with the loop's variable. */
export function isControlled(
  body: readonly Statement[],
  variable: string,
): boolean {
  const reached = new Set([variable]);
  const reads = (node: Node): boolean => {
    switch (node.kind) {
      case "number":
        return false;
      case "name":
        return reached.has(node.name);
      case "load":
        // What is loaded is not known.
        return false;
      case "apply":
        return node.inputs.some(reads);
      default:
        return node satisfies never;
    }
  };
  const visit = (statements: readonly Statement[]): boolean =>
    statements.some((statement) => {
      switch (statement.kind) {
        case "set":
          if (!statement.value.isReal && reads(statement.value)) reached.add(statement.name);
          return false;
        case "if":
          return reads(statement.condition) || visit(statement.then) || visit(statement.otherwise);
        case "for":
          if (reads(statement.from)) reached.add(statement.name);
          return isOffset(statement, reads) ? visit(statement.body) : true;
        case "call":
          return statement.inputs.some((one) => !one.isReal && reads(one));
        default:
          return false;
      }
    });
  return visit(body);
}

/** Whether a loop makes as many iterations wherever it begins, as far as what `reads` finds goes. */
function isOffset(
  loop: Statement & { readonly kind: "for" },
  reads: (node: Node) => boolean,
): boolean {
  return !reads(loop.from) && !(loop.condition.kind === "apply" && reads(loop.condition.inputs[1]));
}
