import { and, eq, ne, sql } from "drizzle-orm";
import { enrollments, installments, leadStageHistory, leads, students } from "../../../shared/db/schema/practice.ts";
import { blindIndex, encrypt, type Keyring } from "../../../shared/db/sensitive.ts";
import { AppError, NotFoundError } from "../../../shared/errors/app-error.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { planInstallments } from "../installment-plan.ts";
import { lockLead, writableLeads } from "../lead-view.ts";
import type { ConvertLeadInput } from "../schemas.ts";

interface Conversion {
  studentId: string;
  enrollmentId: string;
}

/**
 * A lead is won: student, enrolment and instalment plan appear in one transaction, which also stages one charge per instalment.
 * A second call answers what the first one made.
 *
 * @throws NotFoundError LEAD_NOT_FOUND, REFERENCE_NOT_FOUND (offering); ConflictError ALREADY_EXISTS when another student has the tax id.
 */
export async function convertLead({
  ctx,
  input,
  keyring,
}: {
  ctx: VerbContext;
  input: ConvertLeadInput;
  keyring: Keyring;
}): Promise<Conversion> {
  const isIt = and(writableLeads(ctx), eq(leads.id, input.id));
  try {
    return await convert({ ctx, input, keyring, isIt });
  } catch (error) {
    if (error instanceof AppError && error.errorCode === "LEAD_ALREADY_WON") return findConversion({ ctx, leadId: input.id });
    throw error;
  }
}

async function convert({
  ctx,
  input,
  keyring,
  isIt,
}: {
  ctx: VerbContext;
  input: ConvertLeadInput;
  keyring: Keyring;
  isIt: ReturnType<typeof and>;
}): Promise<Conversion> {
  const { build } = ctx.db;
  const { mentoradoId } = ctx;
  const studentId = ctx.newId();
  const enrollmentId = ctx.newId();
  const plan = planInstallments({
    totalCents: input.totalCents,
    count: input.installmentCount,
    firstDueDate: input.firstDueDate,
  });
  const rows = plan.map((installment) => ({ ...installment, mentoradoId, id: ctx.newId(), enrollmentId }));
  const { ciphertext, keyVersion } = await encrypt({
    keyring,
    plaintext: input.taxId,
    place: { column: "students.tax_id", mentoradoId, rowId: studentId },
  });
  const taxIdIndex = await blindIndex({ keyring, mentoradoId, value: input.taxId });
  const ofLead = (column: typeof leads.name | typeof leads.email | typeof leads.phone | typeof leads.stage) =>
    sql<string>`(select ${column} from ${leads} where ${isIt})`;
  return ctx.db.write({
    guards: [
      { condition: lockLead(isIt), refuseWith: "NOT_FOUND", errorCode: "LEAD_NOT_FOUND" },
      { condition: lockLead(and(isIt, ne(leads.stage, "won"))), refuseWith: "CONFLICT", errorCode: "LEAD_ALREADY_WON" },
    ],
    statements: [
      build.insert(students).values({
        mentoradoId,
        id: studentId,
        leadId: input.id,
        name: ofLead(leads.name),
        email: ofLead(leads.email),
        phone: ofLead(leads.phone),
        taxIdEncrypted: ciphertext,
        taxIdKeyVersion: keyVersion,
        taxIdIndex,
      }),
      build.insert(enrollments).values({
        mentoradoId,
        id: enrollmentId,
        studentId,
        offeringId: input.offeringId,
        totalCents: input.totalCents,
        installmentCount: input.installmentCount,
        billingType: input.billingType,
      }),
      build.insert(installments).values(rows),
      build
        .insert(leadStageHistory)
        .values({ mentoradoId, id: ctx.newId(), leadId: input.id, fromStage: ofLead(leads.stage), toStage: "won" }),
      build
        .update(leads)
        .set({ stage: "won", lostReason: null, studentId, version: sql`${leads.version} + 1`, updatedAt: sql`now()` })
        .where(isIt),
    ],
    jobs: rows.map(({ id }) => ({ name: "finance.create-charge" as const, payload: { installmentId: id }, dedupKey: id })),
    answer: sql<Conversion>`jsonb_build_object('studentId', ${studentId}::text, 'enrollmentId', ${enrollmentId}::text)`,
  });
}

async function findConversion({ ctx, leadId }: { ctx: VerbContext; leadId: string }): Promise<Conversion> {
  const [[found]] = await ctx.db.read([
    ctx.db.build
      .select({ studentId: students.id, enrollmentId: enrollments.id })
      .from(students)
      .innerJoin(enrollments, and(eq(enrollments.mentoradoId, students.mentoradoId), eq(enrollments.studentId, students.id)))
      .where(and(eq(students.mentoradoId, ctx.mentoradoId), eq(students.leadId, leadId)))
      .orderBy(enrollments.id)
      .limit(1),
  ]);
  if (found === undefined) throw new NotFoundError(undefined, { errorCode: "LEAD_NOT_FOUND" });
  return found;
}
