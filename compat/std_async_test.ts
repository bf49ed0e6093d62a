/** Deadlines, in both worlds: the real package where it is, and the stand-in. */
import { deadline } from "@std/async/deadline";
import { assertEquals, assertRejects } from "@std/assert";
import * as standIn from "./std_async.ts";

for (const [name, implementation] of Object.entries({ "@std/async": { deadline }, standIn })) {
  Deno.test(`${name}: deadline() gives what is in time, and refuses what is late`, async () => {
    assertEquals(await implementation.deadline(Promise.resolve(3), 60_000), 3);
    const never = new Promise<void>(() => {});
    const error = await assertRejects(() => implementation.deadline(never, 1), DOMException);
    assertEquals(error.name, "TimeoutError");
    await assertRejects(
      () => implementation.deadline(Promise.reject(new RangeError("Cannot")), 60_000),
      RangeError,
    );
  });
}
