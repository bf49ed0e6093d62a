/** The core in a web page: XOR is learned in headless Chromium, on WebGPU and on the CPU. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { findChromium, openPage } from "../../cli/test_support/browser.ts";
import type { Shown } from "./xor_page.ts";

const chromium = findChromium();

/** WebGPU without a GPU: SwiftShader comes with Chromium. */
const WEBGPU = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

/** The page and its modules as one file. */
async function bundle(): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "bundle",
        "--quiet",
        "--no-check",
        "--platform=browser",
        `--output=${folder}/xor_page.js`,
        decodeURIComponent(new URL("xor_page.ts", import.meta.url).pathname),
      ],
      stdin: "null",
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    return await Deno.readTextFile(`${folder}/xor_page.js`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Serves the page to this machine. */
async function serve(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const script = await bundle();
  const html = await Deno.readTextFile(new URL("xor.html", import.meta.url));
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    const isScript = new URL(url).pathname.endsWith(".js");
    return new Response(isScript ? script : html, {
      headers: { "content-type": isScript ? "text/javascript" : "text/html; charset=utf-8" },
    });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/xor.html`,
    close: () => server.shutdown(),
  };
}

function assertLearned({ failure, losses = [], error, answers = [] }: Shown): void {
  assertEquals(failure, undefined);
  assertEquals(error, 0);
  assertEquals(answers.map((line) => line.slice(0, 11)), [
    "0 xor 0 = 0",
    "0 xor 1 = 1",
    "1 xor 0 = 1",
    "1 xor 1 = 0",
  ]);
  assert(losses[losses.length - 1] < losses[0] / 10, losses.join());
}

Deno.test({
  name: "a web page learns XOR on the CPU, on WebGPU, and on what suits it",
  ignore: chromium === undefined,
  async fn() {
    const server = await serve();
    const page = await openPage(chromium as string, WEBGPU);
    try {
      const show = async (device: string): Promise<Shown> => {
        await page.open(`${server.url}?device=${device}`);
        await page.until("globalThis.shown");
        return await page.evaluate<Shown>("shown");
      };
      const cpu = await show("cpu");
      assertLearned(cpu);
      assertStringIncludes(cpu.description ?? "", "WebAssembly SIMD");
      const chosen = await show("auto");
      assertLearned(chosen);
      assertEquals(chosen.device, "cpu");
      // Chromium of other systems may come without SwiftShader's Vulkan.
      const hasAdapter = await page.evaluate<boolean>(
        "navigator.gpu?.requestAdapter().then(Boolean) ?? false",
      );
      const webgpu = await show("webgpu");
      if (hasAdapter) {
        assertLearned(webgpu);
        assertStringIncludes(webgpu.description ?? "", "WebGPU, ");
      } else assertStringIncludes(webgpu.failure ?? "", "Cannot open webgpu");
      assertEquals(page.errors, []);
    } finally {
      await page.close();
      await server.close();
    }
  },
});
