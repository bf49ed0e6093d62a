import { assert, assertEquals, assertThrows } from "@std/assert";
import { parsePeak, peakMemory } from "./peak_memory.ts";

Deno.test("parsePeak() reads the peak, not what is resident now", () => {
  const status = "Name:\tdeno\nVmPeak:\t  900000 kB\nVmHWM:\t  123456 kB\nVmRSS:\t  100000 kB\n";
  assertEquals(parsePeak(status), 123456 * 1024);
});

Deno.test("parsePeak() throws where there is none", () => {
  assertThrows(
    () => parsePeak("Name:\tgone\n"),
    RangeError,
    "Cannot read the peak memory of a process: no VmHWM in its status",
  );
});

Deno.test({
  name: "peakMemory() counts what another process has taken",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const held = 64 * 2 ** 20;
    const program = `
      const memory = new Uint8Array(Number(Deno.args[0])).fill(1);
      console.log(memory.length);
      for await (const _ of Deno.stdin.readable) break;
    `;
    const peakOf = async (bytes: number): Promise<number> => {
      await using process = new Deno.Command(Deno.execPath(), {
        args: ["eval", program, `${bytes}`],
        stdin: "piped",
        stdout: "piped",
      }).spawn();
      const output = process.stdout.getReader();
      await output.read();
      const peak = await peakMemory(process.pid);
      await output.cancel();
      await process.stdin.close();
      return peak;
    };
    const [small, large] = [await peakOf(0), await peakOf(held)];
    assert(large - small > 0.9 * held && large - small < 1.5 * held, `${small} and ${large}`);
  },
});
