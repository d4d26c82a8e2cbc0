import { extractFacts } from "./extract-facts.ts";
import { extractGoFacts } from "./extract-go-facts.ts";
import { extractPythonFacts } from "./extract-python-facts.ts";
import type { Fact } from "./facts.ts";
import { lexGo } from "./lex-go.ts";
import { lexPython } from "./lex-python.ts";
import { lexTypescript } from "./lex-typescript.ts";
import { createTokens } from "./tokens.ts";

/** In plain TypeScript `<` never opens an element; in JavaScript of any name it may. */
const NO_JSX = /\.[cm]?ts$/;

/** Says what one file of source code decides, by itself: it depends on the path and the source alone. */
export type ReadFacts = (file: { path: string; source: string }) => Fact[];

/** @returns the reader of single files in the language that their names tell, which uses its memory again for each. */
export function openFactReader(): ReadFacts {
  const tokens = createTokens();
  return ({ path, source }) => {
    if (path.endsWith(".py")) {
      lexPython({ source, tokens });
      return extractPythonFacts({ path, source, tokens });
    }
    if (path.endsWith(".go")) {
      lexGo({ source, tokens });
      return extractGoFacts({ path, source, tokens });
    }
    lexTypescript({ source, isJsx: !NO_JSX.test(path), tokens });
    return extractFacts({ path, source, tokens });
  };
}
