import type { Fact } from "./facts.ts";
import { pythonErrorFacts } from "./slots/python/errors.ts";
import { pythonFunctionFacts } from "./slots/python/functions.ts";
import { pythonIdiomFacts } from "./slots/python/idioms.ts";
import { pythonImportFacts } from "./slots/python/imports.ts";
import { pythonLayoutFacts } from "./slots/python/layout.ts";
import { pythonNameFacts } from "./slots/python/names.ts";
import { readPythonCode } from "./slots/python/python-code.ts";
import { readDefinitions } from "./slots/python/read-definitions.ts";
import { readPythonImports } from "./slots/python/read-imports.ts";
import { pythonTestFacts } from "./slots/python/tests.ts";
import type { Tokens } from "./tokens.ts";

/**
 * Every decision that the tokens of a Python file show without doubt, in slots that begin with `python:`. What each slot counts, and what it
 * leaves out, stands with its family in `slots/python/`.
 *
 * @param path from the root of the repository, with `/`.
 * @param tokens those of `source`, already lexed; they are only read.
 * @returns the facts grouped by family.
 */
export function extractPythonFacts({ path, source, tokens }: { path: string; source: string; tokens: Tokens }): Fact[] {
  const code = readPythonCode({ path, source, tokens });
  const definitions = readDefinitions(code);
  pythonImportFacts({ code, imports: readPythonImports(code) });
  pythonNameFacts({ code, definitions });
  pythonFunctionFacts({ code, definitions });
  pythonErrorFacts(code);
  pythonIdiomFacts(code);
  pythonLayoutFacts(code);
  pythonTestFacts({ code, definitions });
  return code.facts;
}
