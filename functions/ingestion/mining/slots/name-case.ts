const SHAPES: readonly [name: string, shape: RegExp][] = [
  ["camelCase", /^[a-z][a-z0-9]*(?:[A-Z][A-Za-z0-9]*)+$/],
  ["PascalCase", /^[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*$/],
  ["UPPER_CASE", /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/],
  ["snake_case", /^[a-z][a-z0-9]*(?:_[a-z0-9]+)+$/],
];
/** One lower-case word, or capitals without a divider such as `URL`, fit several cases. */
const NEUTRAL = /^(?:[a-z0-9]*|[A-Z0-9]*)$/;

/** The case of a name without the underscores and dollars around it; undefined when the name fits several. */
export function nameCase(name: string): string | undefined {
  const plain = name.replace(/^[_$#]+|[_$]+$/g, "");
  if (NEUTRAL.test(plain)) return undefined;
  return SHAPES.find(([, shape]) => shape.test(plain))?.[0] ?? "mixed case";
}
