import { assert, assertEquals } from "@std/assert";
import { add, tensor } from "./ops/mod.ts";
import { isTensor } from "./tensor_source.ts";
import { flattenTree } from "./tree.ts";

/** A file once more, as a second copy of the package has it. */
function copyOf(file: string) {
  return import(new URL(`${file}?copy`, import.meta.url).href);
}

Deno.test("isTensor() knows tensors of another copy of the package", async () => {
  const [{ Tensor }, other] = [await copyOf("tensor.ts"), await copyOf("tensor_source.ts")];
  const x = new Tensor({ dtype: "f32", shape: [2] }, { kind: "host", data: Float32Array.of(1, 2) });
  assert(isTensor(x) && other.isTensor(tensor([1])));
  const sum = add(x, tensor([1, 1])).mul(2);
  assertEquals(flattenTree([x, { sum }]).length, 2);
  assertEquals([...await sum.data()], [4, 6]);
});

Deno.test("isTensor() is false of what is no tensor", () => {
  for (const value of [undefined, null, 1, "x", [], {}, { type: { dtype: "f32", shape: [] } }]) {
    assertEquals(isTensor(value), false);
  }
});
