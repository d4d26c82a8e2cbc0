import { and, eq, type SQL, sql } from "drizzle-orm";
import { jsonRow, type ViewRow } from "../../../shared/db/json-view.ts";
import { charges } from "../../../shared/db/schema/money.ts";

/** A charge as the API shows it. */
export const chargeView = {
  id: charges.id,
  installmentId: charges.installmentId,
  subscriptionId: charges.subscriptionId,
  studentId: charges.studentId,
  description: charges.description,
  billingType: charges.billingType,
  amountCents: charges.amountCents,
  netCents: charges.netCents,
  refundedCents: charges.refundedCents,
  currency: charges.currency,
  dueDate: charges.dueDate,
  status: charges.status,
  externalId: charges.externalId,
  invoiceUrl: charges.invoiceUrl,
  pixPayload: charges.pixPayload,
  pixExpiresAt: charges.pixExpiresAt,
  boletoLine: charges.boletoLine,
  boletoUrl: charges.boletoUrl,
  receivedAt: charges.receivedAt,
  writeOffReason: charges.writeOffReason,
  version: charges.version,
  createdAt: charges.createdAt,
  updatedAt: charges.updatedAt,
};

/** What a write answers about the charge that it has touched. */
export function chargeAnswer(condition: SQL | undefined): SQL<ViewRow<typeof chargeView>> {
  return sql`(select ${jsonRow(chargeView)} from ${charges} where ${condition})`;
}

/** Which charge of which mentorado. */
export function isCharge({ mentoradoId, id }: { mentoradoId: string; id: string }): SQL | undefined {
  return and(eq(charges.mentoradoId, mentoradoId), eq(charges.id, id));
}
