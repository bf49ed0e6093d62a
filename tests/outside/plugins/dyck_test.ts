import { checkTask } from "@unroll/core/testing";
import { dyck } from "./dyck.ts";

Deno.test("dyck keeps the contract of tasks", async () => {
  await checkTask(dyck());
});
