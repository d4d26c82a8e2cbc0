import ts from "typescript-5";
import type { Candidate } from "../../../functions/ingestion/mining/propose-candidates.ts";
import { parse, placesOf, specifierOf, testOf } from "./syntax-places.ts";

/** Replaces the text from the one offset to the other. */
type Edit = readonly [from: number, to: number, text: string];

interface Place {
  node: ts.Node;
  file: ts.SourceFile;
  value: string;
}

type Mutator = (place: Place) => Edit[] | undefined;

/** By slot, how one place that keeps to a convention is made to break it, with as little else as can be. */
const MUTATORS: Readonly<Record<string, Mutator>> = {
  quotes({ node, file, value }) {
    const quote = value === "single" ? '"' : "'";
    const text = node.getText(file).slice(1, -1);
    return /["'\\]/.test(text) ? undefined : [whole(node, file, `${quote}${text}${quote}`)];
  },
  semicolons: ({ node, value }) => [value === "always" ? [node.end - 1, node.end, ""] : [node.end, node.end, ";"]],
  "trailing-comma": ({ node, value }) =>
    ts.isArrayLiteralExpression(node) && node.elements.length > 0 ? [commaEdit(node.elements, value)] : undefined,
  "trailing-comma-arguments"({ node, value }) {
    const list = ts.isCallExpression(node) ? node.arguments : ts.isFunctionLike(node) ? node.parameters : undefined;
    return list === undefined || list.length === 0 ? undefined : [commaEdit(list, value)];
  },
  equality: operatorEdit,
  "null-check": operatorEdit,
  "variable-keyword"({ node, file, value }) {
    const from = node.getStart(file);
    const length = value === "var" ? 3 : file.text.startsWith("const", from) ? 5 : 3;
    return [[from, from + length, value === "var" ? "let" : "var"]];
  },
  "guard-braces"({ node, file, value }) {
    if (!ts.isIfStatement(node)) return undefined;
    const { thenStatement } = node;
    if (value === "no braces") return [whole(thenStatement, file, `{ ${thenStatement.getText(file)} }`)];
    const [only, ...others] = ts.isBlock(thenStatement) ? thenStatement.statements : [];
    return only === undefined || others.length > 0 ? undefined : [whole(thenStatement, file, only.getText(file))];
  },
  "else-after-exit": ({ node, value }) => (value === "no else" ? [[node.end, node.end, " else {}"]] : undefined),
  "arrow-parentheses"({ node, file, value }) {
    const [only] = ts.isArrowFunction(node) ? node.parameters : [];
    if (only === undefined) return undefined;
    if (value === "bare") return [whole(only, file, `(${only.getText(file)})`)];
    return [[only.getStart(file) - 1, only.end + 1, only.getText(file)]];
  },
  "node-protocol"({ node, file, value }) {
    const from = (specifierOf(node)?.getStart(file) ?? -2) + 1;
    return from < 0 ? undefined : value === "node:" ? [[from, from + "node:".length, ""]] : [[from, from, "node:"]];
  },
  "import-extension"({ node, value }) {
    const specifier = ts.isImportDeclaration(node) || ts.isExportDeclaration(node) ? node.moduleSpecifier : undefined;
    if (specifier === undefined) return undefined;
    const end = specifier.end - 1;
    return value === "none" ? [[end, end, ".js"]] : [[end - value.length, end, ""]];
  },
  "module-system"({ node, file, value }) {
    const specifier = specifierOf(node)?.getText(file);
    if (value === "import") return specifier === undefined ? undefined : append(file, `require(${specifier})`);
    const end = (file.text.match(/;$/gm)?.length ?? 0) * 8 > file.text.split("\n").length ? ";" : "";
    return specifier === undefined ? undefined : [[0, 0, `import ${specifier}${end}\n`]];
  },
  "type-import"({ node, file, value }) {
    const text = node.getText(file);
    const turned =
      value === "import type"
        ? text.replace(/^import type \{\s*/, "import { type ")
        : text.replace(/^import \{\s*type /, "import type { ");
    return turned === text ? undefined : [whole(node, file, turned)];
  },
  "export-form": ({ file, value }) => (value === "named only" ? append(file, "export default null") : undefined),
  "export-place": ({ file, value }) =>
    value === "in a list" ? append(file, "export let other = null") : append(file, "export { other }"),
  "function-form"({ node, file }) {
    if (ts.isFunctionDeclaration(node) && node.name && !node.typeParameters && !node.asteriskToken) {
      const isAsync = node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword);
      const from = node.getText(file).indexOf("function") + node.getStart(file);
      if (isAsync || node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword)) return undefined;
      const paren = file.text.indexOf("(", node.name.end);
      return [[from, paren, `const ${node.name.text} = function `]];
    }
    const list = ts.isVariableDeclaration(node) && ts.isVariableDeclarationList(node.parent) ? node.parent : undefined;
    if (list === undefined) return undefined;
    return append(file, "function other() {}");
  },
  "function-case": nameEdit,
  "variable-case": nameEdit,
  "class-case": nameEdit,
  "type-case": nameEdit,
  "constant-case": nameEdit,
  "object-type"({ node, file, value }) {
    const isPlain = ts.isInterfaceDeclaration(node) && !node.heritageClauses && !node.typeParameters;
    if (value === "interface")
      return isPlain ? [[node.name.getStart(file) - "interface ".length, node.name.end, `type ${node.name.text} =`]] : undefined;
    return undefined;
  },
  "array-type"({ node, file, value }) {
    if (value !== "T[]" || !ts.isArrayTypeNode(node)) return undefined;
    return [whole(node, file, `Array<${node.elementType.getText(file)}>`)];
  },
  untyped: ({ node, file, value }) => [whole(node, file, value === "any" ? "unknown" : "any")],
  "return-type"({ node, value }) {
    if (!ts.isFunctionDeclaration(node) || value !== "declared" || node.type === undefined) return undefined;
    return [[node.type.pos - 1, node.type.end, ""]];
  },
  iteration: ({ file, value }) =>
    append(file, value === "for of" ? "others.forEach(visit)" : "for (let other of others) visit(other)"),
  await: ({ file, value }) => append(file, value === "await" ? "other().then(visit)" : "await other()"),
  "thrown-kind": ({ node, file }) =>
    ts.isThrowStatement(node) && ts.isNewExpression(node.expression) ? [whole(node.expression, file, "`other`")] : undefined,
  "catch-name"({ node, file }) {
    const name = ts.isCatchClause(node) ? node.variableDeclaration?.name : undefined;
    return name === undefined ? undefined : rename({ node, file, name: name.getText(file), to: "otherwise" });
  },
  "catch-unused"({ node, file, value }) {
    if (!ts.isCatchClause(node)) return undefined;
    const from = node.getStart(file) + "catch".length;
    return value === "left out" ? [[from, from, " (other)"]] : [[from, node.block.getStart(file), " "]];
  },
  "empty-catch": ({ node, file, value }) =>
    ts.isCatchClause(node) && value === "handled" ? [whole(node.block, file, "{}")] : undefined,
  logging: ({ file, value }) => append(file, value === "console" ? "logger.info(other)" : "console.log(other)"),
  fallback: ({ node, file, value }) =>
    ts.isBinaryExpression(node) ? [whole(node.operatorToken, file, value === "??" ? "||" : "??")] : undefined,
  "test-verb"({ node, file, value }) {
    const name = testOf(node)?.name;
    return name === undefined ? undefined : [whole(name, file, value === "test" ? "it" : "test")];
  },
  "test-title"({ node, file, value }) {
    const literal = testOf(node)?.literal;
    if (literal === undefined || value !== "without should") return undefined;
    return [[literal.getStart(file) + 1, literal.getStart(file) + 1, "should "]];
  },
  "test-title-case"({ node, file, value }) {
    const from = (testOf(node)?.literal.getStart(file) ?? -2) + 1;
    const first = file.text[from] ?? "";
    return from < 0 ? undefined : [[from, from + 1, value === "capital" ? first.toLowerCase() : first.toUpperCase()]];
  },
  assertion: ({ file, value }) => append(file, value === "expect()" ? "assert(other)" : "expect(other)"),
};

export function isBreakable(slot: string): boolean {
  return slot in MUTATORS;
}

/** The source with a convention broken in one of the places on the given lines; undefined where no mutator fits any of them. */
export function breakConvention({
  candidate: { slot, value },
  path,
  source,
  line,
  endLine,
}: {
  candidate: Candidate;
  path: string;
  source: string;
  line: number;
  endLine: number;
}): string | undefined {
  const file = parse({ path, source });
  for (const node of placesOf({ file, slot, value, line, endLine }) ?? []) {
    // The lines of a list are those of its end.
    const [bound, offset] = slot.startsWith("trailing-comma") ? [endLine, listEnd(node)] : [line, node.getStart(file)];
    const isInside = file.getLineAndCharacterOfPosition(offset).line + 1 >= bound;
    const edits = isInside ? MUTATORS[slot]?.({ node, file, value }) : undefined;
    if (edits === undefined) continue;
    return edits
      .toSorted(([left], [right]) => right - left)
      .reduce((text, [from, to, replacement]) => text.slice(0, from) + replacement + text.slice(to), source);
  }
  return undefined;
}

function listEnd(node: ts.Node): number {
  if (!ts.isFunctionLike(node)) return node.end;
  return node.parameters.end + 1;
}

function whole(node: ts.Node, file: ts.SourceFile, text: string): Edit {
  return [node.getStart(file), node.end, text];
}

function append(file: ts.SourceFile, line: string): Edit[] {
  return [[file.end, file.end, `\n;${line}\n`]];
}

function commaEdit(list: ts.NodeArray<ts.Node>, value: string): Edit {
  const last = list.at(-1)?.end ?? list.end;
  return value === "always" ? [last, last + 1, ""] : [last, last, ","];
}

function operatorEdit({ node, file }: Place): Edit[] | undefined {
  if (!ts.isBinaryExpression(node)) return undefined;
  const text = node.operatorToken.getText(file);
  return [whole(node.operatorToken, file, text.length === 3 ? text.slice(0, 2) : `${text}=`)];
}

/** To a name in another case than each that is known: `other_case` for camelCase, `otherCase` for the rest. */
function nameEdit({ node, file, value }: Place): Edit[] | undefined {
  const { name } = node as ts.Node & { name?: ts.Node };
  if (name === undefined) return undefined;
  return [whole(name, file, value === "camelCase" ? "other_case" : "otherCase")];
}

function rename({ node, file, name, to }: { node: ts.Node; file: ts.SourceFile; name: string; to: string }): Edit[] {
  const edits: Edit[] = [];
  visit(node);
  return edits;

  function visit(each: ts.Node): void {
    const isMember = ts.isPropertyAccessExpression(each.parent) && each.parent.name === each;
    if (ts.isIdentifier(each) && each.text === name && !isMember) edits.push(whole(each, file, to));
    ts.forEachChild(each, visit);
  }
}
