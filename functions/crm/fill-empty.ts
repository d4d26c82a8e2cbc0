import { type SQL, sql } from "drizzle-orm";
import { leads } from "../../shared/db/schema/practice.ts";

/** What a newcomer can tell of a lead that is there already. */
const LEARNT = {
  email: sql`coalesce(${leads.email}, excluded.email)`,
  occupation: sql`coalesce(${leads.occupation}, excluded.occupation)`,
  experienceYears: sql`coalesce(${leads.experienceYears}, excluded.experience_years)`,
  stack: sql`case when ${leads.stack} = '{}' then excluded.stack else ${leads.stack} end`,
  goal: sql`coalesce(${leads.goal}, excluded.goal)`,
  mainObjection: sql`coalesce(${leads.mainObjection}, excluded.main_objection)`,
  message: sql`coalesce(${leads.message}, excluded.message)`,
};

/**
 * For `onConflictDoUpdate` of a lead whose telephone number is known: what it knows stays, what was empty is filled in. A lead that
 * learns nothing stays as it is, version and all.
 *
 * @param also further columns that a newcomer may change.
 */
export function fillEmpty(also: { consentGranted?: SQL; consentTextVersion?: SQL } = {}) {
  const learnt: Record<string, SQL> = { ...LEARNT, ...also };
  const known = Object.keys(learnt).map((name) => sql`${leads[name as keyof typeof LEARNT]}`);
  return {
    target: [leads.mentoradoId, leads.phoneKey],
    set: { ...learnt, version: sql`${leads.version} + 1`, updatedAt: sql`now()` },
    setWhere: sql`(${sql.join(known, sql`, `)}) is distinct from (${sql.join(Object.values(learnt), sql`, `)})`,
  };
}
