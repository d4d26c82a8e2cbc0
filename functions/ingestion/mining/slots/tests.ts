import { KIND } from "../tokens.ts";
import type { Code } from "./code.ts";

const VARIANTS = new Set([
  "each",
  "only",
  "skip",
  "todo",
  "concurrent",
  "sequential",
  "fails",
  "failing",
  "for",
  "if",
  "skipIf",
  "runIf",
]);
const TAP_ASSERTIONS = new Set(
  "equal notEqual same notSame is not like unlike ok notOk true false truthy falsy throws rejects resolves match deepEqual strictEqual".split(
    " ",
  ),
);

/**
 * Facts of test files, which their path tells.
 *
 * - `test-verb`: each test that has a title.
 * - `test-grouping`: each file with such a test, by whether it groups any.
 * - `assertion`: each assertion, by the library's style.
 * - `test-title`: each title of two words or more, by whether it begins with `should`.
 * - `test-title-case`: each title of two words or more that begins with a plain word.
 */
export function testFacts(code: Code): void {
  if (!code.isTest) return;
  const tests = ["test", "it"]
    .flatMap((verb) => code.at(verb))
    .filter((at) => openOfTitle(code, at) !== -1)
    .sort((left, right) => left - right);
  for (const at of tests) {
    code.emit("test-verb", code.text(at), at);
    titleFacts(code, openOfTitle(code, at));
  }
  const [first] = tests;
  if (first === undefined) return;
  const groups = [...code.at("describe"), ...code.at("suite"), ...code.memberAt("describe")];
  const isGrouped = groups.some((at) => openOfTitle(code, at) !== -1);
  code.emit("test-grouping", isGrouped ? "in groups" : "flat", first);
  assertionFacts(code);
}

/** The `(` before the title, after variants such as `.only` and the table of `.each`; -1 when this is no such call. */
function openOfTitle(code: Code, at: number): number {
  let next = at + 1;
  while (code.is(next, ".") && VARIANTS.has(code.text(next + 1))) next += 2;
  if (code.is(next, "<")) next = code.afterTypeArguments(next);
  if (next > at + 1 && code.is(next, "(") && code.is(code.partner(next) + 1, "(")) next = code.partner(next) + 1;
  const title = code.kind(next + 1);
  return code.is(next, "(") && (title === KIND.string || title === KIND.template) ? next : -1;
}

/** Only the beginning of a template matters, so it need not end before its first `${`. */
function titleFacts(code: Code, open: number): void {
  const title = code.text(open + 1).slice(1);
  const [first = "", rest] = title.split(" ", 2);
  if (rest === undefined) return;
  code.emit("test-title", /^should$/i.test(first) ? "with should" : "without should", open + 1);
  if (/^(?:[a-z]+|[A-Z][a-z]+|A|I)[,:]?$/.test(first))
    code.emit("test-title-case", /^[A-Z]/.test(first) ? "capital" : "lower case", open + 1);
}

function assertionFacts(code: Code): void {
  for (const at of code.at("expect")) if (code.is(at + 1, "(")) code.emit("assertion", "expect()", at);
  for (const at of code.at("assert")) {
    const isCall = code.is(at + 1, "(") || (code.is(at + 1, ".") && code.is(at + 3, "("));
    if (isCall) code.emit("assertion", "assert", at);
  }
  for (const at of code.at("t"))
    if (code.is(at + 1, ".") && TAP_ASSERTIONS.has(code.text(at + 2)) && code.is(at + 3, "(")) code.emit("assertion", "t.", at);
}
