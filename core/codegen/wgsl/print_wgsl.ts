/**
 * Printing a dispatch as one WGSL shader: its parts as functions, chosen by the number of the
 * workgroup.
 *
 * @module
 */
import type { Axis, Buffer } from "../../ir/expression.ts";
import { pointsOf } from "../../loops/accesses.ts";
import { axesOf } from "../../loops/program.ts";
import { type PrintContext, type Scratch, WORKGROUP_SIZE } from "./context.ts";
import { helpersFor, storageType } from "./expressions.ts";
import { chooseLocals, type GroupLocals, printGroup } from "./group.ts";
import { printMap } from "./map.ts";
import { chooseTiling, printMatmul, tilingSizes } from "./matmul.ts";
import type { Arena, Place } from "../../loops/plan_memory.ts";
import { FOLDED, FOLDED_PLACES } from "./folds.ts";
import { printReduce } from "./reduce.ts";
import { buffersOf, describePart, type Dispatch, type Part } from "./schedule.ts";
import { Names, SourceWriter } from "./source.ts";

/** Workgroups along x before a dispatch folds into y: the limit that every device has. */
const MAX_WORKGROUPS = 65535;

/** One storage buffer that a shader binds. */
export interface ShaderBinding {
  /** An argument or result of the program, or an arena. */
  readonly resource: Buffer | Arena;
  /** Whether the shader writes it. */
  readonly writes: boolean;
}

/** A dispatch as text, with what it takes to run it. */
export interface Shader {
  /** What it does, in one line. */
  readonly name: string;
  /** WGSL. */
  readonly code: string;
  /** Storage buffers of group 0, binding 0 upwards. */
  readonly bindings: readonly ShaderBinding[];
  /** Whether group 1, binding 0 is a uniform `vec4i` of the numbers of the iterations around it. */
  readonly timed: boolean;
  /** Workgroups along x and y. */
  readonly workgroups: readonly [number, number];
}

/** What printing needs to know of the memory around a dispatch. */
export interface ShaderOptions {
  /** Loops whose iterations are dispatches of their own, outermost first; at most 4. */
  readonly times: readonly Axis[];
  /** Where a temporary lies; `undefined` for arguments and results. */
  placeOf(buffer: Buffer): Place | undefined;
  /** What of a part's buffers lives in workgroup memory. */
  localsOf(part: Part): GroupLocals;
  /** Elements of workgroup memory that there are; those of every device if left out. */
  readonly workgroupElements?: number;
  /** Invocations of a subgroup at least, if shaders may use them. */
  readonly subgroupSize?: number;
}

/** How many values of an invocation there is room to fold at a time, beside their places. */
function roomFor(
  dispatch: Dispatch,
  { localsOf, workgroupElements = 4096 }: ShaderOptions,
): number {
  const locals = dispatch.parts.flatMap((part) => localBuffers(localsOf(part)));
  const taken = locals.reduce((sum, { size }) => sum + size, scratchElements(dispatch));
  return 1 + Math.max(0, Math.floor((workgroupElements - taken) / WORKGROUP_SIZE));
}

/** Elements (of 4 bytes) of workgroup memory that a dispatch needs besides its local buffers. */
function scratchElements({ parts }: Dispatch): number {
  let tiles = 0;
  for (const part of parts) {
    if (part.kind === "kernel" && part.kernel.kind === "matmul") {
      const tiling = part.tiling ?? chooseTiling(part.kernel);
      tiles = Math.max(tiles, tilingSizes(part.kernel, tiling).strips * 4);
    }
  }
  return tiles + 2 * WORKGROUP_SIZE;
}

/** Chooses the buffers of a dispatch's groups that live in workgroup memory, for all its parts. */
export function localsOfDispatch(
  dispatch: Dispatch,
  isPrivate: (buffer: Buffer, part: Part) => boolean,
  elements: number,
): Map<Part, GroupLocals> {
  let left = elements - scratchElements(dispatch);
  const locals = new Map<Part, GroupLocals>();
  for (const part of dispatch.parts) {
    if (part.kind !== "group") continue;
    const own = chooseLocals(part.steps, part.tile, (buffer) => isPrivate(buffer, part), left);
    for (const { size } of localBuffers(own)) left -= size;
    locals.set(part, own);
  }
  return locals;
}

