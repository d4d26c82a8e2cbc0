import ts from "typescript-5";

/** The value that a node decides for one slot; nothing where the node is no opportunity of it. */
type Visitor = (node: ts.Node, file: ts.SourceFile) => string | undefined;

const { SyntaxKind } = ts;
const BUILT_IN = /^(?:Error|(?:Type|Range|Syntax|Reference|Eval|URI|Aggregate)Error|DOMException)$/;

/** Each slot in the words of TypeScript's own syntax tree, written from its definition. */
export const PLACES: Readonly<Record<string, Visitor>> = {
  quotes: (node, file) => (ts.isStringLiteral(node) ? (node.getText(file).startsWith('"') ? "double" : "single") : undefined),
  semicolons(node, file) {
    const isReExport = ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined;
    const isEnd = ts.isReturnStatement(node) || ts.isThrowStatement(node) || ts.isImportDeclaration(node) || isReExport;
    if (!isEnd) return undefined;
    return node.getText(file).endsWith(";") ? "always" : "left out";
  },
  "trailing-comma"(node, file) {
    if (!ts.isArrayLiteralExpression(node) && !ts.isArrayBindingPattern(node) && !ts.isTupleTypeNode(node)) return undefined;
    return commaOf({ list: node.elements, file });
  },
  "trailing-comma-arguments"(node, file) {
    const list =
      ts.isCallExpression(node) || ts.isNewExpression(node)
        ? node.arguments
        : ts.isFunctionLike(node)
          ? node.parameters
          : undefined;
    return list === undefined ? undefined : commaOf({ list, file });
  },
  equality: (node) => (isComparison(node) && !isWithNull(node) ? (isStrict(node) ? "strict" : "loose") : undefined),
  "null-check": (node) =>
    isComparison(node) && isWithNull(node) ? (isStrict(node) ? "one of them" : "both at once") : undefined,
  "variable-keyword": (node) =>
    ts.isVariableDeclarationList(node) ? (node.flags & ts.NodeFlags.BlockScoped ? "const or let" : "var") : undefined,
  "guard-braces": (node) => (isGuard(node) ? (ts.isBlock(node.thenStatement) ? "braces" : "no braces") : undefined),
  "else-after-exit": (node) => (isGuard(node) ? (node.elseStatement === undefined ? "no else" : "else") : undefined),
  "arrow-parentheses"(node, file) {
    const [only] = ts.isArrowFunction(node) ? node.parameters : [];
    if (!ts.isArrowFunction(node) || only === undefined || node.parameters.length !== 1) return undefined;
    return file.text[only.end] === ")" || file.text.slice(node.getStart(file), only.getStart(file)).includes("(")
      ? "parentheses"
      : "bare";
  },
  "node-protocol"(node, file) {
    const specifier = specifierOf(node);
    return specifier === undefined ? undefined : specifier.getText(file).slice(1).startsWith("node:") ? "node:" : "no protocol";
  },
  "import-extension"(node) {
    const specifier = ts.isImportDeclaration(node) || ts.isExportDeclaration(node) ? node.moduleSpecifier : undefined;
    if (specifier === undefined || !ts.isStringLiteral(specifier) || !/^\.\.?(\/|$)/.test(specifier.text)) return undefined;
    return /\.([cm]?[jt]s|[jt]sx)$/.exec(specifier.text)?.[0] ?? "none";
  },
  "module-system": (node) => (ts.isImportDeclaration(node) ? "import" : isRequire(node) ? "require" : undefined),
  "import-order": (node) => (ts.isImportDeclaration(node) ? "any" : undefined),
  "import-gap": (node) => (ts.isImportDeclaration(node) ? "any" : undefined),
  "import-form": (node) => (ts.isImportDeclaration(node) ? "any" : undefined),
  "type-import"(node) {
    if (!ts.isImportDeclaration(node) || node.importClause === undefined) return undefined;
    return node.importClause.isTypeOnly ? "import type" : "inline type";
  },
  "export-form": (node) => (isExported(node) || ts.isExportAssignment(node) || ts.isExportDeclaration(node) ? "any" : undefined),
  "export-place": (node) => (ts.isExportSpecifier(node) ? "in a list" : isExported(node) ? "at the declaration" : undefined),
  "re-export": (node) => (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined ? "any" : undefined),
  "function-form"(node) {
    if (ts.isFunctionDeclaration(node)) return "declaration";
    const value = ts.isVariableDeclaration(node) ? node.initializer : undefined;
    if (value === undefined) return undefined;
    return ts.isArrowFunction(value) ? "arrow" : ts.isFunctionExpression(value) ? "expression" : undefined;
  },
  "function-case": (node) =>
    (ts.isFunctionDeclaration(node) || ts.isVariableDeclaration(node)) && node.name !== undefined && ts.isIdentifier(node.name)
      ? caseOf(node.name.text)
      : undefined,
  "variable-case": (node) => (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) ? caseOf(node.name.text) : undefined),
  "class-case": (node) => (ts.isClassLike(node) && node.name !== undefined ? caseOf(node.name.text) : undefined),
  "type-case": (node) => (isTypeDeclaration(node) ? caseOf(node.name.text) : undefined),
  "constant-case": (node) =>
    ts.isVariableDeclaration(node) && ts.isIdentifier(node.name)
      ? /^[_$]*[A-Z][A-Z0-9_]*$/.test(node.name.text)
        ? "UPPER_CASE"
        : caseOf(node.name.text)
      : undefined,
  "interface-prefix": (node) =>
    ts.isInterfaceDeclaration(node) ? (/^I[A-Z][a-z]/.test(node.name.text) ? "I" : "none") : undefined,
  "object-type": (node) => (ts.isInterfaceDeclaration(node) ? "interface" : ts.isTypeAliasDeclaration(node) ? "type" : undefined),
  "array-type": (node) =>
    ts.isArrayTypeNode(node) ? "T[]" : ts.isTypeReferenceNode(node) && node.typeArguments?.length === 1 ? "Array<T>" : undefined,
  untyped: (node) =>
    node.kind === SyntaxKind.AnyKeyword ? "any" : node.kind === SyntaxKind.UnknownKeyword ? "unknown" : undefined,
  "return-type": (node) => (ts.isFunctionLike(node) ? (node.type === undefined ? "inferred" : "declared") : undefined),
  parameters: (node) => (ts.isFunctionLike(node) && node.parameters.length > 0 ? "any" : undefined),
  "type-parameter": (node) => (ts.isTypeParameterDeclaration(node) ? "any" : undefined),
  "private-member": (node) => (ts.isClassElement(node) ? "any" : undefined),
  "private-underscore": (node) => (ts.isClassElement(node) ? "any" : undefined),
  "boolean-name": (node) => (node.kind === SyntaxKind.BooleanKeyword ? "any" : undefined),
  "boolean-function": (node) =>
    ts.isFunctionLike(node) && (node.type?.kind === SyntaxKind.BooleanKeyword || (node.type && ts.isTypePredicateNode(node.type)))
      ? "any"
      : undefined,
  iteration(node) {
    if (ts.isForOfStatement(node)) return "for of";
    return isMethodCall(node, "forEach") ? "forEach" : undefined;
  },
  await: (node) => (ts.isAwaitExpression(node) ? "await" : isMethodCall(node, "then") ? "then" : undefined),
  "thrown-kind"(node, file) {
    if (!ts.isThrowStatement(node)) return undefined;
    if (!ts.isNewExpression(node.expression)) return "a literal";
    return BUILT_IN.test(node.expression.expression.getText(file).split(".").at(-1) ?? "") ? "built-in" : "own class";
  },
  "thrown-class": (node, file) =>
    ts.isThrowStatement(node) && ts.isNewExpression(node.expression)
      ? node.expression.expression.getText(file).split(".").at(-1)
      : undefined,
  "error-name": (node) =>
    ts.isClassLike(node) && node.name ? (/Error$/.test(node.name.text) ? "ends in Error" : "otherwise") : undefined,
  "catch-name"(node) {
    const name = ts.isCatchClause(node) ? node.variableDeclaration?.name : undefined;
    return name && ts.isIdentifier(name) ? name.text : undefined;
  },
  "catch-unused": (node) => (ts.isCatchClause(node) ? (node.variableDeclaration ? "named" : "left out") : undefined),
  "empty-catch": (node) => (ts.isCatchClause(node) ? (node.block.statements.length === 0 ? "empty" : "handled") : undefined),
  "rethrow-cause": (node) => (ts.isThrowStatement(node) ? "any" : undefined),
  logging(node) {
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return undefined;
    const { expression } = node.expression;
    return ts.isIdentifier(expression) && expression.text === "console" ? "console" : "a logger";
  },
  fallback(node) {
    if (!ts.isBinaryExpression(node)) return undefined;
    if (node.operatorToken.kind === SyntaxKind.QuestionQuestionToken) return "??";
    return node.operatorToken.kind === SyntaxKind.BarBarToken ? "||" : undefined;
  },
  "test-verb": (node) => testOf(node)?.verb,
  "test-grouping": (node) => (testOf(node) === undefined ? undefined : "any"),
  "test-title"(node) {
    const title = testOf(node)?.title;
    return title === undefined ? undefined : /^should /i.test(title) ? "with should" : "without should";
  },
  "test-title-case"(node) {
    const title = testOf(node)?.title;
    return title === undefined ? undefined : /^[A-Z]/.test(title) ? "capital" : "lower case";
  },
  assertion(node) {
    if (!ts.isCallExpression(node)) return undefined;
    let callee: ts.Node = node.expression;
    while (ts.isPropertyAccessExpression(callee) || ts.isCallExpression(callee)) callee = callee.expression;
    if (!ts.isIdentifier(callee)) return undefined;
    return { expect: "expect()", assert: "assert", t: "t." }[callee.text];
  },
};

