import { assertEquals, assertThrows } from "@std/assert";
import { formatPhases, parsePhases } from "./phases.ts";

Deno.test("parsePhases() reads what formatPhases() writes", () => {
  const phases = [
    { steps: 4000, learningRate: 1e-3 },
    { steps: 1, learningRate: 0.25 },
    { steps: 8, learningRate: 1e-7 },
  ];
  assertEquals(formatPhases(phases), "4000:0.001,1:0.25,8:1e-7");
  assertEquals(parsePhases(formatPhases(phases)), phases);
});

Deno.test("parsePhases() says what is wanted where a text is none", () => {
  for (
    const wrong of ["", "400", "400:", ":1", "0:1", "1.5:1", "4:0", "4:1,", "4:1;8:1", "4:1.2.3"]
  ) {
    assertThrows(
      () => parsePhases(wrong),
      RangeError,
      `Cannot read the learning-rate phases ${
        JSON.stringify(wrong)
      }: steps and a rate of each are needed`,
    );
  }
});
