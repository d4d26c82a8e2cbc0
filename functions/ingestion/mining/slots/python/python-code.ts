import { KIND, type Tokens } from "../../tokens.ts";
import { TokenView, wordIndex } from "../token-view.ts";

const INDEX = wordIndex({
  words: [
    "import from def class except raise for with assert open Path print super Optional async",
    "List Dict Set FrozenSet Tuple Type list dict set frozenset tuple type None is == != | % ( [ {",
  ],
  members:
    "path format append getLogger debug info warning warn error exception critical log Path Optional List Dict Set Tuple Type",
});
/** The words that begin a statement with a block of its own. */
const HEADERS = new Set("async class def elif else except finally for if try while with".split(" "));
const TEST_PATH = /(?:^|\/)tests?\/|(?:^|\/)(?:test_[^/]*|[^/]*_test|conftest)\.py$/;

/** The Python of one file, ready for its slots to look at. */
export function readPythonCode({ path, source, tokens }: { path: string; source: string; tokens: Tokens }): PythonCode {
  return new PythonCode({ path, source, tokens, index: INDEX });
}

/** The tokens of a file of Python, with its statements and blocks. */
export class PythonCode extends TokenView {
  readonly isTest = TEST_PATH.test(this.path);
  /** Of each position the first one of its statement. */
  readonly #starts = this.#readStarts();

  /** Slots of Python never share an opportunity with those of other languages. */
  override emit(slot: string, value: string, from: number, to = from): void {
    super.emit(`python:${slot}`, value, from, to);
  }

  /** Whether what is here is the end of a statement: of its line, or a semicolon. */
  endsStatement(at: number): boolean {
    return at >= this.count || this.kind(at) === KIND.lineEnd || this.is(at, ";");
  }

  /** A statement after the `:` of its header begins too: `if a: return`. */
  beginsStatement(at: number): boolean {
    return this.#starts[at] === at;
  }

  /** The first position of the statement that a position is in. */
  startOfStatement(at: number): number {
    return this.#starts[at] ?? 0;
  }

  #readStarts(): Int32Array {
    const starts = new Int32Array(this.count);
    let start = 0;
    let isHeader = false;
    let lambdas = 0;
    for (let at = 0; at < this.count; at += 1) {
      if (at === start) {
        isHeader = this.kind(at) === KIND.keyword ? HEADERS.has(this.text(at)) : this.is(at, "match") || this.is(at, "case");
        lambdas = 0;
      }
      starts[at] = start;
      const isOutside = this.depth(at) === this.depth(start);
      if (this.kind(at) >= KIND.lineEnd || (isOutside && this.is(at, ";"))) start = at + 1;
      else if (isHeader && this.is(at, "lambda")) lambdas += 1;
      else if (isHeader && isOutside && this.is(at, ":")) {
        if (lambdas > 0) lambdas -= 1;
        else if (this.kind(at + 1) !== KIND.lineEnd) start = at + 1;
      }
    }
    return starts;
  }

  /** The last position of the statement that goes on here, without what ends it. */
  endOfStatement(from: number): number {
    let at = from;
    while (!this.endsStatement(at)) at = this.after(at);
    return at - 1;
  }

  /** The `:` that ends the header which begins here; -1 when it has none. */
  colonOf(from: number): number {
    let lambdas = 0;
    for (let at = from; !this.endsStatement(at); at = this.after(at)) {
      if (this.is(at, "lambda")) lambdas += 1;
      if (!this.is(at, ":")) continue;
      if (lambdas === 0) return at;
      lambdas -= 1;
    }
    return -1;
  }

  /** The `indent` of the block after the `:` of a header; -1 when the block is on the same line. */
  blockAfter(colon: number): number {
    return this.kind(colon + 1) === KIND.lineEnd && this.kind(colon + 2) === KIND.indent ? colon + 2 : -1;
  }

  /** The first position of each statement in a block, those of blocks in it left out. */
  statements(indent: number): number[] {
    const starts: number[] = [];
    for (let at = indent + 1; at < this.partner(indent); ) {
      if (this.kind(at) === KIND.indent) at = this.after(at);
      else {
        starts.push(at);
        at = this.endOfStatement(at) + 2;
      }
    }
    return starts;
  }

  /** The last position with text before the end of a block. */
  lastOf(indent: number): number {
    let at = this.partner(indent) - 1;
    while (this.kind(at) >= KIND.lineEnd) at -= 1;
    return at;
  }
}
