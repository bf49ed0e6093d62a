/**
 * Runs the tests that need native code, which Deno must permit to be called:
 *
 *     deno task test:native [part of a path]
 *
 * The libraries are kept in a folder that is removed at the end, and only there Deno may call any.
 *
 * @module
 */
import { nativeEnvironment } from "./environments.ts";
import { findTests } from "./find_tests.ts";

/** What a test file has that runs on native code. */
const OPENS_NATIVE = /\b(nativeBackend|CPU_DEVICES)\b/;

/** What their tests are called, among those of other devices. */
const OF_NATIVE = "/native|printC|on every device/";

const files = (await findTests(OPENS_NATIVE, "core/")).filter((path) =>
  path.includes(Deno.args[0] ?? "")
);
const cache = await Deno.realPath(await Deno.makeTempDir({ prefix: "unroll-native-" }));
try {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-check", "--no-prompt", "-P=develop", `--allow-ffi=${cache}`]
      .concat(`--filter=${OF_NATIVE}`, files),
    cwd: new URL("../", import.meta.url),
    env: await nativeEnvironment(cache),
    stdin: "null",
  }).spawn().status;
  if (!success) Deno.exitCode = 1;
} finally {
  await Deno.remove(cache, { recursive: true });
}
