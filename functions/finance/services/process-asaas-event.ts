import { and, eq, inArray, lt, or, sql } from "drizzle-orm";
import { charges, subscriptions } from "../../../shared/db/schema/money.ts";
import { webhookEvents } from "../../../shared/db/schema/work.ts";
import { AppError, NotFoundError, UnavailableError } from "../../../shared/errors/app-error.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { toChargeStatus } from "../charges/charge-status.ts";
import { adoptCharge } from "../events/adopt-charge.ts";
import { applySnapshot, isChanged, type Report, refersTo } from "../events/apply-snapshot.ts";
import { type AsaasEvent, asaasEvent } from "../events/asaas-event.ts";
import { readSaoPauloTime } from "../events/asaas-reading.ts";
import { toSubscriptionStatus } from "../events/asaas-words.ts";
import { movementsOfEvent } from "../events/movements.ts";
import { noteConflict } from "../events/note-conflict.ts";
import type { PaymentSnapshot } from "../events/payment-snapshot.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export interface ProcessEventDependencies {
  /** Reads a payment from the API of the mentorado's account. */
  readPayment: (input: { ctx: JobContext; id: string }) => Promise<PaymentSnapshot>;
}

/**
 * What an event of Asaas does to the charge or subscription that it is about. Duplicates, late events and events in any order leave the
 * same rows as the orderly ones. Where only the provider can tell which of two events is the later one, it is asked. An event about a
 * payment that is not ours is parked as a conflict, for a person to decide.
 */
export async function processAsaasEvent({
  ctx,
  input,
  dependencies,
}: {
  ctx: JobContext;
  input: { eventId: string };
  dependencies: ProcessEventDependencies;
}): Promise<void> {
  const [[event]] = await ctx.db.read([
    ctx.db.build
      .select({ raw: webhookEvents.raw, receivedAt: webhookEvents.receivedAt })
      .from(webhookEvents)
      .where(and(eq(webhookEvents.mentoradoId, ctx.mentoradoId), eq(webhookEvents.id, input.eventId))),
  ]);
  if (event === undefined) throw new NotFoundError(undefined, { errorCode: "EVENT_NOT_FOUND" });
  const { id, event: eventType, payment, subscription, dateCreated } = parse(event.raw);
  const occurredAt = readSaoPauloTime(dateCreated) ?? event.receivedAt;
  if (payment !== undefined) {
    await applyPayment({
      ctx,
      dependencies,
      report: {
        eventId: input.eventId,
        eventType,
        occurredAt,
        isTruth: false,
        payment,
        movements: movementsOfEvent({ eventId: id, eventType, payment }),
        source: `asaas:${id}`,
      },
    });
  } else if (subscription !== undefined) {
    await applySubscription({ ctx, occurredAt, subscription });
  }
  // Of anything else the inbox keeps the event, and there is nothing to do.
}

function parse(raw: Uint8Array): AsaasEvent {
  try {
    return asaasEvent.parse(JSON.parse(new TextDecoder().decode(raw)));
  } catch {
    throw new AppError("VALIDATION", "The event is not readable", { errorCode: "EVENT_UNREADABLE" });
  }
}

async function applyPayment({
  ctx,
  dependencies,
  report,
}: {
  ctx: JobContext;
  dependencies: ProcessEventDependencies;
  report: Report;
}): Promise<void> {
  const { payment } = report;
  if (toChargeStatus({ status: payment.status, deleted: payment.isDeleted }) === undefined)
    ctx.log.write("error", "asaas.unknown_status", { provider: "asaas", externalId: payment.id });
  switch (await tryToApply(ctx, report)) {
    case "applied":
      return;
    case "REPORT_IN_DOUBT":
      return await applyTruth({ ctx, dependencies, report });
    case "CHARGE_UNKNOWN":
      if (await adoptCharge(ctx, payment)) await applyPayment({ ctx, dependencies, report });
      else await park(ctx, report);
  }
}

/** @throws UnavailableError CHARGE_CHANGED when another event was applied while the provider was asked: it is asked again. */
async function applyTruth({
  ctx,
  dependencies,
  report,
}: {
  ctx: JobContext;
  dependencies: ProcessEventDependencies;
  report: Report;
}): Promise<void> {
  const { payment } = report;
  const charge = refersTo(payment);
  const [[row]] = await ctx.db.read([
    ctx.db.build
      .select({ version: charges.version })
      .from(charges)
      .where(and(eq(charges.mentoradoId, ctx.mentoradoId), charge)),
  ]);
  const truth = await dependencies.readPayment({ ctx, id: payment.id });
  const snapshot = applySnapshot({
    ctx,
    charge,
    version: row?.version,
    report: { ...report, isTruth: true, payment: truth, moved: payment },
  });
  try {
    await ctx.db.write({ ...snapshot, answer: sql`null` });
  } catch (error) {
    // Without the cause, which would say again that trying is of no use.
    throw isChanged(error) ? new UnavailableError(undefined, { errorCode: "CHARGE_CHANGED" }) : error;
  }
}

async function tryToApply(ctx: JobContext, report: Report): Promise<"applied" | "REPORT_IN_DOUBT" | "CHARGE_UNKNOWN"> {
  try {
    await ctx.db.write({ ...applySnapshot({ ctx, charge: refersTo(report.payment), report }), answer: sql`null` });
    return "applied";
  } catch (error) {
    if (error instanceof AppError && (error.errorCode === "REPORT_IN_DOUBT" || error.errorCode === "CHARGE_UNKNOWN"))
      return error.errorCode;
    throw error;
  }
}

/** A payment that was made by hand at the provider, or for somebody else's books. */
async function park(ctx: JobContext, { payment }: Report): Promise<void> {
  ctx.log.write("warn", "asaas.payment_parked", { provider: "asaas", externalId: payment.id });
  const conflict = { kind: "unknown_payment", externalId: payment.id, payment } as const;
  await ctx.db.write({ statements: [noteConflict({ ctx, conflict, isLatest: false })], answer: sql`null` });
}

/** The latest event says what a subscription is. */
async function applySubscription({
  ctx,
  occurredAt,
  subscription,
}: {
  ctx: JobContext;
  occurredAt: string;
  subscription: NonNullable<AsaasEvent["subscription"]>;
}): Promise<void> {
  const status = toSubscriptionStatus(subscription);
  if (status === undefined) return;
  const { externalReference } = subscription;
  const isOurs = externalReference != null && UUID.test(externalReference);
  await ctx.db.write({
    statements: [
      ctx.db.build
        .update(subscriptions)
        .set({
          status,
          externalId: subscription.id,
          nextDueDate: sql`coalesce(${subscription.nextDueDate}::date, ${subscriptions.nextDueDate})`,
          statusAt: occurredAt,
          version: sql`${subscriptions.version} + 1`,
          updatedAt: sql`now()`,
        })
        .where(
          and(
            eq(subscriptions.mentoradoId, ctx.mentoradoId),
            isOurs ? eq(subscriptions.id, externalReference) : eq(subscriptions.externalId, subscription.id),
            // Within one second an end stands above what is not one.
            or(
              sql`${subscriptions.statusAt} is null`,
              lt(subscriptions.statusAt, occurredAt),
              and(eq(subscriptions.statusAt, occurredAt), sql`${status === "cancelled" || status === "expired"}`),
            ),
            inArray(subscriptions.status, ["draft", "active", "inactive", "expired"]),
          ),
        ),
    ],
    answer: sql`null`,
  });
}
