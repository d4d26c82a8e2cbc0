import { growTokens, type Tokens } from "./tokens.ts";

const DEEPEST = 65_535;

/** Writes the tokens of one source text one after the other. `at` is where the next one begins, on `line`. */
export class TokenWriter {
  at = 0;
  line = 1;
  /** Brackets that are open. */
  depth = 0;
  readonly source: string;
  readonly tokens: Tokens;

  constructor(source: string, tokens: Tokens) {
    this.source = source;
    this.tokens = tokens;
    tokens.count = 0;
    tokens.commentCount = 0;
    tokens.commentLines = 0;
  }

  /** A token up to `end`, all on one line. */
  emit(kind: number, end: number): void {
    const { tokens } = this;
    const index = tokens.count;
    if (index === tokens.kind.length) growTokens(tokens);
    tokens.kind[index] = kind;
    tokens.start[index] = this.at;
    tokens.end[index] = end;
    tokens.line[index] = this.line;
    tokens.depth[index] = Math.min(this.depth, DEEPEST);
    tokens.partner[index] = -1;
    tokens.count = index + 1;
    this.at = end;
  }

  /** The same of one that may go over several lines. */
  emitLines(kind: number, end: number): void {
    const start = this.at;
    this.emit(kind, end);
    this.countLines(start, end);
  }

  /** A token without text where the one before it ends; call it on the line on which that ends. */
  emitAtEnd(kind: number): void {
    const { at } = this;
    this.at = this.tokens.end[this.tokens.count - 1] ?? 0;
    this.emit(kind, this.at);
    this.at = at;
  }

  /** An opening bracket. */
  open(kind: number, end: number): void {
    this.emit(kind, end);
    this.depth += 1;
  }

  /** The bracket that closes what the token `opener` opened. */
  close(kind: number, end: number, opener: number): void {
    const { count } = this.tokens;
    this.emit(kind, end);
    this.tokens.partner[count] = opener;
    this.tokens.partner[opener] = count;
  }

  countLines(from: number, end: number): void {
    for (let at = from; at < end; at += 1) if (this.source.charCodeAt(at) === 10) this.line += 1;
  }

  /** A comment up to `end`. */
  skipComment(end: number): void {
    const { line } = this;
    this.countLines(this.at, end);
    this.at = end;
    this.tokens.commentCount += 1;
    this.tokens.commentLines += this.line - line + 1;
  }
}
