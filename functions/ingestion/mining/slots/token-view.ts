import type { Fact } from "../facts.ts";
import { KIND, type Tokens } from "../tokens.ts";

const DOT = 46;
const QUESTION = 63;
/** A line break may be within these, and not behind them. */
const MAY_SPAN_LINES: ReadonlySet<number> = new Set([KIND.string, KIND.template, KIND.jsxText]);
const NO_POSITIONS: readonly number[] = [];

/** The words and punctuation that the slots of a language start from. */
export interface WordIndex {
  /** Those that count where they are no members, by where their positions are kept. */
  words: ReadonlyMap<string, number>;
  /** Those that count where they stand after a dot. */
  members: ReadonlyMap<string, number>;
  /** By first character and length: most tokens are none of them, and need not be looked at further. */
  alike: readonly (readonly Indexed[] | undefined)[];
  size: number;
}

interface Indexed {
  text: string;
  /** Where its positions are kept, -1 where they are not: as a word, as a member. */
  word: number;
  member: number;
}

const LENGTHS = 16;

/** @param words each a list divided by spaces. */
export function wordIndex({ words, members }: { words: readonly string[]; members: string }): WordIndex {
  const plain = [...new Set(words.flatMap((line) => line.split(" ")))];
  const index = {
    words: new Map(plain.map((text, at) => [text, at])),
    members: new Map([...new Set(members.split(" "))].map((text, at) => [text, plain.length + at])),
    alike: new Array<Indexed[] | undefined>(128 * LENGTHS).fill(undefined),
    size: 0,
  };
  for (const text of new Set([...index.words.keys(), ...index.members.keys()])) {
    const at = text.charCodeAt(0) * LENGTHS + text.length;
    index.alike[at] = [
      ...(index.alike[at] ?? []),
      { text, word: index.words.get(text) ?? -1, member: index.members.get(text) ?? -1 },
    ];
  }
  index.size = index.words.size + index.members.size;
  return index;
}

/**
 * The tokens of one file with the questions that slots ask of them, and the facts found so far. A position is the index of a token;
 * one outside of the file has empty text and the kind 0, so that looking around needs no care at either end.
 */
export class TokenView {
  readonly path: string;
  readonly source: string;
  readonly count: number;
  readonly facts: Fact[] = [];
  /** Positions of string literals. */
  readonly strings: readonly number[];
  readonly #tokens: Tokens;
  readonly #index: WordIndex;
  /** By the number that the index gives a word. */
  readonly #positions: (number[] | undefined)[];

  constructor({ path, source, tokens, index }: { path: string; source: string; tokens: Tokens; index: WordIndex }) {
    this.path = path;
    this.source = source;
    this.count = tokens.count;
    this.#tokens = tokens;
    this.#index = index;
    this.#positions = new Array(index.size).fill(undefined);
    this.strings = this.#readPositions();
  }

  /** One pass over the tokens, so that a slot only visits what it is about. */
  #readPositions(): number[] {
    const strings: number[] = [];
    const { kind, start, end } = this.#tokens;
    const { alike } = this.#index;
    let isMember = false;
    for (let at = 0; at < this.count; at += 1) {
      const own = kind[at];
      if (own === KIND.string) strings.push(at);
      if (own === KIND.word || own === KIND.keyword || own === KIND.punctuation) {
        const from = start[at] ?? 0;
        const length = (end[at] ?? 0) - from;
        const first = this.source.charCodeAt(from);
        if (first < 128 && length < LENGTHS) {
          const known = alike[first * LENGTHS + length];
          if (known !== undefined) this.#note({ at, known, isMember: isMember && own !== KIND.punctuation });
        }
        isMember = own === KIND.punctuation && ((first === DOT && length === 1) || (first === QUESTION && this.is(at, "?.")));
      } else isMember = false;
    }
    return strings;
  }

  #note({ at, known, isMember }: { at: number; known: readonly Indexed[]; isMember: boolean }): void {
    for (const { text, word, member } of known) {
      if (!this.is(at, text)) continue;
      const kept = isMember ? member : word;
      if (kept === -1) return;
      const positions = this.#positions[kept];
      if (positions === undefined) this.#positions[kept] = [at];
      else positions.push(at);
      return;
    }
  }

  /** Where a word or punctuation is, members of other things left out. */
  at(text: string): readonly number[] {
    return this.#positions[this.#index.words.get(text) ?? -1] ?? NO_POSITIONS;
  }

  /** Where a word is that stands after a dot. */
  memberAt(text: string): readonly number[] {
    return this.#positions[this.#index.members.get(text) ?? -1] ?? NO_POSITIONS;
  }

  /** Those of a word that begin in the outermost code of the file. */
  outermost(text: string): number[] {
    return this.at(text).filter((at) => this.depth(at) === 0);
  }

  text(at: number): string {
    return at < 0 || at >= this.count ? "" : this.source.slice(this.#tokens.start[at], this.#tokens.end[at]);
  }

  is(at: number, text: string): boolean {
    if (at < 0 || at >= this.count) return false;
    const start = this.#tokens.start[at] ?? 0;
    const length = (this.#tokens.end[at] ?? 0) - start;
    if (length !== text.length || this.source.charCodeAt(start) !== text.charCodeAt(0)) return false;
    return length === 1 || this.source.startsWith(text, start);
  }

  kind(at: number): number {
    return at < 0 || at >= this.count ? 0 : (this.#tokens.kind[at] ?? 0);
  }

  isWord(at: number): boolean {
    return this.kind(at) === KIND.word;
  }

  isString(at: number): boolean {
    return this.kind(at) === KIND.string;
  }

  /** What a string literal says between its quotes, escapes as they are written. */
  stringText(at: number): string {
    return this.text(at).slice(1, -1);
  }

  start(at: number): number {
    return this.#tokens.start[at] ?? 0;
  }

  end(at: number): number {
    return this.#tokens.end[at] ?? 0;
  }

  line(at: number): number {
    return this.#tokens.line[at] ?? 0;
  }

  depth(at: number): number {
    return this.#tokens.depth[at] ?? 0;
  }

  partner(at: number): number {
    return at < 0 || at >= this.count ? -1 : (this.#tokens.partner[at] ?? -1);
  }

  isMember(at: number): boolean {
    return this.is(at - 1, ".") || this.is(at - 1, "?.");
  }

  /** Whether a line break, or the end of the file, is between the token and the one before it. */
  startsLine(at: number): boolean {
    if (at === 0 || at >= this.count) return true;
    if (this.line(at) === this.line(at - 1)) return false;
    return !MAY_SPAN_LINES.has(this.kind(at - 1)) || this.source.slice(this.end(at - 1), this.start(at)).includes("\n");
  }

  /** The position after what begins here: after the partner of an opening bracket, else the next one. */
  after(at: number): number {
    return Math.max(this.partner(at), at) + 1;
  }

  /** The entries between an opening bracket and its partner, each by its first position. */
  entries(open: number): number[] {
    const close = this.partner(open);
    const starts: number[] = [];
    let isStart = true;
    for (let at = open + 1; at < close; at = this.after(at)) {
      if (isStart) starts.push(at);
      isStart = this.is(at, ",");
    }
    return starts;
  }

  /** Adds a fact about the construct from the one position to the other. */
  emit(slot: string, value: string, from: number, to = from): void {
    this.facts.push({ slot, value, line: this.line(from), endLine: this.line(to) });
  }
}
