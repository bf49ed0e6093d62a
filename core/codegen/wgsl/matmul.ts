/**
 * Printing large matrix products. A workgroup computes one tile of the result: it brings strips of
 * both operands into workgroup memory, and each invocation multiplies them into a block of 4 rows
 * and 4 columns (or twice that) that it keeps in registers. Where the result is small and the summed
 * axis long, several teams of the workgroup each take a share of that axis.
 *
 * @module
 */
import { pointsOf } from "../../loops/accesses.ts";
import { affineIndex, type Axis, type Expression } from "../../ir/expression.ts";
import type { MatmulKernel } from "../../loops/program.ts";
import {
  axesOfAll,
  type PrintContext,
  unflatten,
  WORKGROUP_SIZE,
  writerFor,
  writeStores,
} from "./context.ts";

/** How a product is cut. */
export interface Tiling {
  /** Invocations along the rows of a tile. */
  readonly rowThreads: number;
  /** Invocations along the columns of a tile. */
  readonly columnThreads: number;
  /** Blocks of 4 rows of an invocation. */
  readonly rowBlocks: number;
  /** Blocks of 4 columns of an invocation. */
  readonly columnBlocks: number;
  /** Steps of the summed axis that a strip holds for each team. */
  readonly depth: number;
}

/** Rows and columns of a tile, teams that share the summed axis, and workgroups. */
export interface TilingSizes {
  readonly rows: number;
  readonly columns: number;
  readonly teams: number;
  readonly depth: number;
  readonly tilesDown: number;
  readonly tilesAcross: number;
  readonly workgroups: number;
  /** Elements of four that the strips take in workgroup memory. */
  readonly strips: number;
}

/** Works out the sizes of a tiling. */
export function tilingSizes(kernel: MatmulKernel, tiling: Tiling): TilingSizes {
  const rows = 4 * tiling.rowThreads * tiling.rowBlocks;
  const columns = 4 * tiling.columnThreads * tiling.columnBlocks;
  const teams = WORKGROUP_SIZE / (tiling.rowThreads * tiling.columnThreads);
  const depth = tiling.depth * teams;
  const tilesDown = Math.ceil(kernel.row.extent / rows);
  const tilesAcross = Math.ceil(kernel.column.extent / columns);
  const partials = teams > 1 ? WORKGROUP_SIZE : 0;
  return {
    rows,
    columns,
    teams,
    depth,
    tilesDown,
    tilesAcross,
    workgroups: tilesDown * tilesAcross * pointsOf(kernel.batch),
    strips: Math.max((rows + columns) / 4 * depth, partials),
  };
}

/** Terms of a chain of additions that is left alone. */
const LONG_CHAIN = 512;
/** Terms of the blocks that a longer one is cut into. */
const CHAIN_TERMS = 64;

/** Candidate tilings, smallest tile first; the tuner tries all of them. */
export const TILINGS: readonly Tiling[] = [
  { rowThreads: 4, columnThreads: 4, rowBlocks: 1, columnBlocks: 1, depth: 4 },
  { rowThreads: 8, columnThreads: 8, rowBlocks: 1, columnBlocks: 1, depth: 8 },
  { rowThreads: 4, columnThreads: 16, rowBlocks: 1, columnBlocks: 1, depth: 4 },
  { rowThreads: 16, columnThreads: 4, rowBlocks: 1, columnBlocks: 1, depth: 4 },
  { rowThreads: 16, columnThreads: 16, rowBlocks: 1, columnBlocks: 1, depth: 16 },
  { rowThreads: 16, columnThreads: 16, rowBlocks: 2, columnBlocks: 1, depth: 16 },
  { rowThreads: 16, columnThreads: 16, rowBlocks: 2, columnBlocks: 2, depth: 8 },
];

/**
 * Makes the strips of a tiling shallower, as far as they go, until they fit workgroup memory.
 *
 * @param kernel The product.
 * @param tiling How it is cut.
 * @param bytes Workgroup memory that there is.
 */
