// What the READMEs do, with the packages as npm installs them: `tests/npm/run` runs it, and has TypeScript check it.
// @ts-check
import { compile, scan, valueAndGrad, zeros } from "@unroll/core";
import { nativeBackend } from "@unroll/core/backends";
import { loadRun, trainAndSave } from "@unroll/core/runs";
import { train } from "@unroll/core/training";
import { gru, MODELS, rnn } from "@unroll/models";
import { counting, TASKS, xor } from "@unroll/tasks";
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";

/** @typedef {import("@unroll/core").Tensor} Tensor */

/** @type {(w: Tensor, xs: Tensor) => Tensor} */
const last = (w, xs) => scan((h, x) => [h.mul(w).add(x), undefined], zeros([]), xs)[0];
const step = compile((/** @type {Tensor} */ w, /** @type {Tensor} */ xs) =>
  valueAndGrad((/** @type {Tensor} */ w) => last(w, xs))(w)
);
const [value, gradient] = await step(2, Float32Array.of(1, 2, 3));
deepStrictEqual([await value.item(), await gradient.item()], [11, 6]);

const trained = await train({ model: gru({ hidden: 16 }), task: counting(), steps: 10 });
strictEqual(trained.steps, 10);
trained.dispose();

// Nothing but Deno calls what a compiler makes.
await rejects(nativeBackend(), {
  name: "RangeError",
  message: /^Cannot open native: only Deno can/,
});

// @ts-expect-error Types are found: a number is needed.
const wrong = () => gru({ hidden: "16" });
strictEqual(typeof wrong, "function");

const out = mkdtempSync(`${tmpdir()}/unroll-`);
const model = rnn({ hidden: 2 });
const saved = await trainAndSave({ model, task: xor(), steps: 10, out, version: "0.1.0" });
saved.dispose();
const run = await loadRun(saved.run.path, { models: MODELS, tasks: TASKS });
strictEqual(run.checkpoint.step, 10);
run.dispose();
rmSync(out, { recursive: true });
