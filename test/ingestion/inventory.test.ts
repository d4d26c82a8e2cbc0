import ts from "typescript-5";
import { describe, expect, it } from "vitest";
import { lexAndExtract } from "./lex-and-extract.ts";
import { readCorpus, type SourceFile } from "./read-corpus.ts";

function valuesOf(slot: string, source: string, path = "src/a.ts"): string[] {
  return lexAndExtract({ path, source })
    .filter((fact) => fact.slot === slot)
    .map(({ value }) => value)
    .sort();
}

describe("the inventory of modules", () => {
  it("has each way to name one", () => {
    const source = `import a from "a";\nimport type { B } from "b";\nimport "./c.css";\nexport * from "../d";\nconst e = require("e");\nconst f = await import("f");\nconst g = require(name);\n`;
    expect(valuesOf("~import", source)).toEqual(["../d", "./c.css", "a", "b", "e", "f"]);
  });
});

describe("the inventory of calls", () => {
  it.each<[source: string, ...values: string[]]>([
    ["console.log(1); a?.b?.(2); f?.(3)", "a.b", "console.log", "f"],
    ["new Date(); new a.B(1); new Map<string, () => void>()", "new Date", "new Map", "new a.B"],
    ["use<A, B[]>(1); a.b<{ c: D }>()", "a.b", "use"],
    ["x < y; (z)"],
    ["a().b(); this.c(); d[0](); import.meta.e(); super.f()", "a"],
    ["function f(a) {} async function* g() {} const h = async (x) => x; class A { constructor() {} i(): void {} async j() {} }"],
    ["const a = { b() {}, c(): void {}, async d() {} }; interface E {\n f(x: string): void;\n}"],
    ["if (a) {} while (b()) {} for (const c of d()) {} switch (e) {} catch (f) {}", "b", "d"],
    ["const x = a ? b() : c(); const y = { d: e() }", "b", "c", "e"],
    ["const a = b as (c); type D = keyof (typeof e) | readonly (f | g)[]; declare class H { constructor(i: j); }"],
    [`\`\${a(1)}: b() \${c()}\`; // d()\n'e()'; f()`, "a", "c", "f"],
  ])("of %s", (source, ...values) => {
    expect(valuesOf("~call", source)).toEqual(values);
  });

  it("of real sources is that of TypeScript's own parser", () => {
    let total = 0;
    let different = 0;
    for (const file of [...readCorpus("node_modules/zod/src"), ...readCorpus("node_modules/@trpc/server/src")]) {
      const expected = callsBySyntaxTree(file);
      const found = valuesOf("~call", file.source, file.path);
      total += expected.length;
      different += differences(expected, found);
    }
    expect(total).toBeGreaterThan(5_000);
    expect(different / total).toBeLessThan(0.0005);
  });
});

function callsBySyntaxTree({ path, source }: SourceFile): string[] {
  const calls: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) add(nameOf(node.expression));
    else if (ts.isNewExpression(node) && node.arguments !== undefined) add(nameOf(node.expression), "new ");
    ts.forEachChild(node, visit);
  };
  const add = (name: string | undefined, before = ""): void => {
    if (name !== undefined) calls.push(before + name);
  };
  visit(ts.createSourceFile(path, source, ts.ScriptTarget.Latest, false));
  return calls.sort();
}

function nameOf(node: ts.Expression): string | undefined {
  if (ts.isIdentifier(node)) return node.text;
  if (ts.isNonNullExpression(node)) return undefined;
  if (!ts.isPropertyAccessExpression(node)) return undefined;
  const left = nameOf(node.expression);
  return left === undefined ? undefined : `${left}.${node.name.text}`;
}

/** How many are in one of the lists only. */
function differences(left: readonly string[], right: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const each of left) counts.set(each, (counts.get(each) ?? 0) + 1);
  for (const each of right) counts.set(each, (counts.get(each) ?? 0) - 1);
  return [...counts.values()].reduce((sum, count) => sum + Math.abs(count), 0);
}
