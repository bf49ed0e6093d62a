import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { findChromium, openPage } from "../test_support/browser.ts";
import { runCommand } from "../test_support/run_command.ts";
import { assertSnakeKeys } from "../test_support/snake_keys.ts";

const chromium = findChromium();

/** A folder with a run of FizzBuzz by digits and one of counting, trained for a moment. */
async function withRuns(
  act: (paths: { readonly root: string; readonly fizz: string; readonly count: string }) => Promise<
    void
  >,
): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    const train = async (line: string) => {
      const { code, errors, output } = await runCommand(
        `train ${line} --device cpu --out ${root} --json`,
      );
      assertStrictEquals(code, 0, errors);
      return JSON.parse(output.trimEnd().split("\n").at(-1)!).run as string;
    };
    const fizz = await train(
      "--model rnn --hidden 5 --task fizzbuzz --steps 60 --validate-every 20 --last 100",
    );
    const count = await train(
      "--model rnn --hidden 8 --task counting --digits 3 --training 300 --validation 50 --test-digits 9 --steps 60",
    );
    await act({ root, fizz, count });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** All on the same two runs, which take most of the time. */
Deno.test("commands on trained models", async (t) => {
  await withRuns(async ({ root, fizz, count }) => {
    await t.step("runs: lists, filters, sorts, as a table or JSON", async () => {
      const all = await runCommand(`runs --runs ${root}`);
      assertEquals(all.output.split("\n").length, 4, all.output);
      assert(
        /^run +state +error +validation loss +steps +best step +time +steps\/s +age\n/.test(
          all.output,
        ),
        all.output,
      );
      const json = await runCommand(`runs --runs ${root} --task counting --json`);
      const [row, ...more] = json.output.trim().split("\n").map((line) => JSON.parse(line));
      assertEquals([row.path, row.state, row.result.steps, more], [count, "done", 60, []]);
      const sorted = await runCommand(`runs --runs ${root} --sort error --json`);
      const errors = sorted.output.trim().split("\n").map((line) => JSON.parse(line).result.error);
      assertEquals(errors, errors.toSorted((a, b) => a - b));
      await Deno.mkdir(`${root}/damaged`);
      const empty = await runCommand(`runs --runs ${root} --state empty`);
      assert(empty.output.includes("there is no config.json in it"), empty.output);
      await Deno.writeTextFile(`${root}/damaged/config.json`, "{");
      const damaged = await runCommand(`runs --runs ${root} --state damaged`);
      assert(damaged.output.includes("config.json is damaged"), damaged.output);
      await Deno.remove(`${root}/damaged`, { recursive: true });
      const wrong = await runCommand("runs --sort eror");
      assertEquals([wrong.code, wrong.errors], [
        2,
        "Cannot use --sort eror: one of name, task, model, seed, error, loss, steps, time is needed\n",
      ]);
    });

    await t.step("--json and the files of a run have keys in snake case", async () => {
      for (
        const command of [
          `runs --runs ${root}`,
          `eval ${fizz}`,
          `predict ${count} --input 19`,
          `sample ${count} --prompt 19 --length 2`,
          `inspect ${fizz}`,
          "recipe",
          `recipe xor-linear --epochs 1 --device cpu --out ${root}/recipe`,
          "list",
          "summary --model gru --task counting",
        ]
      ) {
        const { output, errors, code } = await runCommand(`${command} --json`);
        assertStrictEquals(code, 0, errors);
        assertSnakeKeys(output, command);
      }
      const config = JSON.parse(await Deno.readTextFile(`${count}/config.json`));
      assertSnakeKeys(JSON.stringify(config), "config.json");
      assertSnakeKeys(await Deno.readTextFile(`${count}/metrics.jsonl`), "metrics.jsonl");
    });

    await t.step("eval: measures again, also with other options", async () => {
      const same = JSON.parse((await runCommand(`eval ${fizz} --json`)).output);
      const listed = JSON.parse(
        (await runCommand(`runs --runs ${root} --task fizzbuzz --json`)).output,
      );
      assertEquals([same.loss, same.error], [listed.result.loss, listed.result.error]);
      const other = JSON.parse((await runCommand(`eval ${fizz} --last 200 --json`)).output);
      assert(other.loss !== same.loss);
      const wrong = await runCommand(`eval ${fizz} --last many`);
      assertStrictEquals(wrong.code, 2);
      const absent = await runCommand(`eval ${root}/nothing`);
      assertEquals([absent.code, absent.errors.split("\n").length], [2, 2], absent.errors);
    });

    await t.step("predict: one input, or many from standard input", async () => {
      const one = await runCommand(`predict ${count} --input 123`);
      assert(/^\d+\n$/.test(one.output), one.output);
      const many = await runCommand(`predict ${count} --json`, {}, "7\n123\n");
      const lines = many.output.trim().split("\n").map((line) => JSON.parse(line));
      assertEquals(lines.map(({ input }) => input), ["7", "123"]);
      assertStrictEquals(`${lines[1].answer}\n`, one.output);
      const wrong = await runCommand(["predict", count, "--input", "12x"]);
      assertEquals([wrong.code, wrong.errors.split("\n").length], [2, 2], wrong.errors);
    });

    await t.step("sample: goes on from a prompt", async () => {
      const { output } = await runCommand(`sample ${fizz} --prompt 10 --length 3`);
      const words = output.trim().split("\n");
      assertStrictEquals(words.length, 3);
      words.forEach((word, i) => {
        assert(["fizz", "buzz", "fizzbuzz", String(10 + i)].includes(word), output);
      });
      const wrong = await runCommand(`sample ${fizz} --length 0`);
      assertEquals([wrong.code, wrong.errors], [
        2,
        "Cannot use --length 0: a whole number of at least 1 is needed\n",
      ]);
    });

    await t.step("inspect: in the terminal, as JSON and as pictures", async () => {
      const { output } = await runCommand(`inspect ${fizz}`);
      assertStrictEquals(output.includes("\x1b"), false);
      assert(output.includes("unit") && output.includes("n mod 3"), output);
      const color = await runCommand(`inspect ${fizz}`, {
        terminal: {
          write: (text) => shown += text,
          writeError: () => {},
          isTerminal: true,
          color: true,
          outputColor: true,
          columns: () => 100,
          lines: async function* () {},
          variable: (name) => name === "COLORTERM" ? "truecolor" : undefined,
          debug: false,
        },
      });
      assertStrictEquals(color.code, 0);
      assert(shown.includes("\x1b[48;2;"));
      const json = JSON.parse((await runCommand(`inspect ${count} --input 199 --json`)).output);
      assertEquals([json.units, json.labels, json.annotations.carry], [
        8,
        ["9", "9", "1", "0"],
        [1, 1, 1, 0],
      ]);
      for (const name of ["states.svg", "states.png"]) {
        await runCommand(`inspect ${fizz} --out ${root}/${name}`);
        const bytes = await Deno.readFile(`${root}/${name}`);
        const beginning = String.fromCharCode(...bytes.subarray(0, 4));
        assertStrictEquals(beginning, name.endsWith("svg") ? "<svg" : "\x89PNG");
        assert((await Deno.stat(`${root}/${name.replace(".", "_on_off.")}`)).size > 500);
      }
      const wrong = await runCommand(`inspect ${fizz} --out states.gif`);
      assertStrictEquals(
        wrong.errors,
        "Cannot use --out states.gif: a name that ends in .svg or .png is needed\n",
      );
    });

    await t.step("report: the command in it makes the same run", async () => {
      const { output } = await runCommand(`report ${fizz}`);
      const html = await Deno.readTextFile(output.trim());
      assertStrictEquals(output, `${fizz}/report.html\n`);
      for (
        const part of ["Curves", "What it says", "What it thinks", "n mod 5", "To make it again"]
      ) {
        assert(html.includes(part), part);
      }
      const links = html.replaceAll("http://www.w3.org/2000/svg", "").match(
        /(https?:)?\/\/[\w.]+/g,
      );
      assertEquals(links, null);
      const command = />(deno task train.*)<\/pre>/.exec(html)![1].replace(/<[^>]*>/g, "");
      const again = await runCommand(
        `${command.replace("deno task ", "")} --out ${root}/.again --json`,
      );
      const { loss } = JSON.parse(again.output.trim().split("\n").at(-1)!);
      const listed = await runCommand(`runs --runs ${root} --task fizzbuzz --json`);
      assertStrictEquals(loss, JSON.parse(listed.output).result.loss);
      const both = await runCommand(`report ${fizz} ${count} --out ${root}/both.html`);
      assertStrictEquals(both.output, `${root}/both.html\n`);
      assert((await Deno.readTextFile(`${root}/both.html`)).includes("9s at the end"));
    });

    await t.step({
      name: "report: opens in a browser without complaint or request",
      ignore: chromium === undefined,
      async fn() {
        const page = await openPage(chromium!);
        try {
          for (const path of [`${fizz}/report.html`, `${root}/both.html`]) {
            await page.open(`file://${path}`);
            const narrow = "document.documentElement.scrollWidth <= innerWidth";
            assertStrictEquals(await page.evaluate(narrow), true);
            const sizes = "[...document.querySelectorAll('.grid .card > svg')].map((svg) => " +
              "Math.round(svg.getBoundingClientRect().height))";
            const heights = await page.evaluate<number[]>(sizes);
            assert(heights.length >= 4 && heights.every((height) => height > 100), `${heights}`);
          }
          // Another unit is chosen without a script.
          const shown = "[...document.querySelectorAll('.chooser > div')]" +
            ".findIndex((text) => getComputedStyle(text).display === 'block')";
          assertStrictEquals(await page.evaluate(shown), 0);
          await page.evaluate("document.querySelector('.chooser label:nth-of-type(3)').click()");
          assertStrictEquals(await page.evaluate(shown), 2);
          assertEquals(page.errors, []);
          assertEquals(page.requests.filter((url) => !/^(file|data):/.test(url)), []);
        } finally {
          await page.close();
        }
      },
    });
  });
});

let shown = "";

Deno.test("every command shows help with an example", async () => {
  const { output } = await runCommand("--help");
  const commands = ["train", "recipe", "list", "runs", "eval", "predict", "sample", "inspect"];
  for (const command of [...commands, "report", "sweep"]) {
    assert(output.includes(command), command);
    const help = await runCommand(`${command} --help`);
    assertStrictEquals(help.code, 0);
    assert(help.output.includes("Examples:"), command);
    assert(help.output.includes(`deno task ${command}`), command);
  }
});
