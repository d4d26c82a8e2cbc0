import { and, eq, sql } from "drizzle-orm";
import { charges, providerAccounts, providerCustomers } from "../../../shared/db/schema/money.ts";
import { enrollments, installments, students } from "../../../shared/db/schema/practice.ts";
import { decrypt, type Keyring } from "../../../shared/db/sensitive.ts";
import { AppError, NotFoundError, UnavailableError } from "../../../shared/errors/app-error.ts";
import { runEffect } from "../../../shared/jobs/run-effect.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import { STATUS_RANK, toChargeStatus } from "../charge-status.ts";
import { ledgerStatement } from "../ledger.ts";
import type { Asaas } from "../outbound/asaas.ts";

export interface CreateChargeDependencies {
  keyring: Keyring;
  /** Opens the provider with the key of one account. */
  openAsaas: (account: { apiKey: string; account: string; ctx: JobContext }) => Asaas;
}

/**
 * Bills an instalment at Asaas. The charge is a row first, whose id is the provider's `externalReference`; then customer and payment are
 * made as foreign effects, each looked up before it is asked for again; then the PIX code is stored and the debt is entered.
 *
 * @throws UnavailableError PROVIDER_ACCOUNT_MISSING while the mentorado has no active account: tried again, in the end dead and visible.
 */
export async function createCharge({
  ctx,
  input,
  dependencies,
}: {
  ctx: JobContext;
  input: { installmentId: string };
  dependencies: CreateChargeDependencies;
}): Promise<void> {
  const { keyring, openAsaas } = dependencies;
  const { mentoradoId } = ctx;
  const bill = await findBill({ ctx, installmentId: input.installmentId });
  const apiKey = await decrypt({
    keyring,
    encrypted: { ciphertext: bill.account.apiKeyEncrypted, keyVersion: bill.account.apiKeyKeyVersion },
    place: { column: "provider_accounts.api_key", mentoradoId, rowId: bill.account.id },
  });
  const asaas = openAsaas({ apiKey, account: bill.account.id, ctx });
  const chargeId = await openCharge({ ctx, bill });
  const customer = await ensureCustomer({ ctx, asaas, keyring, student: bill.student });
  const payment = await runEffect({
    ctx,
    key: `asaas.payment:${chargeId}`,
    find: async () => toEffect(await asaas.findPayment({ externalReference: chargeId })),
    call: async () =>
      toEffect(
        await asaas.createPayment({
          customerId: customer.value.id,
          billingType: bill.billingType,
          amountCents: bill.amountCents,
          dueDate: bill.dueDate,
          externalReference: chargeId,
        }),
      ),
  });
  const pix = bill.billingType === "pix" ? await asaas.getPixQrCode(payment.value.id) : undefined;
  await confirmCharge({ ctx, chargeId, studentId: bill.student.id, customer, payment, pixPayload: pix?.payload });
}

type Bill = Awaited<ReturnType<typeof findBill>>;
type Effect<Value extends Record<string, string | number | boolean | null>> = Awaited<ReturnType<typeof runEffect<Value>>>;

async function findBill({ ctx, installmentId }: { ctx: JobContext; installmentId: string }) {
  const { build } = ctx.db;
  const [[bill], [account]] = await ctx.db.read([
    build
      .select({
        installmentId: installments.id,
        amountCents: installments.amountCents,
        dueDate: installments.dueDate,
        billingType: enrollments.billingType,
        currency: enrollments.currency,
        student: {
          id: students.id,
          name: students.name,
          email: students.email,
          phone: students.phone,
          taxIdEncrypted: students.taxIdEncrypted,
          taxIdKeyVersion: students.taxIdKeyVersion,
        },
      })
      .from(installments)
      .innerJoin(
        enrollments,
        and(eq(enrollments.mentoradoId, installments.mentoradoId), eq(enrollments.id, installments.enrollmentId)),
      )
      .innerJoin(students, and(eq(students.mentoradoId, enrollments.mentoradoId), eq(students.id, enrollments.studentId)))
      .where(and(eq(installments.mentoradoId, ctx.mentoradoId), eq(installments.id, installmentId))),
    build
      .select({
        id: providerAccounts.id,
        apiKeyEncrypted: providerAccounts.apiKeyEncrypted,
        apiKeyKeyVersion: providerAccounts.apiKeyKeyVersion,
      })
      .from(providerAccounts)
      .where(
        and(
          eq(providerAccounts.mentoradoId, ctx.mentoradoId),
          eq(providerAccounts.provider, "asaas"),
          eq(providerAccounts.isActive, true),
        ),
      ),
  ]);
  if (bill === undefined) throw new NotFoundError(undefined, { errorCode: "INSTALLMENT_NOT_FOUND" });
  if (account === undefined) throw new UnavailableError("No provider account", { errorCode: "PROVIDER_ACCOUNT_MISSING" });
  return { ...bill, account };
}

