import { extractFacts } from "../../functions/ingestion/mining/extract-facts.ts";
import type { Fact } from "../../functions/ingestion/mining/facts.ts";
import { lexTypescript } from "../../functions/ingestion/mining/lex-typescript.ts";
import { createTokens } from "../../functions/ingestion/mining/tokens.ts";

const tokens = createTokens();

/** The facts of one file, as the miner gets them. */
export function lexAndExtract({ path, source }: { path: string; source: string }): Fact[] {
  lexTypescript({ source, isJsx: !/\.[cm]?ts$/.test(path), tokens });
  return extractFacts({ path, source, tokens });
}
