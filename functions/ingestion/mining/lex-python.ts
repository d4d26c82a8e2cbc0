import {
  closesTriple,
  isDigit,
  isLineBreak,
  isTextPrefix,
  pythonLineEnd,
  pythonNumberEnd,
  pythonOperatorEnd,
  pythonStringEnd,
  pythonWordEnd,
  startsPythonWord,
  type TextForm,
  textChunkEnd,
} from "./python-scans.ts";
import { isPythonKeyword, isPythonStatement } from "./python-words.ts";
import { TokenWriter } from "./token-writer.ts";
import { KIND, type Tokens } from "./tokens.ts";

/**
 * Fills `tokens` with the tokens of Python 3, up to the nested literals of 3.14.
 *
 * One pass, in time linear in the text, for any text. It never throws. What nothing closes ends at the end of its line (literals), at the
 * end of the text (literals in triple quotes) or at the next line that begins with a statement (brackets).
 * A `lineEnd` ends each statement that has a line end after it; blocks lie between `indent` and `dedent`, which are partners as brackets
 * are. A tab goes on to the next multiple of eight, as in Python itself. Literals with fields in braces, as `f"a{b!r:>{c}}d"`, are chunks
 * of the kind `template` beside the tokens of their fields; the first has the prefix and the quotes, and empty ones are left out.
 */
export function lexPython({ source, tokens }: { source: string; tokens: Tokens }): void {
  new PythonLexer(source, tokens).run();
}

/** What is open around a token. Those above `block` let a line break pass. */
const FRAME = {
  file: 0,
  block: 1,
  round: 2,
  square: 3,
  brace: 4,
  /** A literal between its fields, a field, and the format after the `:` of one. */
  text: 5,
  field: 6,
  format: 7,
} as const;

interface Frame {
  kind: number;
  /** Of a bracket the index of its token. */
  opener: number;
  /** Of a block its column. */
  column: number;
  /** Of a literal and what is in it. */
  form: TextForm;
}

const CODE = {
  tab: 9,
  formFeed: 12,
  space: 32,
  quotation: 34,
  hash: 35,
  apostrophe: 39,
  openRound: 40,
  closeRound: 41,
  dot: 46,
  colon: 58,
  openSquare: 91,
  backslash: 92,
  closeSquare: 93,
  openBrace: 123,
  closeBrace: 125,
} as const;

const NO_TEXT: TextForm = { quote: 0, isTriple: false, isRaw: false };
const TAB_STOP = 8;

class PythonLexer {
  readonly #source: string;
  readonly #writer: TokenWriter;
  readonly #stack: Frame[] = [];
  #frame: Frame = { kind: FRAME.file, opener: -1, column: 0, form: NO_TEXT };
  /** Braces that are open, those of fields among them. */
  #braces = 0;
  #isFirstOfLine = true;

  constructor(source: string, tokens: Tokens) {
    this.#source = source;
    this.#writer = new TokenWriter(source, tokens);
  }

