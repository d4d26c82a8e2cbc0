import { growTokens, KIND, type Tokens } from "./tokens.ts";
import { CHARACTER, CHARACTERS, characterAt } from "./typescript-characters.ts";
import {
  escapeEnd,
  lineEnd,
  numberEnd,
  punctuationEnd,
  regexEnd,
  startsWord,
  stringEnd,
  tagStringEnd,
  tagWordEnd,
  templateChunkEnd,
  wordEnd,
} from "./typescript-scans.ts";
import { AFTER, afterKeyword } from "./typescript-words.ts";

/**
 * Fills `tokens` with the tokens of TypeScript or JavaScript, with elements when `isJsx` (files named .tsx, .jsx, .js, .mjs, .cjs).
 *
 * One pass, in time linear in the text, for any text: what nothing closes ends at the end of its line (strings, regular expressions),
 * at the `}` around it (elements, `(`, `[`) or at the end of the text (templates, comments). It never throws.
 * Chunks of a template are tokens beside `${` and `}`; empty chunks are left out. Text in an element is a token without the white space
 * around it. `</` is one token, `/` and `>` of `/>` are two. A `>` that closes type arguments stands alone.
 * A reserved word is a keyword wherever it stands, except after a dot and as a name in a tag.
 */
export function lexTypescript({ source, isJsx, tokens }: { source: string; isJsx: boolean; tokens: Tokens }): void {
  new Lexer(source, isJsx, tokens).run();
}

/** What is open around a token. The order tells apart what `}` closes, what `)` closes, and what belongs to elements. */
const FRAME = {
  file: 0,
  block: 1,
  object: 2,
  tagExpression: 3,
  template: 4,
  square: 5,
  round: 6,
  /** The head of an `if`, `for`, `while` or `with`. */
  control: 7,
  tag: 8,
  closingTag: 9,
  children: 10,
} as const;

const CODE = {
  exclamation: 33,
  hash: 35,
  dollar: 36,
  openRound: 40,
  closeRound: 41,
  star: 42,
  plus: 43,
  comma: 44,
  dash: 45,
  dot: 46,
  slash: 47,
  colon: 58,
  semicolon: 59,
  less: 60,
  equals: 61,
  greater: 62,
  question: 63,
  openSquare: 91,
  closeSquare: 93,
  openBrace: 123,
  closeBrace: 125,
} as const;

/** Never among type arguments: a `<` before one of them in the same brackets was a comparison. */
const ENDS_TYPE_ARGUMENTS = new Uint8Array(128);
for (const character of ";+*/%^~") ENDS_TYPE_ARGUMENTS[character.charCodeAt(0)] = 1;

const DEEPEST = 65_535;

class Lexer {
  readonly #source: string;
  readonly #isJsx: boolean;
  readonly #tokens: Tokens;
  #at = 0;
  #line = 1;
  #hasLineBreak = false;
  #after: number = AFTER.statement;
  /** Brackets `( [ { ${` that are open, and those among them that `}` closes. */
  #depth = 0;
  #braces = 0;
  /** The innermost frame; those around it lie on the stack, four numbers each. */
  #frame: number = FRAME.file;
  #opener = -1;
  /** `<` in the frame that may have opened type arguments, and `?` that wait for their `:`. */
  #angles = 0;
  #questions = 0;
  readonly #stack: number[] = [];
  /** Up to here a `/` begins no regular expression: the line has been seen to lack its end. */
  #regexFrom = 0;

  constructor(source: string, isJsx: boolean, tokens: Tokens) {
    this.#source = source;
    this.#isJsx = isJsx;
    this.#tokens = tokens;
  }

