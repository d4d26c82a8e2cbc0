import { and, asc, eq, gt, inArray, isNull, type SQL, sql } from "drizzle-orm";
import { correlated } from "../../../shared/db/correlated.ts";
import { charges, dunningOptOuts, dunningPolicies, paymentReminders } from "../../../shared/db/schema/money.ts";
import { students } from "../../../shared/db/schema/practice.ts";
import { mentorados } from "../../../shared/db/schema/tenancy.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { localDate } from "../metrics/local-calendar.ts";
import { type DunnedCharge, GRACE_DAYS, REMINDED_STATUSES } from "./decide-reminder.ts";
import { DEFAULT_POLICY, policyView, type ShownPolicy, toPolicy } from "./dunning-policy.ts";

const HOUR_MS = 3_600_000;

/** A time at which reminders are sent, with the mentorado's own clock: `YYYY-MM-DDTHH:MM`. */
export interface Slot {
  at: Date;
  local: string;
}

export interface ReadCharge extends DunnedCharge {
  id: string;
  studentId: string;
  studentName: string;
  amountCents: number;
  currency: string;
}

/**
 * What reminders are decided by: one request. Charges come in the order of their ids, those alone of which a step can be sent between
 * `first` and `last`.
 *
 * @param first the first of the slots, one each hour, and @param last the last one.
 * @param isOpenOnly leaves out the charges that nobody is reminded of.
 */
export async function readDunning({
  ctx,
  first,
  last = first,
  isOpenOnly,
  cursor,
  limit,
}: {
  ctx: Pick<VerbContext, "db" | "mentoradoId">;
  first: Date;
  last?: Date;
  isOpenOnly: boolean;
  cursor: string | undefined;
  limit: number;
}): Promise<{ policy: ShownPolicy; slots: Slot[]; charges: ReadCharge[]; nextCursor: string | null }> {
  const { build } = ctx.db;
  const { mentoradoId } = ctx;
  const [firstAt, lastAt] = [first, last].map((at) => sql`${at.toISOString()}::timestamptz`) as [SQL, SQL];
  const locals = sql<
    string[]
  >`(select jsonb_agg(to_char(slot at time zone ${mentorados.timezone}, 'YYYY-MM-DD"T"HH24:MI') order by slot)
    from generate_series(${firstAt}, ${lastAt}, interval '1 hour') slot)`;
  const [[policy], rows] = await ctx.db.read([
    build
      .select({ ...policyView, locals })
      .from(mentorados)
      .leftJoin(dunningPolicies, eq(dunningPolicies.mentoradoId, mentorados.id))
      .where(eq(mentorados.id, mentoradoId)),
    build
      .select({
        id: charges.id,
        studentId: charges.studentId,
        studentName: students.name,
        amountCents: charges.amountCents,
        currency: charges.currency,
        status: charges.status,
        dueDate: charges.dueDate,
        isWrittenOff: sql<boolean>`${charges.writeOffReason} is not null`,
        hasAccess: sql<boolean>`${students.status} <> 'inactive'`,
        isOptedOut: sql<boolean>`coalesce(${dunningOptOuts.isOptedOut}, false)`,
        sent: sentOf(ctx),
      })
      .from(charges)
      .innerJoin(students, and(eq(students.mentoradoId, charges.mentoradoId), eq(students.id, charges.studentId)))
      .leftJoin(
        dunningOptOuts,
        and(eq(dunningOptOuts.mentoradoId, charges.mentoradoId), eq(dunningOptOuts.studentId, charges.studentId)),
      )
      .where(
        and(
          eq(charges.mentoradoId, mentoradoId),
          isOpenOnly ? and(inArray(charges.status, REMINDED_STATUSES), isNull(charges.writeOffReason)) : undefined,
          sql`${charges.dueDate} >= ${localDate(ctx, firstAt)} - ${GRACE_DAYS}::integer - ${endOfLadder(ctx, "last")}`,
          sql`${charges.dueDate} <= ${localDate(ctx, lastAt)} - ${endOfLadder(ctx, "first")}`,
          cursor ? gt(charges.id, cursor) : undefined,
        ),
      )
      .orderBy(asc(charges.id))
      .limit(limit + 1),
  ]);
  if (policy === undefined) throw new Error("A mentorado has one calendar");
  const page = rows.slice(0, limit);
  return {
    policy: toPolicy(policy),
    slots: policy.locals.map((local, hours) => ({ at: new Date(first.getTime() + hours * HOUR_MS), local })),
    charges: page,
    nextCursor: rows.length > limit ? (page.at(-1)?.id ?? null) : null,
  };
}

function sentOf(ctx: Pick<VerbContext, "mentoradoId">): SQL<DunnedCharge["sent"]> {
  return correlated(sql<DunnedCharge["sent"]>`(
    select coalesce(jsonb_agg(jsonb_build_object('step', ${paymentReminders.step}, 'date', ${localDate(ctx, paymentReminders.createdAt)})), '[]')
      from ${paymentReminders}
     where ${and(eq(paymentReminders.mentoradoId, charges.mentoradoId), eq(paymentReminders.chargeId, charges.id))})`);
}

function endOfLadder({ mentoradoId }: Pick<VerbContext, "mentoradoId">, end: "first" | "last"): SQL<number> {
  const { steps } = dunningPolicies;
  const step = end === "first" ? sql`${steps}[1]` : sql`${steps}[cardinality(${steps})]`;
  const ofDefault = DEFAULT_POLICY.steps.at(end === "first" ? 0 : -1) ?? 0;
  return sql<number>`coalesce((select ${step}::integer from ${dunningPolicies} where ${eq(dunningPolicies.mentoradoId, mentoradoId)}), ${ofDefault}::integer)`;
}
