import type { Fact } from "./facts.ts";
import { goErrorFacts } from "./slots/go/errors.ts";
import { goFunctionFacts } from "./slots/go/functions.ts";
import { readGoCode } from "./slots/go/go-code.ts";
import { goIdiomFacts } from "./slots/go/idioms.ts";
import { goImportFacts } from "./slots/go/imports.ts";
import { goNameFacts } from "./slots/go/names.ts";
import { readGoFunctions } from "./slots/go/read-functions.ts";
import { goTestFacts } from "./slots/go/tests.ts";
import type { Tokens } from "./tokens.ts";

/**
 * Every decision that the tokens of a Go file show without doubt, in slots that begin with `go:`. What each slot counts, and what it leaves
 * out, stands with its family in `slots/go/`.
 *
 * @param path from the root of the repository, with `/`.
 * @param tokens those of `source`, already lexed; they are only read.
 * @returns the facts grouped by family.
 */
export function extractGoFacts({ path, source, tokens }: { path: string; source: string; tokens: Tokens }): Fact[] {
  const code = readGoCode({ path, source, tokens });
  const functions = readGoFunctions(code);
  goImportFacts(code);
  goNameFacts({ code, functions });
  goFunctionFacts({ code, functions });
  goErrorFacts(code);
  goIdiomFacts(code);
  goTestFacts({ code, functions });
  return code.facts;
}