export function fitTiling(kernel: MatmulKernel, tiling: Tiling, bytes: number): Tiling {
  const { depth } = tiling;
  if (depth === 1 || tilingSizes(kernel, tiling).strips * 16 <= bytes) return tiling;
  return fitTiling(kernel, { ...tiling, depth: Math.ceil(depth / 2) }, bytes);
}

/** Picks a tiling by size alone: the largest tile that is not mostly empty and leaves enough tiles. */
export function chooseTiling(kernel: MatmulKernel): Tiling {
  const [m, n] = [kernel.row.extent, kernel.column.extent];
  let best = TILINGS[0];
  for (const tiling of TILINGS) {
    const { rows, columns, workgroups } = tilingSizes(kernel, tiling);
    const waste = Math.ceil(m / rows) * rows * Math.ceil(n / columns) * columns / (m * n);
    const area = rows * columns;
    const enough = area <= 256 || workgroups >= (area <= 1024 ? 24 : 96);
    if (enough && waste <= 1.8) best = tiling;
  }
  return best;
}

/** Writes a tiled matrix product; `functions` gains the function that stores an element. */
export function printMatmul(
  kernel: MatmulKernel,
  tiling: Tiling,
  context: PrintContext,
  functionContext: PrintContext,
): void {
  const { source, names, scratch } = context;
  const { rows, columns, teams, depth, tilesDown, tilesAcross, strips } = tilingSizes(
    kernel,
    tiling,
  );
  const { rowThreads, columnThreads, rowBlocks, columnBlocks } = tiling;
  scratch.tiles = Math.max(scratch.tiles, strips);
  const storeName = names.unique(`store_${kernel.name}`);
  const tile = names.unique("tile");
  source.line(`let ${tile} = group % ${tilesDown * tilesAcross};`);
  const batch = new Map<Axis, string>();
  const used = axesOfAll([kernel.x, kernel.y, ...kernel.stores.flatMap((s) => [s.index, s.value])]);
  const batchNumber = names.unique("product");
  source.line(`let ${batchNumber} = group / ${tilesDown * tilesAcross};`);
  unflatten(context, kernel.batch, batchNumber, used, batch);
  const firstRow = names.unique("first_row");
  const firstColumn = names.unique("first_column");
  source.line(`let ${firstRow} = (${tile} / ${tilesAcross}) * ${rows};`);
  source.line(`let ${firstColumn} = (${tile} % ${tilesAcross}) * ${columns};`);
  const down = names.unique("down");
  const across = names.unique("across");
  source.line(`let ${down} = (local / ${columnThreads}) % ${rowThreads};`);
  source.line(`let ${across} = local % ${columnThreads};`);
  const team = names.unique("team");
  if (teams > 1) source.line(`let ${team} = local / ${rowThreads * columnThreads};`);

  const sums: string[][] = [];
  for (let i = 0; i < 4 * rowBlocks; i++) {
    sums.push(Array.from({ length: columnBlocks }, () => names.unique("sum")));
    for (const sum of sums[i]) source.line(`var ${sum} = vec4f();`);
  }
  const start = names.unique("start");
  const k = kernel.inner.extent;
  const multiply = (from: string | number, to: string | number): void =>
    source.block(`for (var ${start} = ${from}; ${start} < ${to}; ${start} += ${depth})`, () => {
      const strip = { context, axes: batch, start, depth, limit: k, inner: kernel.inner };
      loadStrip({ ...strip, load: kernel.x, axis: kernel.row, first: firstRow, size: rows, at: 0 });
      const at = rows / 4 * depth;
      loadStrip({
        ...strip,
        load: kernel.y,
        axis: kernel.column,
        first: firstColumn,
        size: columns,
        at,
      });
      source.line("workgroupBarrier();");
      const step = names.unique("step");
      const own = teams === 1 ? step : `${step} * ${teams} + ${team}`;
      source.block(`for (var ${step} = 0; ${step} < ${tiling.depth}; ${step}++)`, () => {
        const x = Array.from({ length: rowBlocks }, () => names.unique("x"));
        const y = Array.from({ length: columnBlocks }, () => names.unique("y"));
        for (let i = 0; i < rowBlocks; i++) {
          const place = `(${own}) * ${rows / 4} + ${down} + ${i * rowThreads}`;
          source.line(`let ${x[i]} = tiles[${place}];`);
        }
        for (let j = 0; j < columnBlocks; j++) {
          const place = `${at} + (${own}) * ${columns / 4} + ${across} + ${j * columnThreads}`;
          source.line(`let ${y[j]} = tiles[${place}];`);
        }
        sums.forEach((list, i) =>
          list.forEach((sum, j) =>
            source.line(`${sum} += ${x[i >> 2]}.${"xyzw"[i & 3]} * ${y[j]};`)
          )
        );
      });
      source.line("workgroupBarrier();");
    });
  // A long chain of additions would round in proportion to the sum so far: blocks are added to totals.
  const block = depth * Math.max(1, Math.ceil(CHAIN_TERMS / tiling.depth));
  if (k / teams <= LONG_CHAIN) multiply(0, k);
  else {
    const first = names.unique("block");
    const totals = sums.map((list) => list.map(() => names.unique("total")));
    for (const total of totals.flat()) source.line(`var ${total} = vec4f();`);
    source.block(`for (var ${first} = 0; ${first} < ${k}; ${first} += ${block})`, () => {
      multiply(first, k % block === 0 ? `${first} + ${block}` : `min(${first} + ${block}, ${k})`);
      sums.flat().forEach((sum, i) => {
        source.line(`${totals.flat()[i]} += ${sum};`);
        source.line(`${sum} = vec4f();`);
      });
    });
    sums.flat().forEach((sum, i) => source.line(`${sum} = ${totals.flat()[i]};`));
  }
  if (teams > 1) addTeams(context, sums.flat(), team, teams, rowThreads * columnThreads);

  const extra = [...batch].filter(([axis]) => used.has(axis));
  const finish = (): void => {
    // A loop: written out, the store would be there once for each element of the block.
    const results = names.unique("results");
    const part = names.unique("part");
    const parts = sums.flat().length;
    source.line(`var ${results} = array<vec4f, ${parts}>(${sums.flat().join(", ")});`);
    source.block(`for (var ${part} = 0; ${part} < ${parts}; ${part}++)`, () => {
      const line = columnBlocks === 1 ? part : `${part} / ${columnBlocks}`;
      const block = columnBlocks === 1 ? "" : ` + ${part} % ${columnBlocks} * ${columnThreads * 4}`;
      const row = names.unique("row");
      const column = names.unique("column");
      const result = names.unique("result");
      const rowBlock = rowBlocks === 1 ? line : `${line} / 4 * ${rowThreads * 4} + ${line} % 4`;
      source.line(`let ${row} = ${firstRow} + ${down} * 4 + ${rowBlock};`);
      source.line(`let ${column} = ${firstColumn} + ${across} * 4${block};`);
      source.line(`let ${result} = ${results}[${part}];`);
      const c = names.unique("c");
      source.block(`for (var ${c} = 0; ${c} < 4; ${c}++)`, () => {
        const others = [...context.axes.values(), ...extra.map(([, text]) => text)];
        const values = [row, `${column} + ${c}`, `${result}[${c}]`, ...others];
        source.line(`${storeName}(${values.join(", ")});`);
      });
    });
  };
  if (teams > 1) source.block(`if (${team} == 0)`, finish);
  else finish();
  printStore(kernel, functionContext, storeName, [...context.axes.keys(), ...batch.keys()]);
}

