/**
 * One decision that the author of a file took where there were alternatives: a denominator for adoption. All facts of one slot are
 * opportunities of the same decision; the value says which alternative was taken. A slot may name its subject after a colon, as in
 * `import-form:zod`. Slots with `~` before their name are no decisions but an inventory, which checkers are evaluated on: `~import` by
 * specifier, `~call` by callee.
 */
export interface Fact {
  slot: string;
  value: string;
  /** From 1, of the first token of the construct. */
  line: number;
  /** From 1, of its last token. */
  endLine: number;
}

/** The facts of a file as they are stored: by slot, by value, how often it occurs, and the place that stands for them in the file. */
export type FactTallies = Readonly<
  Record<string, Readonly<Record<string, readonly [occurrences: number, line: number, endLine: number]>>>
>;
