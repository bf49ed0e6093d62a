/**
 * Products of matrices as C: copies of their operands, and loops over panels of columns.
 *
 * @module
 */
import {
  addIndex,
  type AffineIndex,
  axisExpression,
  type Expression,
  scaleIndex,
} from "../../ir/expression.ts";
import type { Panel, ProductPlan } from "./matmul_plan.ts";
import { printPanel } from "./matmul_tile.ts";
import type { CWriter } from "./writer.ts";

/** Memory of a product: texts of pointers to floats. */
export interface ProductMemory {
  readonly panel: string;
  readonly left: string;
  readonly sums: string;
}

/** Writes a copy of all panels of the right operand. */
export function printPacking(
  writer: CWriter,
  plan: ProductPlan,
  pointer: string,
  panel: string,
): void {
  const start = writer.integer(plan.y.base);
  const k = plan.kernel.inner.extent;
  for (const own of plan.panels) {
    writer.block(`for (int g = 0; g < ${own.count}; g++) `, [], () => {
      const first = `${own.start} + g * ${own.columns}`;
      copyPanel(writer, plan, own, {
        from: `${pointer} + ${start}`,
        first,
        to: `${panel} + ${own.before * k} + g * ${own.width * k}`,
      });
    });
  }
}

function copyPanel(
  writer: CWriter,
  { kernel, y }: ProductPlan,
  { width, columns }: Panel,
  { from, first, to }: { readonly from: string; readonly first: string; readonly to: string },
): void {
  const strides = [kernel.inner, kernel.column].map((axis) => y.strides.get(axis) ?? 0);
  const k = kernel.inner.extent;
  writer.line(
    `copy_panel(${from} + (${first}) * ${strides[1]}, ${strides[0]}, ${
      strides[1]
    }, ${to}, ${width}, ${columns}, ${k});`,
  );
}

/** Writes a product. */
export function printMatmul(
  writer: CWriter,
  plan: ProductPlan,
  memory: ProductMemory,
  pointer: (operand: "x" | "y") => string,
): void {
  const { kernel, x, y, panels, pack } = plan;
  const { batch, row, inner } = kernel;
  const k = inner.extent;
  writer.loops(batch, () => {
    const start = ({ base, strides }: AffineIndex) => {
      let at: Expression = base;
      for (const axis of batch) {
        const stride = strides.get(axis) ?? 0;
        if (stride !== 0) at = addIndex(at, scaleIndex(axisExpression(axis), stride));
      }
      return writer.integer(at);
    };
    const left = { row: x.strides.get(row) ?? 0, inner: x.strides.get(inner) ?? 0 };
    writer.line(`const float *px = ${pointer("x")} + ${start(x)};`);
    if (plan.packsLeft) copyLeft(writer, plan, left, memory.left);
    writer.line(`const float *py = ${pointer("y")} + ${start(y)};`);
    for (const panel of panels) {
      const { width } = panel;
      const body = (first: string) => {
        const own = { from: "py", first, to: memory.panel };
        if (pack === "each") copyPanel(writer, plan, panel, own);
        const packed = pack === "each"
          ? memory.panel
          : pack === "ahead"
          ? `${memory.panel} + ${
            panel.before * k
          } + (${first} - ${panel.start}) / ${panel.columns} * ${width * k}`
          : undefined;
        const right = packed === undefined
          ? { pointer: `py + ${first}`, inner: y.strides.get(inner) ?? 0 }
          : { pointer: packed, inner: width };
        printPanel(writer, plan, panel, {
          first,
          left,
          right,
          packed: memory.left,
          sums: memory.sums,
        });
      };
      if (panel.count === 1) writer.block("", [], () => body(`${panel.start}`));
      else {
        const end = panel.start + panel.count * panel.columns;
        const name = writer.unique("c");
        writer.block(
          `for (int ${name} = ${panel.start}; ${name} < ${end}; ${name} += ${panel.columns}) `,
          [],
          () => body(name),
        );
      }
    }
  });
}

/** Copies the left operand: the rows of each tile next to each other, term by term. */
function copyLeft(
  writer: CWriter,
  { kernel: { row, inner }, tile: { rows } }: ProductPlan,
  left: { readonly row: number; readonly inner: number },
  to: string,
): void {
  const [m, k] = [row.extent, inner.extent];
  if (left.row === 1) {
    return writer.line(`copy_rows(px, ${left.inner}, ${to}, ${rows}, ${m}, ${k});`);
  }
  const copy = (first: string, count: number) => {
    const from = `px + ${first} * ${left.row}, ${left.inner}, ${left.row}`;
    writer.line(`copy_panel(${from}, ${to} + ${first} * ${k}, ${count}, ${count}, ${k});`);
  };
  const whole = Math.floor(m / rows) * rows;
  writer.block(`for (int r = 0; r < ${whole}; r += ${rows}) `, [], () => copy("r", rows));
  if (whole < m) copy(`${whole}`, m - whole);
}
