import { nameCase } from "../name-case.ts";
import type { GoCode } from "./go-code.ts";
import { type GoFunction, readParameters } from "./read-functions.ts";

/** Only those that are no words of their own, nor the beginning or the end of one. */
const INITIALISM =
  /(?:^|[a-z0-9_])(Api|Css|Dns|Html|Http|Https|Id|Ip|Json|Rpc|Sql|Ssh|Tcp|Tls|Ttl|Udp|Uid|Uri|Url|Uuid|Xml)(?=[A-Z_]|s?$)|(?:^|[a-z0-9_])(API|CSS|DNS|HTML|HTTP|HTTPS|ID|IP|JSON|RPC|SQL|SSH|TCP|TLS|TTL|UDP|UID|URI|URL|UUID|XML)(?=[A-Z][a-z]|_|s?$)/;
const PLATFORM =
  /(?:_(?:aix|android|darwin|dragonfly|freebsd|illumos|ios|js|linux|netbsd|openbsd|plan9|solaris|unix|wasip1|windows|386|amd64|arm|arm64|loong64|mips|mips64|mips64le|mipsle|ppc64|ppc64le|riscv64|s390x|wasm))+$/;

/**
 * - `name-case`: each name of several words that a function, type, constant or variable of the outermost code, or a `:=`, declares; functions
 *   of tests are left out.
 * - `initialisms`: each of these names, and of parameters, with one such as `ID` or `URL` that stands beside other words.
 * - `receiver-name`: each method whose receiver has a name, by how long it is.
 * - `receiver-names`: each type with several methods in the file, by whether their receivers have one name.
 * - `package-name`: each file outside of tests and commands, by whether its package is named as its folder.
 * - `constructor-name`: each exported function that returns a type of the file, or a pointer to one, first.
 * - `interface-name`: each interface of one method.
 * - `file-case`: each file, without what marks it as a test or of a platform.
 */
export function goNameFacts({ code, functions }: { code: GoCode; functions: readonly GoFunction[] }): void {
  for (const each of functions) {
    if (!code.isTest) caseFact(code, each.name);
    initialismFact(code, each.name);
    for (const { name } of readParameters(code, each.open)) if (name !== -1) initialismFact(code, name);
  }
  for (const name of declaredNames(code)) {
    caseFact(code, name);
    initialismFact(code, name);
  }
  receiverFacts(code, functions);
  packageFact(code);
  constructorFacts(code, functions);
  for (const at of code.at("interface")) interfaceFact(code, at);
  fileFact(code);
}

function caseFact(code: GoCode, name: number): void {
  const style = nameCase(code.text(name));
  if (style !== undefined)
    code.emit(
      "name-case",
      style === "camelCase" || style === "PascalCase" ? "MixedCaps" : style === "mixed case" ? "underscores" : style,
      name,
    );
}

function initialismFact(code: GoCode, name: number): void {
  const [, word, capitals] = INITIALISM.exec(code.text(name)) ?? [];
  const isAlone = (word ?? capitals) === code.text(name);
  if ((word ?? capitals) !== undefined && !isAlone)
    code.emit("initialisms", capitals === undefined ? "as words" : "in capitals", name);
}

/** Of types, constants and variables of the outermost code, and of what `:=` declares. */
function declaredNames(code: GoCode): number[] {
  const names: number[] = [];
  for (const word of ["type", "const", "var"])
    for (const at of code.outermost(word)) {
      if (!code.beginsStatement(at)) continue;
      if (!code.is(at + 1, "(")) names.push(at + 1);
      else names.push(...code.statements(at + 1));
    }
  for (const at of code.at(":="))
    for (let name = at - 1; code.isWord(name) && !code.isMember(name); name -= 2) {
      names.push(name);
      if (!code.is(name - 1, ",")) break;
    }
  return names.filter((name) => code.isWord(name)).sort((left, right) => left - right);
}

function receiverFacts(code: GoCode, functions: readonly GoFunction[]): void {
  const byType = new Map<string, { names: Set<string>; count: number; at: number; end: number }>();
  for (const { at, name, receiver } of functions) {
    const [own] = receiver === -1 ? [] : readParameters(code, receiver);
    if (own === undefined || own.name === -1 || code.is(own.name, "_")) continue;
    const text = code.text(own.name);
    const length = /^(?:self|this|me)$/.test(text) ? "self or this" : text.length > 2 ? "a word" : "one or two letters";
    code.emit("receiver-name", length, at, name);
    const type = code.text(code.is(own.type, "*") ? own.type + 1 : own.type);
    const known = byType.get(type);
    if (known === undefined) byType.set(type, { names: new Set([text]), count: 1, at, end: name });
    else {
      known.names.add(text);
      known.count += 1;
      known.end = name;
    }
  }
  for (const { names, count, at, end } of byType.values())
    if (count > 1) code.emit("receiver-names", names.size === 1 ? "one name" : "several names", at, end);
}

function packageFact(code: GoCode): void {
  const [at] = code.outermost("package");
  const folder = code.path.split("/").at(-2);
  if (at === undefined || folder === undefined || code.isTest || code.is(at + 1, "main")) return;
  // The last version of a module is a folder too, and dashes and a `go-` have no place in a package.
  if (/^v\d+$/.test(folder)) return;
  const isSame = folder.replace(/^go-|-go$/, "").replace(/[-_.]/g, "") === code.text(at + 1).replace(/_/g, "");
  code.emit("package-name", isSame ? "as its folder" : "otherwise", at, at + 1);
}

function constructorFacts(code: GoCode, functions: readonly GoFunction[]): void {
  const types = new Set(code.outermost("type").map((at) => code.text(at + 1)));
  for (const { at, name, receiver, open, body } of functions) {
    if (receiver !== -1 || body === -1 || code.isTest || !/^[A-Z]/.test(code.text(name))) continue;
    const results = code.partner(open) + 1;
    const first = code.is(results, "(") ? results + 1 : results;
    const type = code.is(first, "*") ? first + 1 : first;
    if (!types.has(code.text(type)) || !/^[{,)]$/.test(code.text(type + 1))) continue;
    code.emit("constructor-name", /^New(?:[A-Z]|$)/.test(code.text(name)) ? "New…" : "otherwise", at, name);
    if (/^New(?:[A-Z]|$)/.test(code.text(name)))
      code.emit("constructor-result", type > first ? "a pointer" : "a value", at, type);
  }
}

function interfaceFact(code: GoCode, at: number): void {
  if (!code.is(at - 2, "type") || !code.is(at + 1, "{") || code.partner(at + 1) === -1) return;
  const members = code.statements(at + 1);
  const [only = -1] = members;
  if (members.length === 1 && code.isWord(only) && code.is(only + 1, "("))
    code.emit("interface-name", /(?:er|or)$/i.test(code.text(at - 1)) ? "ends in er" : "otherwise", at - 1, code.partner(at + 1));
}

function fileFact(code: GoCode): void {
  const [, name = ""] = /([^/]*)\.go$/.exec(code.path) ?? [];
  const base = name.replace(/_test$/, "").replace(PLATFORM, "");
  const style = base.includes("-") ? "kebab-case" : nameCase(base);
  if (style !== undefined && code.count > 0) code.emit("file-case", style, 0);
}
