import { and, eq, inArray, isNotNull, isNull, ne, not, or, type SQL, sql } from "drizzle-orm";
import type { Statement } from "../../../shared/db/connect.ts";
import { correlated } from "../../../shared/db/correlated.ts";
import { charges } from "../../../shared/db/schema/money.ts";
import { enrollments, installments } from "../../../shared/db/schema/practice.ts";
import { effects, jobs } from "../../../shared/db/schema/work.ts";
import type { JobName } from "../../../shared/jobs/catalog.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import type { NewJob } from "../../../shared/jobs/stage.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { earliestDueDate } from "../calendar/local-today.ts";
import { PAYMENT_EFFECT } from "./made-payment.ts";

/** Enrolments whose plan is billed; a paused one waits, a completed one still owes. */
export const BILLED_ENROLLMENTS = ["awaiting_start", "active", "completed"] as const;

/** How far apart the jobs of one run begin: people's own calls pass between them, and the provider's limits are kept. */
const PACE_MS = 500;
const ROWS_PER_STATEMENT = 1_000;

interface Plans {
  ctx: Pick<VerbContext, "db" | "mentoradoId">;
  /** A condition over `installments` and `enrollments`. */
  which: SQL | undefined;
}

/**
 * The statement that drafts a charge for each of the mentorado's instalments that has none, the first thousand of them: more would not be
 * done within the time of one request. What was due in the past is due today, because the provider takes no earlier date.
 */
export function draftInstallments({ ctx, which }: Plans): Statement {
  return ctx.db.build.execute(sql`
    insert into ${charges} (mentorado_id, id, installment_id, student_id, billing_type, amount_cents, currency, due_date)
    select ${installments.mentoradoId}, uuidv7(), ${installments.id}, ${enrollments.studentId}, ${enrollments.billingType},
           ${installments.amountCents}, ${enrollments.currency}, greatest(${installments.dueDate}, ${earliestDueDate(ctx.mentoradoId)})
      ${undrafted({ ctx, which })}
     order by ${installments.dueDate}, ${installments.id} limit ${ROWS_PER_STATEMENT}
    on conflict (mentorado_id, installment_id) do nothing`);
}

/** Whether there are instalments without a charge. */
export function hasUndrafted(plans: Plans): SQL<boolean> {
  return sql<boolean>`exists (select 1 ${undrafted(plans)})`;
}

function undrafted({ ctx, which }: Plans): SQL {
  const hasCharge = sql`exists (select 1 from ${charges} where ${and(
    eq(charges.mentoradoId, installments.mentoradoId),
    eq(charges.installmentId, installments.id),
  )})`;
  return sql`from ${installments}
      join ${enrollments} on ${enrollments.mentoradoId} = ${installments.mentoradoId} and ${enrollments.id} = ${installments.enrollmentId}
     where ${and(eq(installments.mentoradoId, ctx.mentoradoId), not(hasCharge), which)}`;
}

/**
 * Stages the jobs that make drafts at the provider. Those whose job is still to be done are
 * left to it; those whose job died are tried again, so no charge is lost to an outage that outlasts a job's patience.
 *
 * @param which a condition over `charges`. @param again tells this try of a dead one from other tries: a second job of one name is not staged.
 */
export async function billDrafts({
  ctx,
  which,
  again,
}: {
  ctx: JobContext;
  which: SQL | undefined;
  again: string;
}): Promise<void> {
  const drafts = await selectDrafts({ ctx, which });
  const staged = drafts.map(
    ({ chargeId, installmentId, hasDied }, index): NewJob => ({
      name: "finance.create-charge",
      payload: installmentId === null ? { chargeId } : { installmentId },
      dedupKey: hasDied ? `${installmentId ?? chargeId}:${again}` : (installmentId ?? chargeId),
      runAt: new Date(ctx.now.getTime() + index * PACE_MS).toISOString(),
    }),
  );
  for (let from = 0; from < staged.length; from += ROWS_PER_STATEMENT) {
    await ctx.db.checkpoint({ jobs: staged.slice(from, from + ROWS_PER_STATEMENT), answer: sql`null` });
  }
}

async function selectDrafts({ ctx, which }: { ctx: JobContext; which: SQL | undefined }) {
  const { mentoradoId } = ctx;
  const { build } = ctx.db;
  const subject = sql`coalesce(${jobs.payload} ->> 'installmentId', ${jobs.payload} ->> 'chargeId')`;
  // Sets that do not depend on the charge, so that each is made once: thousands of drafts meet thousands of jobs here.
  const subjectsOf = (name: JobName, statuses: ("pending" | "running" | "dead")[]) =>
    sql`(select ${subject} from ${jobs} where ${and(
      eq(jobs.mentoradoId, mentoradoId),
      eq(jobs.name, name),
      inArray(jobs.status, statuses),
      isNotNull(subject),
    )})`;
  const billed = sql`coalesce(${charges.installmentId}, ${charges.id})::text`;
  const isBeingMade = sql`${billed} in ${subjectsOf("finance.create-charge", ["pending", "running"])}`;
  const isBeingCancelled = sql`${charges.id}::text in ${subjectsOf("finance.operate-charge", ["pending", "running"])}`;
  // A report of the provider can make a charge of a draft before its own job has heard that it was made.
  const isHalfMade = sql`${PAYMENT_EFFECT} || ${charges.id} in (select ${effects.key} from ${effects}
    where ${and(eq(effects.mentoradoId, mentoradoId), ne(effects.state, "confirmed"))})`;
  const hasDied = correlated(sql<boolean>`${billed} in ${subjectsOf("finance.create-charge", ["dead"])}`);
  const [drafts] = await ctx.db.read([
    build
      .select({ chargeId: charges.id, installmentId: charges.installmentId, hasDied: hasDied.as("has_died") })
      .from(charges)
      .where(
        and(
          eq(charges.mentoradoId, mentoradoId),
          isNull(charges.subscriptionId),
          or(eq(charges.status, "draft"), and(ne(charges.status, "cancelled"), isHalfMade)),
          not(isBeingMade),
          not(isBeingCancelled),
          which,
        ),
      )
      .orderBy(charges.dueDate, charges.id),
  ]);
  return drafts;
}
