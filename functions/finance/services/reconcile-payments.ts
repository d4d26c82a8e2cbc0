import { and, between, eq, inArray, isNotNull, ne, or, type SQLWrapper, sql } from "drizzle-orm";
import type { Statement } from "../../../shared/db/connect.ts";
import { charges, syncConflicts, syncStates } from "../../../shared/db/schema/money.ts";
import { jobs } from "../../../shared/db/schema/work.ts";
import type { PayloadOf } from "../../../shared/jobs/catalog.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { addDays } from "../calendar/local-date.ts";
import { localToday } from "../calendar/local-today.ts";
import { isInConflict } from "../events/booked-charge.ts";
import { chargeBalance } from "../ledger/ledger.ts";
import type { Asaas } from "../outbound/asaas.ts";
import { type AccountAccess, openAccount, selectAccount } from "../outbound/open-account.ts";
import { type Quota, RESERVED_FOR_PEOPLE, RESERVED_FOR_REPAIR, watchQuota } from "../outbound/quota.ts";
import { type Counts, comparePage, compareUnseen, PAGE } from "../outbound/settle-differences.ts";

/** Due dates that a run walks through, relative to the local date on which it begins. */
const SPAN_DAYS = { recent: { from: -7, to: 1 }, full: { from: -45, to: 45 } } as const;
/** Due dates of one list. */
const SLICE_DAYS = 31;
/** Of one job, so that it ends in time: pages, pages' differences, and payments that are asked for one by one. */
const MAX_PAGES = 10;
const MAX_SETTLED = 100;
const MAX_LOOKUPS = 20;
/** Of a mentorado who has never been compared. */
const NEVER = "1970-01-01";

export type ReconciliationKind = keyof typeof SPAN_DAYS;
type Input = PayloadOf<`finance.reconcile-${ReconciliationKind}`>;
type Position = NonNullable<Input["position"]>;

/**
 * Compares the payments of some due dates with the provider's and goes on with the next ones, job by job. What nobody has told us is
 * repaired from the provider's own snapshot; what a snapshot cannot explain becomes a conflict with both sides. Costs one request to
 * the provider for each hundred payments, one more where some differ, and one for each charge that the provider's list lacks.
 *
 * Asaas lists payments by due date, not by when they changed: so what changed long after it was due is found by the repair of a gap
 * alone, which walks through all due dates that we have billed.
 *
 * A run stops before it takes of the requests that are kept for people, and goes on when the quota is whole again; runs of the schedule
 * leave it to that one meanwhile.
 */
export async function reconcilePayments({
  ctx,
  input,
  kind,
  access,
}: {
  ctx: JobContext;
  input: Input;
  kind: ReconciliationKind;
  access: AccountAccess;
}): Promise<void> {
  const [[account], [facts], underWay] = await ctx.db.read([selectAccount(ctx), selectFacts(ctx), selectUnderWay(ctx, kind)]);
  // Nothing is sent and nothing comes without an account.
  if (account === undefined || facts === undefined) return;
  if (input.slot !== undefined && underWay.length > 0) return;
  const quota = watchQuota(input.isGap ? RESERVED_FOR_PEOPLE : RESERVED_FOR_PEOPLE + RESERVED_FOR_REPAIR);
  const asaas = await openAccount({ ctx, access, account, onQuota: quota.onQuota });

  const start = input.position ?? (await beginning({ ctx, input, kind, facts }));
  const counts: Counts = { compared: 0, repaired: 0, conflicts: 0 };
  const end = await walk({ ctx, asaas, quota, start, counts });
  if (counts.repaired > 0)
    ctx.log.write("warn", "reconciliation.repaired", { provider: "asaas", operation: kind, count: counts.repaired });
  const next = await nextPosition({ ctx, end });
  await ctx.db.write({
    statements: [linkKnown(ctx), noteRun({ ctx, kind, start, next, isBeginning: input.position === undefined, counts })],
    jobs: next === undefined ? [] : [handOver({ ctx, kind, input, next, quota })],
    answer: sql`null`,
  });
}

interface Facts {
  today: string;
  firstDue: string | null;
  lastDue: string | null;
}

function selectFacts({ db, mentoradoId }: JobContext) {
  return db.build
    .select({
      today: sql<string>`${localToday(mentoradoId)}::text`,
      firstDue: sql<string | null>`min(${charges.dueDate})::text`,
      lastDue: sql<string | null>`max(${charges.dueDate})::text`,
    })
    .from(charges)
    .where(and(eq(charges.mentoradoId, mentoradoId), isNotNull(charges.externalId)));
}

/** A run of this kind that has handed over to a job that is still to be done. */
function selectUnderWay({ db, mentoradoId, actor: { jobId } }: JobContext, kind: ReconciliationKind) {
  return db.build
    .select({ id: jobs.id })
    .from(jobs)
    .where(
      and(
        eq(jobs.mentoradoId, mentoradoId),
        eq(jobs.name, `finance.reconcile-${kind}`),
        inArray(jobs.status, ["pending", "running"]),
        ne(jobs.id, jobId),
        sql`${jobs.payload} ? 'position'`,
      ),
    )
    .limit(1);
}

async function beginning({
  ctx,
  input: { isGap = false },
  kind,
  facts: { today, firstDue, lastDue },
}: {
  ctx: JobContext;
  input: Input;
  kind: ReconciliationKind;
  facts: Facts;
}): Promise<Position> {
  const span = SPAN_DAYS[kind];
  const [from, until] = [addDays(today, span.from), addDays(today, span.to)];
  return openSlice({
    ctx,
    begunOn: today,
    from: isGap && firstDue !== null && firstDue < from ? firstDue : from,
    until: isGap && lastDue !== null && lastDue > until ? lastDue : until,
  });
}

