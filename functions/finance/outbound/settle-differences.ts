import { and, eq, inArray, or, type SQL, sql } from "drizzle-orm";
import type { Write } from "../../../shared/db/database.ts";
import type { Guard } from "../../../shared/db/guard.ts";
import { charges } from "../../../shared/db/schema/money.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { ProviderError } from "../../../shared/outbound/provider-error.ts";
import { adoptCharge } from "../events/adopt-charge.ts";
import { applySnapshot, isChanged } from "../events/apply-snapshot.ts";
import { bookedCharge } from "../events/booked-charge.ts";
import { type BookedCharge, type Comparison, comparePayment } from "../events/compare-payment.ts";
import type { Movement } from "../events/movements.ts";
import { type NewConflict, noteConflict, settleConflicts } from "../events/note-conflict.ts";
import type { Asaas, AsaasPayment } from "./asaas.ts";

/** Payments of one page: the most that the provider gives. */
export const PAGE = 100;

/** What a run has come across so far. */
export interface Counts {
  compared: number;
  repaired: number;
  conflicts: number;
}

type Booked = BookedCharge & { externalId: string | null; dueDate: string; version: number; isInConflict: boolean };

interface Page {
  dueDateFrom: string;
  dueDateTo: string;
  offset: number;
}

/**
 * Compares a page of the provider's list with our books and settles what differs.
 *
 * The list is older than the rows that it is compared with: an event may have come in between, and what differs then is only late. So
 * where something differs, the page is read once more, and what is done about it is done to the charge as it was read before that.
 *
 * @returns the ids of our charges that the page shows.
 */
export async function comparePage({
  ctx,
  asaas,
  page,
  counts,
}: {
  ctx: JobContext;
  asaas: Asaas;
  page: Page;
  counts: Counts;
}): Promise<{ seen: string[]; hasMore: boolean }> {
  const first = await listPage(asaas, page);
  const booked = await findBooked({ ctx, payments: first.items });
  counts.compared += first.items.length;
  const isSettled = (payment: AsaasPayment) => {
    const charge = chargeOf(booked, payment);
    return charge !== undefined && !charge.isInConflict && compare(charge, payment).kind === "same";
  };
  const differing = new Set(first.items.filter((payment) => !isSettled(payment)).map(({ id }) => id));
  const again = differing.size === 0 ? [] : (await listPage(asaas, page)).items;
  for (const payment of again.filter(({ id }) => differing.has(id))) {
    const charge = chargeOf(booked, payment);
    if (charge !== undefined) await settle({ ctx, charge, payment, counts });
    else await settleUnknown({ ctx, payment, counts, claimed: booked.find(({ id }) => id === payment.externalReference) });
  }
  return { seen: first.items.flatMap((payment) => chargeOf(booked, payment)?.id ?? []), hasMore: first.hasMore };
}

/** Compares a charge that the list lacks: its payment was removed, or moved to another due date, or is not there at all. */
export async function compareUnseen({
  ctx,
  asaas,
  id,
  counts,
}: {
  ctx: JobContext;
  asaas: Asaas;
  id: string;
  counts: Counts;
}): Promise<void> {
  const [[charge]] = await ctx.db.read([
    ctx.db.build
      .select(bookedCharge)
      .from(charges)
      .where(and(eq(charges.mentoradoId, ctx.mentoradoId), eq(charges.id, id))),
  ]);
  if (charge === undefined || charge.externalId === null) return;
  counts.compared += 1;
  const payment = await findPayment(asaas, charge.externalId);
  if (payment !== undefined) return settle({ ctx, charge, payment, counts });
  await leaveToPeople({ ctx, counts, conflict: { kind: "missing_payment", externalId: charge.externalId, charge }, charge });
}

/** Compared again here: had the filter been ignored, a page would be of other due dates. */
async function listPage(asaas: Asaas, page: Page): Promise<{ items: AsaasPayment[]; hasMore: boolean }> {
  const { items, hasMore } = await asaas.listPayments({ ...page, limit: PAGE });
  return { items: items.filter(({ dueDate }) => dueDate >= page.dueDateFrom && dueDate <= page.dueDateTo), hasMore };
}

async function findPayment(asaas: Asaas, id: string): Promise<AsaasPayment | undefined> {
  try {
    return await asaas.getPayment(id);
  } catch (error) {
    if (error instanceof ProviderError && error.providerStatus === 404) return undefined;
    throw error;
  }
}

/** The charges that payments name: by the provider's id, or by ours, which was written before the payment was made. */
async function findBooked({ ctx, payments }: { ctx: JobContext; payments: readonly AsaasPayment[] }): Promise<Booked[]> {
  if (payments.length === 0) return [];
  const references = payments.flatMap(({ externalReference }) => externalReference ?? []);
  const [rows] = await ctx.db.read([
    ctx.db.build
      .select(bookedCharge)
      .from(charges)
      .where(
        and(
          eq(charges.mentoradoId, ctx.mentoradoId),
          or(
            inArray(
              charges.externalId,
              payments.map(({ id }) => id),
            ),
            references.length === 0 ? undefined : inArray(sql`${charges.id}::text`, references),
          ),
        ),
      ),
  ]);
  return rows;
}

