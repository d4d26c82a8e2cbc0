import { and, eq, inArray, lte, or, type SQL, sql } from "drizzle-orm";
import { type ChargeStatus, chargeEvents, charges } from "../../../shared/db/schema/money.ts";
import { webhookEvents } from "../../../shared/db/schema/work.ts";
import { AppError, NotFoundError, UnavailableError } from "../../../shared/errors/app-error.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { downwardFrom, STATUS_RANK, toChargeStatus } from "../charge-status.ts";
import { ledgerStatement } from "../ledger.ts";
import { centsFromReais } from "../outbound/reais.ts";
import { type AsaasEvent, asaasEvent } from "../schemas.ts";

const UNKNOWN_CHARGE_RETRY_MS = 30_000;

type Payment = NonNullable<AsaasEvent["payment"]>;

/**
 * What an event of Asaas does to the charge it is about: the charge becomes what the latest event says, the money that arrived is
 * entered once. Duplicates, late events and events in any order leave the same rows as the orderly ones.
 *
 * @throws UnavailableError CHARGE_UNKNOWN for a payment that has no charge (yet): tried again, and dead in the end, where people see it.
 */
export async function processAsaasEvent({ ctx, input }: { ctx: JobContext; input: { eventId: string } }): Promise<void> {
  const [[event]] = await ctx.db.read([
    ctx.db.build
      .select({ raw: webhookEvents.raw, receivedAt: webhookEvents.receivedAt })
      .from(webhookEvents)
      .where(and(eq(webhookEvents.mentoradoId, ctx.mentoradoId), eq(webhookEvents.id, input.eventId))),
  ]);
  if (event === undefined) throw new NotFoundError(undefined, { errorCode: "EVENT_NOT_FOUND" });
  const { event: eventType, payment, dateCreated } = parse(event.raw);
  // Not about a payment: stored in the inbox, and nothing to do.
  if (payment === undefined) return;
  const occurredAt = readSaoPauloTime(dateCreated) ?? event.receivedAt;
  try {
    await applyEvent({ ctx, eventId: input.eventId, eventType, occurredAt, payment });
  } catch (error) {
    if (!(error instanceof AppError) || error.errorCode !== "CHARGE_UNKNOWN") throw error;
    throw new UnavailableError("This payment has no charge", {
      errorCode: "CHARGE_UNKNOWN",
      retryAfterMs: UNKNOWN_CHARGE_RETRY_MS,
    });
  }
}

function parse(raw: Uint8Array): AsaasEvent {
  try {
    return asaasEvent.parse(JSON.parse(new TextDecoder().decode(raw)));
  } catch {
    throw new AppError("VALIDATION", "The event is not readable", { errorCode: "EVENT_UNREADABLE" });
  }
}

/** Asaas writes the time of São Paulo, to the second and without saying so; there has been no summer time since 2019. */
function readSaoPauloTime(text: string | null | undefined): string | undefined {
  if (text == null || !/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/.test(text)) return undefined;
  const milliseconds = Date.parse(`${text.replace(" ", "T")}-03:00`);
  return Number.isNaN(milliseconds) ? undefined : new Date(milliseconds).toISOString();
}

interface Occurrence {
  eventId: string;
  eventType: string;
  /** ISO 8601. */
  occurredAt: string;
  payment: Payment;
}

async function applyEvent({ ctx, ...occurrence }: { ctx: JobContext } & Occurrence): Promise<void> {
  const { eventId, eventType, occurredAt, payment } = occurrence;
  const { build } = ctx.db;
  const { mentoradoId } = ctx;
  const isIt = and(eq(charges.mentoradoId, mentoradoId), refersTo(payment));
  const status = toChargeStatus({ status: payment.status, deleted: payment.deleted ?? undefined });
  if (status === undefined) ctx.log.write("error", "asaas.unknown_status", { provider: "asaas", externalId: payment.id });
  const isLatest = status && supersedes({ ...occurrence, status });
  const chargeId = sql<string>`(select ${charges.id} from ${charges} where ${isIt})`;
  const outcome =
    isLatest === undefined
      ? sql<"ignored">`'ignored'`
      : sql<
          "applied" | "superseded"
        >`(select case when ${isLatest} then 'applied' else 'superseded' end from ${charges} where ${isIt})`;
  await ctx.db.write({
    guards: [
      {
        condition: sql`exists (select 1 from ${charges} where ${isIt} for update)`,
        refuseWith: "NOT_FOUND",
        errorCode: "CHARGE_UNKNOWN",
      },
    ],
    statements: [
      build
        .insert(chargeEvents)
        .values({ mentoradoId, eventId, chargeId, eventType, outcome, recordedAt: occurredAt })
        .onConflictDoNothing(),
      ...(status === undefined
        ? []
        : [
            build
              .update(charges)
              .set({
                status,
                statusRank: STATUS_RANK[status],
                providerStatus: payment.status,
                externalId: payment.id,
                netCents: netCentsOf(payment) ?? sql`${charges.netCents}`,
                version: sql`${charges.version} + 1`,
                updatedAt: sql`now()`,
              })
              .where(and(isIt, isLatest)),
          ]),
      // What the event itself says arrived is entered, also when a later event has already moved the charge on.
      ...(status === "received" ? [receipt({ ctx, eventId, payment })] : []),
    ],
    answer: sql`null`,
  });
}

/**
 * Whether the event says more of the charge than those that were applied: each carries the payment as it was at its time, so the
 * latest one is right. Within one second, and before the first event, the ladder decides.
 */
function supersedes({ eventId, eventType, occurredAt, status }: Occurrence & { status: ChargeStatus }): SQL {
  const latest = sql`(select max(e.recorded_at) from ${chargeEvents} e
    where e.mentorado_id = ${charges.mentoradoId} and e.charge_id = ${charges.id} and e.outcome = 'applied' and e.event_id <> ${eventId})`;
  const isUp = or(lte(charges.statusRank, STATUS_RANK[status]), inArray(charges.status, [...downwardFrom(eventType, status)]));
  return sql`case when ${latest} <> ${occurredAt}::timestamptz then ${latest} < ${occurredAt}::timestamptz else ${isUp} end`;
}

/** Money that arrived: the net in cash, the provider's fee, and the student owes no more. */
function receipt({ ctx, eventId, payment }: { ctx: JobContext; eventId: string; payment: Payment }) {
  const netCents = netCentsOf(payment);
  const net = netCents === undefined ? sql`${charges.amountCents}` : sql`${netCents}::bigint`;
  return ledgerStatement(ctx.db.build, {
    id: ctx.newId(),
    mentoradoId: ctx.mentoradoId,
    charge: refersTo(payment),
    kind: "receipt",
    sourceEventId: eventId,
    lines: { cash: net, fees: sql`${charges.amountCents} - ${net}`, receivable: sql`-${charges.amountCents}` },
  });
}

function netCentsOf({ netValue }: Payment): number | undefined {
  return netValue == null ? undefined : centsFromReais(netValue);
}

/** Our reference, written before the payment was made; without one (made by hand at the provider), the provider's id. */
function refersTo({ id, externalReference }: Payment): SQL {
  const isOurs = externalReference != null && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(externalReference);
  return isOurs ? eq(charges.id, externalReference) : eq(charges.externalId, id);
}
