const COLUMN = String.raw`(?:"?\w+"?\.)?"?mentorado_id"?`;

/**
 * What ties a statement to one mentorado, or a person to their own rows: a comparison with a parameter, with the mentorado of a joined
 * row, or with the setting of the batch.
 */
const PREDICATE = new RegExp(
  String.raw`${COLUMN} = (?:guilda\.mentorado_id\(\)|(?<parameter>\$\d+)|${COLUMN})|(?:"memberships"\."user_id"|"users"\."id"|"mentorados"\."id") = (?<person>\$\d+)`,
  "g",
);

/** A statement with one of its predicates taken out. */
export interface Mutant {
  statement: string;
  predicate: string;
  /** The predicate is true for every row; its parameter is still there, because one is sent. */
  mutated: string;
}

/** @returns one mutant for each predicate of each statement. */
export function mutantsOf(statements: readonly string[]): Mutant[] {
  return statements.flatMap((statement) =>
    [...statement.matchAll(PREDICATE)].map((match) => {
      const end = match.index + match[0].length;
      return {
        statement,
        predicate: match[0],
        mutated: `${statement.slice(0, match.index)}${alwaysTrue(match.groups)}${statement.slice(end)}`,
      };
    }),
  );
}

/** @returns the statement with all of its predicates taken out. */
export function withoutPredicates(statement: string): string {
  return statement.replace(PREDICATE, (...match) => alwaysTrue(match.at(-1) as Record<string, string | undefined>));
}

function alwaysTrue(groups: Record<string, string | undefined> = {}): string {
  const parameter = groups.parameter ?? groups.person;
  return parameter === undefined ? "true" : `(${parameter}::uuid is not null)`;
}
