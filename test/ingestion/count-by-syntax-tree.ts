import { builtinModules } from "node:module";
import ts from "typescript-5";

/** What one slot counts, by a visitor that says the value of a node that is an opportunity. */
type Visitor = (node: ts.Node, file: ts.SourceFile) => string | undefined;

const { SyntaxKind } = ts;
const EQUALITY: Partial<Record<ts.SyntaxKind, "strict" | "loose">> = {
  [SyntaxKind.EqualsEqualsEqualsToken]: "strict",
  [SyntaxKind.ExclamationEqualsEqualsToken]: "strict",
  [SyntaxKind.EqualsEqualsToken]: "loose",
  [SyntaxKind.ExclamationEqualsToken]: "loose",
};
const BUILT_IN = /^(?:Error|(?:Type|Range|Syntax|Reference|Eval|URI|Aggregate)Error|DOMException)$/;

/** The slots that a syntax tree can count too, each written from its definition and not from the extractor. */
const VISITORS: Readonly<Record<string, Visitor>> = {
  quotes(node, file) {
    if (!ts.isStringLiteral(node) || ts.isJsxAttribute(node.parent)) return undefined;
    const text = node.getText(file);
    return /["'\\]/.test(text.slice(1, -1)) ? undefined : text.startsWith('"') ? "double" : "single";
  },
  "import-extension"(node) {
    const isPlace = (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && ts.isSourceFile(node.parent);
    const specifier =
      isPlace && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier) ? node.moduleSpecifier.text : "";
    if (!/^\.\.?(\/|$)/.test(specifier) || specifier.endsWith(".json")) return undefined;
    return /\.([cm]?[jt]s|[jt]sx)$/.exec(specifier)?.[0] ?? "none";
  },
  "type-import"(node) {
    if (!ts.isImportDeclaration(node) || node.importClause === undefined) return undefined;
    if (node.importClause.isTypeOnly) return "import type";
    const names = node.importClause.namedBindings;
    return names && ts.isNamedImports(names) && names.elements.some((each) => each.isTypeOnly) ? "inline type" : undefined;
  },
  equality: (node) => (isComparison(node) && !isWithNull(node) ? EQUALITY[node.operatorToken.kind] : undefined),
  "null-check"(node) {
    if (!isComparison(node) || !isWithNull(node)) return undefined;
    return EQUALITY[node.operatorToken.kind] === "strict" ? "one of them" : "both at once";
  },
  "variable-keyword"(node) {
    if (!ts.isVariableDeclarationList(node) || isUsing(node)) return undefined;
    return node.flags & ts.NodeFlags.BlockScoped ? "const or let" : "var";
  },
  await(node) {
    if (ts.isAwaitExpression(node)) return "await";
    return isMethodCall(node, "then") ? "then" : undefined;
  },
  iteration(node) {
    if (ts.isForOfStatement(node))
      return ts.isVariableDeclarationList(node.initializer) && !node.awaitModifier ? "for of" : undefined;
    return isMethodCall(node, "forEach") ? "forEach" : undefined;
  },
  "catch-name"(node) {
    const name = ts.isCatchClause(node) ? node.variableDeclaration?.name : undefined;
    return name && ts.isIdentifier(name) ? name.text : undefined;
  },
  "empty-catch": (node) => (ts.isCatchClause(node) ? (node.block.statements.length === 0 ? "empty" : "handled") : undefined),
  "thrown-kind"(node, file) {
    if (!ts.isThrowStatement(node)) return undefined;
    const { expression } = node;
    if (ts.isStringLiteral(expression) || ts.isObjectLiteralExpression(expression)) return "a literal";
    if (ts.isTemplateLiteral(expression) || ts.isNumericLiteral(expression)) return "a literal";
    if (!ts.isNewExpression(expression)) return undefined;
    const name = expression.expression.getText(file).split(".").at(-1) ?? "";
    return BUILT_IN.test(name) ? "built-in" : "own class";
  },
  "object-type"(node) {
    if (ts.isInterfaceDeclaration(node)) return "interface";
    return ts.isTypeAliasDeclaration(node) && ts.isTypeLiteralNode(node.type) ? "type" : undefined;
  },
  "closed-set"(node) {
    if (ts.isEnumDeclaration(node)) return "enum";
    if (!ts.isTypeAliasDeclaration(node) || !ts.isUnionTypeNode(node.type)) return undefined;
    return node.type.types.every((each) => ts.isLiteralTypeNode(each) && ts.isStringLiteral(each.literal)) ? "union" : undefined;
  },
  "array-type"(node) {
    const isReadonly = ts.isTypeOperatorNode(node.parent ?? node);
    if (ts.isArrayTypeNode(node)) return isPlainName(node.elementType) && !isReadonly ? "T[]" : undefined;
    if (!ts.isTypeReferenceNode(node) || !ts.isIdentifier(node.typeName) || node.typeName.text !== "Array") return undefined;
    return node.typeArguments?.length === 1 && node.typeArguments.every(isPlainName) ? "Array<T>" : undefined;
  },
  "arrow-parentheses"(node, file) {
    if (!ts.isArrowFunction(node) || node.parameters.length !== 1 || node.typeParameters || node.type) return undefined;
    const [only] = node.parameters;
    if (!only || only.type || only.initializer || only.dotDotDotToken || only.questionToken || !ts.isIdentifier(only.name))
      return undefined;
    return /[()]/.test(file.text.slice(node.getStart(file), only.end + 1)) ? "parentheses" : "bare";
  },
  "function-form"(node) {
    const named = outermostFunction(node);
    return named === undefined || named.isFree ? undefined : named.form;
  },
  "return-type"(node) {
    const named = outermostFunction(node);
    if (named === undefined || !named.isExported || named.isTyped) return undefined;
    return named.returns === undefined ? "inferred" : "declared";
  },
  "parameters:2": (node) => parameterForm(node, (count) => count === 2),
  "parameters:3+": (node) => parameterForm(node, (count) => count > 2),
  "re-export"(node) {
    if (!ts.isExportDeclaration(node) || !node.moduleSpecifier || node.isTypeOnly) return undefined;
    if (node.exportClause === undefined) return "export *";
    return ts.isNamespaceExport(node.exportClause) ? "export * as" : "by name";
  },
  "interface-prefix": (node) =>
    ts.isInterfaceDeclaration(node) ? (/^I[A-Z][a-z]/.test(node.name.text) ? "I" : "none") : undefined,
  "test-verb": (node) => (titleOf(node) === undefined ? undefined : testVerb(node)),
  "node-protocol"(node) {
    const specifier = loadedModule(node);
    const bare = specifier?.replace(/^node:/, "");
    return bare !== undefined && builtinModules.includes(bare) ? (specifier === bare ? "no protocol" : "node:") : undefined;
  },
  "module-system"(node, file) {
    if (!/js$/.test(file.fileName) || loadedModule(node) === undefined) return undefined;
    return ts.isImportDeclaration(node) ? "import" : "require";
  },
  "export-place"(node) {
    if (ts.isExportSpecifier(node)) {
      const { parent: list } = node;
      return list.parent.moduleSpecifier || list.parent.isTypeOnly || node.isTypeOnly ? undefined : "in a list";
    }
    const isValue =
      ts.isVariableStatement(node) || ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node) || ts.isEnumDeclaration(node);
    if (!isValue || !ts.isSourceFile(node.parent) || !isMarked(node, SyntaxKind.ExportKeyword)) return undefined;
    return isMarked(node, SyntaxKind.DefaultKeyword) || isMarked(node, SyntaxKind.DeclareKeyword)
      ? undefined
      : "at the declaration";
  },
  "export-form"(node) {
    if (!ts.isSourceFile(node) || /\.(?:config|stories|setup)\.[a-z]+$/.test(node.fileName)) return undefined;
    const places = node.statements.flatMap((statement) => {
      if (ts.isExportAssignment(statement)) return statement.isExportEquals ? [] : ["default"];
      if (ts.isExportDeclaration(statement)) {
        const { exportClause, isTypeOnly, moduleSpecifier } = statement;
        if (isTypeOnly || moduleSpecifier || !exportClause || !ts.isNamedExports(exportClause)) return [];
        return exportClause.elements.length > 0 ? ["named only"] : [];
      }
      if (!ts.canHaveModifiers(statement) || !isMarked(statement, SyntaxKind.ExportKeyword)) return [];
      if (isMarked(statement, SyntaxKind.DefaultKeyword)) return ["default"];
      const isOfTypes =
        ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement) || ts.isModuleDeclaration(statement);
      return isOfTypes || isMarked(statement, SyntaxKind.DeclareKeyword) ? [] : ["named only"];
    });
    return places.includes("default") ? "default" : places[0];
  },
  "class-case": (node) => (ts.isClassLike(node) && node.name ? caseOf(node.name.text) : undefined),
  "type-case": (node) =>
    ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) ? caseOf(node.name.text) : undefined,
  "variable-case"(node) {
    if (!ts.isVariableDeclarationList(node) || ts.isSourceFile(node.parent.parent) || isUsing(node)) return undefined;
    const name = node.declarations[0]?.name;
    return name && ts.isIdentifier(name) ? caseOf(name.text) : undefined;
  },
  "private-member"(node) {
    if (!ts.isClassElement(node) || !ts.isClassLike(node.parent) || ts.isConstructorDeclaration(node) || !node.name)
      return undefined;
    if (ts.isComputedPropertyName(node.name)) return undefined;
    if (ts.canHaveModifiers(node) && isMarked(node, SyntaxKind.PrivateKeyword)) return "private";
    if (ts.isPrivateIdentifier(node.name)) return "#";
    const isOpen =
      ts.canHaveModifiers(node) && (isMarked(node, SyntaxKind.PublicKeyword) || isMarked(node, SyntaxKind.ProtectedKeyword));
    return !isOpen && ts.isIdentifier(node.name) && /^_[^_]/.test(node.name.text) ? "_" : undefined;
  },
  "private-underscore"(node) {
    if (!ts.isClassElement(node) || !ts.canHaveModifiers(node) || !isMarked(node, SyntaxKind.PrivateKeyword)) return undefined;
    if (!node.name || ts.isComputedPropertyName(node.name)) return undefined;
    return node.name.getText().startsWith("_") ? "underscore" : "no underscore";
  },
  "type-parameter"(node) {
    if (!ts.isTypeParameterDeclaration(node) || node.name.text === "T") return undefined;
    const { parent } = node;
    const isNamed =
      (ts.isFunctionDeclaration(parent) && (ts.isSourceFile(parent.parent) ? outermostFunction(parent) : parent.name)) ||
      (ts.isClassLike(parent) && parent.name) ||
      ts.isInterfaceDeclaration(parent) ||
      ts.isTypeAliasDeclaration(parent);
    if (!isNamed) return undefined;
    const { text } = node.name;
    return /^[A-Z]$/.test(text) ? "one letter" : /^T[A-Z]/.test(text) ? "T prefix" : "word";
  },
  "thrown-class"(node) {
    if (!ts.isThrowStatement(node) || !ts.isNewExpression(node.expression)) return undefined;
    const name = lastName(node.expression.expression);
    return name === undefined || BUILT_IN.test(name) ? undefined : name;
  },
  "error-name"(node) {
    if (!ts.isClassLike(node) || !node.name) return undefined;
    const base = node.heritageClauses?.find(({ token }) => token === SyntaxKind.ExtendsKeyword)?.types[0];
    if (!base || !lastName(base.expression)?.endsWith("Error")) return undefined;
    return node.name.text.endsWith("Error") ? "ends in Error" : "otherwise";
  },
  "catch-unused"(node) {
    if (!ts.isCatchClause(node)) return undefined;
    const name = node.variableDeclaration?.name;
    if (name === undefined) return "left out";
    return !ts.isIdentifier(name) || mentions(node.block, name.text) ? undefined : "named";
  },
  "guard-braces"(node) {
    const guard = guardOf(node);
    return guard && (ts.isBlock(guard.thenStatement) ? "braces" : "no braces");
  },
  "else-after-exit"(node) {
    const guard = guardOf(node);
    return guard && (guard.elseStatement ? "else" : "no else");
  },
  "trailing-comma"(node, file) {
    if (!ts.isArrayLiteralExpression(node) && !ts.isArrayBindingPattern(node) && !ts.isTupleTypeNode(node)) return undefined;
    return lastComma({ elements: node.elements, close: node.end - 1, file });
  },
  "trailing-comma-arguments"(node, file) {
    const elements = inParentheses(node);
    if (elements === undefined) return undefined;
    return lastComma({ elements, close: file.text.indexOf(")", skipTrivia(file.text, elements.end)), file });
  },
  logging(node) {
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return undefined;
    if (!/^(?:log|info|warn|error|debug|trace|fatal)$/.test(node.expression.name.text)) return undefined;
    const receiver = node.expression.expression;
    if (ts.isIdentifier(receiver) && receiver.text === "console") return "console";
    return /^(?:log|logger|[a-z]+(?:Log|Logger))$/.test(lastName(receiver) ?? "") ? "a logger" : undefined;
  },
  "test-title"(node) {
    const title = titleOf(node);
    return title?.includes(" ") ? (/^should /i.test(title) ? "with should" : "without should") : undefined;
  },
  fallback(node) {
    if (!ts.isBinaryExpression(node)) return undefined;
    const kind = node.operatorToken.kind;
    const operator = kind === SyntaxKind.QuestionQuestionToken ? "??" : kind === SyntaxKind.BarBarToken ? "||" : undefined;
    const { right } = node;
    const isEmpty =
      (ts.isObjectLiteralExpression(right) && right.properties.length === 0) ||
      (ts.isArrayLiteralExpression(right) && right.elements.length === 0);
    return operator !== undefined && (isEmpty || ts.isStringLiteral(right) || ts.isNumericLiteral(right)) ? operator : undefined;
  },
};

