import { assertEquals } from "@std/assert";
import { findAdapter } from "./adapter.ts";
import { openDevice } from "./device.ts";
import { subgroupSizeOf } from "./subgroups.ts";

const adapter = await findAdapter();
const SUBGROUPS = "subgroups" as GPUFeatureName;

Deno.test({
  name: "openDevice() has subgroups of the size that the adapter says, where it offers them",
  ignore: !adapter?.features.has(SUBGROUPS),
  async fn() {
    const { subgroupMinSize } = adapter?.info as { readonly subgroupMinSize?: number };
    const device = await openDevice();
    assertEquals(device.subgroupSize, subgroupMinSize);
    device.dispose();
  },
});

Deno.test({
  name: "subgroupSizeOf() is 1 where a device has none, or smaller ones than is said",
  ignore: adapter === undefined,
  async fn() {
    const device = await (await findAdapter() as GPUAdapter).requestDevice();
    assertEquals(await subgroupSizeOf(device, 32), 1);
    device.destroy();
    if (!adapter?.features.has(SUBGROUPS)) return;
    const able = await openDevice();
    assertEquals(await subgroupSizeOf(able.device, 512), 1);
    assertEquals(await subgroupSizeOf(able.device, undefined), 1);
    able.check();
    able.dispose();
  },
});
