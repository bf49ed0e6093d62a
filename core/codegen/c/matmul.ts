/**
 * Products of matrices as C: tiles of rows by vectors of columns whose sums stay in registers.
 *
 * The right operand is read in panels, as wide as a tile. Where its columns do not lie next to each other, or
 * where many rows read it and it is large, a panel is copied first; if nothing in the outermost loop around
 * changes it, all panels are copied once before that loop. Long sums are cut, as in `wasm/printer/long_sum.ts`: after
 * {@linkcode CHAIN_TERMS} terms a chain is added to a total, after {@linkcode BLOCK_TERMS} the total to what the tile had
 * before, in floats, or in doubles where there are very many.
 *
 * @module
 */
import {
  accumulator,
  addIndex,
  type AffineIndex,
  affineIndex,
  type Axis,
  axisExpression,
  type Buffer,
  constantExpression,
  type Expression,
  rewriteExpression,
  scaleIndex,
} from "../../ir/expression.ts";
import { type MapKernel, mapKernel, type MatmulKernel } from "../../loops/program.ts";
import { printMap, type Segment, segmentsOf } from "./kernels.ts";
import { type CWriter, ONE_LANE } from "./writer.ts";

/** What a processor has for a product. */
export interface Machine {
  /** Numbers that a vector register holds: 4, 8 or 16. */
  readonly lanes: number;
  /** How many vector registers there are. */
  readonly registers: number;
}

/** Sums of a tile in registers. */
interface Tile {
  readonly rows: number;
  /** Vectors of columns. */
  readonly vectors: number;
}

/** A product with all that is decided of it. */
export interface ProductPlan {
  readonly kernel: MatmulKernel;
  readonly x: AffineIndex;
  readonly y: AffineIndex;
  readonly tile: Tile;
  /** How many vector registers there are. */
  readonly registers: number;
  /** Columns next to each other: panels of `tile.vectors` vectors, then what is left. */
  readonly panels: readonly Panel[];
  /** When panels of the right operand are copied. */
  readonly pack: "never" | "each" | "ahead";
  /** Floats of memory of its own: panels and sums. */
  readonly scratch: { readonly panel: number; readonly sums: number };
}

/** Columns that a tile has. */
interface Panel {
  readonly start: number;
  /** How many such panels there are, one after the other. */
  readonly count: number;
  /** Its vectors, in order. */
  readonly segments: readonly Segment[];
  readonly columns: number;
}

/** Terms of a chain before it is added to its total and starts again; chains of up to twice as many are not cut. */
const CHAIN_TERMS = 64;
/** Terms that are added before a tile is added to what it had in memory, while its operands stay in the cache. */
const BLOCK_TERMS = 512;
/** With more terms than this, totals are doubles. */
const MANY_TERMS = 1 << 14;
/** Rows from which on a copy of a panel pays. */
const MIN_PACKED_ROWS = 24;
/** Right operands of fewer elements than this stay in the first cache however they lie. */
const SMALL_OPERAND = 6000;
/** Multiplications that must be under way at the same time. */
const IN_FLIGHT = 8;

/** Decides how a product is computed. */
export function planProduct(
  kernel: MatmulKernel,
  machine: Machine,
  isFixed: (buffer: Buffer, base: Expression) => boolean,
): ProductPlan {
  // A vector on the right is a vector on the left of the transposed product.
  if (kernel.column.extent === 1 && kernel.row.extent > 1) {
    const { row, column, x, y } = kernel;
    return planProduct({ ...kernel, row: column, column: row, x: y, y: x }, machine, isFixed);
  }
  const { batch, row, column, inner } = kernel;
  const axes = [...batch, row, column, inner];
  const [x, y] = [kernel.x, kernel.y].map(({ index }) => affineIndex(index, axes));
  if (!x || !y) throw new Error(`Cannot print ${kernel.name}: an operand's index is not affine`);
  const [m, k, n] = [row.extent, inner.extent, column.extent];
  const tile = chooseTile(m, n, machine);
  const panels = panelsOf(n, tile.vectors, machine.lanes);
  const isRow = y.strides.get(column) === 1;
  const isLarge = k * n > SMALL_OPERAND;
  const fixed = batch.length === 0 && (isLarge || !isRow) && isFixed(kernel.y.buffer, y.base);
  const pack = fixed ? "ahead" : !isRow || (isLarge && m >= MIN_PACKED_ROWS) ? "each" : "never";
  const padded = panels.reduce((sum, { count, segments }) => sum + count * widthOf(segments), 0);
  const widest = Math.max(...panels.map(({ segments }) => widthOf(segments)));
  const scratch = {
    panel: pack === "ahead" ? padded * k : pack === "each" ? widest * k : 0,
    sums: k > BLOCK_TERMS ? m * widest * (k > MANY_TERMS ? 2 : 1) : 0,
  };
  return { kernel, x, y, tile, registers: machine.registers, panels, pack, scratch };
}