/** Charges that the list may lack are noted before it is read, so that one that is made meanwhile is not missed in it. */
async function openSlice({
  ctx,
  ...dates
}: { ctx: JobContext } & Pick<Position, "begunOn" | "from" | "until">): Promise<Position> {
  const owed = chargeBalance({ mentoradoId: ctx.mentoradoId, chargeId: charges.id, account: "receivable" });
  const [rows] = await ctx.db.read([
    ctx.db.build
      .select({ id: charges.id })
      .from(charges)
      .where(
        and(
          eq(charges.mentoradoId, ctx.mentoradoId),
          isNotNull(charges.externalId),
          // The list never shows a payment that was removed; it is asked for while something about it is not as it should be.
          or(ne(charges.status, "cancelled"), isInConflict, sql`${owed} <> 0`),
          between(charges.dueDate, dates.from, endOfSlice(dates)),
        ),
      )
      .orderBy(charges.id),
  ]);
  return { ...dates, offset: 0, unseen: rows.map(({ id }) => id) };
}

function endOfSlice({ from, until }: Pick<Position, "from" | "until">): string {
  const last = addDays(from, SLICE_DAYS - 1);
  return last < until ? last : until;
}

/** @returns how far one job has come: an offset of null and nothing unseen is the end of the slice. */
async function walk({
  ctx,
  asaas,
  quota,
  start,
  counts,
}: {
  ctx: JobContext;
  asaas: Asaas;
  quota: Quota;
  start: Position;
  counts: Counts;
}): Promise<Position> {
  const dates = { dueDateFrom: start.from, dueDateTo: endOfSlice(start) };
  const unseen = new Set(start.unseen);
  let offset = start.offset;
  for (
    let pages = 0;
    offset !== null && pages < MAX_PAGES && counts.repaired + counts.conflicts < MAX_SETTLED && !quota.isSpent();
    pages += 1
  ) {
    const { seen, hasMore } = await comparePage({ ctx, asaas, page: { ...dates, offset }, counts });
    for (const id of seen) unseen.delete(id);
    offset = hasMore ? offset + PAGE : null;
  }
  if (offset === null) {
    for (const id of [...unseen].slice(0, MAX_LOOKUPS)) {
      if (quota.isSpent()) break;
      await compareUnseen({ ctx, asaas, id, counts });
      unseen.delete(id);
    }
  }
  return { ...start, offset, unseen: [...unseen] };
}

/** @returns undefined at the end of the run. */
async function nextPosition({ ctx, end }: { ctx: JobContext; end: Position }): Promise<Position | undefined> {
  if (end.offset !== null || end.unseen.length > 0) return end;
  const last = endOfSlice(end);
  if (last >= end.until) return undefined;
  return await openSlice({ ctx, begunOn: end.begunOn, from: addDays(last, 1), until: end.until });
}

/** A payment that was not ours when it was parked, and is now. */
function linkKnown({ db, mentoradoId }: JobContext): Statement {
  return db.build.execute(sql`
    update ${syncConflicts} as c
       set status = 'resolved', resolution = 'link', charge_id = k.id, resolved_by = guilda.actor_id(), resolved_at = now(), version = c.version + 1
      from ${charges} as k
     where c.mentorado_id = ${mentoradoId} and c.kind = 'unknown_payment' and c.status = 'pending'
       and k.mentorado_id = c.mentorado_id and k.external_id = c.external_id`);
}

/** How far the run has come; its watermark moves at its end alone. */
function noteRun({
  ctx: { db, mentoradoId },
  kind,
  start: { begunOn },
  next,
  isBeginning,
  counts,
}: {
  ctx: JobContext;
  kind: ReconciliationKind;
  start: Position;
  next: Position | undefined;
  isBeginning: boolean;
  counts: Counts;
}): Statement {
  const isLast = next === undefined;
  const nextOffset = isLast ? null : (next.offset ?? 0);
  const add = (column: SQLWrapper, count: number) => (isBeginning ? count : sql`${column} + ${count}`);
  return db.build
    .insert(syncStates)
    .values({
      mentoradoId,
      kind,
      watermark: isLast ? begunOn : NEVER,
      nextOffset,
      startedAt: sql`now()`,
      finishedAt: isLast ? sql`now()` : null,
      ...counts,
    })
    .onConflictDoUpdate({
      target: [syncStates.mentoradoId, syncStates.kind],
      set: {
        ...(isLast ? { watermark: sql`greatest(${syncStates.watermark}, ${begunOn}::date)`, finishedAt: sql`now()` } : {}),
        ...(isBeginning ? { startedAt: sql`now()` } : {}),
        nextOffset,
        compared: add(syncStates.compared, counts.compared),
        repaired: add(syncStates.repaired, counts.repaired),
        conflicts: add(syncStates.conflicts, counts.conflicts),
      },
    });
}

function handOver({
  ctx,
  kind,
  input: { isGap },
  next,
  quota,
}: {
  ctx: JobContext;
  kind: ReconciliationKind;
  input: Input;
  next: Position;
  quota: Quota;
}) {
  const told = quota.told();
  const isWaiting = quota.isSpent() && told !== undefined;
  if (isWaiting)
    ctx.log.write("warn", "reconciliation.waits_for_quota", { provider: "asaas", operation: kind, count: told.remaining });
  return {
    name: `finance.reconcile-${kind}` as const,
    payload: { ...(isGap === undefined ? {} : { isGap }), position: next },
    dedupKey: `after:${ctx.actor.jobId}`,
    ...(isWaiting ? { runAt: new Date(Date.now() + told.resetSeconds * 1_000).toISOString() } : {}),
  };
}
