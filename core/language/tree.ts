/**
 * Trees: tensors nested in arrays and plain objects, as parameters are. Object keys are visited in
 * sorted order, so that equal trees flatten equally however they were built.
 *
 * @module
 */
import type { Tensor } from "./tensor.ts";
import { isTensor, refuseForeignTensor } from "./tensor_source.ts";

/** Tensors in arrays and plain objects, such as the parameters of a model. */
export type Tree = Tensor | undefined | null | readonly Tree[] | { readonly [name: string]: Tree };

/**
 * The tensors of a tree, in order.
 *
 * @param tree Tensors in arrays and plain objects; `undefined` and `null` hold none.
 * @returns The leaves.
 * @throws {TypeError} If something else is met.
 *
 * @example Usage
 * ```ts
 * import { flattenTree, tensor } from "@unroll/core";
 * import { strictEqual } from "node:assert/strict";
 *
 * strictEqual(flattenTree({ w: tensor([1]), layers: [tensor([2]), tensor([3])] }).length, 3);
 * ```
 */
export function flattenTree(tree: unknown): Tensor[] {
  return treeEntries(tree).map(([, leaf]) => leaf);
}

/**
 * Lists the tensors of a tree with their paths, such as `layers.0.w`.
 *
 * @param tree The tree.
 * @returns Pairs of path and tensor, in the order of {@linkcode flattenTree}.
 * @throws {TypeError} If something is neither a tensor, an array, nor a plain object.
 *
 * @example Usage
 * ```ts
 * import { tensor, treeEntries } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const tree = { w: tensor(1), layers: [tensor(2)] };
 * deepStrictEqual(treeEntries(tree).map(([path]) => path), ["layers.0", "w"]);
 * ```
 */
export function treeEntries(tree: unknown): [string, Tensor][] {
  const entries: [string, Tensor][] = [];
  const visit = (node: unknown, path: string) => {
    if (isTensor(node)) return void entries.push([path, node]);
    if (node === undefined || node === null) return;
    refuseForeignTensor(`flatten a tree at "${path}"`, node);
    if (Array.isArray(node)) node.forEach((child, i) => visit(child, join(path, String(i))));
    else if (isPlainObject(node)) {
      for (const key of Object.keys(node).sort()) visit(node[key], join(path, key));
    } else {
      throw new TypeError(
        `Cannot flatten a tree at "${path}": a tensor, an array or a plain object is needed, found ${
          describe(node)
        }`,
      );
    }
  };
  visit(tree, "");
  return entries;
}

/**
 * Makes a tree of the same form with other leaves.
 *
 * @param tree The form.
 * @param leaves New leaves, in the order of {@linkcode flattenTree}.
 * @returns The new tree.
 *
 * @example Usage
 * ```ts
 * import { rebuildTree, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const tree = rebuildTree({ b: tensor(0), a: [tensor(0)] }, [tensor(1), tensor(2)]);
 * deepStrictEqual([await tree.a[0].item(), await tree.b.item()], [1, 2]);
 * ```
 */
export function rebuildTree<T>(tree: T, leaves: readonly unknown[]): T {
  let next = 0;
  const visit = (node: unknown): unknown => {
    if (isTensor(node)) return leaves[next++];
    if (Array.isArray(node)) return node.map(visit);
    if (isPlainObject(node)) {
      const result: Record<string, unknown> = {};
      for (const key of Object.keys(node).sort()) result[key] = visit(node[key]);
      // Keep the order the keys were written in, which people see when they print.
      return Object.fromEntries(Object.keys(node).map((key) => [key, result[key]]));
    }
    return node;
  };
  return visit(tree) as T;
}

/**
 * Makes a tree of the same form, each leaf replaced by `fn` of the leaves of all trees at its place.
 *
 * @param fn What a leaf becomes.
 * @param tree The form, and the first leaves.
 * @param others Trees of as many leaves.
 * @returns The new tree.
 * @throws {TypeError} If something in a tree is neither a tensor, an array, nor a plain object.
 *
 * @example Usage
 * ```ts
 * import { add, mapTree, tensor } from "@unroll/core";
 * import { deepStrictEqual } from "node:assert/strict";
 *
 * const sums = mapTree(add, { w: tensor(1) }, { w: tensor(2) });
 * deepStrictEqual(await sums.w.item(), 3);
 * ```
 */
export function mapTree<T>(
  fn: (...leaves: Tensor[]) => Tensor,
  tree: T,
  ...others: readonly unknown[]
): T {
  const lists = others.map(flattenTree);
  return rebuildTree(
    tree,
    flattenTree(tree).map((leaf, i) => fn(leaf, ...lists.map((list) => list[i]))),
  );
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

/** Whether something is an object that was written as one. */
export function isPlainObject(node: unknown): node is Record<string, unknown> {
  if (typeof node !== "object" || node === null) return false;
  const prototype = Object.getPrototypeOf(node);
  return prototype === Object.prototype || prototype === null;
}

/** What something is, for errors. */
export function describe(node: unknown): string {
  if (node === undefined || node === null) return "nothing";
  return typeof node === "object" ? node.constructor?.name ?? "an object" : `a ${typeof node}`;
}