/** Numbers of the vectors of a panel, those that do not count included. */
function widthOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { width, vectors }) => sum + width * vectors, 0);
}

/** Chooses the tile that takes the fewest cycles for all rows and columns. */
function chooseTile(m: number, n: number, { lanes, registers }: Machine): Tile {
  const whole = Math.max(1, Math.floor(n / lanes));
  let best = { rows: 1, vectors: 1, cost: Infinity };
  for (let vectors = 1; vectors <= Math.min(4, whole); vectors++) {
    for (let rows = 1; rows <= Math.min(14, m); rows++) {
      if ((rows + 1) * vectors + 1 > registers && rows > 1) continue;
      const rounds = Math.floor(m / rows);
      const panels = Math.floor(whole / vectors);
      const cycles = (r: number, v: number) =>
        r === 0 || v === 0 ? 0 : Math.max(r * v / 2, (r + v) / 2, 4) + 0.5;
      const columnsOf = (v: number) => rounds * cycles(rows, v) + cycles(m % rows, v);
      const cost = panels * columnsOf(vectors) + columnsOf(whole % vectors);
      if (cost < best.cost - 1e-9) best = { rows, vectors, cost };
    }
  }
  return { rows: best.rows, vectors: best.vectors };
}

function panelsOf(n: number, vectors: number, lanes: number): Panel[] {
  const panels: Panel[] = [];
  const whole = Math.floor(n / lanes);
  const count = Math.floor(whole / vectors);
  const wide = (start: number, vectors: number): Segment => ({
    start,
    width: lanes,
    vectors,
    count: lanes,
  });
  if (count > 0) {
    panels.push({ start: 0, count, segments: [wide(0, vectors)], columns: lanes * vectors });
  }
  // What is left is one panel: whole vectors, and shorter ones.
  const start = lanes * vectors * count;
  const segments = segmentsOf(n - start, lanes);
  if (segments.length > 0) panels.push({ start, count: 1, segments, columns: n - start });
  return panels;
}

/** Memory of a product: texts of pointers to floats. */
export interface ProductMemory {
  readonly panel: string;
  readonly sums: string;
}

/** Writes a product without terms: its sums are zero. */
export function printEmptyProduct(writer: CWriter, kernel: MatmulKernel): void {
  const zero = constantExpression("f32", 0);
  const { stores } = mapKernel(
    { kind: "map", name: kernel.name, axes: [], stores: kernel.stores },
    (expression) =>
      rewriteExpression(expression, (part) => part.kind === "accumulator" ? zero : undefined),
  );
  const axes = [...kernel.batch, kernel.row, kernel.column];
  const map: MapKernel = { kind: "map", name: kernel.name, axes, stores };
  printMap(writer, map);
}

/** Writes a copy of all panels of the right operand. */
export function printPacking(
  writer: CWriter,
  plan: ProductPlan,
  pointer: string,
  panel: string,
): void {
  const start = writer.integer(plan.y.base);
  let offset = 0;
  const k = plan.kernel.inner.extent;
  for (const own of plan.panels) {
    const width = widthOf(own.segments);
    writer.block(`for (int g = 0; g < ${own.count}; g++) `, [], () => {
      const first = `${own.start} + g * ${own.columns}`;
      copyPanel(writer, plan, own, {
        from: `${pointer} + ${start}`,
        first,
        to: `${panel} + ${offset} + g * ${width * k}`,
      });
    });
    offset += own.count * width * k;
  }
}

function copyPanel(
  writer: CWriter,
  { kernel, y }: ProductPlan,
  { segments }: Panel,
  { from, first, to }: { readonly from: string; readonly first: string; readonly to: string },
): void {
  const strides = [kernel.inner, kernel.column].map((axis) => y.strides.get(axis) ?? 0);
  const width = widthOf(segments);
  const columns = segments.reduce((sum, { count, vectors }) => sum + count * vectors, 0);
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
    writer.line(`const float *py = ${pointer("y")} + ${start(y)};`);
    let offset = 0;
    for (const panel of panels) {
      const width = widthOf(panel.segments);
      const body = (first: string) => {
        const own = { from: "py", first, to: memory.panel };
        if (pack === "each") copyPanel(writer, plan, panel, own);
        const packed = pack === "each"
          ? memory.panel
          : pack === "ahead"
          ? `${memory.panel} + ${offset} + (${first} - ${panel.start}) / ${panel.columns} * ${
            width * k
          }`
          : undefined;
        const right = packed === undefined
          ? { pointer: `py + ${first}`, inner: y.strides.get(inner) ?? 0 }
          : { pointer: packed, inner: width };
        printPanel(writer, plan, panel, { first, left, right, sums: memory.sums });
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
      offset += panel.count * width * k;
    }
  });
}

