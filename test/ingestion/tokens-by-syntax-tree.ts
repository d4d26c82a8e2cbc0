import ts from "typescript-5";
import { KIND } from "../../functions/ingestion/mining/tokens.ts";

/** A token as [kind, start, end]. */
export type PlainToken = readonly [kind: number, start: number, end: number];

const { SyntaxKind } = ts;
const RESERVED = new Set(["await"]);
for (let kind: number = SyntaxKind.FirstReservedWord; kind <= SyntaxKind.LastFutureReservedWord; kind += 1) {
  RESERVED.add(ts.tokenToString(kind) ?? "");
}

/**
 * The tokens of a file as TypeScript's parser sees them: what its tree holds as tokens, and between these what its scanner finds.
 * They are put into the lexer's terms, and nothing else is changed:
 * - a template is cut into its chunks, `${` and `}`, without empty chunks; text of an element loses the white space around it;
 * - a word is a keyword when it is reserved, unless it follows a dot or names something in a tag.
 */
export function tokensBySyntaxTree({ path, source }: { path: string; source: string }): { tokens: PlainToken[]; errors: number } {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, false);
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, true, file.languageVariant);
  const tokens: PlainToken[] = [];
  let at = 0;
  for (const child of childrenOf(file)) visit(child, false);
  return { tokens, errors: (file as unknown as { parseDiagnostics: readonly unknown[] }).parseDiagnostics.length };

  function visit(node: ts.Node, isName: boolean): void {
    if (node.kind === SyntaxKind.JsxText) addText(node.pos, node.end);
    else if (node.kind <= SyntaxKind.LastToken) add(node.kind, node.end - trimmedLength(node), node.end, isName);
    else {
      const children = childrenOf(node);
      const namesTag = NAMES_IN_TAGS.has(node.kind) || (isName && ts.isPropertyAccessExpression(node));
      for (const child of children) {
        addBetween(child.pos);
        visit(child, namesTag);
        at = child.end;
      }
      addBetween(node.end);
    }
    at = node.end;
  }

  function trimmedLength(node: ts.Node): number {
    return node.end - node.getStart(file);
  }

  /** What the tree leaves out: punctuation and keywords. */
  function addBetween(end: number): void {
    if (at >= end) return;
    // A copy, since the scanner would look beyond an end that it is given.
    scanner.setText(source.slice(at, end));
    for (let kind = scanner.scan(); kind !== SyntaxKind.EndOfFileToken; kind = scanner.scan()) {
      add(kind, at + scanner.getTokenStart(), at + scanner.getTokenEnd(), false);
    }
    at = end;
  }

  function add(kind: ts.SyntaxKind, start: number, end: number, isName: boolean): void {
    if (start === end) return;
    if (kind >= SyntaxKind.TemplateHead && kind <= SyntaxKind.TemplateTail) {
      addTemplate(kind, start, end);
      return;
    }
    const isPunctuation = kind >= SyntaxKind.FirstPunctuation && kind <= SyntaxKind.LastPunctuation;
    tokens.push([isPunctuation ? KIND.punctuation : kindOf(kind, start, end, isName), start, end]);
  }

  function kindOf(kind: ts.SyntaxKind, start: number, end: number, isName: boolean): number {
    const literal = LITERALS.get(kind);
    if (literal !== undefined) return literal;
    if (kind < SyntaxKind.Identifier) throw new Error(`A token that is none at ${start}: ${SyntaxKind[kind]}`);
    const last = tokens.at(-1);
    const isMember = last !== undefined && /^\??\.$/.test(source.slice(last[1], last[2]));
    return RESERVED.has(source.slice(start, end)) && !isMember && !isName ? KIND.keyword : KIND.word;
  }

  function addTemplate(kind: ts.SyntaxKind, start: number, end: number): void {
    const from = kind === SyntaxKind.TemplateHead ? start : start + 1;
    const to = kind === SyntaxKind.TemplateTail ? end : end - 2;
    if (from > start) tokens.push([KIND.punctuation, start, from]);
    if (to > from) tokens.push([KIND.template, from, to]);
    if (end > to) tokens.push([KIND.punctuation, to, end]);
  }

  function addText(start: number, end: number): void {
    const text = source.slice(start, end);
    const trimmed = text.trim();
    const from = start + text.length - text.trimStart().length;
    if (trimmed !== "") tokens.push([KIND.jsxText, from, from + trimmed.length]);
  }
}

const LITERALS = new Map<ts.SyntaxKind, number>([
  [SyntaxKind.NumericLiteral, KIND.number],
  [SyntaxKind.BigIntLiteral, KIND.number],
  [SyntaxKind.StringLiteral, KIND.string],
  [SyntaxKind.RegularExpressionLiteral, KIND.regex],
  [SyntaxKind.NoSubstitutionTemplateLiteral, KIND.template],
  [SyntaxKind.PrivateIdentifier, KIND.word],
]);

const NAMES_IN_TAGS = new Set<ts.SyntaxKind>([
  SyntaxKind.JsxOpeningElement,
  SyntaxKind.JsxSelfClosingElement,
  SyntaxKind.JsxClosingElement,
  SyntaxKind.JsxAttribute,
  SyntaxKind.JsxNamespacedName,
]);

function childrenOf(node: ts.Node): ts.Node[] {
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => void children.push(child));
  return children.sort((one, other) => one.pos - other.pos);
}
