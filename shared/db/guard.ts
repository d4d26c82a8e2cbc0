import { type SQL, sql } from "drizzle-orm";

const STATES = {
  VALIDATION: "GU400",
  FORBIDDEN: "GU403",
  NOT_FOUND: "GU404",
  CONFLICT: "GU409",
  PRECONDITION_FAILED: "GU412",
} as const;

/**
 * A condition that must hold for the rest of the batch to happen. A guard that names a row should lock it (`for update`), so that
 * what it saw still holds when the later statements run.
 */
export interface Guard {
  condition: SQL;
  refuseWith: keyof typeof STATES;
  errorCode: string;
}

/** @returns the guards as one statement: they are judged in order and the first that does not hold ends the batch. */
export function guardStatement(guards: readonly Guard[]): SQL {
  const checks = guards.map(
    ({ condition, refuseWith, errorCode }) => sql`guilda.require((${condition}), ${STATES[refuseWith]}, ${errorCode})`,
  );
  return sql`select ${sql.join(checks, sql`, `)}`;
}
