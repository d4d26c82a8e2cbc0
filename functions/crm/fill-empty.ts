import { sql } from "drizzle-orm";
import { leads } from "../../shared/db/schema/practice.ts";

/** For `on conflict do update` of a lead: what it knows stays, what was empty is filled in. */
export const fillEmpty = {
  email: sql`coalesce(${leads.email}, excluded.email)`,
  occupation: sql`coalesce(${leads.occupation}, excluded.occupation)`,
  goal: sql`coalesce(${leads.goal}, excluded.goal)`,
  message: sql`coalesce(${leads.message}, excluded.message)`,
};
