import { and, eq, isNull, type SQL, sql } from "drizzle-orm";
import type { Statement } from "../../../shared/db/connect.ts";
import { type Guard, guardStatement } from "../../../shared/db/guard.ts";
import { jsonRow, type ViewRow } from "../../../shared/db/json-view.ts";
import { charges, syncConflicts } from "../../../shared/db/schema/money.ts";
import { effects } from "../../../shared/db/schema/work.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { PAYMENT_EFFECT } from "../charges/made-payment.ts";
import { conflictView } from "../events/conflict-view.ts";
import type { ResolveConflictInput } from "../events/sync-schemas.ts";

/**
 * A person's decision on a conflict. `link` names the charge that an unknown payment pays, and `keep_remote` lets the charge become what
 * the provider shows; either is then done by a job, which reads the payment from the provider. The others only close the conflict.
 *
 * The draft that a payment is linked to is made by it: whatever job was to make it finds that it is made.
 *
 * @throws NotFoundError CONFLICT_NOT_FOUND, CHARGE_NOT_FOUND; ConflictError STALE_VERSION, CONFLICT_CLOSED, CHARGE_ALREADY_LINKED,
 * CHARGE_CANCELLED, CHARGE_BEING_MADE while its own payment may be there already; AppError RESOLUTION_UNFIT for `link` of anything but an unknown payment, and `keep_remote` of one.
 */
export function resolveConflict({ ctx, input }: { ctx: VerbContext; input: ResolveConflictInput }) {
  const { build } = ctx.db;
  const { mentoradoId } = ctx;
  const isIt = and(eq(syncConflicts.mentoradoId, mentoradoId), eq(syncConflicts.id, input.id));
  const exists = (condition: typeof isIt) => sql`exists (select 1 from ${syncConflicts} where ${condition} for update)`;
  const fits =
    input.resolution === "link"
      ? and(isIt, eq(syncConflicts.kind, "unknown_payment"))
      : input.resolution === "keep_remote"
        ? and(isIt, sql`${syncConflicts.kind} in ('amount', 'status')`)
        : isIt;
  const link = input.resolution === "link" ? linkOf({ ctx, chargeId: input.chargeId }) : undefined;
  const externalId = sql<string>`(select ${syncConflicts.externalId} from ${syncConflicts} where ${isIt})`;
  return ctx.db.write<ViewRow<typeof conflictView>>({
    guards: [
      { condition: exists(isIt), refuseWith: "NOT_FOUND", errorCode: "CONFLICT_NOT_FOUND" },
      {
        condition: exists(and(isIt, eq(syncConflicts.version, input.version))),
        refuseWith: "CONFLICT",
        errorCode: "STALE_VERSION",
      },
      { condition: exists(and(isIt, eq(syncConflicts.status, "pending"))), refuseWith: "CONFLICT", errorCode: "CONFLICT_CLOSED" },
      { condition: exists(fits), refuseWith: "PRECONDITION_FAILED", errorCode: "RESOLUTION_UNFIT" },
      ...(link?.guards ?? []),
    ],
    statements: [
      ...(link?.settle({ externalId, conflictId: input.id }) ?? []),
      build
        .update(syncConflicts)
        .set({
          status: input.resolution === "ignore" ? "ignored" : "resolved",
          resolution: input.resolution,
          ...(input.resolution === "link" ? { chargeId: input.chargeId } : {}),
          resolvedBy: sql`guilda.actor_id()`,
          resolvedAt: sql`now()`,
          version: sql`${syncConflicts.version} + 1`,
        })
        .where(isIt),
    ],
    jobs:
      input.resolution === "link" || input.resolution === "keep_remote"
        ? [{ name: "finance.adopt-payment", payload: { conflictId: input.id }, dedupKey: input.id }]
        : [],
    answer: sql`(select ${jsonRow(conflictView)} from ${syncConflicts} where ${isIt})`,
  });
}

function linkOf({ ctx, chargeId }: { ctx: VerbContext; chargeId: string }) {
  const isIt = and(eq(charges.mentoradoId, ctx.mentoradoId), eq(charges.id, chargeId));
  const exists = (condition: typeof isIt) => sql`exists (select 1 from ${charges} where ${condition} for update)`;
  const guards: Guard[] = [
    { condition: exists(isIt), refuseWith: "NOT_FOUND", errorCode: "CHARGE_NOT_FOUND" },
    { condition: exists(and(isIt, isNull(charges.externalId))), refuseWith: "CONFLICT", errorCode: "CHARGE_ALREADY_LINKED" },
    { condition: exists(and(isIt, eq(charges.status, "draft"))), refuseWith: "CONFLICT", errorCode: "CHARGE_CANCELLED" },
  ];
  return {
    guards,
    /** From here on the charge has a payment: the effect that would make one has come to this. */
    settle: ({ externalId, conflictId }: { externalId: SQL<string>; conflictId: string }): Statement[] => {
      const key = `${PAYMENT_EFFECT}${chargeId}`;
      const made = sql`(select jsonb_build_object('id', ${externalId}, 'status', 'PENDING', 'netCents', null, 'dueDate', ${charges.dueDate},
        'invoiceUrl', null, 'boletoUrl', null) from ${charges} where ${isIt})`;
      const isSettled = sql`exists (select 1 from ${effects} where ${and(
        eq(effects.mentoradoId, ctx.mentoradoId),
        eq(effects.key, key),
        eq(effects.state, "confirmed"),
      )} and ${effects.response} ->> 'id' = ${externalId})`;
      return [
        ctx.db.build
          .insert(effects)
          .values({ mentoradoId: ctx.mentoradoId, key, state: "confirmed", jobId: conflictId, response: made })
          .onConflictDoNothing(),
        // Judged after it is written: a job that is making the payment may have been first.
        ctx.db.build.execute(guardStatement([{ condition: isSettled, refuseWith: "CONFLICT", errorCode: "CHARGE_BEING_MADE" }])),
        ctx.db.build
          .update(charges)
          .set({ externalId, version: sql`${charges.version} + 1`, updatedAt: sql`now()` })
          .where(isIt),
      ];
    },
  };
}
