/** A program in a page imports the packages by name, from files that a bundler made of them once. */
import { assertEquals } from "@std/assert";
import { findChromium, openPage } from "../../cli/test_support/browser.ts";

const chromium = findChromium();
const ROOT = decodeURIComponent(new URL("../../", import.meta.url).pathname);

const PAGE = `<!DOCTYPE html>
<link rel="icon" href="data:,">
<script type="importmap">
{ "imports": {
  "@unroll/core": "./core/mod.js",
  "@unroll/core/training": "./core/training/mod.js",
  "@unroll/models": "./models/mod.js",
  "@unroll/tasks": "./tasks/mod.js"
} }
</script>
<script type="module">
import { compile, scan, valueAndGrad, zeros } from "@unroll/core";
import { train } from "@unroll/core/training";
import { rnn } from "@unroll/models";
import { xor } from "@unroll/tasks";

const step = compile((w, xs) =>
  valueAndGrad((w) => scan((h, x) => [h.mul(w).add(x), undefined], zeros([]), xs)[0])(w)
);
const [value, gradient] = await step(2, Float32Array.of(1, 2, 3));
const numbers = [await value.item(), await gradient.item()];
const { error } = await train({ model: rnn({ hidden: 8 }), task: xor(), device: "cpu", seed: 1 });
globalThis.shown = { numbers, error };
</script>`;

Deno.test({
  name: "a program in a page imports the packages by name, and loads nothing of WebGPU for the CPU",
  ignore: chromium === undefined,
  async fn() {
    const folder = await Deno.makeTempDir();
    const entries = ["core/mod.ts", "core/training/mod.ts", "models/mod.ts", "tasks/mod.ts"];
    const flags = ["--quiet", "--minify", "--platform=browser", "--code-splitting"];
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["bundle", ...flags, `--outdir=${folder}`, ...entries],
      cwd: ROOT,
      stdin: "null",
    }).output();
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async ({ url }) => {
        const { pathname } = new URL(url);
        const isScript = pathname.endsWith(".js");
        const body = isScript ? await Deno.readFile(`${folder}${pathname}`) : PAGE;
        return new Response(body, {
          headers: { "content-type": isScript ? "text/javascript" : "text/html; charset=utf-8" },
        });
      },
    );
    const page = await openPage(chromium as string);
    try {
      await page.open(`http://127.0.0.1:${server.addr.port}/`);
      await page.until("globalThis.shown");
      assertEquals(await page.evaluate("shown"), { numbers: [11, 6], error: 0 });
      assertEquals(page.errors, []);
      const devices = page.requests.map((url) => /\/(cpu|webgpu|reference)-/.exec(url)?.[1]);
      assertEquals(devices.filter((name) => name !== undefined), ["cpu"]);
    } finally {
      await page.close();
      await server.shutdown();
      await Deno.remove(folder, { recursive: true });
    }
  },
});
