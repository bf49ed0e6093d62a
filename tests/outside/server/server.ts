/** Answers questions from a saved run: `deno run --allow-read --allow-net server.ts RUN`, then `/?question=0+1`. */
import { loadRun } from "@unroll/core/runs";
import { MODELS } from "@unroll/models";
import { TASKS } from "@unroll/tasks";

const run = await loadRun(Deno.args[0], { models: MODELS, tasks: TASKS });

Deno.serve({ hostname: "127.0.0.1", port: 0 }, async ({ url }) => {
  const question = new URL(url).searchParams.get("question") ?? "";
  try {
    return Response.json({ answer: await run.taskInstance.answer?.(run.predict, question) });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return Response.json({ error: error.message }, { status: 400 });
  }
});
