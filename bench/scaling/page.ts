/**
 * The page on scaling, and its figures, from what was measured.
 *
 * @module
 */
import { cpus } from "node:os";
import { formatTime } from "../calls.ts";
import { drawPanels, type Line, type Panel } from "./charts.ts";
import { change, findings, isBusy, percent, rowsOf, shareOf } from "./findings.ts";
import type { Measurements, Memory, Row, Sweep } from "./measure.ts";
import { BASE, parametersOf, SYMBOLS } from "./step.ts";

const SIGNS = { hidden: "H", time: "T", batch: "B", layers: "L" } as const;
const TITLES = {
  hidden: "Hidden units",
  time: "Steps of time",
  batch: "Sequences of a batch",
  layers: "Layers",
} as const;

/** Figure: time of a step against each number, next to the floors. */
export function timeFigure({ sweeps, threads }: Measurements): string {
  const panels = sweeps.map(({ name, rows }): Panel => {
    const line = (name_: string, of: (row: Row) => number, dashed = false): Line => ({
      name: name_,
      points: rows.map((row) => [row.size[name], of(row)] as const),
      dashed,
    });
    return {
      title: `${TITLES[name]}: time of a training step`,
      x: `${TITLES[name].toLowerCase()}, ${SIGNS[name]}`,
      format: formatPower,
      lines: [
        line("one thread", ({ seconds }) => seconds),
        ...(threads > 1 ? [line(`${threads} threads`, ({ shared }) => shared)] : []),
        line("least for arithmetic", ({ arithmetic }) => arithmetic, true),
        line("least for moving", ({ moving }) => moving, true),
      ],
    };
  });
  return drawPanels("Time of a training step by its sizes, measured and least", panels);
}

/** Figure: memory and time against the steps of time, stored and computed again. */
export function memoryFigure({ sweeps, recomputing, memory }: Measurements): string {
  const stored = rowsOf(sweeps, "time");
  const points = (rows: readonly Row[], of: (row: Row) => number) =>
    rows.map((row) => [row.size.time, of(row)] as const);
  const k = memory.find(({ size }) => size.model === BASE.model)?.small ?? 0;
  const formula = ({ size: { time, batch, hidden } }: Row) => 4 * k * time * batch * hidden;
  return drawPanels("Memory and time of a training step by the steps of time", [
    {
      title: "Memory beside parameters and batch",
      x: "steps of time, T",
      format: formatBytes,
      lines: [
        { name: "stored", points: points(stored, ({ planned }) => planned) },
        { name: "recomputed", points: points(recomputing, ({ planned }) => planned) },
        { name: "4 k T B H", points: points(stored, formula), dashed: true },
      ],
    },
    {
      title: "Time of a training step, one thread",
      x: "steps of time, T",
      format: formatPower,
      lines: [
        { name: "stored", points: points(stored, ({ seconds }) => seconds) },
        { name: "recomputed", points: points(recomputing, ({ seconds }) => seconds) },
      ],
    },
  ]);
}

/** A power of ten of seconds in words. */
function formatPower(seconds: number): string {
  return formatTime(seconds).replace(/\.0*(?= )|(?<=\.\d*?)0+(?= )/, "");
}

/** Bytes in words. */
export function formatBytes(bytes: number): string {
  const [unit, name] = bytes < 1e6 ? [1e3, "kB"] : bytes < 1e9 ? [1e6, "MB"] : [1e9, "GB"];
  return `${Number((bytes / unit).toPrecision(3))} ${name}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, i) => i === 0 ? "---" : "---:");
  return [head, rule, ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

function sweepTable({ name, rows }: Sweep, threads: number): string {
  const sign = SIGNS[name];
  const shared = threads > 1;
  return `### ${TITLES[name]}, ${sign}\n\n${
    table(
      [
        sign,
        "time",
        `time / ${name === "layers" ? "L" : "T"}`,
        "arithmetic ≥",
        "moving ≥",
        "of the floor",
        ...(shared ? [`${threads} threads`, "gain"] : []),
        "memory",
        "floats / TBH",
      ],
      rows.map((row) => {
        const { size, seconds, arithmetic, moving, planned } = row;
        return [
          `${size[name]}`,
          formatTime(seconds),
          formatTime(seconds / (name === "layers" ? size.layers : size.time)),
          formatTime(arithmetic),
          formatTime(moving),
          percent(shareOf(row)),
          ...(shared ? [formatTime(row.shared), `${(seconds / row.shared).toFixed(2)} ×`] : []),
          formatBytes(planned),
          (planned / 4 / size.time / size.batch / size.hidden).toFixed(1),
        ];
      }),
    )
  }\n`;
}

function recomputeTable({ sweeps, recomputing, threads }: Measurements): string {
  const shared = threads > 1;
  const rows = recomputing.map((row) => {
    const stored = rowsOf(sweeps, "time")
      .find(({ size }) => size.time === row.size.time) as Row;
    return [
      `${row.size.time}`,
      `${row.size.recompute}`,
      formatBytes(stored.planned),
      formatBytes(row.planned),
      `${(stored.planned / row.planned).toFixed(1)} ×`,
      formatTime(stored.seconds),
      formatTime(row.seconds),
      change(row.seconds / stored.seconds),
      ...(shared ? [change(row.shared / stored.shared)] : []),
    ];
  });
  return table([
    "T",
    "segment",
    "stored",
    "recomputed",
    "less",
    "time stored",
    "recomputed",
    "more",
    ...(shared ? [`more, ${threads} threads`] : []),
  ], rows);
}

function memoryTable({ memory }: Measurements): string {
  return table(
    [
      "model",
      "k, B·H ≤ 4096",
      "k, B·H > 4096",
      "each further layer",
      `stored, T ${memory[0].size.time}`,
      "recomputed",
      "less",
    ],
    memory.map(({ size, small, large, further, stored, recomputed }) => [
      `\`${size.model}\``,
      small.toFixed(1),
      large.toFixed(1),
      `+ ${further.toFixed(1)}`,
      formatBytes(stored),
      formatBytes(recomputed),
      `${(stored / recomputed).toFixed(1)} ×`,
    ]),
  );
}

