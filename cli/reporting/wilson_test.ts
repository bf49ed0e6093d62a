import { assertAlmostEquals, assertEquals } from "@std/assert";
import { formatInterval, wilsonInterval } from "./wilson.ts";

Deno.test("wilsonInterval() is what the literature has", () => {
  // Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3.
  for (
    const [right, count, low, high] of [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
    ]
  ) {
    const [from, to] = wilsonInterval(right, count);
    assertAlmostEquals(from, low, 5e-5);
    assertAlmostEquals(to, high, 5e-5);
  }
  assertEquals(wilsonInterval(40, 40)[1], 1);
  assertEquals(formatInterval(40, 40), "91.2 % – 100 %");
});
