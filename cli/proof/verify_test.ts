import { createHash } from "node:crypto";
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { randomFor } from "@unroll/core/plugin";
import { loadRun } from "@unroll/core/runs";
import { MODELS } from "@unroll/models";
import { TASKS } from "@unroll/tasks";
import {
  carryCheckpoint,
  type NetworkWeights,
  ringCheckpoint,
} from "../test_support/proof_networks.ts";
import { inFolder } from "../test_support/small_runs.ts";
import { type Certificate, readCertificate } from "./certificate.ts";
import { prove } from "./prove.ts";
import { findRepeat, verifyRepeat } from "./repeat.ts";
import { Refuted, verify } from "./verify.ts";

const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

function certified(checkpoint: Uint8Array): { certificate: Certificate; margin: number } {
  const proof = prove(checkpoint);
  assertStrictEquals(proof.outcome, "certified");
  return proof as Extract<typeof proof, { outcome: "certified" }>;
}

Deno.test("prove() certifies a ring that says FizzBuzz, and verify() the certificate as it was written", () => {
  const checkpoint = ringCheckpoint();
  const { certificate, margin } = certified(checkpoint);
  assertStrictEquals(certificate.kind, "cycle");
  const read = readCertificate(JSON.stringify(certificate), "a.json") as Certificate;
  assertEquals(verify(read, checkpoint).margin, margin);
  assert(margin > 5 && margin < 6);
});

Deno.test("prove() certifies a network that rounds its states, by all that it has", () => {
  const checkpoint = carryCheckpoint();
  const { certificate } = certified(checkpoint);
  assertStrictEquals(certificate.kind === "codes" ? certificate.states : 0, 3);
  assertEquals(verify(certificate, checkpoint).states, 3);
});

Deno.test("prove() finds the shortest word after which a network is wrong", () => {
  const proof = prove(carryCheckpoint(-8));
  assertStrictEquals(proof.outcome, "refuted");
  // The carry of the 1 is lost.
  assertEquals("word" in proof ? proof.word : [], [1, 0]);
});

Deno.test("verify() refuses a certificate of other weights, and of these if one of them is wrong", () => {
  const { certificate } = certified(ringCheckpoint());
  for (let place = 0; place < 15; place++) {
    const planted = ringCheckpoint(({ recurrent }) =>
      recurrent[place * 15 + (place + 1) % 15] = -4
    );
    assertThrows(() => verify(certificate, planted), Refuted, "other weights");
    assertThrows(() => verify({ ...certificate, weights: hashOf(planted) }, planted), Refuted);
  }
});

Deno.test("verify() refuses a certificate that says another task, number of states, or more than it has", () => {
  const checkpoint = carryCheckpoint();
  const certificate = codesOf(checkpoint);
  assertStrictEquals(verify(certificate, checkpoint).states, 3);
  const changed = (change: object) => () =>
    verify(
      readCertificate(JSON.stringify({ ...certificate, ...change }), "a.json") as Certificate,
      checkpoint,
    );
  assertThrows(
    changed({ task: "fizzbuzz" }),
    Refuted,
    "it is about fizzbuzz, and this is counting",
  );
  for (const states of [2, 4, 100]) assertThrows(changed({ states }), Refuted, "states");
  assertThrows(changed({ margin: 1e9 }), RangeError, "margin");
});

Deno.test("verify() refuses a set whose rows are not those of a triangle", () => {
  const checkpoint = ringCheckpoint();
  const { certificate } = certified(checkpoint);
  assert(certificate.kind === "cycle");
  const { root } = certificate;
  for (
    const other of [root.slice(1), [...root, [0]], root.with(3, [0]), root.with(3, [...root[3], 0])]
  ) {
    assertThrows(
      () => verify({ ...certificate, root: other }, checkpoint),
      Refuted,
      "such as this",
    );
  }
});

Deno.test("verify() passes no fuzzed certificate of a network that is wrong", () => {
  const { certificate } = certified(ringCheckpoint());
  // One answer in 15 is wrong.
  const wrong = ringCheckpoint(({ output }) => [output[7 * 4], output[7 * 4 + 1]] = [0, 3]);
  assertStrictEquals(prove(wrong).outcome, "refuted");
  const random = randomFor(1, 0);
  const forged = () => {
    const copy = JSON.parse(JSON.stringify({ ...certificate, weights: hashOf(wrong) }));
    for (let k = 1 + random() * 3; k > 0; k--) {
      const odd =
        [0, -1, 1, 15, 30, 1e-9, 1e9, 1e300, 5e-324, random(), 0.5, NaN][Math.floor(random() * 12)];
      const field = ["prefix", "period", "centre", "root", "kind"][Math.floor(random() * 5)];
      if (field === "kind") Object.assign(copy, { kind: "codes", states: odd });
      else if (field === "centre") copy.centre[Math.floor(random() * 16)] = odd;
      else if (field === "root") {
        copy.root[Math.floor(random() * 15)][Math.floor(random() * 15)] = odd;
      } else copy[field] = random() < 0.5 ? odd : 15 * Math.floor(random() * 4);
    }
    return copy;
  };
  for (let i = 0; i < 300; i++) {
    const text = JSON.stringify(forged());
    assertThrows(() => verify(readCertificate(text, "a.json") as Certificate, wrong));
  }
});

