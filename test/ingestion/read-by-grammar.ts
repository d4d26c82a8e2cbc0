import type { SyntaxNode, Tree } from "@lezer/common";
import { parser as goParser } from "@lezer/go";
import { parser as pythonParser } from "@lezer/python";
import { KIND, type Tokens } from "../../functions/ingestion/mining/tokens.ts";

/** What two readers of one source can be compared by. */
export interface Reading {
  /** `from-to` of each token with text; formats in literals, and the text between their fields, left out. */
  tokens: string[];
  /** `opener-closer` offsets of each pair of brackets. */
  pairs: string[];
  /** Offset of each statement that begins after a line end, a semicolon or the indentation of a block. */
  statements: number[];
  /** `line-line` of each block that is marked by its indentation: of its first and its last statement. */
  blocks: string[];
}

/** Undefined where the grammar finds an error. */
export function readPythonByGrammar(source: string): Reading | undefined {
  const tree = pythonParser.parse(source);
  if (hasErrors(tree)) return undefined;
  const reading: Reading = { tokens: [], pairs: [], statements: [], blocks: [] };
  walk(tree.topNode, (node) => {
    const { name, from, to } = node;
    if (/^(?:Script|Body|MatchBody|StatementGroup)$/.test(name)) statementsOf(node, source, reading);
    if (/^(?:else|elif|except|finally)$/.test(name) && /Statement$/.test(node.parent?.name ?? "")) reading.statements.push(from);
    if (name === "DecoratedStatement")
      reading.statements.push(
        ...childrenOf(node)
          .slice(1)
          .map((child) => child.from),
      );
    // The grammar has no node for the arrow.
    if (name === "TypeDef" && source.startsWith("->", from)) reading.tokens.push(`${from}-${from + 2}`);
    if (name === "FormatConversion") reading.tokens.push(`${from}-${from + 1}`, `${from + 1}-${to}`);
    if (name === "Comment" || name === "Escape" || name === "FormatConversion") return false;
    if (name === "String") {
      reading.tokens.push(`${from}-${to}`);
      return false;
    }
    addLeaf({ node, reading, isText: /^Format(?:String|Spec)$/.test(name) });
    return true;
  });
  return sortReading(reading);
}

export function readGoByGrammar(source: string): Reading | undefined {
  const tree = goParser.parse(source);
  if (hasErrors(tree)) return undefined;
  const reading: Reading = { tokens: [], pairs: [], statements: [], blocks: [] };
  walk(tree.topNode, (node) => {
    const { name } = node;
    if (/Comment$/.test(name)) return false;
    addLeaf({ node, reading, isText: false });
    return !/^(?:String|Rune)$/.test(name);
  });
  return sortReading(reading);
}

/** The same from the tokens of a lexer. */
export function readByTokens({ source, tokens }: { source: string; tokens: Tokens }): Reading {
  const reading: Reading = { tokens: [], pairs: [], statements: [], blocks: [] };
  let isStart = true;
  for (let at = 0; at < tokens.count; at += 1) {
    const kind = tokens.kind[at] ?? 0;
    const [from = 0, to = 0, partner = -1] = [tokens.start[at], tokens.end[at], tokens.partner[at]];
    if (kind === KIND.indent) reading.blocks.push(blockOf({ source, tokens, indent: at }));
    if (kind >= KIND.lineEnd) isStart = true;
    else {
      if (kind !== KIND.template) reading.tokens.push(`${from}-${to}`);
      if (isStart) reading.statements.push(from);
      isStart = source.slice(from, to) === ";";
      if (partner > at) reading.pairs.push(`${from}-${tokens.start[partner]}`);
    }
  }
  return sortReading(reading);
}

function blockOf({ source, tokens, indent }: { source: string; tokens: Tokens; indent: number }): string {
  let last = (tokens.partner[indent] ?? 0) - 1;
  while ((tokens.kind[last] ?? 0) >= KIND.lineEnd) last -= 1;
  return `${lineAt(source, tokens.start[indent + 1] ?? 0)}-${lineAt(source, (tokens.end[last] ?? 0) - 1)}`;
}

function statementsOf(node: SyntaxNode, source: string, reading: Reading): void {
  const children = childrenOf(node).filter(({ name }) => !/^(?:Comment|;|:)$/.test(name));
  const first = node.firstChild;
  const isOnLine = first?.name === ":" && !hasLineBreak(source, first, children[0]);
  // The first of a header's own line begins after its colon.
  const own = isOnLine ? children.slice(1) : children;
  if (node.name !== "StatementGroup") for (const child of own) reading.statements.push(child.from);
  else for (const child of children.slice(1)) reading.statements.push(child.from);
  const last = children.at(-1);
  if (first?.name === ":" && !isOnLine && last !== undefined)
    reading.blocks.push(`${lineAt(source, children[0]?.from ?? 0)}-${lineAt(source, endOf(last) - 1)}`);
}

/** A statement with a block ends behind line ends and comments after it. */
function endOf(node: SyntaxNode): number {
  let last: SyntaxNode = node;
  for (let child = last.lastChild; child !== null; child = last.lastChild) {
    while (child?.name === "Comment") child = child.prevSibling;
    if (child === null || /^(?:String|FormatString)$/.test(last.name)) break;
    last = child;
  }
  return last.to;
}

function hasLineBreak(source: string, from: SyntaxNode, to: SyntaxNode | undefined): boolean {
  return (
    to !== undefined &&
    lineAt(source, from.from) !== lineAt(source, to.from) &&
    !/\\\r?\n\s*$/.test(source.slice(from.to, to.from))
  );
}

function addLeaf({ node, reading, isText }: { node: SyntaxNode; reading: Reading; isText: boolean }): void {
  const { firstChild, lastChild, from, to } = node;
  if (firstChild === null) {
    if (!isText && to > from) reading.tokens.push(`${from}-${to}`);
    return;
  }
  for (let child: SyntaxNode | null = firstChild; child !== null; child = child.nextSibling) {
    const closing = CLOSING[child.name];
    if (closing === undefined || lastChild === null) continue;
    const closer = node.getChildren(closing).find((each) => each.from > (child?.from ?? 0));
    if (closer !== undefined) reading.pairs.push(`${child.from}-${closer.from}`);
  }
}

const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

function sortReading({ tokens, pairs, statements, blocks }: Reading): Reading {
  const byNumber = (left: string, right: string) => Number.parseInt(left, 10) - Number.parseInt(right, 10);
  return {
    tokens: tokens.sort(byNumber),
    pairs: pairs.sort(byNumber),
    statements: statements.sort((left, right) => left - right),
    blocks: blocks.sort(),
  };
}

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child);
  return children;
}

function hasErrors(tree: Tree): boolean {
  let errors = 0;
  tree.iterate({
    enter: ({ type }) => {
      if (type.isError) errors += 1;
    },
  });
  return errors > 0;
}

function walk(node: SyntaxNode, enter: (node: SyntaxNode) => boolean): void {
  if (!enter(node)) return;
  for (const child of childrenOf(node)) walk(child, enter);
}

function lineAt(source: string, offset: number): number {
  let line = 1;
  for (let at = source.indexOf("\n"); at !== -1 && at < offset; at = source.indexOf("\n", at + 1)) line += 1;
  return line;
}
