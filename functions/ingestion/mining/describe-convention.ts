import { GO_WORDS } from "./describe-go.ts";
import { PYTHON_WORDS } from "./describe-python.ts";
import { CASES, type SlotWords } from "./slot-words.ts";

export type ConventionKind =
  | "structural"
  | "behavioral"
  | "api"
  | "testing"
  | "naming"
  | "dependency"
  | "file-naming"
  | "file-structure"
  | "other";

/** By slot, the subject of one after its colon left out. */
export const WORDS: Readonly<Record<string, SlotWords>> = {
  "import-extension": {
    kind: "dependency",
    name: "Relative imports {value}",
    counted: "Relative imports and re-exports of code.",
    values: {
      none: "have no extension",
      ...Object.fromEntries(
        [".js", ".ts", ".jsx", ".tsx", ".mjs", ".cjs", ".mts", ".cts"].map((extension) => [extension, `end in \`${extension}\``]),
      ),
    },
  },
  "type-import": {
    kind: "dependency",
    name: "Types are imported {value}",
    counted: "Imports that mark a name as a type.",
    values: { "import type": "with `import type`", "inline type": "with `type` inside the braces" },
  },
  "node-protocol": {
    kind: "dependency",
    name: "Modules of Node are imported {value}",
    counted: "Imports of modules of Node that have a name with and without `node:`.",
    values: { "node:": "with `node:`", "no protocol": "without `node:`" },
  },
  "import-form": {
    kind: "dependency",
    name: "`{subject}` is imported as `{value}`",
    counted: "Imports of names from it; those of types alone do not count.",
    usual: /^\{ … \}$/,
  },
  "import-order": {
    kind: "structural",
    name: "Imports of packages and of relative files are {value}",
    counted: "Files that import both.",
    values: { "packages first": "in this order", "relative first": "in the opposite order", mixed: "mixed" },
  },
  "import-gap": {
    kind: "structural",
    name: "Between imports of packages and of relative files is {value}",
    counted: "Places where the imports of a file change from the one to the other.",
    values: { "blank line": "a blank line", "no blank line": "no blank line" },
  },
  "module-system": {
    kind: "dependency",
    name: "JavaScript loads modules with `{value}`",
    counted: "Imports, and calls of `require` with a string, in JavaScript.",
  },
  "export-form": {
    kind: "structural",
    name: "Files export {value}",
    counted: "Files that export a value of their own; those of which a tool asks a default export do not count.",
    values: { "named only": "by name only", default: "a default" },
  },
  "export-place": {
    kind: "structural",
    name: "Values are exported {value}",
    counted: "Exported values; defaults and re-exports do not count.",
    values: { "at the declaration": "where they are declared", "in a list": "in a list apart from their declaration" },
  },
  "re-export": {
    kind: "structural",
    name: "Other files are re-exported {value}",
    counted: "Re-exports; those of types do not count.",
    values: { "export *": "whole, with `export *`", "export * as": "as a namespace, with `export * as`" },
  },
  "function-case": {
    kind: "naming",
    name: "Functions are named in {value}",
    counted: `Named functions. ${CASES}`,
    usual: /^camelCase$/,
  },
  "class-case": {
    kind: "naming",
    name: "Classes are named in {value}",
    counted: `Named classes. ${CASES}`,
    usual: /^PascalCase$/,
  },
  "type-case": {
    kind: "naming",
    name: "Types are named in {value}",
    counted: `Interfaces and type aliases. ${CASES}`,
    usual: /^PascalCase$/,
  },
  "constant-case": {
    kind: "naming",
    name: "Constants of a module are named in {value}",
    counted: "Constants of the outermost code that hold a number or a text known as written.",
  },
  "variable-case": {
    kind: "naming",
    name: "Variables are named in {value}",
    counted: `Variables inside of functions and blocks. ${CASES}`,
    usual: /^camelCase$/,
  },
  "interface-prefix": {
    kind: "naming",
    name: "Interfaces are named {value}",
    counted: "Interfaces.",
    values: { I: "with the prefix I", none: "without the prefix I" },
    usual: /^none$/,
  },
  "private-member": {
    kind: "naming",
    name: "Private members of classes are marked by {value}",
    counted: "Members marked as private by a keyword, a hash or an underscore.",
    values: { private: "the keyword `private`", "#": "a hash, as in `#name`", _: "an underscore alone" },
  },
  "private-underscore": {
    kind: "naming",
    name: "Members with the keyword `private` have {value}",
    counted: "Members with the keyword `private`; constructors do not count.",
    values: { underscore: "an underscore before their name", "no underscore": "no underscore before their name" },
  },
  "boolean-name": {
    kind: "naming",
    name: "Booleans are {value}",
    counted: "Parameters, properties and variables annotated as `boolean`.",
    values: { "a question": "named as a question (is, has, can, should)", "no question": "named without is, has, can or should" },
  },
  "boolean-function": {
    kind: "naming",
    name: "Functions that return a boolean are {value}",
    counted: "Functions of the outermost code that are annotated to return a boolean or to narrow a type.",
    values: { "a question": "named as a question (is, has, can, should)", "no question": "named without is, has, can or should" },
  },
  "type-parameter": {
    kind: "naming",
    name: "Type parameters are {value}",
    counted: "Type parameters of named declarations; `T` alone does not count.",
    values: { "one letter": "one letter", "T prefix": "words with the prefix T", word: "words" },
  },
  "function-form": {
    kind: "structural",
    name: "Functions of a module are {value}",
    counted: "Named functions of the outermost code; generators, and constants with a type of their own, do not count.",
    values: {
      declaration: "declarations",
      arrow: "constants that hold an arrow function",
      expression: "constants that hold a function",
    },
  },
  "component-form": {
    kind: "structural",
    name: "Components are {value}",
    counted: "Capitalised functions of the outermost code in files with JSX.",
    values: {
      declaration: "declarations",
      arrow: "constants that hold an arrow function",
      expression: "constants that hold a function",
    },
  },
  "variable-keyword": {
    kind: "structural",
    name: "Variables are declared with {value}",
    counted: "Declarations of variables.",
    values: { "const or let": "`const` or `let`", var: "`var`" },
  },
  "object-type": {
    kind: "structural",
    name: "Object types are declared with `{value}`",
    counted: "Interfaces, and type aliases that are one object type; mapped types do not count.",
  },
  "closed-set": {
    kind: "structural",
    name: "Closed sets of strings are {value}",
    counted: "Enums, and type aliases that are a union of string literals.",
    values: { enum: "enums", union: "unions of literals" },
  },
  "array-type": {
    kind: "structural",
    name: "Array types are written `{value}`",
    counted: "Array types of a single name; read-only ones do not count.",
  },
  untyped: {
    kind: "structural",
    name: "What has no known type is `{value}`",
    counted: "`any` and `unknown` where a type stands.",
  },
  parameters: {
    kind: "api",
    name: "Exported functions with {subject} parameters take them {value}",
    counted: "Exported functions that take so many values, one by one or in one object that they take apart.",
    values: { "one object": "in one object", "one by one": "one by one" },
  },
  "return-type": {
    kind: "api",
    name: "The return types of exported functions are {value}",
    counted: "Exported functions in TypeScript; constants with a type of their own do not count.",
  },
  "arrow-parentheses": {
    kind: "structural",
    name: "A single parameter of an arrow function is {value}",
    counted: "Arrow functions with one plain parameter without a type.",
    values: { bare: "bare", parentheses: "in parentheses" },
  },
  equality: {
    kind: "behavioral",
    name: "Comparisons are {value}",
    counted: "Comparisons for equality; those with `null` and `undefined` do not count.",
    values: { strict: "strict (`===`)", loose: "loose (`==`)" },
  },
  "null-check": {
    kind: "behavioral",
    name: "Comparisons with `null` and `undefined` are for {value}",
    counted: "Comparisons for equality with `null` or `undefined`.",
    values: { "one of them": "one of the two (`===`)", "both at once": "both at once (`==`)" },
  },
  "guard-braces": {
    kind: "structural",
    name: "An `if` that only leaves has {value}",
    counted: "Each `if` that does nothing but return, throw, continue or break.",
  },
  "else-after-exit": {
    kind: "behavioral",
    name: "After an `if` that only leaves there is {value}",
    counted: "Each `if` that does nothing but return, throw, continue or break.",
    values: { else: "an `else`", "no else": "no `else`" },
  },
  iteration: {
    kind: "behavioral",
    name: "Loops over values use `{value}`",
    counted: "Each `for` over the values of something, and each call of `forEach`.",
  },
  await: {
    kind: "behavioral",
    name: "Promises are taken up with `{value}`",
    counted: "Each `await`, and each call of `then`.",
  },
  "thrown-kind": {
    kind: "behavioral",
    name: "What is thrown is {value}",
    counted: "Each `throw` of a new object or a literal.",
    values: { "built-in": "an error of the language", "own class": "an error class of the project or a package" },
  },
  "thrown-class": {
    kind: "behavioral",
    name: "The error class that is thrown is `{value}`",
    counted: "Each `throw` of a new object whose class is none of the language.",
  },
  "error-name": {
    kind: "naming",
    name: "The names of error classes {value}",
    counted: "Classes that extend one whose name ends in Error.",
    values: { "ends in Error": "end in Error", otherwise: "do not end in Error" },
  },
  "catch-name": {
    kind: "naming",
    name: "What is caught is named `{value}`",
    counted: "Each `catch` clause that binds a plain name.",
  },
  "catch-unused": {
    kind: "behavioral",
    name: "A `catch` that makes no use of what it catches {value}",
    counted: "Each `catch` clause that makes no use of what it catches.",
    values: { named: "names it all the same", "left out": "does not name it" },
  },
  "empty-catch": {
    kind: "behavioral",
    name: "The blocks of `catch` {value}",
    counted: "Each `catch` clause; a comment does nothing.",
    values: { empty: "are empty", handled: "do something" },
  },
  "rethrow-cause": {
    kind: "behavioral",
    name: "A new error thrown in a `catch` {value}",
    counted: "Each new error thrown in a `catch` clause that names what it caught.",
    values: { "passed on": "passes on what was caught", dropped: "drops what was caught" },
  },
  logging: {
    kind: "api",
    name: "Log lines are written through {value}",
    counted: "Each call that writes a log line, outside of tests.",
    values: { console: "`console`" },
  },
  fallback: {
    kind: "behavioral",
    name: "A literal stands in for what is missing by `{value}`",
    counted: "Each literal at the end of an expression after `??` or `||`.",
  },
  quotes: {
    kind: "structural",
    name: "Strings have {value} quotes",
    counted: "String literals without a quote or a backslash of their own; attributes of elements do not count.",
  },
  semicolons: {
    kind: "structural",
    name: "Semicolons are {value}",
    counted: "Each import, `return` and `throw` whose end is sure.",
    values: { always: "written", "left out": "left out" },
  },
  "trailing-comma": {
    kind: "structural",
    name: "The last comma of a list on several lines is {value}",
    counted: "Lists in square brackets whose closing bracket has a line of its own.",
    values: { always: "written", "left out": "left out" },
  },
  "trailing-comma-arguments": {
    kind: "structural",
    name: "The last comma of parameters and arguments on several lines is {value}",
    counted: "Parentheses of calls and of parameters whose closing one has a line of its own.",
    values: { always: "written", "left out": "left out" },
  },
  "test-verb": { kind: "testing", name: "Tests begin with `{value}`", counted: "Tests that have a title." },
  "test-grouping": {
    kind: "testing",
    name: "Test files {value}",
    counted: "Files with a test that has a title.",
    values: { "in groups": "put tests into groups", flat: "do not group their tests" },
  },
  assertion: {
    kind: "testing",
    name: "Tests assert with `{value}`",
    counted: "Assertions in test files.",
  },
  "test-title": {
    kind: "testing",
    name: "Titles of tests begin {value}",
    counted: "Titles of two words or more.",
    values: { "with should": "with `should`", "without should": "without `should`" },
    usual: /^without should$/,
  },
  "test-title-case": {
    kind: "testing",
    name: "Titles of tests begin with {value}",
    counted: "Titles of two words or more that begin with a plain word.",
    values: { capital: "a capital", "lower case": "a lower-case letter" },
  },
  "file-case": {
    kind: "file-naming",
    name: "Files ({subject}) are named in {value}",
    counted: `Files of this role. ${CASES}`,
  },
  extension: { kind: "file-naming", name: "Files ({subject}) end in `{value}`", counted: "Files of this role." },
  "test-mark": {
    kind: "file-naming",
    name: "Test files are marked with `{value}`",
    counted: "Files whose name marks them as tests.",
  },
  "test-place": { kind: "file-structure", name: "Tests are {value}", counted: "Files whose name marks them as tests." },
  "folder-case": { kind: "file-naming", name: "Folders are named in {value}", counted: `Folders. ${CASES}` },
  "folder-index": { kind: "file-structure", name: "Folders are {value}", counted: "Folders with several files of code." },
  pair: { kind: "file-structure", name: "Files are {value}", counted: "Files that could have such a companion." },
  "suffix-in": {
    kind: "file-naming",
    name: "Files in `{subject}/` have {value}",
    counted: "Files in folders of this name.",
  },
  "extension-in": {
    kind: "file-naming",
    name: "Files in `{subject}/` end in `{value}`",
    counted: "Files in folders of this name.",
  },
  layer: {
    kind: "dependency",
    name: "Imports between two folders go `{value}`",
    counted: "Imports from one of them into the other, of what is in them too.",
  },
};

