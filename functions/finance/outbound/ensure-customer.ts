import type { Statement } from "../../../shared/db/connect.ts";
import { providerCustomers } from "../../../shared/db/schema/money.ts";
import { students } from "../../../shared/db/schema/practice.ts";
import { decrypt, type KeyringSource } from "../../../shared/db/sensitive.ts";
import { AppError } from "../../../shared/errors/app-error.ts";
import { runEffect } from "../../../shared/jobs/run-effect.ts";
import type { JobContext } from "../../../shared/jobs/serve-jobs.ts";
import type { Asaas } from "./asaas.ts";

/** What the provider is told of a student: to be part of a job's read. */
export const customerColumns = {
  id: students.id,
  name: students.name,
  email: students.email,
  phone: students.phone,
  taxIdEncrypted: students.taxIdEncrypted,
  taxIdKeyVersion: students.taxIdKeyVersion,
};

type Student = Pick<typeof students.$inferSelect, keyof typeof customerColumns>;

/**
 * The customer that stands for a student at the provider, made when there is none.
 *
 * @returns its id, and the statements that keep it: to be part of the job's finishing write.
 * @throws AppError TAX_ID_MISSING: the provider takes nobody without one.
 */
export async function ensureCustomer({
  ctx,
  asaas,
  keyring,
  student,
}: {
  ctx: JobContext;
  asaas: Asaas;
  keyring: KeyringSource;
  student: Student;
}): Promise<{ customerId: string; statements: Statement[] }> {
  const { value, confirm } = await runEffect({
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
        keyring: await keyring(),
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
  const link = ctx.db.build
    .insert(providerCustomers)
    .values({ mentoradoId: ctx.mentoradoId, studentId: student.id, provider: "asaas", externalId: value.id })
    .onConflictDoNothing();
  return { customerId: value.id, statements: [link, confirm] };
}