/** Where a panel's tiles read and write. */
interface PanelPlaces {
  /** Text of the first column. */
  readonly first: string;
  readonly left: { readonly row: number; readonly inner: number };
  readonly right: { readonly pointer: string; readonly inner: number };
  readonly sums: string;
}

/** Writes all rows of a panel. */
function printPanel(writer: CWriter, plan: ProductPlan, panel: Panel, places: PanelPlaces): void {
  const { kernel: { row, inner }, tile } = plan;
  const [m, k] = [row.extent, inner.extent];
  const vectors = panel.segments.reduce((sum, { vectors }) => sum + vectors, 0);
  // Fewer rows where shorter vectors make the panel wider than a tile.
  const fit = Math.floor((plan.registers - 1) / vectors) - 1;
  const rows = Math.min(m, tile.rows, Math.max(1, fit));
  const blocks = Math.ceil(k / BLOCK_TERMS);
  const all = (from: string, terms: number, isFirst: boolean, isLast: boolean) => {
    const part = (count: number, at: string) =>
      printTile(writer, plan, panel, { ...places, rows: count, at, from, terms, isFirst, isLast });
    const whole = Math.floor(m / rows);
    if (whole > 1) {
      const name = writer.unique("r");
      writer.block(
        `for (int ${name} = 0; ${name} < ${whole * rows}; ${name} += ${rows}) `,
        [],
        () => part(rows, name),
      );
    } else writer.block("", [], () => part(rows, "0"));
    const rest = m - whole * rows;
    if (rest > 0) writer.block("", [], () => part(rest, `${whole * rows}`));
  };
  if (blocks === 1) return all("0", k, true, true);
  all("0", BLOCK_TERMS, true, false);
  if (blocks > 2) {
    const name = writer.unique("q");
    const head = `for (int ${name} = ${BLOCK_TERMS}; ${name} < ${
      (blocks - 1) * BLOCK_TERMS
    }; ${name} += ${BLOCK_TERMS}) `;
    writer.block(head, [], () => all(name, BLOCK_TERMS, false, false));
  }
  const done = (blocks - 1) * BLOCK_TERMS;
  all(`${done}`, k - done, false, true);
}