/** A second payment with the reference of a charge that has one already is not that charge's. */
function chargeOf(booked: readonly Booked[], { id, externalReference }: AsaasPayment): Booked | undefined {
  return (
    booked.find(({ externalId }) => externalId === id) ??
    booked.find((charge) => charge.externalId === null && charge.id === externalReference)
  );
}

function compare(charge: Booked, payment: AsaasPayment): Comparison {
  const comparison = comparePayment({ charge, payment });
  const isMoved = comparison.kind === "same" && payment.dueDate !== charge.dueDate;
  return isMoved ? { kind: "repair", movements: [] } : comparison;
}

async function settle({
  ctx,
  charge,
  payment,
  counts,
}: {
  ctx: JobContext;
  charge: Booked;
  payment: AsaasPayment;
  counts: Counts;
}): Promise<void> {
  const comparison = compare(charge, payment);
  switch (comparison.kind) {
    case "same":
      if (charge.isInConflict) await closeConflicts({ ctx, charge, payment });
      return;
    case "repair":
      return repair({
        ctx,
        charge: eq(charges.id, charge.id),
        version: charge.version,
        payment,
        movements: comparison.movements,
        counts,
      });
    case "conflict": {
      const conflict = { kind: comparison.about, externalId: payment.id, charge, payment };
      return leaveToPeople({ ctx, counts, conflict, charge });
    }
  }
}

async function repair({
  ctx,
  charge,
  version,
  payment,
  movements,
  counts,
}: {
  ctx: JobContext;
  charge: SQL;
  version?: number;
  payment: AsaasPayment;
  movements: readonly Movement[];
  counts: Counts;
}): Promise<void> {
  const report = {
    eventType: "RECONCILIATION",
    occurredAt: ctx.now.toISOString(),
    isTruth: true,
    payment,
    movements,
    source: `api:${payment.id}`,
  };
  const { guards, statements } = applySnapshot({ ctx, charge, version, report });
  const settled = settleConflicts({ ctx, externalId: payment.id });
  if (await isWritten(ctx, { guards, statements: [...statements, settled] })) counts.repaired += 1;
}

/** The difference went away by itself: an event came late, or a person acted at the provider. */
async function closeConflicts({
  ctx,
  charge,
  payment,
}: {
  ctx: JobContext;
  charge: Booked;
  payment: AsaasPayment;
}): Promise<void> {
  await isWritten(ctx, { guards: [isAsRead(ctx, charge)], statements: [settleConflicts({ ctx, externalId: payment.id })] });
}

/** @param claimed our charge that the payment names, though that one has another payment. */
async function settleUnknown({
  ctx,
  payment,
  counts,
  claimed,
}: {
  ctx: JobContext;
  payment: AsaasPayment;
  counts: Counts;
  claimed: Booked | undefined;
}): Promise<void> {
  if (await adoptCharge(ctx, payment)) {
    const charge = chargeOf(await findBooked({ ctx, payments: [payment] }), payment);
    if (charge !== undefined) await settle({ ctx, charge, payment, counts });
    return;
  }
  await leaveToPeople({ ctx, counts, conflict: { kind: "unknown_payment", externalId: payment.id, charge: claimed, payment } });
}

async function leaveToPeople({
  ctx,
  conflict,
  charge,
  counts,
}: {
  ctx: JobContext;
  conflict: NewConflict;
  /** As it was compared. */
  charge?: Booked;
  counts: Counts;
}): Promise<void> {
  const isNoted = await isWritten(ctx, {
    guards: charge === undefined ? [] : [isAsRead(ctx, charge)],
    statements: [
      settleConflicts({ ctx, externalId: conflict.externalId, but: conflict.kind }),
      noteConflict({ ctx, conflict, isLatest: true }),
    ],
  });
  if (isNoted) counts.conflicts += 1;
}

function isAsRead(ctx: JobContext, { id, version }: Booked): Guard {
  const isIt = and(eq(charges.mentoradoId, ctx.mentoradoId), eq(charges.id, id), eq(charges.version, version));
  return {
    condition: sql`exists (select 1 from ${charges} where ${isIt} for update)`,
    refuseWith: "CONFLICT",
    errorCode: "CHARGE_CHANGED",
  };
}

/** Whether it was done; not when an event has moved the charge since it was read: the next run looks again. */
async function isWritten(ctx: JobContext, write: Pick<Write<null>, "guards" | "statements">): Promise<boolean> {
  try {
    await ctx.db.checkpoint({ ...write, answer: sql`null` });
    return true;
  } catch (error) {
    if (isChanged(error)) return false;
    throw error;
  }
}
