import { and, eq, sql } from "drizzle-orm";
import { jsonRow } from "../../../shared/db/json-view.ts";
import { leads } from "../../../shared/db/schema/practice.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { fillEmpty } from "../fill-empty.ts";
import type { CreateLeadInput } from "../schemas.ts";

/**
 * A telephone number that the mentorado already knows leads to the lead that has it: nothing of it is overwritten, only what was
 * empty is filled in.
 *
 * @returns its id, and whether it is new.
 */
export function createLead({
  ctx,
  input,
}: {
  ctx: VerbContext;
  input: CreateLeadInput;
}): Promise<{ id: string; created: boolean }> {
  const { build } = ctx.db;
  const id = ctx.newId();
  const { phone, ...profile } = input;
  const assignedTo = ctx.actor.kind === "member" && ctx.actor.role === "sales" ? ctx.actor.userId : null;
  const isIt = phone === undefined ? eq(leads.id, id) : eq(leads.phoneKey, phone.key);
  return ctx.db.write({
    statements: [
      build
        .insert(leads)
        .values({ ...profile, mentoradoId: ctx.mentoradoId, id, assignedTo, phone: phone?.e164, phoneKey: phone?.key })
        .onConflictDoUpdate(fillEmpty()),
    ],
    answer: sql`(select ${jsonRow({ id: leads.id, created: sql<boolean>`${leads.id} = ${id}` })} from ${leads} where ${and(eq(leads.mentoradoId, ctx.mentoradoId), isIt)})`,
  });
}
