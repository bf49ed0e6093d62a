/**
 * Where temporaries lie: one arena for all of them, in which memory is used again as soon as nothing
 * reads it any more.
 *
 * @module
 */
import { type Buffer, visitExpression } from "../ir/expression.ts";
import { expressionsOf, kernelsOf, type Program } from "./program.ts";

/** The arena of a program. */
export interface MemoryPlan {
  /** Its size in bytes. */
  readonly size: number;
  /** Where each temporary lies, in bytes from the start. */
  readonly offsets: ReadonlyMap<Buffer, number>;
}

/** Options of {@linkcode planMemory}. */
export interface PlanOptions {
  /** Multiple of bytes that every buffer starts at; 16 if left out. */
  readonly alignment?: number;
  /** Bytes left free after every buffer, which code may read but not use; 16 if left out. */
  readonly slack?: number;
}

/** First and last step that touches a buffer. */
interface Life {
  first: number;
  last: number;
}

/**
 * Plans the temporaries of a program: buffers whose lives do not overlap share memory. A loop over
 * time counts as one step.
 *
 * @param program The program.
 * @param options Alignment and slack.
 * @returns Size and offsets.
 */
export function planMemory(program: Program, options: PlanOptions = {}): MemoryPlan {
  const { alignment = 16, slack = 16 } = options;
  const lives = livesOf(program);
  const sized = program.temporaries.map((buffer) => ({
    buffer,
    bytes: Math.ceil((buffer.size * 4 + slack) / alignment) * alignment,
    life: lives.get(buffer) ?? { first: 0, last: -1 },
  }));
  // Big ones first, each at the lowest place free for all its life.
  const placed: { readonly start: number; readonly end: number; readonly life: Life }[] = [];
  const offsets = new Map<Buffer, number>();
  let size = 0;
  for (const { buffer, bytes, life } of sized.sort((a, b) => b.bytes - a.bytes)) {
    const busy = placed
      .filter((other) => other.life.first <= life.last && life.first <= other.life.last)
      .sort((a, b) => a.start - b.start);
    let start = 0;
    for (const other of busy) {
      if (start + bytes <= other.start) break;
      start = Math.max(start, other.end);
    }
    placed.push({ start, end: start + bytes, life });
    offsets.set(buffer, start);
    size = Math.max(size, start + bytes);
  }
  return { size, offsets };
}

function livesOf(program: Program): Map<Buffer, Life> {
  const lives = new Map<Buffer, Life>();
  program.steps.forEach((step, i) => {
    const touch = (buffer: Buffer) => {
      const life = lives.get(buffer);
      if (life) life.last = i;
      else lives.set(buffer, { first: i, last: i });
    };
    for (const kernel of kernelsOf([step])) {
      for (const { buffer } of kernel.stores) touch(buffer);
      for (const expression of expressionsOf(kernel)) {
        visitExpression(expression, (part) => part.kind === "load" && touch(part.buffer));
      }
    }
  });
  return lives;
}