  run(): void {
    const { length } = this.#source;
    const writer = this.#writer;
    if (this.#source.charCodeAt(0) === 0xfeff) writer.at = 1;
    this.#beginLine();
    while (writer.at < length) {
      if (this.#frame.kind === FRAME.text || this.#frame.kind === FRAME.format) this.#lexChunk(writer.at);
      else this.#lexCode();
    }
    this.#dropBrackets();
    this.#endLine();
    this.#closeBlocks(0);
  }

  // Lines

  /** From the beginning of a line to the first token that is on it or on a later one, with what its indentation opens or closes. */
  #beginLine(): void {
    const writer = this.#writer;
    let column = 0;
    for (; writer.at < this.#source.length; writer.at += 1) {
      const code = this.#source.charCodeAt(writer.at);
      if (code === CODE.space) column += 1;
      else if (code === CODE.tab) column += TAB_STOP - (column % TAB_STOP);
      else if (code === CODE.formFeed) column = 0;
      else if (code === 10) {
        writer.line += 1;
        column = 0;
      } else if (code === 13) column = 0;
      else if (code === CODE.hash) {
        writer.skipComment(pythonLineEnd(this.#source, writer.at));
        writer.at -= 1;
      } else {
        this.#setColumn(column);
        return;
      }
    }
  }

  #setColumn(column: number): void {
    this.#isFirstOfLine = true;
    this.#closeBlocks(column);
    if (column <= this.#frame.column) return;
    const writer = this.#writer;
    writer.open(KIND.indent, writer.at);
    this.#push({ kind: FRAME.block, opener: writer.tokens.count - 1, column, form: NO_TEXT });
  }

  #closeBlocks(column: number): void {
    while (this.#frame.kind === FRAME.block && this.#frame.column > column) this.#close(KIND.dedent, this.#writer.at);
  }

  #endLine(): void {
    const { tokens } = this.#writer;
    const last = tokens.kind[tokens.count - 1] ?? KIND.lineEnd;
    if (last !== KIND.lineEnd && last !== KIND.indent && last !== KIND.dedent) this.#writer.emitAtEnd(KIND.lineEnd);
  }

  // Code

  #lexCode(): void {
    const source = this.#source;
    const writer = this.#writer;
    const start = writer.at;
    const code = source.charCodeAt(start);
    if (code === CODE.space || code === CODE.tab || code === CODE.formFeed) writer.at += 1;
    else if (isLineBreak(code)) this.#lexLineBreak(code);
    else if (code === CODE.hash) writer.skipComment(pythonLineEnd(source, start));
    else if (startsPythonWord(source, start)) this.#lexWord(pythonWordEnd(source, start));
    else if (isDigit(code) || (code === CODE.dot && isDigit(source.charCodeAt(start + 1))))
      this.#emit(KIND.number, pythonNumberEnd(source, start));
    else if (code === CODE.quotation || code === CODE.apostrophe) this.#lexText(start);
    else if (code === CODE.backslash && isLineBreak(source.charCodeAt(start + 1))) this.#skipContinuation();
    else this.#lexPunctuation(code);
  }

  #emit(kind: number, end: number): void {
    this.#writer.emit(kind, end);
    this.#isFirstOfLine = false;
  }

