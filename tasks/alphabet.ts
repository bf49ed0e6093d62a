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
    for (let i = 0; i < text.length; i++) {
      const code = text.codePointAt(i) as number;
      if (code > 0xffff) i++;
      const number = this.#numbers.get(code) ?? this.unknown;
      if (number === undefined) throw this.#notKnown(code, count, what);
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

/** The characters of a text, each once, by code point. */
export function charactersOf(text: string): string {
  const codes = new Set<number>();
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i) as number;
    if (code > 0xffff) i++;
    codes.add(code);
  }
  return [...codes].sort((a, b) => a - b).map((code) => String.fromCodePoint(code)).join("");
}

/**
 * Cuts a text in two, between code points.
 *
 * @param text The text.
 * @param share How much of it the second part is, from 0 to 1, in code points.
 */
export function splitText(text: string, share: number): readonly [string, string] {
  const total = codePoints(text);
  const wanted = total - Math.floor(total * share);
  let place = 0;
  for (let count = 0; count < wanted; count++) {
    place += (text.codePointAt(place) as number) > 0xffff ? 2 : 1;
  }
  return [text.slice(0, place), text.slice(place)];
}

function codePoints(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length; i++) {
    if ((text.codePointAt(i) as number) > 0xffff) {
      i++;
      count--;
    }
  }
  return count;
}
