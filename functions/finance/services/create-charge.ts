import { and, eq, type SQL, sql } from "drizzle-orm";
import { charges } from "../../../shared/db/schema/money.ts";
import { installments, students } from "../../../shared/db/schema/practice.ts";
import { NotFoundError } from "../../../shared/errors/app-error.ts";
import type { PayloadOf } from "../../../shared/jobs/catalog.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { earliestDueDate } from "../calendar/local-today.ts";
import { isCharge } from "../charges/charge-view.ts";
import { draftInstallments } from "../charges/drafts.ts";
import { paymentMade } from "../charges/made-payment.ts";
import { customerColumns, ensureCustomer } from "../outbound/ensure-customer.ts";
import { type AccountAccess, openAccount, selectAccount } from "../outbound/open-account.ts";
import { readCodes } from "../outbound/read-codes.ts";
import { settlePayment } from "../outbound/settle-payment.ts";

/**
 * Makes the charge of an instalment, or one of its own, at Asaas. The charge is a row first, whose id is the provider's
 * `externalReference`; then customer and payment are made as foreign effects, each looked up before it is asked for again; then the
 * codes to pay with are stored and the debt is entered. A draft that was cancelled meanwhile stays what it is.
 *
 * @throws UnavailableError PROVIDER_ACCOUNT_MISSING while the mentorado has no active account: tried again, in the end dead and visible.
 */
export async function createCharge({
  ctx,
  input,
  access,
}: {
  ctx: JobContext;
  input: PayloadOf<"finance.create-charge">;
  access: AccountAccess;
}): Promise<void> {
  const draft = await openDraft({ ctx, input });
  if (draft === null) throw new NotFoundError(undefined, { errorCode: "CHARGE_NOT_FOUND" });
  if (draft.status === "cancelled") return;
  const { id: chargeId, billingType } = draft;
  const [[student], [account]] = await ctx.db.read([
    ctx.db.build
      .select(customerColumns)
      .from(students)
      .where(and(eq(students.mentoradoId, ctx.mentoradoId), eq(students.id, draft.studentId))),
    selectAccount(ctx),
  ]);
  if (student === undefined) throw new NotFoundError(undefined, { errorCode: "STUDENT_NOT_FOUND" });
  const asaas = await openAccount({ ctx, access, account });
  const customer = await ensureCustomer({ ctx, asaas, keyring: access.keyring, student });
  const { payment, confirm } = await settlePayment({
    ctx,
    chargeId,
    knownId: draft.externalId,
    open: async () => asaas,
    make: () =>
      asaas.createPayment({
        customerId: customer.customerId,
        billingType,
        amountCents: draft.amountCents,
        dueDate: draft.dueDate,
        description: draft.description ?? undefined,
        externalReference: chargeId,
      }),
  });
  if (payment === undefined) return ctx.db.write({ statements: [...customer.statements, confirm], answer: sql`null` });
  const codes = await readCodes({ ctx, asaas, billingType, paymentId: payment.id });
  await ctx.db.write({
    statements: [...paymentMade({ ctx, chargeId, payment, codes }), ...customer.statements, confirm],
    answer: sql`null`,
  });
}

type Draft = Pick<
  typeof charges.$inferSelect,
  "id" | "studentId" | "status" | "billingType" | "amountCents" | "dueDate" | "description" | "externalId"
>;

/** Writes the charge before anything is asked of the provider; an earlier one is taken up, with a due date that the provider takes. */
function openDraft({ ctx, input }: { ctx: JobContext; input: PayloadOf<"finance.create-charge"> }): Promise<Draft | null> {
  const { mentoradoId } = ctx;
  const { build } = ctx.db;
  const isIt: SQL | undefined =
    "chargeId" in input
      ? isCharge({ mentoradoId, id: input.chargeId })
      : and(eq(charges.mentoradoId, mentoradoId), eq(charges.installmentId, input.installmentId));
  const earliest = earliestDueDate(mentoradoId);
  return ctx.db.checkpoint<Draft | null>({
    statements: [
      ...("chargeId" in input ? [] : [draftInstallments({ ctx, which: eq(installments.id, input.installmentId) })]),
      build
        .update(charges)
        .set({ dueDate: earliest })
        .where(and(isIt, eq(charges.status, "draft"), sql`${charges.dueDate} < ${earliest}`)),
    ],
    answer: sql`(select jsonb_build_object('id', ${charges.id}, 'studentId', ${charges.studentId}, 'status', ${charges.status},
        'billingType', ${charges.billingType}, 'amountCents', ${charges.amountCents}, 'dueDate', ${charges.dueDate}, 'description', ${charges.description},
        'externalId', ${charges.externalId})
      from ${charges} where ${isIt})`,
  });
}
