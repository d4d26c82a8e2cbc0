import { ValidationError } from "../../shared/errors/app-error.ts";

/** Deeper values overflow the stack of `JSON.stringify` and Postgres' jsonb, and no input of ours needs them. */
const MAX_DEPTH = 64;

/**
 * Parses JSON that comes from outside. Pure.
 *
 * @throws ValidationError when it is malformed, nested deeper than 64, or holds text that Postgres cannot store. The message quotes
 * nothing of the input, unlike that of `JSON.parse`.
 */
export function parseJson(text: string): unknown {
  if (isDeeperThan(text, MAX_DEPTH)) throw new ValidationError(`The JSON is nested deeper than ${MAX_DEPTH} levels`);
  const value = parse(text);
  if (!isStorable(value)) throw new ValidationError("The JSON holds a NUL or half of a surrogate pair");
  return value;
}

/** @returns whether Postgres can store every text in `value`: no NUL, no lone surrogate. */
export function isStorable(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed() && !value.includes("\0");
  if (Array.isArray(value)) return value.every(isStorable);
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).every(([key, item]) => isStorable(key) && isStorable(item));
  }
  return true;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ValidationError("The JSON is malformed");
  }
}

/** Looks at the text alone, before any parser recurses into it. */
function isDeeperThan(text: string, maxDepth: number): boolean {
  let depth = 0;
  let isInString = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (isInString) {
      if (character === "\\") index += 1;
      else if (character === '"') isInString = false;
    } else if (character === '"') {
      isInString = true;
    } else if (character === "{" || character === "[") {
      depth += 1;
      if (depth > maxDepth) return true;
    } else if (character === "}" || character === "]") {
      depth -= 1;
    }
  }
  return false;
}
