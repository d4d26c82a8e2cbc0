import type { TRPCClient } from "@trpc/client";
import { v7 as uuidv7 } from "uuid";
import { openFinance } from "../../../functions/finance/open-finance.ts";
import type { createFinanceRouter } from "../../../functions/finance/router.ts";
import type { ChargeStatus } from "../../../shared/db/schema/money.ts";
import type { Role } from "../../../shared/db/schema/tenancy.ts";
import { openPractice, type Practice } from "../../crm/support/open-practice.ts";
import { insertRow } from "../../db/support/insert-row.ts";
import type { Platform } from "../../support/platform.ts";

export type FinanceClient = TRPCClient<ReturnType<typeof createFinanceRouter>>;

export interface Books {
  practice: Practice;
  mentoradoId: string;
  studentId: string;
  enrollmentId: string;
  /** What a new member with this role calls finance with. */
  join(role: Role): Promise<FinanceClient>;
  /** A charge of an instalment of its own, as `finance.create-charge` leaves it; a draft is not known to the provider yet. */
  bill(charge?: { status?: ChargeStatus; amountCents?: number; dueDate?: string }): Promise<{ id: string; externalId: string }>;
}

/** A practice with one student, who is enrolled and owes nothing yet. */
export async function openBooks(platform: Platform, options: { timezone?: string } = {}): Promise<Books> {
  const practice = await openPractice(platform, options);
  const { mentoradoId } = practice;
  const { database } = platform;
  const [studentId, enrollmentId] = [uuidv7(), uuidv7()];
  await insertRow(database, "students", { mentorado_id: mentoradoId, id: studentId, name: "Ana Prado" });
  await insertRow(database, "enrollments", {
    mentorado_id: mentoradoId,
    id: enrollmentId,
    student_id: studentId,
    offering_id: practice.offeringId,
    total_cents: 10_000,
    installment_count: 1,
    billing_type: "pix",
  });
  let number = 0;
  return {
    practice,
    mentoradoId,
    studentId,
    enrollmentId,
    async join(role) {
      const member = await platform.createMember({ mentoradoId, role });
      const { router } = openFinance(platform.env);
      return platform.client({ router, kernel: practice.kernel, caller: platform.caller(member) });
    },
    async bill({ status = "pending", amountCents = 10_000, dueDate = "2027-01-31" } = {}) {
      const [id, installmentId] = [uuidv7(), uuidv7()];
      const externalId = `pay_${id.replaceAll("-", "").slice(-16)}`;
      number += 1;
      await insertRow(database, "installments", {
        mentorado_id: mentoradoId,
        id: installmentId,
        enrollment_id: enrollmentId,
        number,
        due_date: dueDate,
        amount_cents: amountCents,
      });
      await insertRow(database, "charges", {
        mentorado_id: mentoradoId,
        id,
        installment_id: installmentId,
        student_id: studentId,
        billing_type: "pix",
        amount_cents: amountCents,
        due_date: dueDate,
        status,
        status_rank: STATUS_RANK[status],
        ...(status === "draft" ? {} : { external_id: externalId }),
      });
      return { id, externalId };
    },
  };
}

/** Written out here as well, so that a rank that is changed by mistake shows. Source: the table of internal statuses of the design. */
export const STATUS_RANK: Record<ChargeStatus, number> = {
  draft: 0,
  pending: 10,
  overdue: 20,
  confirmed: 30,
  received: 40,
  disputed: 50,
  refunding: 60,
  refunded: 70,
  cancelled: 80,
};