/** A tile and the terms that it adds. */
interface TilePlaces extends PanelPlaces {
  readonly rows: number;
  /** Text of the first row. */
  readonly at: string;
  /** Text of the first term. */
  readonly from: string;
  readonly terms: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

function printTile(writer: CWriter, plan: ProductPlan, panel: Panel, tile: TilePlaces): void {
  const { rows, at, from, terms, left, right } = tile;
  const { kernel } = plan;
  const wide = kernel.inner.extent > MANY_TERMS;
  // Each vector of the panel: its width, the lanes that count, where it begins.
  const vectors: { width: number; count: number; start: number }[] = [];
  for (const { start, width, count, vectors: number } of panel.segments) {
    for (let v = 0; v < number; v++) vectors.push({ width, count, start: start + v * width });
  }
  const chains = Math.max(1, Math.min(4, Math.floor(IN_FLIGHT / (rows * vectors.length)), terms));
  const sum = (chain: number, r: number, v: number) => `a${chain}_${r}_${v}`;
  const each = (body: (r: number, v: number) => void) => {
    for (let r = 0; r < rows; r++) vectors.forEach((_, v) => body(r, v));
  };
  for (let chain = 0; chain < chains; chain++) {
    each((r, v) => writer.line(`f${vectors[v].width} ${sum(chain, r, v)} = { 0 };`));
  }
  writer.line(`const float *x = px + (${at}) * ${left.row} + (${from}) * ${left.inner};`);
  writer.line(`const float *y = ${right.pointer} + (${from}) * ${right.inner};`);
  const term = (chain: number) => {
    writer.block("", [], () => {
      vectors.forEach(({ width, start }, v) =>
        writer.line(`const f${width} y${v} = *(const f${width}m *)(y + ${start});`)
      );
      for (let r = 0; r < rows; r++) {
        writer.line(`const float x${r} = x[${r * left.row}];`);
        vectors.forEach((_, v) => writer.line(`${sum(chain, r, v)} += x${r} * y${v};`));
      }
      writer.line(`x += ${left.inner}; y += ${right.inner};`);
    });
  };
  const rounds = Math.floor(terms / chains);
  const loop = (rounds: number) => {
    const body = () => {
      for (let chain = 0; chain < chains; chain++) term(chain);
    };
    if (rounds === 1) body();
    else if (rounds > 0) writer.block(`for (int p = 0; p < ${rounds}; p++) `, [], body);
  };
  const join = () => {
    for (let chain = 1; chain < chains; chain++) {
      each((r, v) => writer.line(`${sum(0, r, v)} += ${sum(chain, r, v)};`));
    }
  };
  const isLong = rounds > 2 * CHAIN_TERMS;
  const total = (r: number, v: number) => `s_${r}_${v}`;
  if (isLong) {
    each((r, v) => writer.line(`f${vectors[v].width} ${total(r, v)} = { 0 };`));
    writer.block(`for (int b = 0; b < ${Math.floor(rounds / CHAIN_TERMS)}; b++) `, [], () => {
      loop(CHAIN_TERMS);
      join();
      each((r, v) => writer.line(`${total(r, v)} += ${sum(0, r, v)};`));
      for (let chain = 0; chain < chains; chain++) {
        each((r, v) => writer.line(`${sum(chain, r, v)} = (f${vectors[v].width}){ 0 };`));
      }
    });
  }
  loop(isLong ? rounds % CHAIN_TERMS : rounds);
  for (let i = rounds * chains; i < terms; i++) term(i % chains);
  join();
  if (isLong) each((r, v) => writer.line(`${sum(0, r, v)} += ${total(r, v)};`));
  printEnd(writer, plan, panel, { ...tile, vectors, sum: (r, v) => sum(0, r, v), wide });
}

/** What a tile has become, in registers. */
interface TileSums extends TilePlaces {
  readonly vectors: readonly {
    readonly width: number;
    readonly count: number;
    readonly start: number;
  }[];
  /** Name of a sum. */
  readonly sum: (row: number, vector: number) => string;
  /** Whether totals are doubles. */
  readonly wide: boolean;
}

/** Tiles of more vectors than this are stored in a loop. */
const MAX_UNROLLED = 4;

/** Adds a tile to what it had before, and keeps or stores it. */
function printEnd(writer: CWriter, plan: ProductPlan, panel: Panel, tile: TileSums): void {
  const { rows, vectors, sum, at, first, sums, wide, isFirst, isLast } = tile;
  const { row, column, stores } = plan.kernel;
  const letter = wide ? "d" : "f";
  const memory = wide ? `(double *)${sums}` : sums;
  const each = (body: (r: number, v: number) => void) => {
    for (let r = 0; r < rows; r++) vectors.forEach((_, v) => body(r, v));
  };
  if (!isFirst || !isLast) {
    each((r, v) => {
      const { width, start } = vectors[v];
      const type = `${letter}${width}`;
      const place = `(${memory} + (${at} + ${r}) * ${widthOf(panel.segments)} + ${start})`;
      const own = wide ? `__builtin_convertvector(${sum(r, v)}, ${type})` : sum(r, v);
      const total = isFirst ? own : `*(const ${type}m *)${place} + ${own}`;
      if (!isLast) writer.line(`*(${type}m *)${place} = ${total};`);
      else {
        writer.line(
          `${sum(r, v)} = ${wide ? `__builtin_convertvector(${total}, f${width})` : total};`,
        );
      }
    });
  }
  if (!isLast) return;
  const result = accumulator("f32", 0);
  const store = (
    v: { readonly width: number; readonly count: number },
    axes: readonly (readonly [Axis, string])[],
    name: string,
  ) =>
    writer.along(
      column.extent === 1 ? undefined : column,
      column.extent === 1 ? ONE_LANE : v,
      () =>
        writer.block("", axes, () => {
          writer.know(result, name);
          writer.stores(stores);
        }, true),
    );
  if (rows * vectors.length <= MAX_UNROLLED) {
    return each((r, v) =>
      store(
        vectors[v],
        [[row, `${at} + ${r}`], [column, `${first} + ${vectors[v].start}`]],
        sum(r, v),
      )
    );
  }
  // Vectors of one width in a loop: rows, then vectors.
  for (let from = 0; from < vectors.length;) {
    const own = vectors[from];
    let to = from;
    while (
      to < vectors.length && vectors[to].width === own.width && vectors[to].count === own.count
    ) to++;
    const [t, r, v] = ["t", "r", "v"].map((name) => writer.unique(name));
    const some = Array.from(
      { length: rows },
      (_, r) => vectors.slice(from, to).map((_, i) => sum(r, from + i)),
    );
    writer.line(`const f${own.width} ${t}[] = { ${some.flat().join(", ")} };`);
    const count = to - from;
    writer.block(`for (int ${r} = 0; ${r} < ${rows}; ${r}++) `, [[row, `${at} + ${r}`]], () => {
      const inside = () =>
        store(
          own,
          [[column, `${first} + ${own.start} + ${v} * ${own.width}`]],
          `${t}[${r} * ${count} + ${v}]`,
        );
      writer.block(`for (int ${v} = 0; ${v} < ${count}; ${v}++) `, [], inside);
    });
    from = to;
  }
}
