import { assertEquals } from "@std/assert";
import { writeAtomically } from "./files.ts";

Deno.test("[long] writeAtomically() writes more than 2 GiB, of which systems take a part at once", async () => {
  const path = await Deno.makeTempFile();
  try {
    const size = 2 ** 31 + 5;
    await writeAtomically(path, new Uint8Array(size));
    assertEquals((await Deno.stat(path)).size, size);
  } finally {
    await Deno.remove(path);
  }
});
