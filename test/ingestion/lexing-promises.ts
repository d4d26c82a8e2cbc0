import fc from "fast-check";
import { expect } from "vitest";
import { createTokens, KIND, type Tokens } from "../../functions/ingestion/mining/tokens.ts";

type Lex = (options: { source: string; tokens: Tokens }) => void;

/** What holds of the tokens of any text: they follow each other, partners point at each other, and depth says what is open. */
export function expectOrder({ source, tokens }: { source: string; tokens: Tokens }): void {
  let end = 0;
  let line = 1;
  const open: number[] = [];
  for (let at = 0; at < tokens.count; at += 1) {
    const start = tokens.start[at] ?? -1;
    const isEmpty = (tokens.kind[at] ?? 0) >= KIND.lineEnd;
    const isAfter = start >= end && (tokens.end[at] ?? -1) >= start && (tokens.line[at] ?? -1) >= line;
    if (!isAfter || (isEmpty ? start !== tokens.end[at] : start === tokens.end[at]))
      expect.fail(`Token ${at} of ${JSON.stringify(source)}`);
    end = tokens.end[at] ?? 0;
    line = tokens.line[at] ?? 0;
    const partner = tokens.partner[at] ?? -1;
    if (partner > at) open.push(at);
    else if (partner !== -1) {
      while (open.length > 0 && open.at(-1) !== partner) open.pop();
      const isPair = open.pop() === partner && tokens.partner[partner] === at && tokens.depth[partner] === tokens.depth[at];
      if (!isPair) expect.fail(`Partners ${partner} and ${at} of ${JSON.stringify(source)}`);
    }
  }
  expect(end).toBeLessThanOrEqual(source.length);
}

/** Any text made of `parts`, and any part of the sources with a piece cut out or put in, is lexed to the end. */
export function expectRobust({ lex, parts, sources }: { lex: Lex; parts: readonly string[]; sources: readonly string[] }): void {
  const tokens = createTokens(4);
  const check = (source: string) => {
    lex({ source, tokens });
    expectOrder({ source, tokens });
  };
  const piece = fc.oneof(fc.constantFrom(...parts), fc.string({ unit: "grapheme", maxLength: 4 }));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => check(pieces.join(""))),
    { numRuns: 2_000 },
  );
  fc.assert(
    fc.property(fc.constantFrom(...sources), fc.nat(), fc.nat({ max: 60 }), piece, fc.nat(), (source, at, cut, put, end) => {
      const from = at % source.length;
      check(source.slice(0, from) + put + source.slice(from + cut, source.length - (end % 3 === 0 ? end % source.length : 0)));
    }),
    { numRuns: 300 },
  );
  for (const part of parts) check(part.repeat(20_000));
  for (const part of parts)
    check(
      parts
        .map((other) => part + other)
        .join("")
        .repeat(50),
    );
}
