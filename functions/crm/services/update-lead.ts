import { and, eq, sql } from "drizzle-orm";
import { leads } from "../../../shared/db/schema/practice.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { leadAnswer, lockLead, writableLeads } from "../lead-view.ts";
import type { UpdateLeadInput } from "../schemas.ts";

/** @throws NotFoundError LEAD_NOT_FOUND; ConflictError STALE_VERSION when someone changed it since; ALREADY_EXISTS when another lead has the number. */
export function updateLead({ ctx, input }: { ctx: VerbContext; input: UpdateLeadInput }) {
  const { phone, ...patch } = input.patch;
  const isIt = and(writableLeads(ctx), eq(leads.id, input.id));
  return ctx.db.write({
    guards: [
      { condition: lockLead(isIt), refuseWith: "NOT_FOUND", errorCode: "LEAD_NOT_FOUND" },
      { condition: lockLead(and(isIt, eq(leads.version, input.version))), refuseWith: "CONFLICT", errorCode: "STALE_VERSION" },
    ],
    statements: [
      ctx.db.build
        .update(leads)
        .set({
          ...patch,
          ...(phone === undefined ? {} : { phone: phone.e164, phoneKey: phone.key }),
          version: sql`${leads.version} + 1`,
          updatedAt: sql`now()`,
        })
        .where(isIt),
    ],
    answer: leadAnswer(isIt),
  });
}
