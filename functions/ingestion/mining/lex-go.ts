import {
  goNumberEnd,
  goOperatorEnd,
  goRawStringEnd,
  goStringEnd,
  goWordEnd,
  isGoDigit,
  isGoKeyword,
  startsGoWord,
} from "./go-scans.ts";
import { TokenWriter } from "./token-writer.ts";
import { KIND, type Tokens } from "./tokens.ts";

/**
 * Fills `tokens` with the tokens of Go.
 *
 * One pass, in time linear in the text, for any text: what nothing closes ends at the end of its line (strings, runes), at the `}` around
 * it (`(`, `[`) or at the end of the text (strings in backticks, comments). It never throws.
 * The semicolons that the language puts at the ends of lines are tokens of the kind `lineEnd`; runes and strings in backticks are
 * strings.
 */
export function lexGo({ source, tokens }: { source: string; tokens: Tokens }): void {
  new GoLexer(source, tokens).run();
}

const CODE = {
  lineFeed: 10,
  space: 32,
  quotation: 34,
  apostrophe: 39,
  openRound: 40,
  closeRound: 41,
  star: 42,
  dot: 46,
  slash: 47,
  openSquare: 91,
  closeSquare: 93,
  backtick: 96,
  openBrace: 123,
  closeBrace: 125,
} as const;

/** The reserved words after which a line may end a statement. */
const ENDING_KEYWORDS = new Set(["break", "continue", "fallthrough", "return"]);

class GoLexer {
  readonly #source: string;
  readonly #writer: TokenWriter;
  /** The tokens of the brackets that are open, and the code of each. */
  readonly #openers: number[] = [];
  readonly #codes: number[] = [];
  #braces = 0;
  /** Whether the last token may end a statement, so that the end of its line does. */
  #mayEnd = false;

  constructor(source: string, tokens: Tokens) {
    this.#source = source;
    this.#writer = new TokenWriter(source, tokens);
  }

  run(): void {
    const { length } = this.#source;
    if (this.#source.charCodeAt(0) === 0xfeff) this.#writer.at = 1;
    while (this.#writer.at < length) this.#lexNext();
    this.#endLine();
  }

  #lexNext(): void {
    const source = this.#source;
    const writer = this.#writer;
    const start = writer.at;
    const code = source.charCodeAt(start);
    if (code === CODE.lineFeed) {
      this.#endLine();
      writer.line += 1;
      writer.at += 1;
    } else if (code <= CODE.space) writer.at += 1;
    else if (startsGoWord(source, start)) this.#lexWord(goWordEnd(source, start));
    else if (isGoDigit(code) || (code === CODE.dot && isGoDigit(source.charCodeAt(start + 1))))
      this.#lexLiteral(KIND.number, goNumberEnd(source, start));
    else if (code === CODE.quotation || code === CODE.apostrophe) this.#lexLiteral(KIND.string, goStringEnd(source, start));
    else if (code === CODE.backtick) this.#lexLiteral(KIND.string, goRawStringEnd(source, start));
    else if (code === CODE.slash && source.charCodeAt(start + 1) === CODE.slash) this.#skipLineComment();
    else if (code === CODE.slash && source.charCodeAt(start + 1) === CODE.star) this.#skipBlockComment();
    else this.#lexPunctuation(code);
  }

  #endLine(): void {
    if (this.#mayEnd) this.#writer.emitAtEnd(KIND.lineEnd);
    this.#mayEnd = false;
  }

  #skipLineComment(): void {
    const end = this.#source.indexOf("\n", this.#writer.at);
    this.#writer.skipComment(end === -1 ? this.#source.length : end);
  }

  /** One with a line break in it ends the line that it begins on. */
  #skipBlockComment(): void {
    const writer = this.#writer;
    const closing = this.#source.indexOf("*/", writer.at + 2);
    const end = closing === -1 ? this.#source.length : closing + 2;
    if (this.#mayEnd && this.#source.slice(writer.at, end).includes("\n")) this.#endLine();
    writer.skipComment(end);
  }

  #lexWord(end: number): void {
    const start = this.#writer.at;
    const isKeyword = isGoKeyword(this.#source, start, end);
    this.#writer.emit(isKeyword ? KIND.keyword : KIND.word, end);
    this.#mayEnd = !isKeyword || ENDING_KEYWORDS.has(this.#source.slice(start, end));
  }

  #lexLiteral(kind: number, end: number): void {
    this.#writer.emitLines(kind, end);
    this.#mayEnd = true;
  }

  #lexPunctuation(code: number): void {
    if (code === CODE.openRound || code === CODE.openSquare || code === CODE.openBrace) this.#open(code);
    else if (code === CODE.closeRound) this.#closeBracket(CODE.openRound);
    else if (code === CODE.closeSquare) this.#closeBracket(CODE.openSquare);
    else if (code === CODE.closeBrace) this.#closeBrace();
    else this.#lexOperator(code);
  }

  /** After `++` and `--` too a line ends a statement. */
  #lexOperator(code: number): void {
    const start = this.#writer.at;
    const end = goOperatorEnd(this.#source, start);
    this.#writer.emit(KIND.punctuation, end);
    this.#mayEnd = (code === 43 || code === 45) && end === start + 2 && this.#source.charCodeAt(start + 1) === code;
  }

  // Brackets

  #open(code: number): void {
    this.#writer.open(KIND.punctuation, this.#writer.at + 1);
    this.#openers.push(this.#writer.tokens.count - 1);
    this.#codes.push(code);
    if (code === CODE.openBrace) this.#braces += 1;
    this.#mayEnd = false;
  }

  #pop(): number {
    this.#writer.depth -= 1;
    if (this.#codes.pop() === CODE.openBrace) this.#braces -= 1;
    return this.#openers.pop() ?? -1;
  }

  /** `)` and `]` drop what else is open inside of the nearest brace: a brace outlives the lack of one of them. */
  #closeBracket(opening: number): void {
    let innermost = this.#codes.at(-1);
    while (innermost !== undefined && innermost !== opening && innermost !== CODE.openBrace) {
      this.#pop();
      innermost = this.#codes.at(-1);
    }
    this.#close(innermost === opening);
  }

  #closeBrace(): void {
    const isOpen = this.#braces > 0;
    while (isOpen && this.#codes.at(-1) !== CODE.openBrace) this.#pop();
    this.#close(isOpen);
  }

  #close(isOpen: boolean): void {
    const end = this.#writer.at + 1;
    if (isOpen) this.#writer.close(KIND.punctuation, end, this.#pop());
    else this.#writer.emit(KIND.punctuation, end);
    this.#mayEnd = true;
  }
}
