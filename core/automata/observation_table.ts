/**
 * The observation table of L*: rows are words that lead to states, columns are suffixes that tell the
 * states apart.
 *
 * @module
 */
import { type Machine, runMachine, type Word } from "./machine.ts";

/** What a table is for. */
export interface TableSettings<Output> {
  /** Whether states have the outputs, or transitions. */
  readonly kind: "moore" | "mealy";
  /** What is read. */
  readonly alphabet: readonly string[];
  /** The most rows. */
  readonly maxStates: number;
  /** About the most words that are asked. */
  readonly maxQueries: number;
  /** Answers words, each with the last output. */
  ask(words: readonly Word[]): Promise<readonly Output[]>;
}

/** Words and what was answered; each is asked once. */
export class ObservationTable<Output> {
  readonly #settings: TableSettings<Output>;
  /** One word for each state, the shortest first; no two have the same row. */
  readonly #access: Word[] = [[]];
  readonly #suffixes: Word[];
  readonly #answers = new Map<string, Output>();
  /** Outputs by numbers, so that rows are strings. */
  readonly #numbers = new Map<Output, number>();
  #stopped: string | undefined;

  /** Makes a table of the start alone. */
  constructor(settings: TableSettings<Output>) {
    this.#settings = settings;
    // A Moore machine tells states apart by what it answers there, a Mealy machine by answers to each symbol.
    this.#suffixes = settings.kind === "moore" ? [[]] : settings.alphabet.map((_, i) => [i]);
  }

  /** How many words were asked. */
  get queries(): number {
    return this.#answers.size;
  }

  /** Why it does not go on. */
  get stopped(): string | undefined {
    return this.#stopped;
  }

  /**
   * Adds rows until each symbol leads from each row to one of them, and makes a machine of them. If a limit
   * is met before, symbols lead to the row that is most alike.
   */
  async hypothesis(): Promise<Machine<Output>> {
    const { kind, alphabet, maxStates, maxQueries } = this.#settings;
    const rows = new Map<string, number>();
    const targets: string[][] = [];
    let asked = 0;
    for (let place = 0; place < this.#access.length; place++) {
      // All rows that are known are asked for at once.
      if (place === asked) {
        await this.#askRows(this.#access.slice(place));
        asked = this.#access.length;
      }
      rows.set(this.#row(this.#access[place]), place);
      targets.push(alphabet.map((_, symbol) => this.#row([...this.#access[place], symbol])));
      // Rows that are there already come before new ones.
      if (place < this.#access.length - 1) continue;
      for (const [from, row] of targets.entries()) {
        for (const [symbol, key] of row.entries()) {
          if (rows.has(key) || this.#stopped !== undefined) continue;
          if (this.#access.length >= maxStates) {
            this.#stopped = `There are more than ${maxStates} states`;
          } else if (this.queries >= maxQueries) {
            this.#stopped = `More than ${maxQueries} words would have to be asked`;
          } else {
            rows.set(key, this.#access.length);
            this.#access.push([...this.#access[from], symbol]);
          }
        }
      }
    }
    const next = targets.map((row) => row.map((key) => rows.get(key) ?? mostAlike(rows, key)));
    const answerOf = (word: Word) => this.#answers.get(keyOf(word)) as Output;
    const shape = { alphabet, start: 0, next };
    return kind === "moore" ? { kind, ...shape, outputs: this.#access.map(answerOf) } : {
      kind,
      ...shape,
      outputs: this.#access.map((word) => alphabet.map((_, i) => answerOf([...word, i]))),
    };
  }

  /**
   * Adds the suffix of a counterexample that tells two words apart which lead to one state.
   *
   * @param machine The last hypothesis.
   * @param word Its last answer is not the machine's.
   * @returns Whether there was something to learn; not if it is the machine's.
   */
  async learnFrom(machine: Machine<Output>, word: Word): Promise<boolean> {
    const { states, outputs } = runMachine(machine, word);
    // What is answered if the first symbols are replaced by those that lead to their state. At 0 it is the
    // right answer, and at the end the machine's: somewhere between it changes.
    const answerAfter = async (count: number) => {
      const asked = [...this.#access[states[count]], ...word.slice(count)];
      await this.#ask([asked]);
      return this.#answers.get(keyOf(asked)) as Output;
    };
    const right = await answerAfter(0);
    if (outputs.slice(-1).includes(right)) return false;
    let low = 0;
    let high = machine.kind === "moore" ? word.length : word.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ([right].includes(await answerAfter(middle))) low = middle;
      else high = middle;
    }
    this.#suffixes.push(word.slice(high));
    return true;
  }

  /** Asks what is needed to know the rows of words, and of words one symbol longer. */
  async #askRows(words: readonly Word[]): Promise<void> {
    const { alphabet } = this.#settings;
    const all = words.flatMap((word) => [word, ...alphabet.map((_, i) => [...word, i])]);
    await this.#ask(all.flatMap((word) => this.#suffixes.map((suffix) => [...word, ...suffix])));
  }

  /** Asks those words that were not asked yet. */
  async #ask(words: readonly Word[]): Promise<void> {
    const asked = new Map<string, Word>();
    for (const word of words) {
      const key = keyOf(word);
      if (!this.#answers.has(key)) asked.set(key, word);
    }
    if (asked.size === 0) return;
    const answers = await this.#settings.ask([...asked.values()]);
    [...asked.keys()].forEach((key, i) => {
      this.#answers.set(key, answers[i]);
      if (!this.#numbers.has(answers[i])) this.#numbers.set(answers[i], this.#numbers.size);
    });
  }

  #row(word: Word): string {
    return String.fromCharCode(...this.#suffixes.map((suffix) => {
      const answer = this.#answers.get(keyOf([...word, ...suffix])) as Output;
      return this.#numbers.get(answer) as number;
    }));
  }
}

/** Words as keys of a map: a character for each symbol. */
function keyOf(word: Word): string {
  let key = "";
  for (const symbol of word) key += String.fromCharCode(symbol);
  return key;
}

/** The row that differs from one in the fewest suffixes. */
function mostAlike(rows: ReadonlyMap<string, number>, key: string): number {
  let best = 0;
  let least = Infinity;
  for (const [row, place] of rows) {
    let differences = 0;
    for (let i = 0; i < key.length; i++) if (row[i] !== key[i]) differences++;
    if (differences < least) [best, least] = [place, differences];
  }
  return best;
}
