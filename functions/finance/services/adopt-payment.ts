import { and, eq, sql } from "drizzle-orm";
import type { Statement } from "../../../shared/db/connect.ts";
import { charges, ledgerEntries, ledgerLines, syncConflicts } from "../../../shared/db/schema/money.ts";
import { UnavailableError } from "../../../shared/errors/app-error.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { applySnapshot, isChanged } from "../events/apply-snapshot.ts";
import { bookedCharge } from "../events/booked-charge.ts";
import { adoptionOf, type BookedCharge, isOtherAmount } from "../events/compare-payment.ts";
import type { PaymentSnapshot } from "../events/payment-snapshot.ts";
import { ledgerStatement } from "../ledger/ledger.ts";
import { type AccountAccess, openAccount, selectAccount } from "../outbound/open-account.ts";

/**
 * Lets a charge become what the provider shows of the payment that a resolved conflict names: its state, its amount, and all that moved,
 * by entries that bear the conflict as their source.
 *
 * @throws UnavailableError CHARGE_CHANGED when an event came in between: what was read is old, and is read again.
 */
export async function adoptPayment({
  ctx,
  input: { conflictId },
  access,
}: {
  ctx: JobContext;
  input: { conflictId: string };
  access: AccountAccess;
}): Promise<void> {
  const isIt = and(eq(syncConflicts.mentoradoId, ctx.mentoradoId), eq(syncConflicts.id, conflictId));
  const [[conflict], [charge], [account]] = await ctx.db.read([
    ctx.db.build
      .select({ externalId: syncConflicts.externalId, resolution: syncConflicts.resolution })
      .from(syncConflicts)
      .where(isIt),
    ctx.db.build
      .select(bookedCharge)
      .from(charges)
      .where(
        and(
          eq(charges.mentoradoId, ctx.mentoradoId),
          eq(charges.id, sql`(select ${syncConflicts.chargeId} from ${syncConflicts} where ${isIt})`),
        ),
      ),
    selectAccount(ctx),
  ]);
  if (conflict === undefined || charge === undefined) return;
  const asaas = await openAccount({ ctx, access, account });
  const payment = await asaas.getPayment(conflict.externalId);
  const source = `conflict:${conflictId}`;
  const { movements, undone } = adoptionOf({ charge, payment, by: conflictId });
  const { guards, statements } = applySnapshot({
    ctx,
    charge: eq(charges.id, charge.id),
    version: charge.version,
    report: {
      eventType: "CONFLICT_RESOLVED",
      occurredAt: ctx.now.toISOString(),
      isTruth: true,
      payment,
      movements,
      source,
    },
  });
  const terms =
    conflict.resolution === "link"
      ? [enterDebt({ ctx, charge, source })]
      : isOtherAmount({ charge, payment })
        ? changeAmount({ ctx, charge, payment, conflictId })
        : [];
  try {
    await ctx.db.write({
      guards,
      statements: [...terms, ...undone.map((names) => enterOpposite({ ctx, charge, source, names })), ...statements],
      answer: sql`null`,
    });
  } catch (error) {
    // Without the cause, which would say again that trying is of no use.
    throw isChanged(error) ? new UnavailableError(undefined, { errorCode: "CHARGE_CHANGED" }) : error;
  }
}

/** A draft owes nothing yet. */
function enterDebt({ ctx, charge, source }: { ctx: JobContext; charge: BookedCharge; source: string }): Statement {
  return ledgerStatement(ctx.db.build, {
    id: ctx.newId(),
    mentoradoId: ctx.mentoradoId,
    charge: eq(charges.id, charge.id),
    kind: "charge",
    movement: "charge",
    source,
    lines: { receivable: sql`${charges.amountCents}`, revenue: sql`-${charges.amountCents}` },
  });
}

/** What was billed more, or less. */
function changeAmount({
  ctx,
  charge,
  payment: { amountCents },
  conflictId,
}: {
  ctx: JobContext;
  charge: BookedCharge;
  payment: PaymentSnapshot;
  conflictId: string;
}): Statement[] {
  if (amountCents === null) return [];
  const more = amountCents - charge.amountCents;
  return [
    ledgerStatement(ctx.db.build, {
      id: ctx.newId(),
      mentoradoId: ctx.mentoradoId,
      charge: eq(charges.id, charge.id),
      kind: "charge",
      movement: `charge:${conflictId}`,
      source: `conflict:${conflictId}`,
      occurredAt: ctx.now.toISOString(),
      lines: { receivable: sql`${more}`, revenue: sql`${-more}` },
    }),
    ctx.db.build
      .update(charges)
      .set({ amountCents })
      .where(and(eq(charges.mentoradoId, ctx.mentoradoId), eq(charges.id, charge.id))),
  ];
}

/** What takes back a movement that the provider does not show; where no kind says so, one of its own kind. */
function enterOpposite({
  ctx,
  charge,
  source,
  names: { name, undoneAs },
}: {
  ctx: JobContext;
  charge: BookedCharge;
  source: string;
  names: { name: string; undoneAs: string };
}): Statement {
  const { id, mentoradoId, chargeId, kind, movement } = ledgerEntries;
  return ctx.db.build.execute(sql`
    select guilda.post_entry(${mentoradoId}, ${ctx.newId()}, ${chargeId},
             case ${kind} when 'receipt' then 'receipt_undone' when 'chargeback' then 'chargeback_won' else ${kind} end,
             ${undoneAs}, ${source}, null, ${ctx.now.toISOString()}::timestamptz,
             (select jsonb_object_agg(${ledgerLines.account}, -${ledgerLines.amountCents}) from ${ledgerLines}
               where ${ledgerLines.mentoradoId} = ${mentoradoId} and ${ledgerLines.entryId} = ${id}))
      from ${ledgerEntries}
     where ${and(eq(mentoradoId, ctx.mentoradoId), eq(chargeId, charge.id), eq(movement, name))}`);
}