/** The slots of a path, which have no place in the text. */
export function isOfPath(slot: string): boolean {
  return /^(?:file-case|extension|extension-in|test-mark|test-place|folder-case|folder-index|pair|suffix-in|folder-kind)\b/.test(
    slot,
  );
}

/** The nodes that decide a slot with a value on certain lines, counted from 1; undefined for a slot that the tree is not asked about. */
export function placesOf({
  file,
  slot,
  value,
  line,
  endLine,
}: {
  file: ts.SourceFile;
  slot: string;
  value: string;
  line: number;
  endLine: number;
}): ts.Node[] | undefined {
  const visitor = PLACES[slot.split(":")[0] ?? ""];
  if (visitor === undefined) return undefined;
  const found: ts.Node[] = [];
  visit(file, visitor);
  return found;

  function visit(node: ts.Node, ask: Visitor): void {
    const from = file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
    const to = file.getLineAndCharacterOfPosition(node.end).line + 1;
    if (from > endLine || to < line) return;
    const own = ask(node, file);
    if (own === value || own === "any") found.push(node);
    ts.forEachChild(node, (child) => visit(child, ask));
  }
}

export function parse({ path, source }: { path: string; source: string }): ts.SourceFile {
  return ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true);
}

/** Undefined for a name that fits several cases. */
export function caseOf(name: string): string | undefined {
  const plain = name.replace(/^[_$]+|[_$]+$/g, "");
  if (/^[a-z][a-z0-9]*[A-Z][A-Za-z0-9$]*$/.test(plain)) return "camelCase";
  if (/^[a-z][a-z0-9]*(?:_[a-z0-9]+)+$/.test(plain)) return "snake_case";
  if (/^[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*$/.test(plain)) return "PascalCase";
  return /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/.test(plain) ? "UPPER_CASE" : undefined;
}

export function testOf(node: ts.Node): { verb: string; name: ts.Identifier; title: string; literal: ts.Node } | undefined {
  const [literal] = ts.isCallExpression(node) ? node.arguments : [];
  if (!ts.isCallExpression(node) || literal === undefined) return undefined;
  const isTitle = ts.isStringLiteral(literal) || ts.isTemplateLiteral(literal);
  let callee: ts.Node = node.expression;
  while (ts.isPropertyAccessExpression(callee) || ts.isCallExpression(callee)) callee = callee.expression;
  if (!isTitle || !ts.isIdentifier(callee) || !/^(?:test|it)$/.test(callee.text)) return undefined;
  return { verb: callee.text, name: callee, title: literal.getText().slice(1), literal };
}

/** The text that names a module, of an import or a `require`. */
export function specifierOf(node: ts.Node): ts.StringLiteral | undefined {
  const specifier = ts.isImportDeclaration(node) ? node.moduleSpecifier : isRequire(node) ? node.arguments[0] : undefined;
  return specifier !== undefined && ts.isStringLiteral(specifier) ? specifier : undefined;
}

export function isRequire(node: ts.Node): node is ts.CallExpression {
  return ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === "require";
}

function isComparison(node: ts.Node): node is ts.BinaryExpression {
  return ts.isBinaryExpression(node) && /^[=!]==?$/.test(ts.tokenToString(node.operatorToken.kind) ?? "");
}

function isStrict({ operatorToken }: ts.BinaryExpression): boolean {
  return ts.tokenToString(operatorToken.kind)?.length === 3;
}

function isWithNull({ left, right }: ts.BinaryExpression): boolean {
  return [left, right].some(
    (side) => side.kind === SyntaxKind.NullKeyword || (ts.isIdentifier(side) && side.text === "undefined"),
  );
}

/** An `if` that leaves at once. */
function isGuard(node: ts.Node): node is ts.IfStatement {
  if (!ts.isIfStatement(node)) return false;
  const { thenStatement } = node;
  const first = ts.isBlock(thenStatement) ? thenStatement.statements[0] : thenStatement;
  return (
    first !== undefined &&
    (ts.isReturnStatement(first) || ts.isThrowStatement(first) || ts.isContinueStatement(first) || ts.isBreakStatement(first))
  );
}

/** Of a list whose closing bracket has a line of its own. */
function commaOf({ list, file }: { list: ts.NodeArray<ts.Node>; file: ts.SourceFile }): string | undefined {
  const last = list.at(-1);
  if (last === undefined || !/^,?\s*?(?:\/\/.*)?\n\s*[)\]]/.test(file.text.slice(last.end))) return undefined;
  return list.hasTrailingComma ? "always" : "left out";
}

function isExported(node: ts.Node): boolean {
  return ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some(({ kind }) => kind === SyntaxKind.ExportKeyword);
}

function isTypeDeclaration(node: ts.Node): node is ts.InterfaceDeclaration | ts.TypeAliasDeclaration {
  return ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node);
}

function isMethodCall(node: ts.Node, name: string): boolean {
  return ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) && node.expression.name.text === name;
}
