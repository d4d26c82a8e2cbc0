import { and, eq, isNull, or, type SQL, sql } from "drizzle-orm";
import { jsonRow, type ViewRow } from "../../shared/db/json-view.ts";
import { leads } from "../../shared/db/schema/practice.ts";
import type { Actor } from "../../shared/trpc/verb-context.ts";

/** A lead as the API shows it. */
export const leadView = {
  id: leads.id,
  name: leads.name,
  email: leads.email,
  phone: leads.phone,
  occupation: leads.occupation,
  experienceYears: leads.experienceYears,
  stack: leads.stack,
  goal: leads.goal,
  mainObjection: leads.mainObjection,
  message: leads.message,
  source: leads.source,
  stage: leads.stage,
  lostReason: leads.lostReason,
  assignedTo: leads.assignedTo,
  studentId: leads.studentId,
  version: leads.version,
  createdAt: leads.createdAt,
  updatedAt: leads.updatedAt,
};

/** Sales see their own and the unassigned leads; the other roles see all. */
export function visibleLeads({ actor, mentoradoId }: { actor: Actor; mentoradoId: string }): SQL | undefined {
  const ofMentorado = eq(leads.mentoradoId, mentoradoId);
  if (actor.kind !== "member" || actor.role !== "sales") return ofMentorado;
  return and(ofMentorado, or(isNull(leads.assignedTo), eq(leads.assignedTo, actor.userId)));
}

/** Sales change only their own. */
export function writableLeads({ actor, mentoradoId }: { actor: Actor; mentoradoId: string }): SQL | undefined {
  const ofMentorado = eq(leads.mentoradoId, mentoradoId);
  if (actor.kind !== "member" || actor.role !== "sales") return ofMentorado;
  return and(ofMentorado, eq(leads.assignedTo, actor.userId));
}

/** Locks the lead for the rest of the batch. @returns whether there is such a lead. */
export function lockLead(condition: SQL | undefined): SQL {
  return sql`exists (select 1 from ${leads} where ${condition} for update)`;
}

/** The lead as a write answers it: what a read would show. */
export function leadAnswer(condition: SQL | undefined): SQL<ViewRow<typeof leadView>> {
  return sql`(select ${jsonRow(leadView)} from ${leads} where ${condition})`;
}