  run(): void {
    const { length } = this.#source;
    this.#tokens.count = 0;
    this.#tokens.commentCount = 0;
    this.#tokens.commentLines = 0;
    if (this.#source.startsWith("#!")) this.#skipLineComment();
    for (;;) {
      if (this.#frame === FRAME.children) this.#lexChildren();
      else {
        this.#skipTrivia();
        if (this.#at >= length) return;
        if ((this.#frame === FRAME.tag || this.#frame === FRAME.closingTag) && this.#angles === 0) this.#lexTag();
        else this.#lexCode();
      }
      if (this.#at >= length) return;
    }
  }

  #emit(kind: number, end: number): void {
    const tokens = this.#tokens;
    const index = tokens.count;
    if (index === tokens.kind.length) growTokens(tokens);
    tokens.kind[index] = kind;
    tokens.start[index] = this.#at;
    tokens.end[index] = end;
    tokens.line[index] = this.#line;
    tokens.depth[index] = Math.min(this.#depth, DEEPEST);
    tokens.partner[index] = -1;
    tokens.count = index + 1;
    this.#at = end;
  }

  /** As `emit`, for tokens that may go over several lines. */
  #emitLines(kind: number, end: number): void {
    const start = this.#at;
    this.#emit(kind, end);
    this.#countLines(start, end);
  }

  #emitPunctuation(length: number, after: number): void {
    this.#emit(KIND.punctuation, this.#at + length);
    this.#after = after;
  }

  #countLines(from: number, end: number): void {
    const source = this.#source;
    for (let at = from; at < end; at += 1) if (source.charCodeAt(at) === 10) this.#line += 1;
  }

  // White space and comments

  #skipTrivia(): void {
    const source = this.#source;
    const { length } = source;
    this.#hasLineBreak = false;
    let at = this.#at;
    while (at < length) {
      const code = source.charCodeAt(at);
      if (code === 32) at += 1;
      else if (code === CODE.slash) {
        const next = source.charCodeAt(at + 1);
        if (next !== CODE.slash && next !== CODE.star) break;
        this.#at = at;
        if (next === CODE.slash) this.#skipLineComment();
        else this.#skipBlockComment();
        at = this.#at;
      } else {
        const character = code < 128 ? CHARACTERS[code] : characterAt(source, at);
        if (character === CHARACTER.lineBreak) {
          this.#hasLineBreak = true;
          if (code === 10) this.#line += 1;
        } else if (character !== CHARACTER.space) break;
        at += 1;
      }
    }
    this.#at = at;
  }

  #skipLineComment(): void {
    this.#at = lineEnd(this.#source, this.#at);
    this.#tokens.commentCount += 1;
    this.#tokens.commentLines += 1;
  }

  #skipBlockComment(): void {
    const closing = this.#source.indexOf("*/", this.#at + 2);
    const end = closing === -1 ? this.#source.length : closing + 2;
    const line = this.#line;
    this.#countLines(this.#at, end);
    this.#at = end;
    if (this.#line > line) this.#hasLineBreak = true;
    this.#tokens.commentCount += 1;
    this.#tokens.commentLines += this.#line - line + 1;
  }

  // Code

  #lexCode(): void {
    const source = this.#source;
    const start = this.#at;
    const code = source.charCodeAt(start);
    const character = code < 128 ? (CHARACTERS[code] ?? 0) : characterAt(source, start);
    switch (character) {
      case CHARACTER.letter:
        this.#lexWord(wordEnd(source, start));
        return;
      case CHARACTER.digit:
        this.#lexOperand(KIND.number, numberEnd(source, start));
        return;
      case CHARACTER.quote:
        this.#lexString();
        return;
      case CHARACTER.backtick:
        this.#lexTemplate(start + 1);
        return;
      case CHARACTER.slash:
        this.#lexSlash();
        return;
      case CHARACTER.dot:
        if (CHARACTERS[source.charCodeAt(start + 1)] === CHARACTER.digit) this.#lexOperand(KIND.number, numberEnd(source, start));
        else this.#lexPunctuation(code);
        return;
      case CHARACTER.hash:
        if (startsWord(source, start + 1)) this.#lexOperand(KIND.word, wordEnd(source, start + 1));
        else this.#emitPunctuation(1, AFTER.operator);
        return;
      case CHARACTER.backslash:
        if (escapeEnd(source, start) > start) this.#lexOperand(KIND.word, wordEnd(source, start));
        else this.#emitPunctuation(1, AFTER.operator);
        return;
      case CHARACTER.punctuation:
        this.#lexPunctuation(code);
        return;
      default:
        this.#emitPunctuation((source.codePointAt(start) ?? 0) > 0xffff ? 2 : 1, AFTER.operator);
    }
  }