/** Brings a strip of an operand into workgroup memory, four neighbours along its own axis at once. */
function loadStrip({ context, axes, start, depth, limit, inner, load, axis, first, size, at }: {
  readonly context: PrintContext;
  readonly axes: ReadonlyMap<Axis, string>;
  readonly start: string;
  readonly depth: number;
  readonly limit: number;
  readonly inner: Axis;
  readonly load: Expression & { readonly kind: "load" };
  readonly axis: Axis;
  readonly first: string;
  readonly size: number;
  readonly at: number;
}): void {
  const { source, names } = context;
  const quads = size / 4 * depth;
  const slot = names.unique("slot");
  const body = (): void => {
    // Neighbouring invocations read neighbouring memory.
    const along = affineIndex(load.index, [inner])?.strides.get(inner) === 1;
    const quad = names.unique("quad");
    const step = names.unique("depth");
    source.line(`let ${quad} = ${along ? `${slot} / ${depth}` : `${slot} % ${size / 4}`};`);
    source.line(`let ${step} = ${along ? `${slot} % ${depth}` : `${slot} / ${size / 4}`};`);
    const position = names.unique(inner.name);
    const base = names.unique(axis.name);
    source.line(`let ${position} = ${start} + ${step};`);
    source.line(`let ${base} = ${first} + ${quad} * 4;`);
    const value = names.unique("values");
    source.line(`var ${value} = vec4f();`);
    const read = (): void => {
      for (let c = 0; c < 4; c++) {
        const inside = (axis.extent % size !== 0 && axis.extent > 1) || axis.extent === 1;
        const statement = (): void => {
          const own = new Map([...axes, [inner, position], [axis, `(${base} + ${c})`]]);
          const writer = writerFor(context, own);
          writer.announce([load]);
          source.line(`${value}.${"xyzw"[c]} = ${writer.text(load)};`);
        };
        if (inside) source.block(`if (${base} + ${c} < ${axis.extent})`, statement);
        else statement();
      }
    };
    if (limit % depth === 0) read();
    else source.block(`if (${position} < ${limit})`, read);
    source.line(`tiles[${at} + ${step} * ${size / 4} + ${quad}] = ${value};`);
  };
  if (quads > WORKGROUP_SIZE) {
    const head = `for (var ${slot} = local; ${slot} < ${quads}; ${slot} += ${WORKGROUP_SIZE})`;
    source.block(head, body);
  } else {
    source.line(`let ${slot} = local;`);
    if (quads === WORKGROUP_SIZE) body();
    else source.block(`if (${slot} < ${quads})`, body);
  }
}

