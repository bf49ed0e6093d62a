import { assertEquals, assertThrows } from "@std/assert";
import { crossEntropy, oneHot, tensor } from "./mod.ts";

Deno.test("crossEntropy() and oneHot() refuse labels that are no whole numbers by their type", async () => {
  const logits = tensor([[0, 0]]);
  for (const labels of [tensor([1]), tensor([0.5]), tensor([true])]) {
    const { dtype } = labels.type;
    assertThrows(
      () => crossEntropy(logits, labels),
      TypeError,
      `Cannot take the cross entropy of ${dtype}[1]: labels of i32 or u32 are needed`,
    );
    assertThrows(
      () => oneHot(labels, 2),
      TypeError,
      `Cannot make one-hot vectors of ${dtype}[1]: labels of i32 or u32 are needed`,
    );
  }
  for (const dtype of ["i32", "u32"] as const) {
    assertEquals([...await oneHot(tensor([1], { dtype }), 2).data()], [0, 1]);
  }
});
