import type { ConventionKind } from "./describe-convention.ts";

/** How the conventions of one slot are put into words. `{value}` stands for the value's phrase and `{subject}` for what the slot names. */
export interface SlotWords {
  kind: ConventionKind;
  name: string;
  /** What an opportunity is. */
  counted: string;
  /** The phrase of each value; a value without one stands for itself. */
  values?: Readonly<Record<string, string>>;
  /** The values that the language, or the lack of a second thought, makes anyone write. */
  usual?: RegExp;
}

export const CASES = "Names that fit several cases, such as one lower-case word, do not count.";
