import { checkModel, checkTask } from "@unroll/core/testing";
import { mgu } from "./mgu.ts";
import { parity } from "./parity.ts";

Deno.test("mgu keeps the contract of models", async () => {
  await checkModel(mgu({ hidden: 3 }));
  await checkModel(mgu({ hidden: 3, layers: 2, bias: "both" }));
});

Deno.test("parity keeps the contract of tasks", async () => {
  await checkTask(parity());
});
