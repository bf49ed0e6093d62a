import { assertEquals } from "@std/assert";
import {
  addIndex,
  type Axis,
  axisExpression,
  type Buffer,
  index,
  load,
  scaleIndex,
} from "../ir/expression.ts";
import type { MapKernel, TimeLoop } from "./program.ts";
import { findRows } from "./rows.ts";

function axis(name: string, extent: number): Axis {
  return { name, extent };
}

function buffer(name: string, size: number): Buffer {
  return { name, dtype: "f32", size };
}

/** A loop that copies slot t of a state [time + 1, batch, units] to slot t + 1. */
function carryLoop(read: (t: Axis, b: Axis, h: Axis, state: Buffer) => ReturnType<typeof load>) {
  const [t, b, h] = [axis("t", 3), axis("b", 4), axis("h", 5)];
  const state = buffer("state", 4 * 20);
  const at = addIndex(
    addIndex(scaleIndex(axisExpression(t), 20), scaleIndex(axisExpression(b), 5)),
    addIndex(axisExpression(h), index(20)),
  );
  const kernel: MapKernel = {
    kind: "map",
    name: "step",
    axes: [b, h],
    stores: [{ buffer: state, index: at, value: read(t, b, h, state), mode: "set" }],
  };
  const loop: TimeLoop = { kind: "loop", name: "loop", time: t, steps: [kernel] };
  return { loop, kernel, state, b };
}

Deno.test("findRows() finds the batch axis of a loop", () => {
  const { loop, kernel, state, b } = carryLoop((t, b, h, state) =>
    load(
      state,
      addIndex(
        addIndex(scaleIndex(axisExpression(t), 20), scaleIndex(axisExpression(b), 5)),
        axisExpression(h),
      ),
    )
  );
  const rows = findRows([loop]);
  assertEquals(rows?.extent, 4);
  assertEquals(rows?.axes.get(kernel), b);
  assertEquals(rows?.strides.get(state), 5);
});

Deno.test("findRows() refuses a loop whose rows read each other", () => {
  // Row b reads row 3 − b, and unit h reads unit 4 − h.
  const { loop } = carryLoop((t, b, h, state) =>
    load(
      state,
      addIndex(
        addIndex(scaleIndex(axisExpression(t), 20), scaleIndex(axisExpression(b), -5)),
        addIndex(scaleIndex(axisExpression(h), -1), index(19)),
      ),
    )
  );
  assertEquals(findRows([loop]), undefined);
});

Deno.test("findRows() refuses a loop whose points all read one element", () => {
  const { loop } = carryLoop((t, _b, _h, state) => load(state, scaleIndex(axisExpression(t), 20)));
  assertEquals(findRows([loop]), undefined);
});

Deno.test("findRows() takes a merged axis apart", () => {
  const [b, h, flat] = [axis("b", 4), axis("h", 5), axis("i", 20)];
  const [x, y, z] = [buffer("x", 20), buffer("y", 4), buffer("z", 20)];
  const plain: MapKernel = {
    kind: "map",
    name: "double",
    axes: [flat],
    stores: [{
      buffer: z,
      index: axisExpression(flat),
      value: load(x, axisExpression(flat)),
      mode: "set",
    }],
  };
  const at = addIndex(scaleIndex(axisExpression(b), 5), axisExpression(h));
  const sum = {
    kind: "reduce",
    name: "sum",
    axes: [b],
    inner: [h],
    operation: "sum",
    value: load(z, at),
    stores: [{
      buffer: y,
      index: axisExpression(b),
      value: load(y, axisExpression(b)),
      mode: "set",
    }],
  } as const;
  const rows = findRows([plain, sum]);
  assertEquals(rows?.extent, 4);
  const [first] = rows?.steps ?? [];
  assertEquals(first.kind === "map" && first.axes.map(({ extent }) => extent), [1, 4, 5]);
});
