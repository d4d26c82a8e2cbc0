/**
 * A small source and what one slot sees in it, by line: `line: value`, or `line-endLine: value`. What is in the source
 * and not in the list is no decision of the slot.
 */
export type SlotCase = readonly [source: string, ...facts: string[]];
export type SlotCases = Readonly<Record<string, readonly SlotCase[]>>;

const lines = (...text: string[]): string => text.join("\n");

/** Of `src/a.ts`. */
export const TYPESCRIPT_CASES: SlotCases = {
  "import-extension": [
    [
      lines(`import "./a.jsx";`, `import "./b.cjs";`, `import "./c.mts";`, `import "./d.cts";`),
      "1: .jsx",
      "2: .cjs",
      "3: .mts",
      "4: .cts",
    ],
    [
      lines(`import a from "./a.js";`, `export { b } from "../b.ts";`, `import type { C } from "./c";`),
      "1: .js",
      "2: .ts",
      "3: none",
    ],
    [lines(`import a from ".";`, `import b from "./b.service";`, `export * from "./c.mjs";`), "1: none", "2: none", "3: .mjs"],
    [lines(`import A from "./a.tsx";`, "import {", "  b,", `} from "./b";`), "1: .tsx", "2-4: none"],
    [lines(`import a from "./a.json";`, `import b from "hono";`, `import "./style.css";`, `import c from "@/c";`)],
    [lines(`const page = await import("./page.js");`, `type Page = import("./page.js").Page;`, `import x = require("./x");`)],
  ],
  "type-import": [
    [
      lines(`import type { A } from "a";`, `import { type B, c } from "b";`, `import type D from "d";`),
      "1: import type",
      "2: inline type",
      "3: import type",
    ],
    [lines(`import { type } from "a";`, `import { type as kind } from "b";`, `import type from "c";`, `import { d } from "d";`)],
  ],
  "node-protocol": [
    [
      lines(`import fs from "node:fs";`, `import { join } from "path";`, `const { readFile } = require("fs/promises");`),
      "1: node:",
      "2: no protocol",
      "3: no protocol",
    ],
    [lines(`import test from "node:test";`, `import path from "./path";`, `export * from "fs";`)],
  ],
  "import-form:zod": [
    [`import * as z from "zod";`, "1: * as z"],
    [`import { z, type Z } from "zod";`, "1: { … }"],
    [`import zod, { z } from "zod";`, "1: zod, { … }"],
    [lines(`import "zod";`, `import type { Z } from "zod";`, `export * from "zod";`, `import { z } from "zod/v4";`)],
  ],
  "import-order": [
    [lines(`import a from "a";`, `import b from "b";`, `import c from "./c";`), "1-3: packages first"],
    [lines(`import c from "./c";`, `import a from "a";`), "1-2: relative first"],
    [lines(`import a from "a";`, `import c from "./c";`, `import b from "b";`), "1-3: mixed"],
    [lines(`import a from "a";`, `import b from "b";`)],
  ],
  "import-gap": [
    [lines(`import a from "a";`, `import c from "./c";`), "1-2: no blank line"],
    [lines(`import a from "a";`, "", "// The rest.", `import c from "./c";`), "1-4: blank line"],
    [lines(`import a from "a";`, "", `import b from "b";`)],
  ],
  "export-form": [
    ["export { type A };"],
    [lines("export const a = 1;", "export function b() {}"), "1: named only"],
    [lines("const a = 1;", "export { a };"), "2: named only"],
    [lines("export const a = 1;", "export default a;"), "2: default"],
    [lines("export type A = string;", `export * from "./b";`, `export { c } from "./c";`, "export {};")],
  ],
  "export-place": [
    ["export { type A, b };", "1: in a list"],
    [
      lines("export const a = 1;", "const b = 2, c = 3;", "export { b,", "  c };", "export async function d() {}"),
      "1: at the declaration",
      "3: in a list",
      "4: in a list",
      "5: at the declaration",
    ],
    [lines("export default a;", `export { b } from "./b";`, "export type { C };", "export interface D {}")],
  ],
  "re-export": [
    [
      lines(`export * from "a";`, `export * as b from "b";`, "export {", "  c,", `} from "c";`, `export type { D } from "d";`),
      "1: export *",
      "2: export * as",
      "3-5: by name",
    ],
    [lines(`import { a } from "a";`, "export { a };")],
  ],
  "function-case": [
    [
      lines("function readFile() {", "  function write_file() {}", "}", "const Make_It = () => {};", "function MakeIt() {}"),
      "1: camelCase",
      "2: snake_case",
      "4: mixed case",
      "5: PascalCase",
    ],
    [lines("function read() {}", "function _$() {}", "const readerOf = 3;", "call(function readAll() {});")],
  ],
  "class-case": [
    ["module.exports = class HttpClient {}", "1: PascalCase"],
    [
      lines("class HttpClient {}", "export class userService {}", "abstract class user_service {}"),
      "1: PascalCase",
      "2: camelCase",
      "3: snake_case",
    ],
    [lines("class URL {}", "const x = { class: 1 };", "const A = class {};")],
  ],
  "type-case": [
    [
      lines("interface HttpClient {}", "type userService = {};", "export type Json_Value = string;"),
      "1: PascalCase",
      "2: camelCase",
      "3: mixed case",
    ],
    [lines("type T = string;", "const type = readType;", "type.readOnly = 1;")],
  ],
  "constant-case": [
    [
      lines("const MAX_SIZE = 60 * 1_000;", `export const greeting = "hi";`, "const maxSize = 1 as const;", "const Pi = 3.14;"),
      "1: UPPER_CASE",
      "2: camelCase",
      "3: camelCase",
      "4: PascalCase",
    ],
    [lines("const size = read();", "let count = 1;", `const url = base + "/x";`, "function f() { const inner = 1; }")],
  ],
  "variable-case": [
    [
      lines("function f() {", "  const fullName = 1;", "  let full_name, otherName;", "  for (const LastName of x) {}", "}"),
      "2: camelCase",
      "3: snake_case",
      "4: PascalCase",
    ],
    [lines("const fullName = 1;", "function f() { const { fullName } = x; const name = 1; }")],
  ],
  "interface-prefix": [
    [
      lines("interface IUser {}", "interface User {}", "interface Input {}", "interface IO {}"),
      "1: I",
      "2: none",
      "3: none",
      "4: none",
    ],
    [lines("type IUser = {};", "const interface_ = 1;")],
  ],
  "private-member": [
    [
      lines("class A {", "  #size = 1", "  #list: List<B>", "  #name = x!", "  async *_walk() {}", "  sum = a +", "    _b", "}"),
      "2: #",
      "3: #",
      "4: #",
      "5: _",
    ],
    [
      lines(
        "class A {",
        "  private name = 1;",
        "  #size = 2;",
        "  _count = 3;",
        "  private readonly _x = 4;",
        "  static #make() {}",
        "}",
      ),
      "2: private",
      "3: #",
      "4: _",
      "5: private",
      "6: #",
    ],
    [
      lines(
        "class A {",
        "  name = 1;",
        "  __brand = 2;",
        "  protected _other = 3;",
        "  private constructor() { this._x = 1; }",
        "}",
      ),
    ],
    [lines("class A {", "  run() {", "    this.#size = 1;", "    _count = 2;", "  }", "}")],
  ],
  "private-underscore": [
    [
      lines("class A {", "  private _name = 1;", "  private size() {}", "  private static async _load() {}", "}"),
      "2: underscore",
      "3: no underscore",
      "4: underscore",
    ],
    [lines("class A {", "  _name = 1;", "  private constructor() {}", "}")],
  ],
  "boolean-name": [
    [
      lines("function f(isOpen: boolean, open?: boolean) {", "  let hasEnd: boolean | undefined;", "  let done: boolean;", "}"),
      "1: a question",
      "1: no question",
      "2: a question",
      "3: no question",
    ],
    [lines("function isOpen(): boolean {}", "let flags: boolean[];", "let either: boolean | string;", "let island = true;")],
  ],
  "boolean-function": [
    [
      lines(
        "function isOpen(a: A): boolean {}",
        "export const check = (a: A): boolean => true;",
        "function text(a: A): a is B {}",
      ),
      "1: a question",
      "2: no question",
      "3: no question",
    ],
    [
      lines(
        "function isOpen() { return true; }",
        "function flags(): boolean[] {}",
        "function g() { function isIn(): boolean {} }",
      ),
    ],
  ],
  "type-parameter": [
    [
      lines(
        "function f<K, TValue extends X<A>, Input = T>() {}",
        "class A<K> {}",
        "interface B<TKey> {}",
        "type C<in out Item> = 1;",
      ),
      "1: one letter",
      "1: T prefix",
      "1: word",
      "2: one letter",
      "3: T prefix",
      "4: word",
    ],
    [lines("function f<T>() {}", "const g = <K>() => {};", "call<K>();")],
  ],
  "function-form": [
    [
      lines("function a() {}", "export const b = async () => {};", "const c = function () {};", "export async function d() {}"),
      "1: declaration",
      "2: arrow",
      "3: expression",
      "4: declaration",
    ],
    [lines("function a(x: string): string;", "function a(x: number): number;", "function a(x: any) {}"), "1: declaration"],
    [
      lines(
        "function* a() {}",
        "const b: Handler = () => {};",
        "declare function c(): void;",
        "export default function d() {}",
        "const e = f(() => {});",
        "const g = (x) + 1;",
        "function h() { function i() {} }",
      ),
      "7: declaration",
    ],
  ],
  "variable-keyword": [
    [
      lines("const a = 1;", "let b;", "var c;", "for (const d of e) {}"),
      "1: const or let",
      "2: const or let",
      "3: var",
      "4: const or let",
    ],
    [lines("f({ const: 1 }, x.let);", "function g<const T>() {}", "const enum E {}", "y as const;")],
  ],
  "object-type": [
    [
      lines("interface A {", "  b: 1;", "}", "type C = { d: 1 };", "export type E<F> = {", "  g: F;", "};"),
      "1: interface",
      "4: type",
      "5: type",
    ],
    [
      lines(
        "type A = { [K in B]: 1 };",
        "type C = { d: 1 } & E;",
        "type F = { g: 1 }[];",
        "type H = string;",
        "type I = {} | J;",
      ),
    ],
  ],
  "closed-set": [
    [
      lines("enum A { b }", `export type C = "d" | "e";`, `type F =`, `  | "g"`, `  | "h";`, "const enum I {}"),
      "1: enum",
      "2: union",
      "3: union",
      "6: enum",
    ],
    [lines(`type A = "b";`, `type C = "d" | number;`, `type E = ("f" | "g")[];`, "const B = { c: 1 } as const;")],
  ],
  "array-type": [
    [
      lines("let a: string[];", "let b: Array<User>;", "function c(d: User[]): Array<string> {}"),
      "1: T[]",
      "2: Array<T>",
      "3: T[]",
      "3: Array<T>",
    ],
    ["let a: readonly Kind[][];", "1: T[]"],
    [
      lines(
        "let a: readonly string[];",
        "let b: (A | B)[];",
        "let c: Array<A | B>;",
        "new Array<number>(3);",
        "let d = x[0];",
        "let e: N.A[];",
      ),
    ],
  ],
  untyped: [
    [
      lines("let a: any;", "let b = c as unknown;", "type D = Map<string, any>;", "let e: string | unknown;", "f(): any {}"),
      "1: any",
      "2: unknown",
      "3: any",
      "4: unknown",
      "5: any",
    ],
    [lines("any.call();", "const any = 1;", "z.any();", "Promise.any(x);", "if (b < unknown(c)) {}")],
  ],
  "parameters:2": [
    [lines("export function a(b: B, c: C) {}", "export const d = ({ e, f }: G) =>", "  e;"), "1: one by one", "2: one object"],
    [
      lines(
        "function a(b, c) {}",
        "export function d(e: E) {}",
        "export function f(this: G, h) {}",
        "export function i(j, k, l) {}",
      ),
    ],
  ],
  "parameters:3+": [
    [
      lines("export function a(", "  b: Map<B, C>,", "  c = [1, 2],", "  ...d", ") {}", "export function e({ f, g, h }) {}"),
      "1-5: one by one",
      "6: one object",
    ],
    [lines("export function a(b, c) {}", "export function d(e, { f, g }) {}")],
  ],
  "return-type": [
    [
      lines(
        "export function a(): void {}",
        "export function b(",
        "  c: C,",
        ") {}",
        "export const d = (): D => d;",
        "export const e = () => 1;",
      ),
      "1: declared",
      "2-4: inferred",
      "5: declared",
      "6: inferred",
    ],
    [
      lines(
        "function a() {}",
        "export const b: Handler = () => {};",
        "export default function c() {}",
        "export class D { e() {} }",
      ),
    ],
  ],
  "arrow-parentheses": [
    [
      lines("a.map(b => b);", "a.map((b) => b);", "const c = async d => d;", "f(async (g) => g);"),
      "1: bare",
      "2: parentheses",
      "3: bare",
      "4: parentheses",
    ],
    [
      lines(
        "a.map(() => 1);",
        "a.map((b, c) => b);",
        "a.map(({ b }) => b);",
        "a.map((b: B) => b);",
        "type F = (a: A) => B;",
        "a.map((b): B => b);",
      ),
    ],
  ],
  equality: [
    [
      lines("if (a === b) {}", "if (a !== b) {}", "if (a == b) {}", "if (a != 0) {}"),
      "1: strict",
      "2: strict",
      "3: loose",
      "4: loose",
    ],
    [lines("if (a == null) {}", "if (undefined !== a) {}", "if (a >= b) {}")],
  ],
  "null-check": [
    [
      lines("if (a == null) {}", "if (a !== undefined) {}", "if (null === a) {}", "if (undefined != a) {}"),
      "1: both at once",
      "2: one of them",
      "3: one of them",
      "4: both at once",
    ],
    [lines("if (a === b.null) {}", "a = null;", `if (typeof a === "undefined") {}`)],
  ],
  "guard-braces": [
    [
      lines(
        "function f() {",
        "  if (a) return",
        "  if (b) throw new Error(",
        "    c",
        "  )",
        "  if (d) return e &&",
        "    f",
        "  run()",
        "}",
      ),
      "2: no braces",
      "3-5: no braces",
      "6-7: no braces",
    ],
    [
      lines(
        "function f() {",
        "  if (a) return;",
        "  if (b) {",
        "    throw new Error();",
        "  }",
        "  for (;;) if (c) continue;",
        "  if (d) { return 1 }",
        "}",
      ),
      "2: no braces",
      "3-5: braces",
      "6: no braces",
      "7: braces",
    ],
    [lines("if (a) run();", "if (b) { run(); return; }", "if (c) {}", "x.if(a);", "if (d) { return; } else {}"), "5: braces"],
  ],
  "else-after-exit": [
    [
      lines(
        "function f() {",
        "  if (a) return 1;",
        "  else run();",
        "  if (b) {",
        "    return 2;",
        "  } else run();",
        "  if (c) return 3;",
        "}",
      ),
      "2: else",
      "4-6: else",
      "7: no else",
    ],
    [lines("if (a) run(); else stop();")],
  ],
  iteration: [
    [
      lines("for (const a of b) {}", "b.forEach((a) => a);", "for (const [k, v] of m) {}", "b?.forEach(run);"),
      "1: for of",
      "2: forEach",
      "3: for of",
      "4: forEach",
    ],
    [
      lines(
        "for (const a in b) {}",
        "for (let i = 0; i < 1; i += 1) {}",
        "for await (const a of b) {}",
        "const forEach = b.forEach;",
      ),
    ],
  ],
  await: [
    [lines("const a = await b();", "b().then((c) => c);", "b()?.then(run);"), "1: await", "2: then", "3: then"],
    [
      lines(
        "for await (const a of b) {}",
        "await using c = d;",
        "const then = b.then;",
        "class A { await() {} }",
        "f({ await: 1 });",
      ),
    ],
  ],
  "thrown-kind": [
    [
      lines(
        "throw new Error(a);",
        "throw new TypeError(b);",
        "throw new AppError(c);",
        "throw new errors.NotFound();",
        `throw "text";`,
        "throw `text`;",
        "throw { code: 1 };",
      ),
      "1: built-in",
      "2: built-in",
      "3: own class",
      "4: own class",
      "5: a literal",
      "6: a literal",
      "7: a literal",
    ],
    [lines("throw error;", "throw makeError(a);", "throw new (pick())();", "generator.throw(new Error());")],
  ],
  "thrown-class": [
    [lines("throw new AppError(c);", "throw new errors.NotFound();"), "1: AppError", "2: NotFound"],
    [lines("throw new Error(a);", "throw new RangeError();", "new AppError();")],
  ],
  "error-name": [
    ["class FormError<T> extends Error {}", "1: ends in Error"],
    [
      lines("class NotFoundError extends AppError {}", "class Refusal extends errors.HttpError {}"),
      "1: ends in Error",
      "2: otherwise",
    ],
    [lines("class Refusal extends Base {}", "class TimeoutError {}")],
  ],
  "catch-name": [
    [lines("try {} catch (error) {}", "try {} catch (e: unknown) { log(e); }"), "1: error", "2: e"],
    [lines("try {} catch {}", "try {} catch ({ code }) {}", "p.catch(error);", "class A { catch(error) {} }")],
  ],
  "catch-unused": [
    [
      lines("try {} catch (error) { stop(); }", "try {} catch {", "  stop();", "}", "try {} catch (e) { log(a.e); }"),
      "1: named",
      "2-4: left out",
      "5: named",
    ],
    [lines("try {} catch (error) { log(error); }", "try {} catch ({ code }) {}")],
  ],
  "empty-catch": [
    [
      lines("try {} catch {}", "try {} catch (e) {", "  // Nothing.", "}", "try {} catch { stop(); }"),
      "1: empty",
      "2-4: empty",
      "5: handled",
    ],
    [lines("p.catch(() => {});", "try {} finally {}")],
  ],
  "rethrow-cause": [
    [
      lines(
        "try {} catch (e) { throw new A(m, { cause: e }); }",
        "try {} catch (e) { throw new A(e); }",
        "try {} catch (e) { throw new A(e.message); }",
        `try {} catch (e) { throw new A(\`x \${e}\`); }`,
      ),
      "1: passed on",
      "2: passed on",
      "3: dropped",
      "4: dropped",
    ],
    [lines("try {} catch (e) { throw e; }", "try {} catch { throw new A(); }", "throw new A();")],
  ],
  logging: [
    [
      lines("console.log(1);", "logger.info(2);", "this.log.warn(3);", "auditLog.error(4);"),
      "1: console",
      "2: a logger",
      "3: a logger",
      "4: a logger",
    ],
    [lines("math.log(1);", "catalog.info(2);", "console.table(3);", "const info = logger.info;", "dialog.error(4);")],
  ],
  fallback: [
    [lines("const a = b ?? 0;", "const c = d || [];", `f(e ?? "x", g || {});`), "1: ??", "2: ||", "3: ??", "3: ||"],
    [lines("const a = b ?? c;", "const d = e || f();", `const g = h || "x".length;`, "const i = j || [1];", "const k = l && 0;")],
  ],
  quotes: [
    [lines(`const a = "b";`, "const c = 'd';", `import e from "e";`), "1: double", "2: single", "3: double"],
    [lines(`const a = "it's";`, `const b = 'say "x"';`, `const c = "\\n";`, "const d = `e`;")],
  ],
  semicolons: [
    [
      lines(`import a from "a";`, "function f() {", "  if (x) throw y;", "  return {", "    a,", "  };", "}"),
      "1: always",
      "3: always",
      "4-6: always",
    ],
    [
      lines(`import a from "a"`, "function f() {", "  return 1", "}", "function g() {", "  throw x", "}"),
      "1: left out",
      "3: left out",
      "6: left out",
    ],
    [lines("const a = 1", "const f = () => { return 1 }", "class A { return() {} }", "g({ return: 1 })")],
  ],
  "trailing-comma": [
    [
      lines(
        "for (const a of [",
        "  1,",
        "]) {}",
        "type B = readonly [",
        "  C",
        "];",
        "type D = {",
        "  [",
        "    K in E",
        "  ]: F",
        "};",
      ),
      "2-3: always",
      "5-6: left out",
    ],
    [lines("const a = [", "  1,", "  2,", "];", "const b = [", "  1,", "  2", "];"), "3-4: always", "7-8: left out"],
    [lines("const a = [1, 2];", "const [", "  b,", "  ...c", "] = d;", "x[", "  1", "];", "const e = [1,", "  2];")],
  ],
  "trailing-comma-arguments": [
    [lines("expect(a).toBe(`", "  b`);", "await (", "  a", ");", "of(", "  a", ");"), "7-8: left out"],
    [lines("f(", "  a,", "  b,", ");", "function g(", "  a", ") {}"), "3-4: always", "6-7: left out"],
    [
      lines(
        "f(a, b);",
        "f(a, {",
        "  b,",
        "});",
        "if (",
        "  a",
        ") {}",
        "function g(",
        "  ...a",
        ") {}",
        "const x = (",
        "  1",
        ");",
      ),
    ],
  ],
};