/** Adds what the teams have; the first team gets it all. */
function addTeams(
  { source, names }: PrintContext,
  sums: readonly string[],
  team: string,
  teams: number,
  size: number,
): void {
  for (const sum of sums) {
    source.line(`tiles[local] = ${sum};`);
    source.line("workgroupBarrier();");
    source.block(`if (${team} == 0)`, () => {
      const other = names.unique("other");
      source.block(`for (var ${other} = 1; ${other} < ${teams}; ${other}++)`, () => {
        source.line(`${sum} += tiles[local + ${other} * ${size}];`);
      });
    });
    source.line("workgroupBarrier();");
  }
}

/** Writes the function that stores one element of the result. */
function printStore(
  kernel: MatmulKernel,
  context: PrintContext,
  name: string,
  outer: readonly Axis[],
): void {
  const { source, names } = context;
  const axes = new Map<Axis, string>();
  const parameters = [kernel.row, kernel.column].map((axis) => {
    const own = names.unique(axis.name);
    axes.set(axis, own);
    return `${own}: i32`;
  });
  const sum = names.unique("sum");
  parameters.push(`${sum}: f32`);
  for (const axis of outer) {
    const own = names.unique(axis.name);
    axes.set(axis, own);
    parameters.push(`${own}: i32`);
  }
  source.block(`fn ${name}(${parameters.join(", ")})`, () => {
    const [row, column] = [axes.get(kernel.row), axes.get(kernel.column)];
    const outside = `${row} >= ${kernel.row.extent} || ${column} >= ${kernel.column.extent}`;
    source.line(`if (${outside}) { return; }`);
    writeStores(context, writerFor(context, axes, [sum]), kernel.stores);
  });
}