const IN_TESTS = new Set(["test-verb", "test-title"]);
const OUTSIDE_TESTS = new Set(["logging"]);

export const COUNTED_SLOTS = Object.keys(VISITORS);

/** How often each value of each slot occurs in a file, by `slot value`. */
export function countBySyntaxTree({ path, source }: { path: string; source: string }): Map<string, number> {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true);
  const counts = new Map<string, number>();
  const isTest = /(?:^|\/)(?:tests?|__tests__)\/|\.test\.[a-z]+$/.test(path);
  visit(file);
  return counts;

  function visit(node: ts.Node): void {
    for (const [slot, visitor] of Object.entries(VISITORS)) {
      const value = visitor(node, file);
      if (value === undefined || (IN_TESTS.has(slot) && !isTest) || (OUTSIDE_TESTS.has(slot) && isTest)) continue;
      const key = `${slot} ${value}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    ts.forEachChild(node, visit);
  }
}

interface OutermostFunction {
  form: "declaration" | "arrow" | "expression";
  parameters: readonly ts.ParameterDeclaration[];
  returns: ts.TypeNode | undefined;
  isExported: boolean;
  isTyped: boolean;
  /** Whether there was no choice of a form. */
  isFree: boolean;
}

function outermostFunction(node: ts.Node): OutermostFunction | undefined {
  if (ts.isFunctionDeclaration(node)) return declaredFunction(node);
  if (!ts.isVariableDeclaration(node) || !ts.isIdentifier(node.name) || !node.initializer) return undefined;
  const list = node.parent;
  const statement = list.parent;
  const isFirst = ts.isVariableDeclarationList(list) && list.declarations[0] === node;
  if (!isFirst || !ts.isVariableStatement(statement) || !ts.isSourceFile(statement.parent)) return undefined;
  if ((list.flags & ts.NodeFlags.Const) === 0) return undefined;
  const { initializer } = node;
  if (!ts.isArrowFunction(initializer) && !ts.isFunctionExpression(initializer)) return undefined;
  return {
    form: ts.isArrowFunction(initializer) ? "arrow" : "expression",
    parameters: initializer.parameters,
    returns: initializer.type,
    isExported: isMarked(statement, SyntaxKind.ExportKeyword),
    isTyped: node.type !== undefined,
    isFree: node.type !== undefined || initializer.asteriskToken !== undefined,
  };
}

/** The first of several overloads, and no `declare` and no default. */
function declaredFunction(node: ts.FunctionDeclaration): OutermostFunction | undefined {
  if (!ts.isSourceFile(node.parent) || node.name === undefined) return undefined;
  if (isMarked(node, SyntaxKind.DeclareKeyword) || isMarked(node, SyntaxKind.DefaultKeyword)) return undefined;
  const namesakes = node.parent.statements.filter(
    (each) => ts.isFunctionDeclaration(each) && each.name?.text === node.name?.text,
  );
  if (namesakes[0] !== node) return undefined;
  return {
    form: "declaration",
    parameters: node.parameters,
    returns: node.type,
    isExported: isMarked(node, SyntaxKind.ExportKeyword),
    isTyped: false,
    isFree: node.asteriskToken !== undefined,
  };
}

function parameterForm(node: ts.Node, isWanted: (count: number) => boolean): string | undefined {
  const named = outermostFunction(node);
  if (!named?.isExported) return undefined;
  const own = named.parameters.filter(({ name }) => !ts.isIdentifier(name) || name.text !== "this");
  const [first] = own;
  const pattern = own.length === 1 && first && ts.isObjectBindingPattern(first.name) ? first.name : undefined;
  return isWanted(pattern?.elements.length ?? own.length) ? (pattern ? "one object" : "one by one") : undefined;
}

function isMarked(node: ts.HasModifiers, kind: ts.SyntaxKind): boolean {
  return node.modifiers?.some((modifier) => modifier.kind === kind) ?? false;
}

function isComparison(node: ts.Node): node is ts.BinaryExpression {
  return ts.isBinaryExpression(node) && EQUALITY[node.operatorToken.kind] !== undefined;
}

function isWithNull({ left, right }: ts.BinaryExpression): boolean {
  return [left, right].some(
    (side) => side.kind === SyntaxKind.NullKeyword || (ts.isIdentifier(side) && side.text === "undefined"),
  );
}

function isMethodCall(node: ts.Node, name: string): boolean {
  return ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) && node.expression.name.text === name;
}

/** A name without a namespace and without arguments, or one of the words for a type. */
function isPlainName(node: ts.TypeNode): boolean {
  if (ts.isTypeReferenceNode(node)) return ts.isIdentifier(node.typeName) && node.typeArguments === undefined;
  return /^(?:string|number|boolean|any|unknown|object|symbol|bigint|never|undefined)$/.test(node.getText());
}

function isUsing({ flags }: ts.VariableDeclarationList): boolean {
  const kind = flags & ts.NodeFlags.BlockScoped;
  return kind === ts.NodeFlags.Using || kind === ts.NodeFlags.AwaitUsing;
}

/** What an import or a `require` of one string names. */
function loadedModule(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) return node.moduleSpecifier.text;
  if (!ts.isCallExpression(node) || !ts.isIdentifier(node.expression) || node.expression.text !== "require") return undefined;
  const [only] = node.arguments;
  return node.arguments.length === 1 && only && ts.isStringLiteral(only) ? only.text : undefined;
}

/** The last of a dotted name; undefined of anything else. */
function lastName(node: ts.Expression): string | undefined {
  if (ts.isIdentifier(node)) return node.text;
  return ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.name) ? node.name.text : undefined;
}

function caseOf(name: string): string | undefined {
  const plain = name.replace(/^[_$]+|[_$]+$/g, "");
  const isLower = plain === plain.toLowerCase();
  const isUpper = plain === plain.toUpperCase();
  if (!plain.includes("_")) {
    if (isLower || isUpper) return /^[a-z0-9]*$|^[A-Z0-9]*$/.test(plain) ? undefined : "mixed case";
    if (!/^[A-Za-z0-9]*$/.test(plain)) return "mixed case";
    return /^[a-z]/.test(plain) ? "camelCase" : /^[A-Z]/.test(plain) ? "PascalCase" : "mixed case";
  }
  if (plain.split("_").includes("")) return "mixed case";
  return isLower && /^[a-z]/.test(plain) ? "snake_case" : isUpper && /^[A-Z]/.test(plain) ? "UPPER_CASE" : "mixed case";
}

function mentions(node: ts.Node, name: string): boolean {
  if (ts.isIdentifier(node) && node.text === name)
    return !(ts.isPropertyAccessExpression(node.parent) && node.parent.name === node);
  return ts.forEachChild(node, (child) => mentions(child, name) || undefined) ?? false;
}

/** An `if` whose only statement leaves. */
function guardOf(node: ts.Node): ts.IfStatement | undefined {
  if (!ts.isIfStatement(node)) return undefined;
  const { thenStatement } = node;
  const only = ts.isBlock(thenStatement)
    ? thenStatement.statements.length === 1
      ? thenStatement.statements[0]
      : undefined
    : thenStatement;
  if (only === undefined) return undefined;
  const leaves =
    ts.isReturnStatement(only) || ts.isThrowStatement(only) || ts.isContinueStatement(only) || ts.isBreakStatement(only);
  return leaves ? node : undefined;
}

function lastComma({
  elements,
  close,
  file,
}: {
  elements: ts.NodeArray<ts.Node>;
  close: number;
  file: ts.SourceFile;
}): string | undefined {
  const last = elements.at(-1);
  if (last === undefined) return undefined;
  const lineOf = (position: number) => file.getLineAndCharacterOfPosition(position).line;
  const end = elements.hasTrailingComma ? elements.end : last.end;
  if (lineOf(end) === lineOf(close)) return undefined;
  if (elements.hasTrailingComma) return "always";
  return last.getText(file).startsWith("...") ? undefined : "left out";
}

function skipTrivia(text: string, from: number): number {
  const comments = [...(ts.getTrailingCommentRanges(text, from) ?? []), ...(ts.getLeadingCommentRanges(text, from) ?? [])];
  return Math.max(from, ...comments.map(({ end }) => end));
}

/** What is between the quotes of the title of a test, up to its first placeholder. */
function titleOf(node: ts.Node): string | undefined {
  if (testVerb(node) === undefined || !ts.isCallExpression(node)) return undefined;
  const [title] = node.arguments;
  if (title === undefined || !(ts.isStringLiteral(title) || ts.isTemplateLiteral(title))) return undefined;
  return ts.isTemplateExpression(title) ? title.head.text : title.text;
}

function testVerb(node: ts.Node): string | undefined {
  if (!ts.isCallExpression(node)) return undefined;
  let callee: ts.Node = node.expression;
  if (ts.isCallExpression(callee)) callee = callee.expression;
  while (ts.isPropertyAccessExpression(callee)) callee = callee.expression;
  return ts.isIdentifier(callee) && /^(?:test|it)$/.test(callee.text) ? callee.text : undefined;
}

/** Arguments, and parameters of all but arrows, and types of functions, that have no type parameters. */
function inParentheses(node: ts.Node): ts.NodeArray<ts.Node> | undefined {
  if (ts.isCallExpression(node) || ts.isNewExpression(node)) return node.arguments;
  if (!ts.isFunctionLike(node) || ts.isIndexSignatureDeclaration(node) || ts.isConstructorTypeNode(node)) return undefined;
  const isArrow = ts.isArrowFunction(node) || ts.isFunctionTypeNode(node) || ts.isCallSignatureDeclaration(node);
  return isArrow && node.typeParameters === undefined ? undefined : node.parameters;
}
