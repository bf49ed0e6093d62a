/**
 * Characters and their numbers.
 *
 * @module
 */

/** What beside characters has a number. */
export interface AlphabetSettings {
  /** Whether number 0 is for padding, and no character's. */
  readonly padding: boolean;
  /** Whether characters that are not in the alphabet have a number of their own. */
  readonly unknown: boolean;
}

/** Unicode code points in the order of their numbers. */
export class Alphabet {
  /** The characters, in order. */
  readonly characters: readonly string[];
  /** The number of the first character. */
  readonly first: number;
  /** The number of all characters that are not in the alphabet, if they have one. */
  readonly unknown: number | undefined;
  readonly #numbers: ReadonlyMap<number, number>;
  /** The numbers of units of strings that are code points, as a table; −1 where there is none. */
  readonly #table = new Int32Array(0x10000).fill(-1);

  /**
   * An alphabet in a given order.
   *
   * @param characters Its characters, one after the other; none twice.
   * @param settings What else has a number: padding is 0, the unknown comes next.
   * @throws {RangeError} If there are none, or one twice.
   */
  constructor(characters: string, settings: AlphabetSettings) {
    this.characters = [...characters];
    this.unknown = settings.unknown ? Number(settings.padding) : undefined;
    this.first = Number(settings.padding) + Number(settings.unknown);
    this.#numbers = new Map(
      this.characters.map((character, i) => [codeOf(character), i + this.first]),
    );
    for (const [code, number] of this.#numbers) if (isWhole(code)) this.#table[code] = number;
    if (this.#numbers.size < Math.max(1, this.characters.length)) {
      throw new RangeError(
        `Cannot make an alphabet of "${characters}": characters are needed, each once`,
      );
    }
  }

  /** How many numbers are in use. */
  get size(): number {
    return this.first + this.characters.length;
  }

  /**
   * Text to numbers.
   *
   * @param text The text.
   * @param what What it is, for the error.
   * @throws {RangeError} If a character is not in the alphabet and has no number for that.
   */
  encode(text: string, what: string): Int32Array {
    const numbers = new Int32Array(text.length);
    let count = 0;
    const table = this.#table;
    for (let i = 0; i < text.length; i++) {
      let number: number | undefined = table[text.charCodeAt(i)];
      if (number < 0) {
        const code = text.codePointAt(i) as number;
        if (code > 0xffff) i++;
        number = this.#numbers.get(code) ?? this.unknown;
        if (number === undefined) throw this.#notKnown(code, count, what);
      }
      numbers[count++] = number;
    }
    return numbers.subarray(0, count);
  }

  /** The character of a number; nothing for padding, the replacement character for the unknown. */
  decode(number: number): string {
    return this.characters[number - this.first] ?? (number === this.unknown ? "\ufffd" : "");
  }

  #notKnown(code: number, place: number, what: string): RangeError {
    const character = JSON.stringify(String.fromCodePoint(code));
    const hex = code.toString(16).toUpperCase().padStart(4, "0");
    return new RangeError(
      `Cannot read ${what}: character ${
        place + 1
      }, ${character} (U+${hex}), is not among the ${this.characters.length} of the training ` +
        `text (train with the option unknown to allow others)`,
    );
  }
}

function codeOf(character: string): number {
  return character.codePointAt(0) as number;
}

/** Whether a unit of a string is a code point, and cannot be the first half of one. */
function isWhole(unit: number): boolean {
  return unit < 0xd800 || (unit > 0xdbff && unit < 0x10000);
}

/** Returns the characters of a text, each once, by code point. */
export function charactersOf(text: string): string {
  const codes = new Set<number>();
  const seen = new Uint8Array(0x10000);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // A text has few characters: most have been seen before.
    if (seen[unit] !== 0) continue;
    const code = text.codePointAt(i) as number;
    codes.add(code);
    if (code > 0xffff) i++;
    if (isWhole(unit)) seen[unit] = 1;
  }
  return [...codes].sort((a, b) => a - b).map((code) => String.fromCodePoint(code)).join("");
}

/**
 * Cuts a text in two, between code points.
 *
 * @param text The text.
 * @param fraction How much of it the second part is, from 0 to 1, in code points.
 */
export function splitText(text: string, fraction: number): readonly [string, string] {
  // Where each code point is one unit of the string, which is known at a glance, places are counts.
  const pairs = text.match(PAIRS);
  const total = text.length - (pairs?.length ?? 0);
  const wanted = total - Math.floor(total * fraction);
  let place = 0;
  if (!pairs) place = wanted;
  else {
    for (let count = 0; count < wanted; count++) {
      place += (text.codePointAt(place) as number) > 0xffff ? 2 : 1;
    }
  }
  return [text.slice(0, place), text.slice(place)];
}

/** Code points that take two units of a string. */
const PAIRS = /[\ud800-\udbff][\udc00-\udfff]/g;
