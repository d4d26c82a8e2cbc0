import { and, eq, inArray, lte, or, type SQL, sql } from "drizzle-orm";
import type { Statement } from "../../../shared/db/connect.ts";
import type { Write } from "../../../shared/db/database.ts";
import { type ChargeStatus, chargeEvents, charges, type LedgerKind } from "../../../shared/db/schema/money.ts";
import { AppError } from "../../../shared/errors/app-error.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { downwardFrom, movesDownFrom, STATUS_RANK, toChargeStatus } from "../charges/charge-status.ts";
import { ledgerStatement } from "../ledger/ledger.ts";
import { endWriteOff } from "../ledger/write-off.ts";
import type { Amount, Movement } from "./movements.ts";
import type { PaymentSnapshot } from "./payment-snapshot.ts";

/** The provider's word about one payment at one moment, and what it says has moved. */
export interface Report {
  /** The row of the inbox, when an event brought it. */
  eventId?: string;
  eventType: string;
  /** ISO 8601, by the provider's clock. */
  occurredAt: string;
  /** Read from the API just now: it stands above whatever events say. */
  isTruth: boolean;
  payment: PaymentSnapshot;
  /** What the amounts of the movements are of, where it is not `payment`: an event's own, when the provider was asked because of it. */
  moved?: PaymentSnapshot;
  movements: readonly Movement[];
  /** Names the report as the source of its ledger entries: `asaas:<event id of the provider>`. */
  source: string;
}

/**
 * What a report does to the charge that it is about: the charge becomes what the latest one says, and what moved is entered once.
 * Reports again, late, and in any order leave the same rows as the orderly ones.
 *
 * @param charge which charge of the mentorado the payment is.
 * @param version of the charge, read before the payment was: a truth is no longer one when an event has been applied meanwhile.
 * @returns the parts of a write; its guards refuse with CHARGE_UNKNOWN, with CHARGE_CHANGED (see `isChanged`), and with REPORT_IN_DOUBT
 * when only the API can tell which of two reports of one second is the later.
 */
export function applySnapshot({
  ctx,
  charge,
  report,
  version,
}: {
  ctx: Pick<JobContext, "db" | "mentoradoId" | "newId" | "now">;
  charge: SQL;
  report: Report;
  version?: number | undefined;
}): Required<Pick<Write<null>, "guards" | "statements">> {
  const { build } = ctx.db;
  const { mentoradoId } = ctx;
  const { eventId, eventType, occurredAt, payment, isTruth } = report;
  const isIt = and(eq(charges.mentoradoId, mentoradoId), charge);
  const status = toChargeStatus({ status: payment.status, deleted: payment.isDeleted });
  const isLatest = status === undefined ? undefined : isTruth ? sql`true` : supersedes({ ...report, status });
  const outcome =
    isLatest === undefined
      ? sql<"ignored">`'ignored'`
      : sql<
          "applied" | "superseded"
        >`(select case when ${isLatest} then 'applied' else 'superseded' end from ${charges} where ${isIt})`;
  const history: Statement[] =
    eventId === undefined
      ? []
      : [
          build
            .insert(chargeEvents)
            .values({
              mentoradoId,
              eventId,
              chargeId: sql<string>`(select ${charges.id} from ${charges} where ${isIt})`,
              eventType,
              outcome,
              status: status ?? null,
              recordedAt: occurredAt,
            })
            .onConflictDoNothing(),
        ];
  return {
    guards: [
      {
        condition: sql`exists (select 1 from ${charges} where ${isIt} for update)`,
        refuseWith: "NOT_FOUND",
        errorCode: "CHARGE_UNKNOWN",
      },
      ...(version === undefined
        ? []
        : [
            {
              condition: sql`exists (select 1 from ${charges} where ${and(isIt, eq(charges.version, version))} for update)`,
              refuseWith: "CONFLICT" as const,
              errorCode: CHARGE_CHANGED,
            },
          ]),
      ...(status === undefined || isTruth
        ? []
        : [
            {
              condition: sql`not exists (select 1 from ${charges} where ${isIt} and ${inDoubt({ ...report, status })})`,
              refuseWith: "CONFLICT" as const,
              errorCode: "REPORT_IN_DOUBT",
            },
          ]),
    ],
    statements: [
      ...history,
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
                dueDate: payment.dueDate ?? sql`${charges.dueDate}`,
                netCents: payment.netCents ?? sql`${charges.netCents}`,
                receivedAt: receivedAtOf(payment),
                ...(isTruth ? { askedAt: ctx.now.toISOString() } : {}),
                version: sql`${charges.version} + 1`,
                updatedAt: sql`now()`,
              })
              .where(and(isIt, isLatest)),
          ]),
      ...refundedTotal({ ctx, isIt, payment }),
      ...debtSettled({ ctx, charge, report }),
      ...report.movements.map((movement) => enter({ ctx, charge, report, movement })),
    ],
  };
}

