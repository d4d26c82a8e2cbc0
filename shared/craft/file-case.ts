/** The cases that the name of a file may have, in the order in which they are tried. */
export const FILE_CASES = ["kebab-case", "snake_case", "camelCase", "PascalCase"] as const;
export type FileCase = (typeof FILE_CASES)[number];

const SHAPES: Readonly<Record<FileCase, RegExp>> = {
  "kebab-case": /^[a-z0-9]+(?:-[a-z0-9]+)+$/,
  snake_case: /^[a-z0-9]+(?:_[a-z0-9]+)+$/,
  camelCase: /^[a-z][a-z0-9]*[A-Z][A-Za-z0-9]*$/,
  PascalCase: /^[A-Z][A-Za-z0-9]*$/,
};
/** One word, a name that shouts as README does, or the syntax of a router: `[id]`, `$id`, `(group)`, `+page`. */
const NEUTRAL = /^[a-z0-9]*$|^[A-Z0-9_-]+$|[^\w-]/;

/** The case of the name of a file or folder up to its first dot; undefined when it fits several. */
export function fileCase(name: string): FileCase | "mixed case" | undefined {
  const plain = name.replace(/^[_.]+|_+$/g, "");
  if (NEUTRAL.test(plain)) return undefined;
  return FILE_CASES.find((each) => SHAPES[each].test(plain)) ?? "mixed case";
}
