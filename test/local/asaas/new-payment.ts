import { randomBytes } from "node:crypto";
import type { Call } from "./call.ts";
import { saoPauloDate } from "./sao-paulo-time.ts";
import { type BillingType, type Payment, toReais } from "./wire.ts";

const FIXED_FEE_CENTS = 199;
const CARD_FEE_RATE = 0.0299;
const CARD_FEE_CENTS = 49;

/** What a charge is made of, however it comes to be: by itself, as a part of a plan, or by a subscription. */
export interface PaymentTerms
  extends Pick<Payment, "customer" | "billingType" | "dueDate" | "description" | "externalReference" | "installmentNumber"> {
  valueCents: number;
  installment?: string;
  subscription?: string;
  discount?: Partial<Payment["discount"]>;
  fine?: Partial<Payment["fine"]>;
  interest?: Partial<Payment["interest"]>;
}

/** @returns a pending charge with every documented field. @see https://docs.asaas.com/reference/criar-nova-cobranca */
export function newPayment({
  call: { now, baseUrl, nextNumber },
  terms,
}: {
  call: Pick<Call, "now" | "baseUrl" | "nextNumber">;
  terms: PaymentTerms;
}): Payment {
  const { customer, billingType, valueCents, dueDate, installment, subscription } = terms;
  const number = nextNumber();
  const slug = randomBytes(8).toString("hex");
  const hasBoleto = billingType === "BOLETO" || billingType === "UNDEFINED";
  return {
    object: "payment",
    id: `pay_${slug}`,
    dateCreated: saoPauloDate(now()),
    customer,
    ...(subscription === undefined ? {} : { subscription }),
    ...(installment === undefined ? {} : { installment }),
    paymentLink: null,
    value: toReais(valueCents),
    netValue: netValue({ billingType, valueCents }),
    originalValue: null,
    interestValue: null,
    description: terms.description,
    billingType,
    canBePaidAfterDueDate: true,
    confirmedDate: null,
    pixTransaction: null,
    status: "PENDING",
    dueDate,
    originalDueDate: dueDate,
    paymentDate: null,
    clientPaymentDate: null,
    installmentNumber: terms.installmentNumber,
    invoiceUrl: `${baseUrl}/i/${slug}`,
    invoiceNumber: String(number).padStart(8, "0"),
    externalReference: terms.externalReference,
    deleted: false,
    anticipated: false,
    anticipable: false,
    creditDate: null,
    estimatedCreditDate: null,
    transactionReceiptUrl: null,
    nossoNumero: hasBoleto ? String(10_000_000 + number) : null,
    bankSlipUrl: hasBoleto ? `${baseUrl}/b/pdf/${slug}` : null,
    lastInvoiceViewedDate: null,
    lastBankSlipViewedDate: null,
    discount: { value: 0, limitDate: null, dueDateLimitDays: 0, type: "FIXED", ...terms.discount },
    fine: { value: 0, type: "FIXED", ...terms.fine },
    interest: { value: 0, type: "PERCENTAGE", ...terms.interest },
    postalService: false,
    custody: null,
    refunds: null,
  };
}

/** @returns reais left after the fee: R$ 1.99 for PIX and boleto, 2.99 % + R$ 0.49 for a card. */
export function netValue({ billingType, valueCents }: { billingType: BillingType; valueCents: number }): number {
  const cardFeeCents = Math.round(valueCents * CARD_FEE_RATE) + CARD_FEE_CENTS;
  return toReais(valueCents - (billingType === "CREDIT_CARD" ? cardFeeCents : FIXED_FEE_CENTS));
}