/** Of `src/a.js`. */
export const JAVASCRIPT_CASES: SlotCases = {
  "module-system": [
    [
      lines(`import a from "a";`, `const b = require("b");`, "const c = require(", `  "c"`, ");"),
      "1: import",
      "2: require",
      "3-5: require",
    ],
    [lines("require(name);", `loader.require("a");`, `await import("a");`, `export * from "b";`)],
  ],
};

/** Of `src/a.tsx`. */
export const JSX_CASES: SlotCases = {
  "component-form": [
    [
      lines("export function Card() {}", "const List = () => <ul />;", "const Row = function () {};", "function useCard() {}"),
      "1: declaration",
      "2: arrow",
      "3: expression",
    ],
    [lines("const Context = createContext(1);", "const Page: FC = () => <p />;")],
  ],
  "function-case": [[lines("export function CardList() {}", "function useCard() {}"), "2: camelCase"]],
  quotes: [[lines(`const a = <p title='x' id="y">it's "text"</p>;`, "const b = 'c';"), "2: single"]],
};

/** Of `src/a.test.ts`. */
export const TEST_CASES: SlotCases = {
  "test-verb": [
    [
      lines(
        `test("adds", run);`,
        "it(`adds`, run);",
        `it.only("adds", run);`,
        `test.each([1])("adds %i", run);`,
        `it.each<[A]>([1])("a", run);`,
      ),
      "1: test",
      "2: it",
      "3: it",
      "4: test",
      "5: it",
    ],
    [lines(`x.test("a");`, "test(name, run);", `expect(it).toBe("a");`, `regex.it("a");`)],
  ],
  "test-grouping": [
    [lines(`describe("math", () => {`, `  it("adds", run);`, "});"), "2: in groups"],
    [lines(`test("adds", run);`, `test("subtracts", run);`), "1: flat"],
    [lines(`test.describe("math", () => {`, `  test("adds", run);`, "});"), "2: in groups"],
    [lines(`describe("math", run);`)],
  ],
  assertion: [
    [
      lines(`test("a", (t) => {`, "  expect(a).toBe(1);", "  assert(a);", "  assert.equal(a, 1);", "  t.equal(a, 1);", "});"),
      "2: expect()",
      "3: assert",
      "4: assert",
      "5: t.",
    ],
    [lines(`test("a", (t) => {`, "  t.plan(1);", "  chai.expect(a);", "  expect.extend(b);", "});")],
    [lines("expect(a).toBe(1);")],
  ],
  "test-title": [
    [lines(`it("should add", run);`, `it("adds numbers", run);`), "1: with should", "2: without should"],
    [lines(`it("adds", run);`, `describe("should add", run);`)],
  ],
  "test-title-case": [
    [
      lines(`it("Adds numbers", run);`, `it("adds numbers", run);`, `it(\`a \${x}\`, run);`),
      "1: capital",
      "2: lower case",
      "3: lower case",
    ],
    [lines(`it("adds", run);`, `it("GET answers", run);`, `it("readFile reads", run);`, `it("4 is even", run);`)],
  ],
  logging: [[lines("console.log(1);")]],
};