/** A certificate of all states, for whatever weights. */
const codesOf = (bytes: Uint8Array): Certificate => ({
  format: "unroll-certificate",
  version: 1,
  kind: "codes",
  states: 3,
  task: "counting",
  weights: hashOf(bytes),
});

Deno.test("verify() refuses a certificate that has less than its network, or another task", () => {
  const checkpoint = ringCheckpoint();
  const { certificate } = certified(checkpoint);
  assert(certificate.kind === "cycle");
  const { centre, root } = certificate;
  const changes = [{ centre: [] }, { root: [] }, { root: root.slice(1) }, { centre, root: [[]] }];
  for (const change of changes) {
    assertThrows(() => verify({ ...certificate, ...change }, checkpoint), Refuted, "such as this");
  }
  const other = { ...certificate, task: "counting" };
  assertThrows(() => verify(other, checkpoint), Refuted, "it is about counting");
});

Deno.test("verify() reads no weights that the program does not read", () => {
  // Right only with a bias that the options do not have.
  const biased = carryCheckpoint(0, {
    "layers.0.bias_ih": [[100, 100, 100], [3]],
    "layers.0.bias_hh": [[-100, -100, -100], [3]],
  });
  assertThrows(() => verify(codesOf(biased), biased), Refuted);
  // No carry at the start, in a start that is 0.
  const started = carryCheckpoint(0, { "initial.0.h": [[5, 0, 0], [3]] });
  assertStrictEquals(verify(codesOf(started), started).states, 3);
});

Deno.test("verify() refuses weights whose shapes are not those of the options and the task", () => {
  const shapes: NetworkWeights[] = [
    { "output.weight": [[], [3, 0]], "output.bias": [[], [0]] },
    { "output.weight": [[0, 4, 4], [3, 1]], "output.bias": [[4], [1]] },
    { "output.weight": [[0, 0, 4, -4, 4, -4], [2, 3]] },
    { "layers.0.weight_hh": [[8, -8, 8], [1, 3]] },
    { "layers.0.bias_ih": [[0], [1]] },
  ];
  for (const other of shapes) {
    const bytes = carryCheckpoint(0, other);
    const { name } = assertThrows(() => verify(codesOf(bytes), bytes), Error);
    assert(name !== "TypeError");
  }
  const none = carryCheckpoint(0, {
    "layers.0.weight_ih": [[], [0, 3]],
    "initial.0.h": [[0, 0, 0], [3]],
  }, { base: 0 });
  assertThrows(() => verify(codesOf(none), none), Refuted, "does not know");
});

Deno.test("verify() refuses sums that float32 may not hold", () => {
  const { certificate } = certified(ringCheckpoint());
  // All logits of odd numbers are infinite.
  const infinite = ringCheckpoint(({ output }) =>
    output.forEach((v, i) => output[i] = v * 1e37 + (Math.floor(i / 4) % 2 ? 1.8e38 : -1.8e38))
  );
  assertThrows(() => verify({ ...certificate, weights: hashOf(infinite) }, infinite), Refuted);
});

Deno.test("verifyRepeat() takes a program's bits for that device alone, and for models that show all of their state", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/ring.safetensors`;
    await Deno.writeFile(path, ringCheckpoint());
    using run = await loadRun(path, { models: MODELS, tasks: TASKS, device: "cpu" });
    const repeat = await findRepeat(run, 100);
    assert(repeat !== undefined);
    const { weights, task } = codesOf(new Uint8Array());
    const head = {
      format: "unroll-certificate",
      version: 1,
      kind: "repeat",
      weights,
      task,
    } as const;
    await verifyRepeat({ ...head, ...repeat }, run);
    await assertRejects(
      () => verifyRepeat({ ...head, ...repeat, device: "webgpu" }, run),
      Refuted,
      "it is about webgpu",
    );
    // Its stack goes on beside what is shown.
    const model = { ...run.config.model, name: "stack-rnn" };
    const other = { ...run, config: { ...run.config, model } };
    await assertRejects(() => verifyRepeat({ ...head, ...repeat }, other), Refuted, "whole state");
  });
});

Deno.test("readCertificate() says what is wrong with a file that is none", () => {
  for (const text of ["", "1", "null", "[]", "{}", '{"format":"unroll-certificate","version":2}']) {
    assertThrows(
      () => readCertificate(text, "a.json"),
      RangeError,
      "Cannot read the certificate a.json: ",
    );
  }
});
