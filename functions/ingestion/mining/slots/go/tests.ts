import type { GoCode } from "./go-code.ts";
import { blockOf, type GoFunction, readParameters } from "./read-functions.ts";

const REPORTS = /^(?:Error|Errorf|Fatal|Fatalf|Fail|FailNow)$/;

/**
 * Facts of files whose names end in `_test.go`.
 *
 * - `test-form`: each test, by whether it runs a table of cases, other subtests, or none.
 * - `test-case-name`: each loop whose block runs a subtest, by the name of the case.
 * - `assertion`: each report of a failure, by the package that makes it.
 * - `test-package`: each file with a test, by whether it is in the package that it tests.
 * - `test-parallel`: each test, by whether it says that it may run beside others.
 * - `test-helper`: each function that takes a `*testing.T` and is no test, by whether it is marked as a helper.
 */
export function goTestFacts({ code, functions }: { code: GoCode; functions: readonly GoFunction[] }): void {
  if (!code.isTest) return;
  const tests = functions.filter(
    (each) => /^Test(?:[A-Z0-9_]|$)/.test(code.text(each.name)) && testerOf(code, each) !== undefined,
  );
  const loops = code.at("for").filter((at) => runsIn(code, blockOf(code, at)) !== undefined);
  for (const test of tests) {
    code.emit("test-form", formOf(code, test, loops), test.at, test.name);
    code.emit("test-parallel", calls(code, test, "Parallel") ? "parallel" : "in turn", test.at, test.name);
  }
  for (const each of functions)
    if (!tests.includes(each) && testerOf(code, each) !== undefined && each.receiver === -1)
      code.emit("test-helper", calls(code, each, "Helper") ? "marked" : "not marked", each.at, each.name);
  for (const at of loops) caseNameFact(code, at);
  assertionFacts(code);
  const [first] = tests;
  const [at] = code.outermost("package");
  if (first !== undefined && at !== undefined)
    code.emit("test-package", code.text(at + 1).endsWith("_test") ? "of its own" : "the tested one", at, at + 1);
}

/** The name of the first parameter when it is a `*testing.T`. */
function testerOf(code: GoCode, { open, body }: GoFunction): string | undefined {
  const [first] = readParameters(code, open);
  const isTester =
    first !== undefined && first.name !== -1 && code.is(first.type, "*") && code.isQualified(first.type + 1, "testing", "T");
  return isTester && body !== -1 ? code.text(first.name) : undefined;
}

function formOf(code: GoCode, { body }: GoFunction, loops: readonly number[]): string {
  const close = code.partner(body);
  if (loops.some((at) => at > body && at < close)) return "a table of cases";
  return runsIn(code, body) === undefined ? "flat" : "subtests";
}

/** The first subtest that a block runs. */
function runsIn(code: GoCode, open: number): number | undefined {
  return code
    .memberAt("Run")
    .find((at) => at > open && at < code.partner(open) && code.is(at + 1, "(") && /^[tT]$/.test(code.text(at - 2)));
}

function calls(code: GoCode, each: GoFunction, method: string): boolean {
  const tester = testerOf(code, each) ?? "";
  return code.statements(each.body).some((at) => code.is(at, tester) && code.is(at + 1, ".") && code.is(at + 2, method));
}

/** `for _, tt := range tests`. */
function caseNameFact(code: GoCode, at: number): void {
  if (code.is(at + 2, ",") && code.isWord(at + 3) && code.is(at + 4, ":=") && code.is(at + 5, "range"))
    code.emit("test-case-name", code.text(at + 3), at, at + 5);
}

function assertionFacts(code: GoCode): void {
  for (const name of ["assert", "require"])
    for (const at of code.at(name))
      if (code.is(at + 1, ".") && code.is(at + 3, "(") && !code.isMember(at)) code.emit("assertion", name, at, at + 2);
  for (const at of code.at("t"))
    if (code.is(at + 1, ".") && REPORTS.test(code.text(at + 2)) && code.is(at + 3, "(") && !code.isMember(at))
      code.emit("assertion", "testing", at, at + 2);
}
