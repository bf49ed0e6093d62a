import { assertEquals, assertThrows } from "@std/assert";
import { formatStopRule, parseStopRule } from "./stop_rule.ts";

Deno.test("parseStopRule() reads what formatStopRule() writes", () => {
  for (const text of ["none", "error=0", "loss=0.001", "error=0.5,loss=2"]) {
    assertEquals(formatStopRule(parseStopRule(text)), text);
  }
  assertEquals(formatStopRule({}), undefined);
});

Deno.test("parseStopRule() says what is wanted where a text is none", () => {
  for (
    const text of ["", "0", "accuracy=1", "error=x", "error=", "error=0,error=1", "none,loss=1"]
  ) {
    assertThrows(() => parseStopRule(text), RangeError, "error=0, loss=0.1, both with a comma");
  }
});
