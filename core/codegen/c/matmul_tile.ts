/**
 * Tiles of a product as C. Long sums are cut, as in `wasm/printer/long_sum.ts`: after {@linkcode CHAIN_TERMS} terms a
 * chain is added to a total, after {@linkcode BLOCK_TERMS} the total to what the tile had before, in floats, or in doubles
 * where there are very many.
 *
 * @module
 */
import { accumulator, type Axis } from "../../ir/expression.ts";
import { BLOCK_TERMS, MANY_TERMS, type Panel, type ProductPlan } from "./matmul_plan.ts";
import { type CWriter, ONE_LANE } from "./writer.ts";

/** Terms of a chain before it is added to its total and starts again; chains of up to twice as many are not cut. */
const CHAIN_TERMS = 64;
/** Multiplications that must be under way at the same time. */
const IN_FLIGHT = 8;

/** Where a panel's tiles read and write. */
export interface PanelPlaces {
  /** Text of the first column. */
  readonly first: string;
  readonly left: { readonly row: number; readonly inner: number };
  readonly right: { readonly pointer: string; readonly inner: number };
  /** Where a copy of the left operand is. */
  readonly packed: string;
  readonly sums: string;
}

/** Writes all rows of a panel. */
export function printPanel(
  writer: CWriter,
  plan: ProductPlan,
  panel: Panel,
  places: PanelPlaces,
): void {
  const { kernel: { row, inner }, tile } = plan;
  const [m, k] = [row.extent, inner.extent];
  const { rows } = panel;
  const blocks = Math.ceil(k / BLOCK_TERMS);
  const all = (from: string, terms: number, isFirst: boolean, isLast: boolean) => {
    const part = (count: number, at: string) =>
      printTile(writer, plan, panel, {
        ...{ ...places, rows: count, at, from, terms, isFirst, isLast },
        isPacked: plan.packsLeft && rows === tile.rows,
      });
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
  /** Whether the copy of the left operand is read. */
  readonly isPacked: boolean;
  /** Text of the first term. */
  readonly from: string;
  readonly terms: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

function printTile(writer: CWriter, plan: ProductPlan, panel: Panel, tile: TilePlaces): void {
  const { rows, at, from, terms, right } = tile;
  const { kernel } = plan;
  // The copy is of tiles of as many rows as most panels have.
  const left = tile.isPacked ? { row: 1, inner: rows } : tile.left;
  const start = tile.isPacked
    ? `${tile.packed} + (${at}) * ${kernel.inner.extent}`
    : `px + (${at}) * ${left.row}`;
  const wide = kernel.inner.extent > MANY_TERMS;
  // Each vector of the panel: its width, the lanes that count, where it begins.
  const vectors: { width: number; count: number; start: number }[] = [];
  for (const { start, width, count, vectors: number } of panel.segments) {
    for (let v = 0; v < number; v++) vectors.push({ width, count, start: start + v * width });
  }
  // Each element of the left operand is spread once: to spread it again for shorter vectors takes as long as a product.
  const widest = Math.max(...vectors.map(({ width }) => width));
  const chains = Math.max(1, Math.min(4, Math.floor(IN_FLIGHT / (rows * vectors.length)), terms));
  const sum = (chain: number, r: number, v: number) => `a${chain}_${r}_${v}`;
  const each = (body: (r: number, v: number) => void) => {
    for (let r = 0; r < rows; r++) vectors.forEach((_, v) => body(r, v));
  };
  for (let chain = 0; chain < chains; chain++) {
    each((r, v) => writer.line(`f${vectors[v].width} ${sum(chain, r, v)} = { 0 };`));
  }
  writer.line(`const float *x = ${start} + (${from}) * ${left.inner};`);
  writer.line(`const float *y = ${right.pointer} + (${from}) * ${right.inner};`);
  const term = (chain: number) => {
    writer.block("", [], () => {
      vectors.forEach(({ width, start }, v) =>
        writer.line(`const f${width} y${v} = *(const f${width}m *)(y + ${start});`)
      );
      for (let r = 0; r < rows; r++) {
        writer.line(`const f${widest} x${r} = splat_f${widest}(x[${r * left.row}]);`);
        vectors.forEach(({ width }, v) => {
          const factor = width === widest ? `x${r}` : `first_f${width}(x${r})`;
          writer.line(`${sum(chain, r, v)} += ${factor} * y${v};`);
        });
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
      const place = `(${memory} + (${at} + ${r}) * ${panel.width} + ${start})`;
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
