import { and, eq, inArray, ne, type SQL, sql } from "drizzle-orm";
import { type Guard, guardStatement } from "../../../shared/db/guard.ts";
import { charges } from "../../../shared/db/schema/money.ts";
import { jobs } from "../../../shared/db/schema/work.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { localToday } from "../calendar/local-today.ts";
import { type ChargeOperation, OPERATION_RULES, RECEIVED_IN_CASH } from "../charges/charge-operations.ts";
import { chargeAnswer, isCharge } from "../charges/charge-view.ts";

/**
 * What a person decides on a charge: to cancel or refund it, to take it as paid in cash, or to undo that. Stages the job that asks the
 * provider; the charge and the ledger change when the provider reports it. One at a time: what a lost answer did can only be told when
 * nothing else is under way.
 *
 * @throws NotFoundError CHARGE_NOT_FOUND; ConflictError CHARGE_BUSY, or the code of `OPERATION_RULES`; ValidationError REFUND_TOO_LARGE,
 * PAYMENT_DATE_FUTURE (by the mentorado's calendar).
 */
export function requestOperation({ ctx, input }: { ctx: VerbContext; input: { id: string; operation: ChargeOperation } }) {
  const { id, operation } = input;
  const isIt = isCharge({ mentoradoId: ctx.mentoradoId, id });
  const { errorCode } = OPERATION_RULES[operation.kind];
  return ctx.db.write({
    guards: [
      {
        condition: sql`exists (select 1 from ${charges} where ${isIt} for update)`,
        refuseWith: "NOT_FOUND",
        errorCode: "CHARGE_NOT_FOUND",
      },
    ],
    statements: [
      // Judged after the lock is held: a statement sees nothing that was committed while it waited.
      ctx.db.build.execute(
        guardStatement([
          { condition: has(and(isIt, allows(operation.kind))), refuseWith: "CONFLICT", errorCode },
          ...termsOf({ ctx, isIt, operation }),
          { condition: sql`not ${isBusy({ ctx, id })}`, refuseWith: "CONFLICT", errorCode: "CHARGE_BUSY" },
        ]),
      ),
    ],
    jobs: [{ name: "finance.operate-charge", payload: { chargeId: id, operation }, dedupKey: ctx.newId() }],
    answer: chargeAnswer(isIt),
  });
}

function has(condition: SQL | undefined): SQL {
  return sql`exists (select 1 from ${charges} where ${condition})`;
}

function allows(kind: ChargeOperation["kind"]): SQL | undefined {
  const { from, isCash } = OPERATION_RULES[kind];
  const providerStatus = sql`coalesce(${charges.providerStatus}, '')`;
  return and(
    inArray(charges.status, [...from]),
    isCash === undefined ? undefined : isCash ? eq(providerStatus, RECEIVED_IN_CASH) : ne(providerStatus, RECEIVED_IN_CASH),
  );
}

function termsOf({
  ctx,
  isIt,
  operation,
}: {
  ctx: VerbContext;
  isIt: SQL | undefined;
  operation: ChargeOperation;
}): readonly Guard[] {
  switch (operation.kind) {
    case "refund": {
      const left = sql`${charges.amountCents} - ${charges.refundedCents}`;
      const condition = has(and(isIt, sql`${left} >= ${operation.amountCents ?? 1}`));
      return [{ condition, refuseWith: "VALIDATION", errorCode: "REFUND_TOO_LARGE" }];
    }
    case "receive_in_cash": {
      const condition = sql`${operation.paymentDate}::date <= ${localToday(ctx.mentoradoId)}`;
      return [{ condition, refuseWith: "VALIDATION", errorCode: "PAYMENT_DATE_FUTURE" }];
    }
    case "cancel":
    case "undo_receive_in_cash":
      return [];
  }
}

/** Whether an earlier decision on the charge is still being carried out. */
function isBusy({ ctx, id }: { ctx: VerbContext; id: string }): SQL {
  return sql`exists (select 1 from ${jobs} where ${and(
    eq(jobs.mentoradoId, ctx.mentoradoId),
    eq(jobs.name, "finance.operate-charge"),
    inArray(jobs.status, ["pending", "running"]),
    eq(sql`${jobs.payload} ->> 'chargeId'`, id),
  )})`;
}
