import type { Fact } from "./facts.ts";
import { readCode } from "./slots/code.ts";
import { declarationFacts } from "./slots/declarations.ts";
import { errorFacts } from "./slots/errors.ts";
import { exportFacts } from "./slots/exports.ts";
import { functionFacts } from "./slots/functions.ts";
import { idiomFacts } from "./slots/idioms.ts";
import { importFacts } from "./slots/imports.ts";
import { inventoryFacts } from "./slots/inventory.ts";
import { layoutFacts } from "./slots/layout.ts";
import { nameFacts } from "./slots/names.ts";
import { readFunctions } from "./slots/read-functions.ts";
import { readImports } from "./slots/read-imports.ts";
import { statementFacts } from "./slots/statements.ts";
import { testFacts } from "./slots/tests.ts";
import { typeFacts } from "./slots/types.ts";
import type { Tokens } from "./tokens.ts";

/**
 * Every decision that the tokens of a TypeScript or JavaScript file show without doubt. What each slot counts, and what it leaves out,
 * stands with its family in `slots/`.
 *
 * @param path from the root of the repository, with `/`.
 * @param tokens those of `source`, already lexed; they are only read.
 * @returns the facts grouped by family, each family in the order of the source.
 */
export function extractFacts({ path, source, tokens }: { path: string; source: string; tokens: Tokens }): Fact[] {
  const code = readCode({ path, source, tokens });
  const imports = readImports(code);
  const functions = readFunctions(code);
  importFacts({ code, imports });
  exportFacts(code);
  nameFacts({ code, functions });
  declarationFacts({ code, functions });
  typeFacts(code);
  functionFacts({ code, functions });
  statementFacts(code);
  errorFacts(code);
  idiomFacts(code);
  layoutFacts({ code, imports });
  testFacts(code);
  inventoryFacts({ code, imports });
  return code.facts;
}
