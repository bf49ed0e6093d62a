/** The command line parser, in both worlds: the real package where it is, and the stand-in. */
import * as mapped from "@cliffy/command";
import { assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import { stripVTControlCharacters } from "node:util";
import * as standIn from "./cliffy_command.ts";

/** Only what both have; the tests are typed by the stand-in. */
type Cliffy = typeof standIn;

const IMPLEMENTATIONS: Readonly<Record<string, Cliffy>> = {
  "@cliffy/command": mapped as unknown as Cliffy,
  "stand-in": standIn,
};

/** A command line with one of everything. */
function define(cliffy: Cliffy): standIn.Command {
  const { Command } = cliffy;
  return new Command()
    .name("tool")
    .version("1.2.3")
    .description("Does things.\n\nMany of them.")
    .globalOption("--verbose", "Say more.")
    .globalOption("--seed <n:integer>", "Where chance begins.")
    .noExit()
    .command("train", defineTrain(cliffy))
    .command("show <file> [...more:integer]", "Show files.")
    .option("--must <x>", "Needed.", { required: true })
    .command("old", "Long gone.")
    .hidden()
    .alias("ancient")
    .reset();
}

function defineTrain({ Command, EnumType }: Cliffy): standIn.Command {
  return new Command()
    .description("Train something.")
    .type("model", new EnumType(["mlp", "rnn"]))
    .env("TOOL_SEED=<n:integer>", "Where chance begins.", { prefix: "TOOL_" })
    .group("Model")
    .option("-m, --model <name:model>", "What to train.", { default: "mlp" })
    .option("--hidden-size <n:integer>", "How many units.", {
      default: 5,
      conflicts: ["layers"],
    })
    .option("--layers <n:integer[]>", "Units of each layer.")
    .group("Training")
    .option("--rate <x:number>", "How fast.", { depends: ["model"] })
    .option("--tag <text>", "A tag.", { collect: true })
    .option("--no-color", "Print no colours.")
    .option("--quiet", "Say less.")
    .option("--secret", "Nobody knows.", { hidden: true })
    .option("--even <n:integer>", "An even number.", (value: number) => value / 2)
    .example("Train an RNN", "tool train --model rnn");
}

const DEFAULTS = { color: true, hiddenSize: 5, model: "mlp" };

/** What was typed → what comes of it. */
const PARSES: Readonly<
  Record<string, readonly [options: object, args?: unknown[], literal?: string[]]>
> = {
  "train": [DEFAULTS],
  "train --model rnn --hidden-size 7": [{ ...DEFAULTS, model: "rnn", hiddenSize: 7 }],
  "train --model=rnn": [{ ...DEFAULTS, model: "rnn" }],
  "train -m rnn": [{ ...DEFAULTS, model: "rnn" }],
  "train --layers 3,4": [{ ...DEFAULTS, layers: [3, 4] }],
  "train --rate -1e-3": [{ ...DEFAULTS, rate: -1e-3 }],
  "train --tag a --tag b": [{ ...DEFAULTS, tag: ["a", "b"] }],
  "train --no-color --quiet --secret": [{ ...DEFAULTS, color: false, quiet: true, secret: true }],
  "train --even 8": [{ ...DEFAULTS, even: 4 }],
  "train --verbose": [{ ...DEFAULTS, verbose: true }],
  "--verbose train": [{ ...DEFAULTS, verbose: true }],
  "--seed 3 train --quiet": [{ ...DEFAULTS, seed: 3, quiet: true }],
  "--seed=3 --verbose train": [{ ...DEFAULTS, seed: 3, verbose: true }],
  "train --quiet -- --x y": [{ ...DEFAULTS, quiet: true }, [], ["--x", "y"]],
  "show --must 1 a.txt": [{ must: "1" }, ["a.txt"]],
  "show a.txt 1 2 --must --odd": [{ must: "--odd" }, ["a.txt", 1, 2]],
  "show --unknown --must 1": [{ must: "1" }, ["--unknown"]],
  "ancient": [{}],
};

/** What was typed → what is wrong with it. */
const MISTAKES: Readonly<Record<string, string>> = {
  "trian": 'Unknown command "trian". Did you mean command "train"?',
  "train rnn": 'No arguments allowed for command "tool train".',
  "train --hiden-size 3": 'Unknown option "--hiden-size". Did you mean option "--hidden-size"?',
  "train --hidden-size": 'Missing value for option "--hidden-size".',
  "train --hidden-size 1.5": 'Option "--hidden-size" must be of type "integer", but got "1.5".',
  "train --rate fast": 'Option "--rate" must be of type "number", but got "fast".',
  "train --model gru":
    'Option "--model" must be of type "model", but got "gru". Expected values: "mlp", "rnn"',
  "train --quiet=1": 'Option "--quiet" doesn\'t take a value, but got "1".',
  "train --quiet --quiet": 'Option "--quiet" can only occur once, but was found several times.',
  "train --hidden-size 3 --layers 4": 'Option "--hidden-size" conflicts with option "--layers".',
  "train --quiet --help": 'Option "--help" cannot be combined with other options.',
  "show": 'Missing required option "--must".',
  "show --must 1": "Missing argument(s): file",
  "show --must 1 a.txt b": 'Argument "more" must be of type "integer", but got "b".',
};

/** What was typed → the class of the mistake, which Cliffy does not export: the last class is the cause. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  "train rnn": ["NoArgumentsAllowedError"],
  "train --hiden-size 3": ["ValidationError", "UnknownOptionError"],
  "train --hidden-size": ["ValidationError", "MissingOptionValueError"],
  "train --quiet --quiet": ["ValidationError", "DuplicateOptionError"],
};

/** What was typed → what is printed, to the letter but for colours and spaces at the ends of lines. */
const HELPS: Readonly<Record<string, string>> = {
  "--help": `
Usage:   tool
Version: 1.2.3

Description:

  Does things.

  Many of them.

Options:

  -h, --help          - Show this help.
  -V, --version       - Show the version number for this program.
  --verbose           - Say more.
  --seed         <n>  - Where chance begins.

Commands:

  train                    - Train something.
  show   <file> [more...]  - Show files.
`,
  "train --help": `
Usage:   tool train
Version: 1.2.3

Description:

  Train something.

Options:

  -h, --help       - Show this help.
  --verbose        - Say more.
  --seed      <n>  - Where chance begins.

Model:

  -m, --model    <name>  - What to train.        (Default: "mlp", Values: "mlp", "rnn")
  --hidden-size  <n>     - How many units.       (Default: 5, Conflicts: --layers)
  --layers       <n>     - Units of each layer.

Training:

  --rate      <x>     - How fast.          (Depends: --model)
  --tag       <text>  - A tag.
  --no-color          - Print no colours.
  --quiet             - Say less.
  --even      <n>     - An even number.

Environment variables:

  TOOL_SEED  <n>  - Where chance begins.

Examples:

  Train an RNN tool train --model rnn
`,
  "show --help": `
Usage:   tool show <file> [more...] --must <x>
Version: 1.2.3

Description:

  Show files.

Options:

  -h, --help       - Show this help.
  --verbose        - Say more.
  --seed      <n>  - Where chance begins.
  --must      <x>  - Needed.               (required)
`,
};

Deno.test("action() types no options and no arguments, in both worlds", () => {
  for (const command of [new mapped.Command(), new standIn.Command()]) {
    command.arguments("[run]");
    command.action((_options: unknown, ..._run: unknown[]) => {});
    // @ts-expect-error: an argument of its own is one too many
    command.action((_options: unknown, _run: unknown) => {});
    // @ts-expect-error: the type of the options is not known
    command.action((_options: { readonly seed?: number }) => {});
    // @ts-expect-error: the same for what an option does
    command.option("--stop", "Stop.", { action(_options: unknown, _run: unknown) {} });
  }
});

/** Runs `act` and returns what it prints. */
async function printed(act: () => unknown): Promise<string> {
  const { log } = console;
  const lines: string[] = [];
  console.log = (...values: unknown[]) => lines.push(values.join(" "));
  try {
    await act();
  } finally {
    console.log = log;
  }
  return stripVTControlCharacters(lines.join("\n")).replace(/ +$/gm, "");
}

for (const [name, cliffy] of Object.entries(IMPLEMENTATIONS)) {
  for (const [typed, [options, args = [], literal = []]] of Object.entries(PARSES)) {
    Deno.test(`${name}: parse() reads "${typed}"`, async () => {
      const result = await define(cliffy).parse(typed.split(" "));
      assertEquals({ ...result.options }, options);
      assertEquals(result.args, args);
      assertEquals(result.literal, literal);
      assertInstanceOf(result.cmd, cliffy.Command);
    });
  }

  for (const [typed, message] of Object.entries(MISTAKES)) {
    Deno.test(`${name}: parse() refuses "${typed}"`, async () => {
      const error = await assertRejects(
        () => define(cliffy).parse(typed.split(" ")),
        cliffy.ValidationError,
      );
      assertEquals(stripVTControlCharacters(error.message), message);
      assertEquals(error.exitCode, 2);
    });
  }

  for (const [typed, kinds] of Object.entries(KINDS)) {
    Deno.test(`${name}: parse() says what kind of mistake "${typed}" is`, async () => {
      const error = await assertRejects(
        () => define(cliffy).parse(typed.split(" ")),
        cliffy.ValidationError,
      );
      const causes = [error, ...error.cause instanceof Error ? [error.cause] : []];
      assertEquals(causes.map((cause) => cause.constructor.name), kinds);
    });
  }

  Deno.test(`${name}: an environment variable counts for less than an option`, async () => {
    Deno.env.set("TOOL_SEED", "7");
    try {
      assertEquals((await define(cliffy).parse(["train"])).options.seed, 7);
      assertEquals((await define(cliffy).parse(["train", "--seed", "8"])).options.seed, 8);
      Deno.env.set("TOOL_SEED", "x");
      await assertRejects(
        () => define(cliffy).parse(["train"]),
        cliffy.ValidationError,
        'Environment variable "TOOL_SEED" must be of type "integer", but got "x".',
      );
    } finally {
      Deno.env.delete("TOOL_SEED");
    }
  });

  Deno.test(`${name}: an action gets the options and the arguments`, async () => {
    const calls: unknown[] = [];
    const command = new cliffy.Command().noExit()
      .globalOption("--loud", "Loud.")
      .command("say <words...>", "Say.")
      .action((options: unknown, ...words: unknown[]) => {
        calls.push({ ...options as object }, words);
      });
    await command.parse(["say", "a", "b", "--loud"]);
    assertEquals(calls, [{ loud: true }, ["a", "b"]]);
  });

  Deno.test(`${name}: what an action throws comes out of parse()`, async () => {
    const command = new cliffy.Command().action(() => {
      throw new RangeError("too far");
    });
    await assertRejects(() => command.parse([]), RangeError, "too far");
  });

  Deno.test(`${name}: --version prints the version`, async () => {
    assertEquals(await printed(() => define(cliffy).parse(["-V"])), "1.2.3");
  });

  for (const [typed, expected] of Object.entries(HELPS)) {
    Deno.test(`${name}: "${typed}" says what there is`, async () => {
      assertEquals(await printed(() => define(cliffy).parse(typed.split(" "))), expected);
    });
  }
}

/** A program whose mistakes end it. */
const PROGRAM = `
const { Command } = await import(Deno.args[0]);
await new Command().name("tool").option("--count <n:integer>", "How many.").action(() => {}).parse(Deno.args.slice(1));
`;

Deno.test("stand-in: without throwErrors() a mistake prints help and the error, and exits with 2", async () => {
  const program = Deno.makeTempFileSync({ suffix: ".ts" });
  Deno.writeTextFileSync(program, PROGRAM);
  const run = async (...args: string[]) => {
    const module = new URL("cliffy_command.ts", import.meta.url).href;
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-config", "--no-prompt", "-RE", program, module, ...args],
      env: { NO_COLOR: "1" },
    }).output();
    return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
  };
  const mistake = await run("--count", "x");
  assertEquals(mistake.code, 2);
  assertStringIncludes(mistake.out, "Usage: tool");
  assertStringIncludes(
    mistake.err,
    'error: Option "--count" must be of type "integer", but got "x".',
  );
  const help = await run("--help");
  assertEquals(help.code, 0);
  assertStringIncludes(help.out, "--count");
  Deno.removeSync(program);
});