const CHARGE_CHANGED = "CHARGE_CHANGED";

/** Whether a write was refused because the charge is not what it was when the provider was asked. */
export function isChanged(error: unknown): boolean {
  return error instanceof AppError && error.errorCode === CHARGE_CHANGED;
}

/**
 * Whether the report says more of the charge than those that were applied: each carries the payment as it was at its time, so the
 * latest one is right. Within one second, and before the first report, the ladder decides. What the provider told when it was asked
 * stands above all events from before.
 */
function supersedes({ eventId, eventType, occurredAt, status }: Report & { status: ChargeStatus }): SQL {
  const latest = sql`(select max(e.recorded_at) from ${chargeEvents} e
    where e.mentorado_id = ${charges.mentoradoId} and e.charge_id = ${charges.id} and e.outcome = 'applied' and e.event_id is distinct from ${eventId ?? null}::uuid)`;
  const isUp = or(lte(charges.statusRank, STATUS_RANK[status]), inArray(charges.status, [...downwardFrom(eventType, status)]));
  return sql`case when ${charges.askedAt} > ${occurredAt}::timestamptz then false
    when ${latest} <> ${occurredAt}::timestamptz then ${latest} < ${occurredAt}::timestamptz else ${isUp} end`;
}

/** How far the provider's clock may be ahead of ours. */
const CLOCKS_DIFFER_MS = 60_000;

/**
 * Two reports of one second, one of which may lead down from the other, do not tell which came first; nor do an event and what the
 * provider told when it was asked, by our clock, when the event does not seem to be from after that.
 */
function inDoubt({ eventId, eventType, occurredAt, status, payment: { dueDate } }: Report & { status: ChargeStatus }): SQL {
  const isAsAsked = sql`(${charges.status} = ${status} and ${charges.dueDate} = coalesce(${dueDate}::date, ${charges.dueDate}))`;
  const isAboutAsked = sql`(coalesce(${charges.askedAt} + ${CLOCKS_DIFFER_MS} * interval '1 millisecond' > ${occurredAt}::timestamptz, false)
    and not ${isAsAsked})`;
  const leadsHere = downwardFrom(eventType, status).map((from) => sql`e.status = ${from}`);
  const leadsAway = movesDownFrom(status).map((move) => sql`(e.event_type = ${move.eventType} and e.status = ${move.to})`);
  const pairs = [...leadsHere, ...leadsAway];
  if (pairs.length === 0) return isAboutAsked;
  return sql`(${isAboutAsked} or exists (select 1 from ${chargeEvents} e
    where e.mentorado_id = ${charges.mentoradoId} and e.charge_id = ${charges.id} and e.event_id is distinct from ${eventId ?? null}::uuid
      and e.recorded_at = ${occurredAt}::timestamptz and (${sql.join(pairs, sql` or `)})))`;
}

/** The day on which the money reached the account, at its start in São Paulo. */
function receivedAtOf({ paymentDate }: PaymentSnapshot): string | null {
  return paymentDate === null ? null : new Date(`${paymentDate}T00:00:00-03:00`).toISOString();
}

/** Refunds only grow in number, so the largest sum that was ever told is the right one. */
function refundedTotal({ ctx, isIt, payment }: { ctx: Pick<JobContext, "db">; isIt: SQL | undefined; payment: PaymentSnapshot }) {
  const cents = payment.refunds.filter(({ isDone }) => isDone).reduce((sum, { amountCents }) => sum + amountCents, 0);
  if (cents === 0) return [];
  return [
    ctx.db.build
      .update(charges)
      .set({ refundedCents: cents })
      .where(and(isIt, sql`${charges.refundedCents} < ${cents}`)),
  ];
}

