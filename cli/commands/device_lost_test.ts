import { assertEquals, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { findAdapter } from "@unroll/core/backends";
import { runCommand } from "../test_support/run_command.ts";
import { SILENT_TERMINAL } from "../test_support/silent_terminal.ts";
import type { CommandContext } from "../context.ts";

const ignore = await findAdapter() === undefined;

/** Runs something with a hand on the devices that it opens. */
async function withDevices<Result>(
  body: (devices: readonly GPUDevice[]) => Promise<Result>,
): Promise<Result> {
  const devices: GPUDevice[] = [];
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (descriptor) {
    const device = await requestDevice.call(this, descriptor);
    devices.push(device);
    return device;
  };
  try {
    return await body(devices);
  } finally {
    GPUAdapter.prototype.requestDevice = requestDevice;
  }
}

/** A terminal that keeps lines, and is told of each. */
function listening(lines: string[], heard: (line: string) => void): CommandContext["terminal"] {
  return {
    ...SILENT_TERMINAL,
    write(text) {
      lines.push(text);
      heard(text);
    },
    writeError: (text) => lines.push(text),
    columns: () => 100,
  };
}

Deno.test({
  name: "train: a device lost on the way costs nothing that was saved, and the way on is told",
  ignore,
  async fn() {
    const out = await Deno.makeTempDir();
    const train = "train --model rnn --hidden 4 --task counting --digits 2 --test-digits 0 " +
      "--training 60 --validation 20 --steps 12 --validate-every 4 --device webgpu --json " +
      `--save-every 0 --out ${out}`;
    try {
      const lines: string[] = [];
      const { code } = await withDevices((devices) =>
        runCommand(train, {
          terminal: listening(lines, (line) => {
            // After two validations, whose checkpoints are on the disk by the second.
            if (/"validation".*"step":8/.test(line)) devices[0].destroy();
          }),
        })
      );
      assertStrictEquals(code, 1);
      const last = lines[lines.length - 1];
      assertStringIncludes(last, "Cannot go on with WebGPU, ");
      assertStringIncludes(last, "the device was lost");
      const run = /go on with deno task (?:blas )?train --resume (\S+)\n$/.exec(last)?.[1];
      const resumed = await runCommand(`train --resume ${run} --json`);
      assertStrictEquals(resumed.errors, "");
      assertStrictEquals(resumed.code, 0);
      const [config, ...events] = resumed.output.trim().split("\n").map((line) => JSON.parse(line));
      assertEquals([config.step, config.config.device], [4, "webgpu"]);
      const whole = await runCommand(train);
      const done = JSON.parse(whole.output.trim().split("\n").at(-1)!);
      // The same bits as if nothing had happened.
      assertEquals([events.at(-1).steps, events.at(-1).loss], [12, done.loss]);
    } finally {
      await Deno.remove(out, { recursive: true });
    }
  },
});
