import { assert, assertEquals, assertRejects } from "@std/assert";
import { inFolder } from "../test_support/small_runs.ts";
import { MetricsTail } from "./metrics_tail.ts";

const line = (step: number, more: object = {}) =>
  `${JSON.stringify({ event: "progress", step, text: "é", ...more })}\n`;

Deno.test("MetricsTail reads what was added, and all anew of a file that was written anew", () =>
  inFolder(async (folder) => {
    const path = `${folder}/metrics.jsonl`;
    const tail = new MetricsTail(path);
    const steps = async () => (await tail.read()).map(({ step }) => step);
    assertEquals(await steps(), []);
    const add = (text: string | Uint8Array) =>
      Deno.writeFile(path, typeof text === "string" ? new TextEncoder().encode(text) : text, {
        append: true,
      });
    await add(line(1) + line(2));
    assertEquals(await steps(), [1, 2]);
    // Half a line, in the middle of a letter.
    const bytes = new TextEncoder().encode(line(3));
    const half = bytes.indexOf(0xc3) + 1;
    await add(bytes.subarray(0, half));
    assertEquals(await steps(), [1, 2]);
    await add(bytes.subarray(half));
    assertEquals(await steps(), [1, 2, 3]);
    assertEquals((await tail.read()).at(-1)?.text, "é");
    // What was read is not read again: it could be anything by now.
    const size = (await Deno.stat(path)).size;
    using file = await Deno.open(path, { write: true });
    await file.write(new Uint8Array(size - 1).fill(120));
    await add(line(4));
    assertEquals(await steps(), [1, 2, 3, 4]);
    await Deno.writeTextFile(`${path}.new`, line(7));
    await Deno.rename(`${path}.new`, path);
    assertEquals(await steps(), [7]);
    await add("7\n");
    await assertRejects(steps, RangeError, "a line is not a JSON object with an event");
  }));

Deno.test("MetricsTail keeps some of very many lines, the best and the last among them", () =>
  inFolder(async (folder) => {
    const path = `${folder}/metrics.jsonl`;
    const all = Array.from({ length: 100_000 }, (_, i) => line(i, i === 10 ? { best: true } : {}));
    await Deno.writeTextFile(path, all.join(""));
    const lines = await new MetricsTail(path).read();
    assert(lines.length > 5_000 && lines.length < 25_000, String(lines.length));
    assertEquals(lines.at(-1)?.step, 99_999);
    assert(lines.some(({ best }) => best === true));
  }));