/** Before an entry takes from the debt, a write-off of it ends. */
function debtSettled({
  ctx,
  charge,
  report: { eventId, occurredAt, movements, source },
}: {
  ctx: Pick<JobContext, "db" | "mentoradoId" | "newId">;
  charge: SQL;
  report: Report;
}): Statement[] {
  const settling = movements.filter(({ lines: { receivable } }) => receivable === "-value" || Number(receivable) < 0);
  if (settling.length === 0) return [];
  return [
    endWriteOff(ctx.db.build, {
      mentoradoId: ctx.mentoradoId,
      charge,
      movements: settling.map(({ name }) => name),
      undo: { id: ctx.newId(), source, sourceEventId: eventId, occurredAt },
    }),
  ];
}

function enter({
  ctx,
  charge,
  report: { eventId, occurredAt, payment, moved = payment, source },
  movement: { kind, name, occurredAt: ownTime, lines },
}: {
  ctx: Pick<JobContext, "db" | "mentoradoId" | "newId">;
  charge: SQL;
  report: Report;
  movement: Movement;
}): Statement {
  return ledgerStatement(ctx.db.build, {
    id: ctx.newId(),
    mentoradoId: ctx.mentoradoId,
    charge: sql`${charge} and ${isNotAdopted({ eventId, occurredAt, kind })}`,
    kind,
    movement: name,
    source,
    ...(eventId === undefined ? {} : { sourceEventId: eventId }),
    occurredAt: ownTime ?? dayOfReceipt({ eventId, name, payment }) ?? occurredAt,
    lines: Object.fromEntries(Object.entries(lines).map(([account, amount]) => [account, toSql(amount, moved)])),
  });
}

/** Without an event, a receipt is of the day on which the payment says it came: at noon of São Paulo it is that date in all of Brazil. */
function dayOfReceipt({
  eventId,
  name,
  payment: { paymentDate },
}: Pick<Report, "eventId" | "payment"> & Pick<Movement, "name">): string | undefined {
  if (eventId !== undefined || paymentDate === null || name !== `receipt:${paymentDate}`) return undefined;
  return new Date(`${paymentDate}T12:00:00-03:00`).toISOString();
}

/** Of what a snapshot does not count, a person's decision has entered the sum: an event from before it is in there already. */
const UNCOUNTED: readonly LedgerKind[][] = [
  ["cancellation", "restoration"],
  ["receipt", "receipt_undone"],
];

function isNotAdopted({ eventId, occurredAt, kind }: Pick<Report, "eventId" | "occurredAt"> & Pick<Movement, "kind">): SQL {
  const family = UNCOUNTED.find((kinds) => kinds.includes(kind));
  if (eventId === undefined || family === undefined) return sql`true`;
  return sql`not exists (select 1 from ledger_entries a where a.mentorado_id = ${charges.mentoradoId} and a.charge_id = ${charges.id}
    and a.source like 'conflict:%' and ${inArray(sql`a.kind`, family)} and a.occurred_at >= ${occurredAt}::timestamptz)`;
}

/** Where a report does not say how much, it is what we billed. */
function toSql(amount: Amount, { amountCents, netCents }: PaymentSnapshot): SQL {
  const value = amountCents === null ? sql`${charges.amountCents}` : sql`${amountCents}::bigint`;
  const net = netCents === null ? value : sql`${netCents}::bigint`;
  switch (amount) {
    case "value":
      return value;
    case "-value":
      return sql`-${value}`;
    case "net":
      return net;
    case "fee":
      return sql`${value} - ${net}`;
    default:
      return sql`${amount}::bigint`;
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Our reference, written before the payment was made; for a charge of a subscription, or one made by hand, the provider's id. */
export function refersTo({ id, externalReference, subscriptionId }: PaymentSnapshot): SQL {
  const isOurs = externalReference !== null && UUID.test(externalReference) && subscriptionId === null;
  return isOurs ? eq(charges.id, externalReference) : eq(charges.externalId, id);
}