/** The first part of a slot that is not of TypeScript or JavaScript tells its language. */
const LANGUAGES: ReadonlyMap<string, Readonly<Record<string, SlotWords>>> = new Map([
  ["python", PYTHON_WORDS],
  ["go", GO_WORDS],
]);

/**
 * A convention in words, which depend on its slot and value alone.
 *
 * @throws Error for a slot without words, which is a defect of the family that emits it.
 */
export function describeConvention({ slot, value }: { slot: string; value: string }): {
  kind: ConventionKind;
  name: string;
  description: string;
} {
  const { words, subject } = readSlot(slot);
  const name = words.name.replaceAll(/\{(value|subject)\}/g, (_, blank) =>
    blank === "subject" ? subject : phraseOf({ words, value }),
  );
  return { kind: words.kind, name, description: `${name}. Counted: ${lowerFirst(words.counted)}` };
}

/** Whether anyone would write the value anyway. */
export function isUsual({ slot, value }: { slot: string; value: string }): boolean {
  return readSlot(slot).words.usual?.test(value) ?? false;
}

/** `language:slot:subject`, of which only the slot is sure to be there. A subject may have colons of its own. */
function readSlot(slot: string): { words: SlotWords; subject: string } {
  const parts = slot.split(":");
  const own = LANGUAGES.get(parts[0] ?? "");
  const [name = "", ...subject] = own === undefined ? parts : parts.slice(1);
  const known = own ?? WORDS;
  const words = Object.hasOwn(known, name) ? known[name] : undefined;
  if (words === undefined) throw new Error(`The slot ${slot} has no words.`);
  return { words, subject: subject.join(":") };
}

/** Values are names from anywhere: only what is a phrase of the slot's own is one. */
function phraseOf({ words: { values }, value }: { words: SlotWords; value: string }): string {
  return values !== undefined && Object.hasOwn(values, value) ? (values[value] ?? value) : value;
}

function lowerFirst(text: string): string {
  return /^[A-Z][a-z ]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