function bandwidthTable({ bandwidth: { sizes, read, copied } }: Measurements): string {
  const kibibytes = (bytes: number) =>
    bytes < 2 ** 20 ? `${bytes / 1024} KiB` : `${bytes / 2 ** 20} MiB`;
  return table(
    ["GB/s of a working set of", ...sizes.map(kibibytes)],
    [["read", ...read.map((rate) => (rate / 1e9).toFixed(1))], [
      "copied (read and written)",
      ...copied.map((rate) => (rate / 1e9).toFixed(1)),
    ]],
  );
}

/**
 * The page.
 *
 * @param measured What was measured.
 * @returns Markdown.
 */
export function pageOf(measured: Measurements): string {
  const { peak, exp, threads, sweeps, memory, load, minutes } = measured;
  const { model, hidden, time, batch, layers } = BASE;
  const base = memory.find(({ size }) => size.model === model) as Memory;
  const [cpu] = cpus();
  return `# How a training step scales

- date: ${new Date().toISOString().slice(0, 10)}
- machine: ${cpu.model.trim()}, ${cpus().length} cores, ${Deno.build.os}
- versions: Deno ${Deno.version.deno}
- command: \`deno task bench:scaling\`, ${minutes.toFixed(1)} minutes; it writes this page
- load when it began: ${load.toFixed(1)}${
    isBusy(measured) ? "; **other programs were at work, and times are upper bounds**" : ""
  }
- peak of one core: ${
    peak.toFixed(1)
  } GFLOP/s, a WebAssembly loop of fused multiply-adds in the same run

One number is changed at a time. The others are those of the base: a \`${model}\` of ${layers} layer,
H = ${hidden} hidden units, T = ${time} steps of time, B = ${batch} sequences, reading ${SYMBOLS} symbols
one-hot and telling ${SYMBOLS} classes at every step, ${
    parametersOf(BASE).toLocaleString("en-US")
  } parameters.
A training step is all of it: forward, softmax and cross entropy, backward through time, Adam. The
packages are used as they come, on the CPU device, with WebAssembly products (no BLAS). Times are the
best of several, on one thread unless it says otherwise.

![Time of a training step against H, T, B and L](scaling_time.svg)

## The floor

Two bounds, of which the greater counts, as computing and moving can go on at once:

- **Arithmetic**: the products at the peak, and the functions. Counted are two operations for each
  term of a matrix product, once forward and twice backward; the first layer reads symbols, which is
  no product. To this are added the functions (sigmoid, tanh, exp: ${
    model === "gru" ? "three" : "some"
  } a unit, and one a class), each as
  fast as exp alone runs from cache, ${formatTime(exp)}. Gates' additions and
  multiplications, the loss and Adam are not counted.
- **Moving**: what is kept is written once and read once, at the speed at which so many bytes are
  copied; so are parameters, gradients and Adam's two moments; and each step of time reads the
  state's weights, forward and backward, at the speed at which so many bytes are read.

${bandwidthTable(measured)}

${sweeps.map((sweep) => sweepTable(sweep, threads)).join("\n")}
## What stands out

${findings(measured).map((finding) => `- ${finding}`).join("\n")}

## Memory

What the program keeps beside parameters, optimizer and batch is 4·k·T·B·H bytes, with a constant k of
the model: so many floats for each hidden unit of each step of each sequence. It is planned when the
program is compiled, and taken once. k counts what the way back reads (for a \`gru\` the state, the
gates, the candidate and its product), the gradient by the states, and gradients by the gates, which
are stacked so that weights' gradients are one product each. Where a step has at most 4096 numbers, the
factors that need no gradient, such as r (1 − r), are computed before the loop backward for all steps at
once, which is faster and keeps them too. Logits and their gradients lie where other things are no
longer needed.

${memoryTable(measured)}

![Memory and time against T, stored and recomputed](scaling_memory.svg)

With \`recompute\` (\`--recompute 64\` for a model, \`scan(…, { recompute: true })\` in a program) the state
is kept once a segment, and a segment's values are computed again when their turn comes. What remains is
4·(c·V + H/S)·T·B bytes for outputs and kept states, with segments of S steps, V classes, and
c = ${
    base.perClass.toFixed(1)
  } floats for each class of each step of each sequence (logits and their gradients); and one
segment's memory, about 4·k·S·B·H bytes, part of which lies where the loss has done its work. A model
that answers at the last step only has no such outputs.

${recomputeTable(measured)}
`;
}
