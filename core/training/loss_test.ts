import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { grad } from "../language/gradient.ts";
import { tensor } from "../language/ops/creation.ts";
import type { Tensor } from "../language/tensor.ts";
import type { OutputSpec, TaskSpec } from "../plugin/task_spec.ts";
import { randomSource } from "../util/random_source.ts";
import { evaluateOutputs } from "../plugin/evaluation.ts";
import { taskLoss } from "./loss.ts";

const OUTPUTS: readonly OutputSpec[] = [
  { kind: "class", classes: 3, at: "every" },
  { kind: "class", classes: 3, at: "last" },
  { kind: "vector", size: 3, at: "every" },
];

for (const outputs of OUTPUTS) {
  for (const kind of ["cross-entropy", "squared-error"] as const) {
    if (outputs.kind === "vector" && kind === "cross-entropy") continue;
    for (const reduction of ["mean", "sum"] as const) {
      for (const weighted of [false, true]) {
        const name = `${kind} ${reduction} of ${outputs.kind} at ${outputs.at}${
          weighted ? ", weighted" : ""
        }`;
        Deno.test(`taskLoss() and evaluateOutputs() agree on ${name}`, async () => {
          const spec: TaskSpec = {
            inputs: { kind: "none" },
            outputs,
            length: 4,
            loss: { kind, reduction },
            weighted,
            stateful: false,
          };
          const random = randomSource(7);
          const places = outputs.at === "every" ? [4, 2] : [2];
          const count = places.reduce((size, n) => size * n);
          const answers = Float32Array.from({ length: count * 3 }, () => random() * 4 - 2);
          const targets = outputs.kind === "class"
            ? Int32Array.from({ length: count }, () => Math.floor(random() * 3))
            : Float32Array.from({ length: count * 3 }, () => random() * 4 - 2);
          const weights = weighted
            ? Float32Array.from({ length: count }, (_, i) => i % 2 === 0 ? 0 : 0.5 + i)
            : undefined;
          const loss = taskLoss(
            spec,
            tensor(answers, { shape: [...places, 3] }),
            tensor(targets, { shape: outputs.kind === "class" ? places : [...places, 3] }),
            weights && tensor(weights, { shape: places }),
          );
          const measured = evaluateOutputs(spec, answers, targets, weights);
          // Both in double precision; read as f32.
          assertAlmostEquals(measured.loss, await loss.item(), Math.abs(measured.loss) * 2 ** -23);
          assertEquals(measured.count, weighted ? count / 2 : count);
        });
      }
    }
  }
}

Deno.test("evaluateOutputs() counts an answer of NaN as wrong", () => {
  const spec: TaskSpec = {
    inputs: { kind: "none" },
    outputs: { kind: "class", classes: 2, at: "every" },
    length: 3,
    loss: { kind: "cross-entropy", reduction: "mean" },
    weighted: false,
    stateful: false,
  };
  const answers = Float32Array.of(NaN, NaN, 0, 1, 1, NaN);
  assertEquals(evaluateOutputs(spec, answers, Int32Array.of(0, 1, 0)).errors, 2);
});

Deno.test("taskLoss() and evaluateOutputs() are NaN for a target out of range, unless its weight is 0", async () => {
  for (const kind of ["cross-entropy", "squared-error"] as const) {
    const spec: TaskSpec = {
      inputs: { kind: "none" },
      outputs: { kind: "class", classes: 2, at: "every" },
      length: 2,
      loss: { kind, reduction: "mean" },
      weighted: true,
      stateful: false,
    };
    const answers = Float32Array.of(0, 1, 2, 3);
    for (const wrong of [2, -1]) {
      const targets = Int32Array.of(1, wrong);
      for (const last of [0, 1]) {
        const weights = Float32Array.of(1, last);
        const loss = taskLoss(
          spec,
          tensor(answers, { shape: [2, 2] }),
          tensor(targets),
          tensor(weights),
        );
        const found = [await loss.item(), evaluateOutputs(spec, answers, targets, weights).loss];
        assertEquals(found.map(Number.isNaN), [last === 1, last === 1], `${kind} of ${wrong}`);
      }
    }
  }
});

Deno.test("taskLoss() takes a loss of the task's own, of each answer, and its gradient is found", async () => {
  const spec: TaskSpec = {
    inputs: { kind: "none" },
    outputs: { kind: "vector", size: 2, at: "every" },
    length: 2,
    // Of absolute errors.
    loss: { kind: (outputs, targets) => outputs.sub(targets).abs().sum(-1), reduction: "mean" },
    weighted: true,
    stateful: false,
  };
  const [outputs, targets] = [[1, -2, 5, 5], [0, 0, 1, 1]].map((values) =>
    tensor(values, { shape: [2, 1, 2] })
  );
  const weights = tensor([3, 1], { shape: [2, 1] });
  const value = (own: Tensor) => taskLoss(spec, own, targets, weights);
  // (3 · (1 + 2) + 1 · (4 + 4)) / 4
  assertEquals(await value(outputs).item(), 4.25);
  assertEquals([...await grad(value)(outputs).data()], [0.75, -0.75, 0.25, 0.25]);
  const whole: TaskSpec = {
    ...spec,
    loss: { kind: (outputs, targets) => outputs.sub(targets).abs().sum(), reduction: "sum" },
  };
  assertThrows(
    () => taskLoss(whole, outputs, targets),
    TypeError,
    "f32[2,1] is wanted, one number for each answer, found f32[]",
  );
  for (const [other, found] of [[3, "a number"], [undefined, "nothing"]] as const) {
    const none = { kind: () => other as unknown as Tensor, reduction: "sum" } as const;
    assertThrows(() => taskLoss({ ...spec, loss: none }, outputs, targets), TypeError, found);
  }
  assertThrows(
    () => evaluateOutputs(spec, new Float32Array(4), new Float32Array(4)),
    TypeError,
    "found a function",
  );
});