/** Everything that a group has in workgroup memory. */
function localBuffers({ buffers, copies }: GroupLocals): Buffer[] {
  return [buffers, ...copies.values()].flatMap((map) => [...map.values()]);
}

/** Prints a dispatch. */
export function printDispatch(dispatch: Dispatch, options: ShaderOptions): Shader {
  const names = new Names();
  const { bindings, texts } = bind(dispatch, options, names);
  const scratch: Scratch = {
    tiles: 0,
    folds: 0,
    together: 1,
    maxTogether: roomFor(dispatch, options),
  };
  const functions: string[] = [];
  const workgroupVariables: string[] = [];
  const times = new Map(
    options.times.map((axis, i) => [axis, `times.${"xyzw"[i]}`] as const),
  );
  const calls: { readonly name: string; readonly workgroups: number }[] = [];
  for (const part of dispatch.parts) {
    const own = new Map(texts);
    const locals = options.localsOf(part);
    for (const local of localBuffers(locals)) {
      const name = names.unique(local.name);
      const type = storageType(local.dtype);
      workgroupVariables.push(
        `var<workgroup> ${name}: array<${type}, ${Math.max(1, local.size)}>;`,
      );
      own.set(local, (at) => `${name}[${at}]`);
    }
    const context = (source: SourceWriter): PrintContext => ({
      source,
      names,
      bindings: {
        element(buffer, at) {
          const text = own.get(buffer);
          if (!text) throw new TypeError(`Cannot print WGSL: nothing binds ${buffer.name}`);
          return text(at);
        },
      },
      axes: times,
      groups: part.workgroups,
      scratch,
      subgroup: options.subgroupSize ?? 1,
    });
    const source = new SourceWriter();
    const outside = new SourceWriter();
    const name = names.unique(`run_${nameOfPart(part)}`);
    source.line(`// ${describePart(part)}`);
    source.block(`fn ${name}(group: i32, local: i32)`, () => {
      printPart(part, locals, context(source), context(outside));
    });
    const extra = outside.toString();
    if (extra) functions.push(extra);
    functions.push(source.toString());
    calls.push({ name, workgroups: part.workgroups });
  }
  for (const name of [FOLDED, FOLDED_PLACES].slice(0, scratch.folds)) {
    const size = WORKGROUP_SIZE * (name === FOLDED ? scratch.together : 1);
    workgroupVariables.push(`var<workgroup> ${name}: array<u32, ${size}>;`);
  }
  if (scratch.tiles > 0) {
    workgroupVariables.push(`var<workgroup> tiles: array<vec4f, ${scratch.tiles}>;`);
  }
  const total = calls.reduce((sum, { workgroups }) => sum + workgroups, 0);
  const across = Math.min(total, MAX_WORKGROUPS);
  const main = printMain(calls, total, across);
  const name = dispatch.parts.map(describePart).join(" | ");
  const timed = options.times.length > 0;
  const usesSubgroups = functions.some((text) => text.includes("subgroupShuffleDown("));
  const head = [
    `// ${name}`,
    ...usesSubgroups ? ["enable subgroups;"] : [],
    ...bindings.map(({ resource, writes }, i) => declaration(resource, writes, i, texts)),
    ...timed ? ["@group(1) @binding(0) var<uniform> times: vec4i;"] : [],
    ...workgroupVariables,
  ].join("\n");
  const body = [...functions, main].join("\n\n");
  const helpers = helpersFor(body);
  const code = [head, helpers, body].filter(Boolean).join("\n\n") + "\n";
  const workgroups = [across, Math.max(1, Math.ceil(total / across))] as const;
  return { name, code, bindings, timed, workgroups };
}

type Texts = Map<Buffer, (at: string) => string>;

const declared = new WeakMap<Texts, Map<Buffer | Arena, string>>();

