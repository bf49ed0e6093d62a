import { assert, assertEquals } from "@std/assert";
import { commandOf, PEER_NAMES, peersOf, startSeconds } from "./peer_programs.ts";

const NONE = { jax: null, optax: null, torch: null, numpy: null };
const OLD = { command: "old", modules: { ...NONE, torch: "1.13.0a0", numpy: "1.24.2" } };
const NEW = { command: "new", modules: { ...NONE, torch: "2.15.0", numpy: "2.4.6" } };

Deno.test("peersOf() makes each version of PyTorch a peer, and takes the first NumPy", () => {
  const peers = peersOf(["torch", "numpy"], [OLD, NEW]);
  assertEquals(peers.map(({ name, title, interpreter }) => [name, title, interpreter]), [
    ["torch-1.13", "PyTorch 1.13", "old"],
    ["torch-2.15", "PyTorch 2.15", "new"],
    ["numpy", "NumPy", "old"],
  ]);
  const [old, recent] = peers;
  assertEquals(old.settings.length, 1);
  assert(recent.settings.some(({ args }) => args.includes("compile")));
});

Deno.test("peersOf() says what is not installed", () => {
  const [peer] = peersOf(["jax"], [OLD, { command: "half", modules: { ...NONE, jax: "0.10.2" } }]);
  assertEquals(peer.missing, "not installed (jax and optax for Python)");
});

Deno.test("peersOf() has a script for each name", async () => {
  const all = { jax: "1", optax: "1", torch: "2.0", numpy: "1" };
  for (const name of PEER_NAMES) {
    const [peer] = peersOf([name], [{ command: "python3", modules: all }]);
    const script = commandOf(peer, peer.settings[0]).find((part) => /_jobs\.(ts|py)$/.test(part))!;
    assert((await Deno.stat(script)).isFile, script);
  }
});

Deno.test("startSeconds() gives later starts what the first one took, twice, and some", () => {
  assertEquals(startSeconds({ args: [], seconds: 7 }, 100), 7);
  assertEquals(startSeconds({ args: [] }, 10), 25);
});
