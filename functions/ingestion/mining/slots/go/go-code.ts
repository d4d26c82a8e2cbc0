import { KIND, type Tokens } from "../../tokens.ts";
import { TokenView, wordIndex } from "../token-view.ts";

const INDEX = wordIndex({
  words: [
    "package import func type const var if for return interface any errors fmt log slog assert require t := == != ( [ { New",
    "panic struct",
  ],
  members: "Context Run Lock RLock Errorf New Parallel",
});

/** The Go of one file, ready for its slots to look at. */
export function readGoCode({ path, source, tokens }: { path: string; source: string; tokens: Tokens }): GoCode {
  return new GoCode({ path, source, tokens, index: INDEX });
}

/** The tokens of a file of Go, with its statements. */
export class GoCode extends TokenView {
  readonly isTest = this.path.endsWith("_test.go");

  /** Slots of Go never share an opportunity with those of other languages. */
  override emit(slot: string, value: string, from: number, to = from): void {
    super.emit(`go:${slot}`, value, from, to);
  }

  endsStatement(at: number): boolean {
    return at >= this.count || this.kind(at) === KIND.lineEnd || this.is(at, ";");
  }

  beginsStatement(at: number): boolean {
    return at === 0 || this.endsStatement(at - 1) || this.is(at - 1, "{") || this.is(at - 1, ":");
  }

  /** The last position of the statement that goes on here, without what ends it. */
  endOfStatement(from: number): number {
    let at = from;
    while (!this.endsStatement(at) && this.depth(at) >= this.depth(from) && !this.isClosing(at)) at = this.after(at);
    return at - 1;
  }

  /** The first position of each statement between a `{` and its partner. */
  statements(open: number): number[] {
    const starts: number[] = [];
    for (let at = open + 1; at < this.partner(open); at = this.endOfStatement(at) + 2) starts.push(at);
    return starts;
  }

  /** Whether a bracket is here that closes another. */
  isClosing(at: number): boolean {
    const partner = this.partner(at);
    return partner !== -1 && partner < at;
  }

  /** Whether a position is the name `package.member`. */
  isQualified(at: number, packageName: string, member: string): boolean {
    return this.is(at, packageName) && this.is(at + 1, ".") && this.is(at + 2, member) && !this.isMember(at);
  }
}