/** Chooses bindings and how the elements of each buffer are written. */
function bind(
  dispatch: Dispatch,
  { placeOf, localsOf }: ShaderOptions,
  names: Names,
): { readonly bindings: ShaderBinding[]; readonly texts: Texts } {
  const written = new Map<Buffer | Arena, boolean>();
  const identifiers = new Map<Buffer | Arena, string>();
  const texts: Texts = new Map();
  const inWorkgroups = new Set(
    dispatch.parts.flatMap((part) => [...localsOf(part).buffers.keys()]),
  );
  for (const [buffer, writes] of buffersOf(dispatch)) {
    if (inWorkgroups.has(buffer)) continue;
    const place = placeOf(buffer);
    const resource = place?.arena ?? buffer;
    written.set(resource, writes || (written.get(resource) ?? false));
    const name = identifiers.get(resource) ?? names.unique(resource.name);
    identifiers.set(resource, name);
    const offset = place?.offset ?? 0;
    texts.set(buffer, (at) => {
      const plain = at.replace(/^\((.*)\)$/, (whole, inner) => isBalanced(inner) ? inner : whole);
      if (offset === 0) return `${name}[${plain}]`;
      if (/^\d+$/.test(at)) return `${name}[${offset + Number(at)}]`;
      return `${name}[${offset} + ${plain}]`;
    });
  }
  declared.set(texts, identifiers);
  const bindings = [...written].map(([resource, writes]) => ({ resource, writes }));
  return { bindings, texts };
}

function isBalanced(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    if (character === "(") depth++;
    else if (character === ")" && --depth < 0) return false;
  }
  return depth === 0;
}

function declaration(
  resource: Buffer | Arena,
  writes: boolean,
  binding: number,
  texts: Texts,
): string {
  const name = declared.get(texts)?.get(resource);
  const type = "type" in resource ? resource.type : storageType(resource.dtype);
  const access = writes ? "read_write" : "read";
  return `@group(0) @binding(${binding}) var<storage, ${access}> ${name}: array<${type}>;`;
}

function nameOfPart(part: Part): string {
  return part.kind === "kernel" ? part.kernel.name : part.steps[0].name;
}

function printPart(
  part: Part,
  locals: GroupLocals,
  context: PrintContext,
  outside: PrintContext,
): void {
  if (part.kind === "group") return printGroup(part.steps, part.tile, locals, context);
  const { kernel } = part;
  context.source.line(`// points ${axesOf(kernel).map(({ extent }) => extent).join(" × ") || "1"}`);
  if (pointsOf(axesOf(kernel)) === 0) return;
  switch (kernel.kind) {
    case "map":
      return printMap(kernel, context);
    case "reduce":
      return printReduce(kernel, context);
    case "matmul":
      return printMatmul(kernel, part.tiling ?? chooseTiling(kernel), context, outside);
    default:
      return kernel satisfies never;
  }
}

/** The entry point: finds the part that a workgroup belongs to. */
function printMain(
  calls: readonly { readonly name: string; readonly workgroups: number }[],
  total: number,
  across: number,
): string {
  const source = new SourceWriter();
  source.line(`@compute @workgroup_size(${WORKGROUP_SIZE})`);
  const head = "fn main(@builtin(workgroup_id) workgroup: vec3u, " +
    "@builtin(local_invocation_index) invocation: u32)";
  source.block(head, () => {
    source.line("let local = i32(invocation);");
    const folded = total > across;
    source.line(`let group = i32(workgroup.x${folded ? ` + workgroup.y * ${across}u` : ""});`);
    if (folded && total % across !== 0) source.line(`if (group >= ${total}) { return; }`);
    let first = 0;
    calls.forEach(({ name, workgroups }, i) => {
      const text = `${name}(group${first > 0 ? ` - ${first}` : ""}, local);`;
      first += workgroups;
      const last = i === calls.length - 1;
      if (calls.length === 1) source.line(text);
      else if (i === 0) source.line(`if (group < ${first}) { ${text} }`);
      else source.line(last ? `else { ${text} }` : `else if (group < ${first}) { ${text} }`);
    });
  });
  return source.toString();
}