  #lexOperand(kind: number, end: number): void {
    this.#emit(kind, end);
    this.#after = AFTER.operand;
  }

  #lexWord(end: number): void {
    const after = this.#after === AFTER.dot ? -1 : afterKeyword(this.#source, this.#at, end);
    if (after === -1) {
      this.#lexOperand(KIND.word, end);
      return;
    }
    this.#emit(KIND.keyword, end);
    // The `await` of `for await (` stands before the same head.
    if (!(this.#after === AFTER.control && after === AFTER.operator)) this.#after = after;
  }

  #lexString(): void {
    const line = this.#at;
    const end = stringEnd(this.#source, line);
    this.#emitLines(KIND.string, end);
    this.#after = AFTER.operand;
  }

  /** The chunk of a template that goes on at `from`, with the `${` after it. */
  #lexTemplate(from: number): void {
    const stop = templateChunkEnd(this.#source, from);
    const isInterrupted = this.#source.charCodeAt(stop) === CODE.dollar;
    const end = isInterrupted || stop === this.#source.length ? stop : stop + 1;
    if (end > this.#at) this.#emitLines(KIND.template, end);
    this.#after = AFTER.operand;
    if (isInterrupted) this.#open(FRAME.template, 2);
  }

  #lexSlash(): void {
    const mayBeRegex = this.#after !== AFTER.operand && this.#at >= this.#regexFrom;
    const end = mayBeRegex ? regexEnd(this.#source, this.#at) : 0;
    if (end > 0) {
      this.#lexOperand(KIND.regex, end);
      return;
    }
    if (end < 0) this.#regexFrom = -end - 1;
    this.#lexPunctuation(CODE.slash);
  }

  #lexPunctuation(code: number): void {
    if (ENDS_TYPE_ARGUMENTS[code] === 1) this.#angles = 0;
    switch (code) {
      case CODE.openRound:
        this.#open(this.#after === AFTER.control ? FRAME.control : FRAME.round, 1);
        return;
      case CODE.openSquare:
        this.#open(FRAME.square, 1);
        return;
      case CODE.openBrace:
        this.#open(this.#after === AFTER.operator ? FRAME.object : FRAME.block, 1);
        return;
      case CODE.closeRound:
        this.#closeBracket(FRAME.round, FRAME.control);
        return;
      case CODE.closeSquare:
        this.#closeBracket(FRAME.square, FRAME.square);
        return;
      case CODE.closeBrace:
        this.#closeBrace();
        return;
      case CODE.less:
        this.#lexLess();
        return;
      case CODE.greater:
        this.#lexGreater();
        return;
      case CODE.colon:
        this.#lexColon();
        return;
      case CODE.semicolon:
        this.#questions = 0;
        this.#emitPunctuation(1, AFTER.statement);
        return;
      default:
        this.#lexOperator(code);
    }
  }

  #lexOperator(code: number): void {
    const source = this.#source;
    const length = punctuationEnd(source, this.#at) - this.#at;
    const isPostfix =
      this.#after === AFTER.operand &&
      !this.#hasLineBreak &&
      (code === CODE.exclamation ? length === 1 : length === 2 && (code === CODE.plus || code === CODE.dash)) &&
      (code === CODE.exclamation || source.charCodeAt(this.#at + 1) === code);
    let after: number = isPostfix ? AFTER.operand : AFTER.operator;
    if (code === CODE.dot && length === 1) after = AFTER.dot;
    else if (code === CODE.question) {
      if (length === 1) this.#questions += 1;
      else if (source.charCodeAt(this.#at + 1) === CODE.dot) after = AFTER.dot;
      else this.#angles = 0;
    } else if (code === CODE.equals && length === 2 && source.charCodeAt(this.#at + 1) === CODE.greater) after = AFTER.statement;
    else if (length > 1 && code !== CODE.dot) this.#angles = 0;
    this.#emitPunctuation(length, after);
  }

  /** A `:` that answers no `?` begins a statement where labels stand, so that `case 1: {` opens a block. */
  #lexColon(): void {
    const isTernary = this.#questions > 0 && !this.#isAfter(CODE.question);
    if (this.#questions > 0) this.#questions -= 1;
    const mayBeLabel = this.#frame <= FRAME.block && !isTernary;
    this.#emitPunctuation(1, mayBeLabel ? AFTER.statement : AFTER.operator);
  }

  #lexLess(): void {
    const isAfterOperand = this.#after === AFTER.operand || this.#after === AFTER.dot;
    if (!isAfterOperand && this.#isJsx && this.#startsElement()) {
      this.#openTag();
      return;
    }
    const { count, end, kind } = this.#tokens;
    const isTight = count > 0 && (end[count - 1] === this.#at || kind[count - 1] === KIND.keyword);
    const isDouble =
      isTight && this.#source.charCodeAt(this.#at + 1) === CODE.less && startsTypeParameters(this.#source, this.#at + 2);
    const length = isDouble ? 1 : punctuationEnd(this.#source, this.#at) - this.#at;
    if (length > 1) this.#angles = 0;
    else if (isTight || !isAfterOperand) this.#angles += 1;
    this.#emitPunctuation(length, AFTER.operator);
  }

  /** A `>` closes type arguments when as many are open as `>` follow each other. */
  #lexGreater(): void {
    const source = this.#source;
    const end = punctuationEnd(source, this.#at);
    let closing = this.#at;
    while (closing < end && source.charCodeAt(closing) === CODE.greater) closing += 1;
    const isBeforeArrow = source.charCodeAt(closing) === CODE.equals && source.charCodeAt(closing + 1) === CODE.greater;
    // The first of two `>` in a tag closes its type arguments, the second the tag.
    const closesAll = this.#frame === FRAME.tag || (this.#angles >= closing - this.#at && (closing === end || isBeforeArrow));
    if (!closesAll) {
      this.#emitPunctuation(end - this.#at, AFTER.statement);
      return;
    }
    this.#angles -= 1;
    this.#emitPunctuation(1, AFTER.operand);
  }

  // Brackets

  #open(frame: number, length: number): void {
    this.#emit(KIND.punctuation, this.#at + length);
    this.#depth += 1;
    if (frame <= FRAME.template) this.#braces += 1;
    this.#push(frame);
    this.#after = frame === FRAME.block ? AFTER.statement : AFTER.operator;
  }

  #push(frame: number): void {
    this.#stack.push(this.#frame, this.#opener, this.#angles, this.#questions);
    this.#frame = frame;
    this.#opener = this.#tokens.count - 1;
    this.#angles = 0;
    this.#questions = 0;
  }

  #pop(): void {
    if (this.#frame < FRAME.tag) this.#depth -= 1;
    if (this.#frame <= FRAME.template) this.#braces -= 1;
    this.#questions = this.#stack.pop() ?? 0;
    this.#angles = this.#stack.pop() ?? 0;
    this.#opener = this.#stack.pop() ?? -1;
    this.#frame = this.#stack.pop() ?? FRAME.file;
  }

  /** Closes the bracket of the innermost frame. */
  #close(after: number): void {
    const { partner, count } = this.#tokens;
    const opener = this.#opener;
    this.#pop();
    this.#emitPunctuation(1, after);
    this.#tokens.partner[count] = opener;
    if (partner !== this.#tokens.partner) this.#tokens.partner[opener] = count;
    else partner[opener] = count;
  }

  /** `)` and `]` drop what else is open inside of the nearest brace: a brace outlives the lack of one of them. */
  #closeBracket(frame: number, otherFrame: number): void {
    while (this.#frame > FRAME.template && this.#frame !== frame && this.#frame !== otherFrame) this.#pop();
    if (this.#frame <= FRAME.template) this.#emitPunctuation(1, AFTER.operand);
    else this.#close(this.#frame === FRAME.control ? AFTER.statement : AFTER.operand);
  }

  #closeBrace(): void {
    if (this.#braces === 0) {
      this.#emitPunctuation(1, AFTER.statement);
      return;
    }
    while (this.#frame > FRAME.template) this.#pop();
    const frame = this.#frame;
    this.#close(frame === FRAME.block ? AFTER.statement : AFTER.operand);
    if (frame === FRAME.template) this.#lexTemplate(this.#at);
  }

  // Elements

  /**
   * Whether `<` begins an element rather than type parameters: those have a `,`, `=` or `extends` after the first name, or the
   * parameter list of a function type after the `>`.
   */
  #startsElement(): boolean {
    const source = this.#source;
    const start = this.#at + 1;
    if (source.charCodeAt(start) === CODE.greater) return true;
    if (!startsWord(source, start)) return false;
    let end = tagWordEnd(source, start);
    if (end - start === 5 && source.startsWith("const ", start)) {
      const name = spaceEnd(source, end);
      if (startsWord(source, name)) end = wordEnd(source, name);
    }
    const next = spaceEnd(source, end);
    const code = source.charCodeAt(next);
    if (code === CODE.comma || code === CODE.equals) return false;
    if (code === CODE.greater) return !startsParameters(source, next + 1);
    if (!source.startsWith("extends", next)) return true;
    const bound = source.charCodeAt(spaceEnd(source, next + 7));
    return wordEnd(source, next) > next + 7 || bound === CODE.equals || bound === CODE.greater || bound === CODE.slash;
  }

  #openTag(): void {
    this.#emitPunctuation(1, AFTER.dot);
    this.#push(FRAME.tag);
  }

  #lexTag(): void {
    const source = this.#source;
    const code = source.charCodeAt(this.#at);
    if (startsWord(source, this.#at)) {
      this.#lexOperand(KIND.word, tagWordEnd(source, this.#at));
      return;
    }
    switch (code) {
      case 34:
      case 39:
        this.#emitLines(KIND.string, tagStringEnd(source, this.#at));
        return;
      case CODE.openBrace:
        this.#open(FRAME.tagExpression, 1);
        return;
      case CODE.greater:
        this.#finishTag();
        return;
      case CODE.less:
        if (this.#isAfter(CODE.equals)) {
          this.#openTag();
          return;
        }
        this.#angles = 1;
        this.#emitPunctuation(1, AFTER.operator);
        return;
      case CODE.slash:
      case CODE.equals:
      case CODE.dot:
      case CODE.colon:
        this.#emitPunctuation(1, AFTER.operator);
        return;
      default:
        // No tag: whatever was taken for elements here is none.
        while (this.#frame >= FRAME.tag) this.#pop();
        this.#lexCode();
    }
  }

  #finishTag(): void {
    const isSelfClosing = this.#isAfter(CODE.slash);
    this.#emitPunctuation(1, AFTER.operand);
    if (this.#frame === FRAME.closingTag) {
      this.#pop();
      this.#pop();
    } else if (isSelfClosing) this.#pop();
    else this.#frame = FRAME.children;
  }

  #lexChildren(): void {
    const source = this.#source;
    this.#lexText();
    if (this.#at >= source.length) return;
    switch (source.charCodeAt(this.#at)) {
      case CODE.openBrace:
        this.#open(FRAME.tagExpression, 1);
        return;
      case CODE.closeBrace:
        // Never in the text of an element: a closing tag is missing.
        this.#closeBrace();
        return;
      default:
        if (source.charCodeAt(this.#at + 1) !== CODE.slash) {
          this.#openTag();
          return;
        }
        this.#emitPunctuation(2, AFTER.dot);
        this.#push(FRAME.closingTag);
    }
  }

  /** The text up to the next tag or brace; no token when it is white space only. */
  #lexText(): void {
    const source = this.#source;
    const { length } = source;
    const start = spaceEnd(source, this.#at);
    let at = start;
    let end = start;
    for (; at < length; at += 1) {
      const code = source.charCodeAt(at);
      if (code === CODE.less || code === CODE.openBrace || code === CODE.closeBrace) break;
      if (!isSpace(source, at)) end = at + 1;
    }
    this.#countLines(this.#at, start);
    this.#at = start;
    if (end > start) this.#emitLines(KIND.jsxText, end);
    this.#countLines(end, at);
    this.#at = at;
  }

  /** Whether the last token is this one character. */
  #isAfter(code: number): boolean {
    const { count, start, end } = this.#tokens;
    const from = count === 0 ? -1 : (start[count - 1] ?? -1);
    return from !== -1 && end[count - 1] === from + 1 && this.#source.charCodeAt(from) === code;
  }
}

/** Whether the name here is the first type parameter of a function type, as after the `<<` of `Same<<T>() => T, U>`. */
function startsTypeParameters(source: string, from: number): boolean {
  if (!startsWord(source, from)) return false;
  const end = wordEnd(source, from);
  return source.startsWith(" extends ", end) || (source.charCodeAt(end) === CODE.greater && startsParameters(source, end + 1));
}

/** Whether the parameter list of a function type begins here, as after the `>` of `<T>(value: T) => void`. */
function startsParameters(source: string, from: number): boolean {
  const open = spaceEnd(source, from);
  if (source.charCodeAt(open) !== CODE.openRound) return false;
  const first = spaceEnd(source, open + 1);
  const code = source.charCodeAt(first);
  if (code === CODE.dot) return source.startsWith("...", first);
  if (code === CODE.closeRound) return source.startsWith("=>", spaceEnd(source, first + 1));
  if (!startsWord(source, first)) return false;
  const next = source.charCodeAt(spaceEnd(source, wordEnd(source, first)));
  return next === CODE.colon || next === CODE.question;
}

function spaceEnd(source: string, from: number): number {
  const { length } = source;
  let at = from;
  while (at < length && isSpace(source, at)) at += 1;
  return at;
}

function isSpace(source: string, at: number): boolean {
  const character = characterAt(source, at);
  return character === CHARACTER.space || character === CHARACTER.lineBreak;
}
