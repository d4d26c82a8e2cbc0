import type { PythonCode } from "./python-code.ts";
import type { Definition } from "./read-definitions.ts";

/**
 * Facts of test files, which their path tells.
 *
 * - `test-form`: each function or method whose name begins with `test`, by where it is.
 * - `assertion`: each `assert`, and each call of a method such as `self.assertEqual`.
 * - `test-mark`, `test-place`: each file with such a function, by how its name marks it, and by where it is.
 */
export function pythonTestFacts({ code, definitions }: { code: PythonCode; definitions: readonly Definition[] }): void {
  if (!code.isTest) return;
  const tests = definitions.filter(
    ({ isClass, name, parent }) => !isClass && /^test/.test(code.text(name)) && (parent === undefined || parent.isClass),
  );
  for (const { at, name, parent } of tests) code.emit("test-form", parent === undefined ? "functions" : "methods", at, name);
  for (const at of code.at("assert")) if (code.beginsStatement(at)) code.emit("assertion", "assert", at);
  for (const at of code.at("(")) {
    const isAssertion = /^assert[A-Z]/.test(code.text(at - 1)) && code.is(at - 2, ".") && code.is(at - 3, "self");
    if (isAssertion) code.emit("assertion", "self.assert…()", at - 3, at - 1);
  }
  const [first] = tests;
  if (first === undefined) return;
  const [, mark] = /(?:^|\/)(test_|tests?\.py$|[^/]*_tests?\.py$)[^/]*$/.exec(code.path) ?? [];
  if (mark !== undefined && !/^tests?\.py$/.test(mark))
    code.emit("test-mark", mark === "test_" ? "test_*.py" : "*_test.py", first.at);
  const folder = code.path.split("/").findLast((part) => /^tests?$/.test(part));
  code.emit("test-place", folder === undefined ? "beside the code" : `in ${folder}/`, first.at);
}
