import { and, eq, notInArray, sql } from "drizzle-orm";
import type { Statement } from "../../../shared/db/connect.ts";
import { syncConflicts } from "../../../shared/db/schema/money.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import type { BookedCharge } from "./compare-payment.ts";
import type { PaymentSnapshot } from "./payment-snapshot.ts";

export interface NewConflict {
  kind: (typeof syncConflicts.$inferSelect)["kind"];
  /** The provider's id of the payment. */
  externalId: string;
  charge?: BookedCharge | undefined;
  payment?: PaymentSnapshot;
}

/**
 * The statement that leaves a difference to people: one pending conflict for a payment and a kind, however often it is seen. What they
 * have decided to leave as it is does not come back: a payment that is not ours never, another difference once either side changes.
 *
 * @param isLatest whether the provider's side is how it is now; an event may be an old one, and changes no conflict that is there.
 */
export function noteConflict({
  ctx,
  conflict: { kind, externalId, charge, payment },
  isLatest,
}: {
  ctx: Pick<VerbContext, "db" | "mentoradoId" | "newId">;
  conflict: NewConflict;
  isLatest: boolean;
}): Statement {
  const { mentoradoId } = ctx;
  const local = sql`${charge === undefined ? null : JSON.stringify(ourSide(charge))}::jsonb`;
  const remote = sql`${payment === undefined ? null : JSON.stringify(theirSide(payment))}::jsonb`;
  return ctx.db.build.execute(sql`
    insert into ${syncConflicts} as c (mentorado_id, id, kind, external_id, charge_id, local, remote)
    select ${mentoradoId}::uuid, ${ctx.newId()}::uuid, ${kind}, ${externalId}, ${charge?.id ?? null}::uuid, ${local}, ${remote}
     where not exists (select 1 from sync_conflicts k
       where k.mentorado_id = ${mentoradoId} and k.external_id = ${externalId} and k.kind = ${kind} and k.resolution in ('keep_local', 'ignore')
         and (k.kind = 'unknown_payment' or (k.local is not distinct from ${local} and k.remote is not distinct from ${remote})))
    on conflict (mentorado_id, external_id, kind) where status = 'pending' do update
       set seen_at = now(), ${isLatest ? sql`local = excluded.local, remote = excluded.remote` : sql`remote = c.remote`}`);
}

/**
 * The statement that closes what is pending about a payment of ours and no longer so.
 *
 * @param but the difference that there is now, if any.
 */
export function settleConflicts({
  ctx,
  externalId,
  but,
}: {
  ctx: Pick<VerbContext, "db" | "mentoradoId">;
  externalId: string;
  but?: NewConflict["kind"];
}): Statement {
  return ctx.db.build
    .update(syncConflicts)
    .set({ status: "resolved", resolution: "settled", resolvedAt: sql`now()`, version: sql`${syncConflicts.version} + 1` })
    .where(
      and(
        eq(syncConflicts.mentoradoId, ctx.mentoradoId),
        eq(syncConflicts.externalId, externalId),
        eq(syncConflicts.status, "pending"),
        notInArray(syncConflicts.kind, but === undefined ? ["unknown_payment"] : ["unknown_payment", but]),
      ),
    );
}

function ourSide({ status, amountCents }: BookedCharge) {
  return { status, amountCents };
}

/** Asaas keeps the status of a payment that was removed. */
function theirSide({ status, amountCents, dueDate, externalReference, isDeleted }: PaymentSnapshot) {
  return { status, amountCents, dueDate, externalReference, ...(isDeleted ? { isDeleted } : {}) };
}
