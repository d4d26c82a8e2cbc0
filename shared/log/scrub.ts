const MAX_LENGTH = 2_000;
/** Enough to see whole values across the cut; beyond it a pattern would cost time for text that is dropped anyway. */
const MAX_SCANNED = 10_000;

/**
 * What must never reach a log, each with what takes its place. The order matters: whole regions that quote values
 * (drizzle's `params:`, Postgres' `Key (…)=(…)`, Upstash's `command was:`) go before single values.
 */
const PATTERNS: [RegExp, string][] = [
  [/\bparams: [\s\S]*/g, "params: [scrubbed]"],
  [/command was: [\s\S]*/g, "command was: [scrubbed]"],
  [/Key \([^)]*\)=\([^)]*\)/g, "Key [scrubbed]"],
  [/Failing row contains \([\s\S]*?\)\.?/g, "Failing row [scrubbed]"],
  [/postgres(?:ql)?:\/\/[^\s"']+/gi, "[connection]"],
  [/Bearer\s+[\w.~+/=-]+/gi, "Bearer [secret]"],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, "[jwt]"],
  [/\b(?:sk|pk|sig|whsec|rk)_[\w+/=-]{8,}/g, "[secret]"],
  [/\$aact_[\w$:+/=-]+/g, "[secret]"],
  [/[\w.+-]+@[\w-]+\.[\w.-]+/g, "[email]"],
  [/\b\d{3}\.\d{3}\.\d{3}-\d{2}\b/g, "[cpf]"],
  [/\b[\dA-Z]{2}\.[\dA-Z]{3}\.[\dA-Z]{3}\/[\dA-Z]{4}-\d{2}\b/g, "[cnpj]"],
  [/(?<![\w-])\+?\d[\d ().]{8,16}\d(?![\w-])/g, "[number]"],
  [/\(\d{2}\)\s?\d{4,5}-?\d{4}/g, "[number]"],
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
    parts.push(current instanceof Error ? `${current.name}: ${current.message}` : String(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return scrub(parts.join(" <- "));
}
