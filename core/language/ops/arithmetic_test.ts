import { assertThrows } from "@std/assert";
import { add } from "./arithmetic.ts";

Deno.test("add() throws where neither operand is a tensor", () => {
  assertThrows(() => add(2, 3), TypeError, "Cannot add 2 and 3: at least 1 tensor is needed");
});
