import type { Tokens } from "../tokens.ts";
import { TokenView, wordIndex } from "./token-view.ts";

/** The words and punctuation that a family of slots starts from, where they are no members. */
const INDEX = wordIndex({
  words: [
    "import export require function class interface type enum const let var return throw if for catch await",
    "test it describe suite expect assert t any unknown boolean Array",
    "== != === !== => ?? || [ (",
  ],
  members: "then forEach describe log info warn error debug trace fatal",
});
const TEST_PATH = /(?:^|\/)(?:tests?|__tests__|specs?|e2e)\/|[._-](?:test|spec|e2e|cy)\.[a-z]+$/;

/** The code of one file, ready for the slots to look at. */
export function readCode({ path, source, tokens }: { path: string; source: string; tokens: Tokens }): Code {
  return new Code({ path, source, tokens, index: INDEX });
}

/** The tokens of a file of TypeScript or JavaScript, with what only these languages ask. */
export class Code extends TokenView {
  readonly isTypescript = /\.(?:[cm]?ts|tsx)$/.test(this.path);
  readonly isJsx = /\.[jt]sx$/.test(this.path);
  readonly isTest = TEST_PATH.test(this.path);

  /** The position after the `>` that closes the type arguments which the `<` here opens; -1 when that is no such `<`. */
  afterTypeArguments(at: number): number {
    if (!this.is(at, "<")) return -1;
    let open = 0;
    for (let next = at; next < this.count; next = this.after(next)) {
      const text = this.text(next);
      if (text === "<") open += 1;
      else if (text === ">" || text === ">>" || text === ">>>") open -= text.length;
      else if (text === ";" || this.depth(next) < this.depth(at)) return -1;
      if (open <= 0) return next + 1;
    }
    return -1;
  }

  /** As of any language, but commas of type arguments divide nothing. */
  override entries(open: number): number[] {
    const close = this.partner(open);
    const starts: number[] = [];
    let isStart = true;
    for (let at = open + 1; at < close; ) {
      if (isStart) starts.push(at);
      isStart = this.is(at, ",");
      const skipped = this.afterTypeArguments(at);
      at = skipped > at && skipped <= close ? skipped : this.after(at);
    }
    return starts;
  }
}
