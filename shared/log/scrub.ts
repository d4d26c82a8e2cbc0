const MAX_LENGTH = 2_000;
/** Enough to see whole values across the cut; beyond it a pattern would cost time for text that is dropped anyway. */
const MAX_SCANNED = 10_000;

/** Ten digits and more, however they are grouped: telephone numbers, tax ids. Not part of an id, of a date or of a time. */
const LONG_NUMBER = /(?<![\w&-]|\d:)(?!\d{4}-\d{2}-\d{2}(?!\d))\+?\(?\d(?:[\s().\u2010-\u2015/-]{0,3}\d){9,17}(?![\w-])/g;

/**
 * What must never reach a log, each with what takes its place. The order matters: whole regions that quote values
 * (drizzle's `params:`, Redis' `with args beginning with:`, Upstash's `command was:` and `response body:`, Postgres' `Key (…)=(…)`) go before single values. What takes a place matches no pattern,
 * so that a text may be scrubbed twice.
 */
const PATTERNS: [RegExp, string][] = [
  [/\bparams: [\s\S]*/g, "params [scrubbed]"],
  [/command was: [\s\S]*/g, "command was [scrubbed]"],
  [/with args beginning with: [\s\S]*/g, "with args [scrubbed]"],
  [/response body: [\s\S]*/g, "response body [scrubbed]"],
  [/Key \([^)]*\)=\([^)]*\)/g, "Key [scrubbed]"],
  [/Failing row contains \([\s\S]*?\)\.?/g, "Failing row [scrubbed]"],
  [/\b(invalid input (?:syntax|value) for [^:]+|out of range|literal): "[\s\S]*"/g, "$1: [scrubbed]"],
  [/\bvalue "[\s\S]*?" is /g, "value [scrubbed] is "],
  [/"[\s\S]*" is not valid JSON/g, "[scrubbed] is not valid JSON"],
  [/\bpostgres(?:ql)?:\/\/[^\s"']+/gi, "[connection]"],
  [/\b[a-z][a-z\d+.-]*:\/\/[^\s/:@"']*:[^\s/@"']+@[^\s"']+/gi, "[connection]"],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, "$1 [secret]"],
  [/\beyJ[\w-]{8,}[\w.=-]*/g, "[secret]"],
  [/\b(?:sk|pk|sig|whsec|rk)_[\w+/=-]{8,}/g, "[secret]"],
  [/\bsk-ant-[\w-]+/g, "[secret]"],
  [/\$aact_[\w$:+/=-]+/g, "[secret]"],
  [/(?<![\p{L}\p{N}._%+'-])[\p{L}\p{N}._%+'-]+?(?:@|%40)[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/gu, "[email]"],
  [/\b[\dA-Z]{2}\.?[\dA-Z]{3}\.?[\dA-Z]{3}\/[\dA-Z]{4}-?\d{2}\b/gi, "[cnpj]"],
  [/\b(?=[A-Z]*\d)[\dA-Z]{12}\d{2}\b/g, "[number]"],
  [LONG_NUMBER, "[number]"],
  [/(?<![\w-])9\d{4}-\d{4}(?![\w-])/g, "[number]"],
];

/**
 * Removes personal data and secrets from a text that is about to be logged. Pure.
 *
 * @param text any text, such as an error message of a driver.
 * @returns the text with e-mails, phones, CPF/CNPJ, tokens, connection strings and quoted statement values replaced, at most 2,000 characters.
 */
export function scrub(text: string): string {
  let clean = text.slice(0, MAX_SCANNED);
  for (const [pattern, replacement] of PATTERNS) clean = clean.replace(pattern, replacement);
  return clean.length > MAX_LENGTH ? `${clean.slice(0, MAX_LENGTH)}…` : clean;
}

/** @returns an unexpected error with its causes as one scrubbed text, for the log only. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (let current: unknown = error, depth = 0; current !== undefined && current !== null && depth < 5; depth += 1) {
    parts.push(scrub(current instanceof Error ? describeOne(current) : String(current)));
    current = current instanceof Error ? current.cause : undefined;
  }
  return scrub(parts.join(" <- "));
}

/** The message of a syntax error quotes the text that would not parse. */
function describeOne(error: Error): string {
  return error instanceof SyntaxError ? error.name : `${error.name}: ${error.message}`;
}
