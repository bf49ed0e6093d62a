/**
 * Two copies of core in one program, as where the command line trains a model of another package: they work together, or
 * say in one sentence that there are two.
 */
import { compile, grad, tensor } from "@unroll/core";
import type { Model } from "@unroll/core/plugin";
import { train } from "@unroll/core/training";
import { rnn } from "@unroll/models";
import { fizzbuzz } from "@unroll/tasks";
import {
  assertEquals,
  assertNotStrictEquals,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";

const ROOT = new URL("../", import.meta.url);

interface Copy {
  readonly core: typeof import("@unroll/core");
  readonly models: typeof import("@unroll/models");
}

/** Copies core and models into a folder, changed by `edit`, and imports them. */
async function importCopy(edit: (text: string) => string = (text) => text): Promise<Copy> {
  const folder = await Deno.makeTempDir();
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("core/deno.json", ROOT)));
  const place = (entry: string) => `${folder}/core/${exports[`.${entry}`]}`;
  const copy = async (path: string) => {
    await Deno.mkdir(`${folder}/${path}`);
    for await (const { name, isDirectory } of Deno.readDir(new URL(path, ROOT))) {
      if (isDirectory) await copy(`${path}/${name}`);
      else if (name.endsWith(".ts") && !name.endsWith("_test.ts")) {
        const text = await Deno.readTextFile(new URL(`${path}/${name}`, ROOT));
        const own = text.replace(
          /from "@unroll\/core([^"]*)"/g,
          (_, entry) => `from "${place(entry)}"`,
        );
        await Deno.writeTextFile(`${folder}/${path}/${name}`, edit(own));
      }
    }
  };
  await copy("core");
  await copy("models");
  try {
    return {
      core: await import(`file://${folder}/core/mod.ts`),
      models: await import(`file://${folder}/models/mod.ts`),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Trains for a few steps, and returns the parameters. */
async function trained(model: Model): Promise<number[]> {
  using result = await train({ model, task: fizzbuzz({ last: 100 }), steps: 3, device: "cpu" });
  return [...result.best.parameters.values()].flatMap(({ data }) => [...data]);
}

Deno.test("two copies of core know each other's tensors and traces", async () => {
  const { core, models } = await importCopy();
  assertNotStrictEquals(core.tensor, tensor);
  const x = tensor([1, 2, 3]);
  const other = core.tensor([4, 5, 6]);
  assertEquals([...await x.mul(other).data()], [4, 10, 18]);
  assertEquals([...await core.mul(x, other).data()], [4, 10, 18]);
  const scanned = (x: typeof other) =>
    core.scan((sum, y) => [sum.add(y), sum.mul(y)] as const, core.tensor(0), x)[1].sum();
  const sum = 4 * 5 + (4 + 5) * 6;
  const program = compile(scanned);
  assertStrictEquals(await (await program(other)).item(), sum);
  // d/dx of x₀x₁ + (x₀ + x₁)x₂.
  assertEquals([...await grad(scanned)(x).data()], [5, 4, 3]);
  const options = { hidden: 4 };
  const [found, wanted] = [await trained(models.rnn(options)), await trained(rnn(options))];
  // Passes know primitives of their own copy, so that sums of the other's are rounded in another order: a few units in the
  // last place of numbers around 1, which three steps of Adam at most multiply.
  assertEquals(found.map((_, i) => Math.abs(found[i] - wanted[i]) < 1e-6), found.map(() => true));
  assertStrictEquals(found.length, wanted.length);
});

Deno.test("copies of two major versions are refused in one sentence", async () => {
  const { core, models } = await importCopy((text) =>
    text.replace("MAJOR_VERSION = 0", "MAJOR_VERSION = 1")
  );
  // Whichever copy meets the other's tensor first says so.
  const sentence = "two copies of @unroll/core are loaded, a tensor of version ";
  await assertRejects(() => trained(models.rnn({ hidden: 4 })), TypeError, sentence);
  await assertRejects(
    () => Promise.resolve().then(() => tensor([1]).add(core.tensor([1]))),
    TypeError,
    `Cannot add: ${sentence}`,
  );
});

Deno.test("the major version of core is that of its package", async () => {
  const { version } = JSON.parse(await Deno.readTextFile(new URL("core/deno.json", ROOT)));
  const text = await Deno.readTextFile(new URL("core/language/tensor_source.ts", ROOT));
  assertStrictEquals(/MAJOR_VERSION = (\d+);/.exec(text)?.[1], version.split(".")[0]);
});
