import { type SQL, sql } from "drizzle-orm";
import { mentorados } from "../../../shared/db/schema/tenancy.ts";

/** The provider's own calendar. */
const PROVIDER_TIME_ZONE = "America/Sao_Paulo";

/** The date that it is in the mentorado's own calendar, by the database's clock. */
export function localToday(mentoradoId: string): SQL<string> {
  return sql<string>`(select (now() at time zone m.timezone)::date from ${mentorados} m where m.id = ${mentoradoId})`;
}

/** The provider refuses due dates that have passed, by its own calendar; by the mentorado's, such a charge would be born overdue. */
export function earliestDueDate(mentoradoId: string): SQL<string> {
  return sql<string>`greatest(${localToday(mentoradoId)}, (now() at time zone ${PROVIDER_TIME_ZONE})::date)`;
}