  #lexLineBreak(code: number): void {
    const isOpen = this.#frame.kind > FRAME.block;
    if (!isOpen) this.#endLine();
    if (code === 10) this.#writer.line += 1;
    this.#writer.at += 1;
    this.#isFirstOfLine = true;
    if (!isOpen) this.#beginLine();
  }

  #skipContinuation(): void {
    const end = this.#writer.at + (this.#source.startsWith("\r\n", this.#writer.at + 1) ? 3 : 2);
    this.#writer.countLines(this.#writer.at, end);
    this.#writer.at = end;
  }

  #lexWord(end: number): void {
    const start = this.#writer.at;
    const next = this.#source.charCodeAt(end);
    if ((next === CODE.quotation || next === CODE.apostrophe) && isTextPrefix(this.#source, start, end)) {
      this.#lexText(end);
      return;
    }
    if (this.#isFirstOfLine && this.#frame.kind > FRAME.block && isPythonStatement(this.#source, start, end)) this.#restart();
    this.#emit(isPythonKeyword(this.#source, start, end) ? KIND.keyword : KIND.word, end);
  }

  /** A statement begins here, whatever brackets are open. */
  #restart(): void {
    const writer = this.#writer;
    this.#dropBrackets();
    this.#endLine();
    let lineStart = writer.at;
    while (lineStart > 0 && !isLineBreak(this.#source.charCodeAt(lineStart - 1))) lineStart -= 1;
    writer.at = lineStart;
    this.#beginLine();
  }

  /** A literal whose quotes are at `quotes`, after its prefix. */
  #lexText(quotes: number): void {
    const source = this.#source;
    const prefix = source.slice(this.#writer.at, quotes);
    const isTriple = closesTriple(source, quotes);
    const form = { quote: source.charCodeAt(quotes), isTriple, isRaw: /r/i.test(prefix) };
    const content = quotes + (isTriple ? 3 : 1);
    this.#isFirstOfLine = false;
    if (/[ft]/i.test(prefix)) {
      this.#push({ kind: FRAME.text, opener: -1, column: 0, form });
      this.#lexChunk(content);
    } else this.#writer.emitLines(KIND.string, pythonStringEnd(source, content, form));
  }

  /** The chunk of a literal, or of a format in it, that goes on at `from`, with the brace after it. */
  #lexChunk(from: number): void {
    const source = this.#source;
    const writer = this.#writer;
    const { kind, form } = this.#frame;
    const isText = kind === FRAME.text;
    const stop = textChunkEnd(source, from, form, !isText);
    const code = source.charCodeAt(stop);
    const isClosed = code === form.quote;
    const end = isClosed && isText ? stop + (form.isTriple ? 3 : 1) : stop;
    if (end > writer.at) writer.emitLines(KIND.template, end);
    if (code === CODE.openBrace) this.#open(FRAME.field, form);
    else if (code === CODE.closeBrace) {
      this.#pop();
      this.#close(KIND.punctuation, end + 1);
    } else {
      while (this.#frame.kind !== FRAME.text) this.#pop();
      // Quotes in a format close the literal, as a chunk of their own.
      if (isText || !isClosed) this.#pop();
    }
  }

  // Punctuation

  #lexPunctuation(code: number): void {
    if (code === CODE.openRound) this.#open(FRAME.round, NO_TEXT);
    else if (code === CODE.openSquare) this.#open(FRAME.square, NO_TEXT);
    else if (code === CODE.openBrace) this.#open(FRAME.brace, NO_TEXT);
    else if (code === CODE.closeRound) this.#closeBracket(FRAME.round);
    else if (code === CODE.closeSquare) this.#closeBracket(FRAME.square);
    else if (code === CODE.closeBrace) this.#closeBrace();
    else if (code === CODE.colon && this.#frame.kind === FRAME.field) this.#openFormat();
    else this.#emit(KIND.punctuation, pythonOperatorEnd(this.#source, this.#writer.at));
  }

  #openFormat(): void {
    this.#emit(KIND.punctuation, this.#writer.at + 1);
    this.#push({ kind: FRAME.format, opener: -1, column: 0, form: this.#frame.form });
  }

  #open(kind: number, form: TextForm): void {
    this.#writer.open(KIND.punctuation, this.#writer.at + 1);
    this.#isFirstOfLine = false;
    this.#push({ kind, opener: this.#writer.tokens.count - 1, column: 0, form });
  }

  /** `)` and `]` drop what else is open inside of the nearest brace: a brace outlives the lack of one of them. */
  #closeBracket(kind: number): void {
    while ((this.#frame.kind === FRAME.round || this.#frame.kind === FRAME.square) && this.#frame.kind !== kind) this.#pop();
    const end = this.#writer.at + 1;
    if (this.#frame.kind === kind) this.#close(KIND.punctuation, end);
    else this.#writer.emit(KIND.punctuation, end);
    this.#isFirstOfLine = false;
  }

  #closeBrace(): void {
    const end = this.#writer.at + 1;
    if (this.#braces > 0) {
      while (this.#frame.kind !== FRAME.brace && this.#frame.kind !== FRAME.field) this.#pop();
      this.#close(KIND.punctuation, end);
    } else this.#writer.emit(KIND.punctuation, end);
    this.#isFirstOfLine = false;
  }

  // Frames

  #push(frame: Frame): void {
    this.#stack.push(this.#frame);
    this.#frame = frame;
    if (frame.kind === FRAME.brace || frame.kind === FRAME.field) this.#braces += 1;
  }

  #pop(): void {
    const { kind } = this.#frame;
    if (kind !== FRAME.text && kind !== FRAME.format) this.#writer.depth -= 1;
    if (kind === FRAME.brace || kind === FRAME.field) this.#braces -= 1;
    this.#frame = this.#stack.pop() ?? this.#frame;
  }

  #close(kind: number, end: number): void {
    const { opener } = this.#frame;
    this.#pop();
    this.#writer.close(kind, end, opener);
  }

  #dropBrackets(): void {
    while (this.#frame.kind > FRAME.block) this.#pop();
  }
}