/** Writes the charge before anything is asked of the provider; an earlier attempt's charge is taken up. */
function openCharge({ ctx, bill }: { ctx: JobContext; bill: Bill }): Promise<string> {
  const { mentoradoId } = ctx;
  return ctx.db.checkpoint({
    statements: [
      ctx.db.build
        .insert(charges)
        .values({
          mentoradoId,
          id: ctx.newId(),
          installmentId: bill.installmentId,
          studentId: bill.student.id,
          billingType: bill.billingType,
          amountCents: bill.amountCents,
          currency: bill.currency,
          dueDate: bill.dueDate,
        })
        .onConflictDoNothing(),
    ],
    answer: sql<string>`(select to_jsonb(${charges.id}) from ${charges}
      where ${and(eq(charges.mentoradoId, mentoradoId), eq(charges.installmentId, bill.installmentId))})`,
  });
}

function ensureCustomer({
  ctx,
  asaas,
  keyring,
  student,
}: {
  ctx: JobContext;
  asaas: Asaas;
  keyring: Keyring;
  student: Bill["student"];
}) {
  return runEffect({
    ctx,
    key: `asaas.customer:${student.id}`,
    find: async () => {
      const found = await asaas.findCustomer({ externalReference: student.id });
      return found && { id: found.id };
    },
    call: async () => {
      const { id, name, email, phone, taxIdEncrypted, taxIdKeyVersion } = student;
      if (taxIdEncrypted === null || taxIdKeyVersion === null)
        throw new AppError("PRECONDITION_FAILED", "No tax id", { errorCode: "TAX_ID_MISSING" });
      const taxId = await decrypt({
        keyring,
        encrypted: { ciphertext: taxIdEncrypted, keyVersion: taxIdKeyVersion },
        place: { column: "students.tax_id", mentoradoId: ctx.mentoradoId, rowId: id },
      });
      const customer = await asaas.createCustomer({
        name,
        taxId,
        email: email ?? undefined,
        phone: phone ?? undefined,
        externalReference: id,
      });
      return { id: customer.id };
    },
  });
}

/** What is kept of a payment: ids and amounts. */
function toEffect<Payment extends Awaited<ReturnType<Asaas["findPayment"]>>>(payment: Payment) {
  const kept = payment && { id: payment.id, status: payment.status, netCents: payment.netCents, invoiceUrl: payment.invoiceUrl };
  return kept as Payment extends undefined ? undefined : NonNullable<typeof kept>;
}

/** Finishes the job: the charge as the provider knows it, both effects confirmed, the student's debt in the ledger. */
async function confirmCharge({
  ctx,
  chargeId,
  studentId,
  customer,
  payment,
  pixPayload,
}: {
  ctx: JobContext;
  chargeId: string;
  studentId: string;
  customer: Effect<{ id: string }>;
  payment: Effect<{ id: string; status: string; netCents: number | null; invoiceUrl: string | null }>;
  pixPayload: string | undefined;
}): Promise<void> {
  const { build } = ctx.db;
  const { mentoradoId } = ctx;
  const status = toChargeStatus({ status: payment.value.status }) ?? "pending";
  const isIt = and(eq(charges.mentoradoId, mentoradoId), eq(charges.id, chargeId));
  // An event of the provider may have moved the charge already: only a draft takes the status from here.
  const isDraft = sql`${charges.status} = 'draft'`;
  await ctx.db.write({
    statements: [
      build
        .update(charges)
        .set({
          externalId: payment.value.id,
          invoiceUrl: payment.value.invoiceUrl,
          pixPayload: pixPayload ?? null,
          netCents: sql`coalesce(${charges.netCents}, ${payment.value.netCents}::bigint)`,
          status: sql`case when ${isDraft} then ${status} else ${charges.status} end`,
          statusRank: sql`case when ${isDraft} then ${STATUS_RANK[status]} else ${charges.statusRank} end`,
          providerStatus: sql`case when ${isDraft} then ${payment.value.status} else ${charges.providerStatus} end`,
          version: sql`${charges.version} + 1`,
          updatedAt: sql`now()`,
        })
        .where(isIt),
      build
        .insert(providerCustomers)
        .values({ mentoradoId, studentId, provider: "asaas", externalId: customer.value.id })
        .onConflictDoNothing(),
      ledgerStatement(build, {
        id: ctx.newId(),
        mentoradoId,
        charge: eq(charges.id, chargeId),
        kind: "charge",
        sourceEventId: null,
        lines: { receivable: sql`${charges.amountCents}`, revenue: sql`-${charges.amountCents}` },
      }),
      customer.confirm,
      payment.confirm,
    ],
    answer: sql`null`,
  });
}
