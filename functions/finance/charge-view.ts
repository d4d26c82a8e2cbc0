import { charges } from "../../shared/db/schema/money.ts";

/** A charge as the API shows it. */
export const chargeView = {
  id: charges.id,
  installmentId: charges.installmentId,
  studentId: charges.studentId,
  billingType: charges.billingType,
  amountCents: charges.amountCents,
  netCents: charges.netCents,
  currency: charges.currency,
  dueDate: charges.dueDate,
  status: charges.status,
  externalId: charges.externalId,
  invoiceUrl: charges.invoiceUrl,
  pixPayload: charges.pixPayload,
  version: charges.version,
  createdAt: charges.createdAt,
  updatedAt: charges.updatedAt,
};
