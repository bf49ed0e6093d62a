/**
 * The texts of recipes that are not built in: where they are, and how the right copy is told from another.
 *
 * @module
 */

import { formatCount } from "../format.ts";
import { writeOut } from "../reporting/write_out.ts";

/** A text that a recipe needs. */
export interface Text {
  /** The name of its file. */
  readonly file: string;
  /** Where it is. */
  readonly address: string;
  /** Characters of the copy that gives the known numbers. */
  readonly characters: number;
  /** SHA-256 of that copy, where it is known. */
  readonly sha256?: string;
}

/** The texts by name. */
export const TEXTS = {
  nietzsche: {
    file: "nietzsche.txt",
    address: "https://s3.amazonaws.com/text-datasets/nietzsche.txt",
    characters: 600_893,
  },
  alice: {
    file: "alice.txt",
    address: "https://www.gutenberg.org/cache/epub/19033/pg19033.txt",
    characters: 74_700,
  },
  shakespeare: {
    file: "tinyshakespeare.txt",
    address:
      "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
    characters: 1_115_394,
    sha256: "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
  },
} as const satisfies Readonly<Record<string, Text>>;

/** Where fetched texts are kept: among the runs, where a recipe may write. */
const FOLDER = "runs/.texts";

/**
 * Tells how to get a text.
 *
 * @param text The text.
 * @returns A line for a shell, with what the right copy is told by.
 */
export function fetchLine({ file, address, characters, sha256 }: Text): string {
  const mark = sha256 === undefined ? `${formatCount(characters)} characters` : `SHA-256 ${sha256}`;
  return `curl -fLo ${file} ${address} (${mark})`;
}

/**
 * Tells where a text that was fetched is kept.
 *
 * @param text The text.
 * @returns A path.
 */
export function textPath({ file }: Text): string {
  return `${FOLDER}/${file}`;
}

/**
 * Fetches a text, or finds it where it was fetched before.
 *
 * @param text The text.
 * @param request What fetches; the network if left out.
 * @returns The path of its file.
 * @throws {RangeError} If it cannot be reached, or what comes is another text.
 */
export async function fetchText(
  text: Text,
  request: (address: string) => Promise<Response> = fetch,
): Promise<string> {
  const path = textPath(text);
  const kept = await readIfThere(path);
  if (kept !== undefined && await differenceOf(text, kept) === undefined) return path;
  const bytes = await download(text, request);
  const difference = await differenceOf(text, bytes);
  if (difference !== undefined) {
    throw new RangeError(
      `Cannot use what ${text.address} has now: ${difference}; --corpus FILE takes another copy`,
    );
  }
  await Deno.mkdir(FOLDER, { recursive: true });
  await writeOut(path, bytes);
  return path;
}

async function readIfThere(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function download(
  { address }: Text,
  request: (address: string) => Promise<Response>,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const response = await request(address);
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    await response.body?.cancel();
    throw new RangeError(`Cannot fetch ${address}: the server answers ${response.status}`);
  } catch (error) {
    // What fetch throws where there is no network, or no such server.
    if (!(error instanceof TypeError)) throw error;
    throw new RangeError(`Cannot fetch ${address}: it cannot be reached from here`, {
      cause: error,
    });
  }
}

/**
 * Says in what a file differs from the copy that gives the known numbers.
 *
 * @param text The text, where a recipe has one.
 * @param path The file, where one is given.
 * @returns A sentence's end; `undefined` where it does not, or cannot be read here.
 */
export async function textDifference(
  text: Text | undefined,
  path: unknown,
): Promise<string | undefined> {
  if (text === undefined || typeof path !== "string") return undefined;
  // Patterns, and what comes from another program, are for the task to read.
  const bytes = await Deno.readFile(path).catch(() => undefined);
  return bytes === undefined ? undefined : await differenceOf(text, bytes);
}

/** Says in what a copy differs from the one that gives the known numbers. */
async function differenceOf(
  { characters, sha256 }: Text,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<string | undefined> {
  if (sha256 !== undefined) {
    const found = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
    return found === sha256 ? undefined : `SHA-256 ${sha256} is wanted, found ${found}`;
  }
  const { length } = [...new TextDecoder().decode(bytes)];
  return length === characters
    ? undefined
    : `${formatCount(characters)} characters are wanted, found ${formatCount(length)}`;
}
