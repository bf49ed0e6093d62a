/** Paths, in both worlds: the real package where it is, and the stand-in. */
import { basename } from "@std/path/basename";
import { dirname } from "@std/path/dirname";
import { fromFileUrl } from "@std/path/from-file-url";
import { toFileUrl } from "@std/path/to-file-url";
import { assertEquals, assertThrows } from "@std/assert";
import * as standIn from "./std_path.ts";

const IMPLEMENTATIONS = {
  "@std/path": { basename, dirname, fromFileUrl, toFileUrl },
  "stand-in": standIn,
};

for (const [name, path] of Object.entries(IMPLEMENTATIONS)) {
  Deno.test(`${name}: basename() and dirname() take a path apart`, () => {
    assertEquals(path.basename("/a/b.txt"), "b.txt");
    assertEquals(path.basename("b.txt", ".txt"), "b");
    assertEquals(path.basename("a/b/"), "b");
    assertEquals(path.dirname("/a/b.txt"), "/a");
    assertEquals(path.dirname("b.txt"), ".");
    assertEquals(path.dirname("/b"), "/");
  });

  Deno.test(`${name}: fromFileUrl() and toFileUrl() go to and fro`, () => {
    for (const file of ["/a/b c.txt", "/a/100 %/ü?#.txt", "/a/b/", "/a%5Cb\n%"]) {
      assertEquals(path.fromFileUrl(path.toFileUrl(file)), file);
    }
    assertEquals(path.toFileUrl("/a/b c#?.txt").href, "file:///a/b%20c%23%3F.txt");
    assertEquals(path.fromFileUrl("file:///a/b%20c"), "/a/b c");
    assertThrows(() => path.fromFileUrl("https://example.com/"), TypeError);
    assertThrows(() => path.toFileUrl("a/b"), TypeError);
  });
}
