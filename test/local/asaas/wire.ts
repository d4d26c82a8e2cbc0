import { json, type WireAnswer } from "../http-server.ts";

export type BillingType = "BOLETO" | "CREDIT_CARD" | "PIX" | "UNDEFINED";

export type PaymentStatus =
  | "PENDING"
  | "RECEIVED"
  | "CONFIRMED"
  | "OVERDUE"
  | "REFUNDED"
  | "RECEIVED_IN_CASH"
  | "REFUND_REQUESTED"
  | "REFUND_IN_PROGRESS"
  | "CHARGEBACK_REQUESTED"
  | "CHARGEBACK_DISPUTE"
  | "AWAITING_CHARGEBACK_REVERSAL"
  | "DUNNING_REQUESTED"
  | "DUNNING_RECEIVED"
  | "AWAITING_RISK_ANALYSIS";

export const PAYMENT_EVENTS = [
  "PAYMENT_CREATED",
  "PAYMENT_AUTHORIZED",
  "PAYMENT_AWAITING_RISK_ANALYSIS",
  "PAYMENT_APPROVED_BY_RISK_ANALYSIS",
  "PAYMENT_REPROVED_BY_RISK_ANALYSIS",
  "PAYMENT_UPDATED",
  "PAYMENT_CONFIRMED",
  "PAYMENT_RECEIVED",
  "PAYMENT_CREDIT_CARD_CAPTURE_REFUSED",
  "PAYMENT_ANTICIPATED",
  "PAYMENT_OVERDUE",
  "PAYMENT_DELETED",
  "PAYMENT_RESTORED",
  "PAYMENT_REFUNDED",
  "PAYMENT_PARTIALLY_REFUNDED",
  "PAYMENT_REFUND_IN_PROGRESS",
  "PAYMENT_REFUND_DENIED",
  "PAYMENT_RECEIVED_IN_CASH_UNDONE",
  "PAYMENT_CHARGEBACK_REQUESTED",
  "PAYMENT_CHARGEBACK_DISPUTE",
  "PAYMENT_AWAITING_CHARGEBACK_REVERSAL",
  "PAYMENT_DUNNING_REQUESTED",
  "PAYMENT_DUNNING_RECEIVED",
  "PAYMENT_BANK_SLIP_VIEWED",
  "PAYMENT_BANK_SLIP_CANCELLED",
  "PAYMENT_CHECKOUT_VIEWED",
  "PAYMENT_SPLIT_CANCELLED",
  "PAYMENT_SPLIT_DIVERGENCE_BLOCK",
  "PAYMENT_SPLIT_DIVERGENCE_BLOCK_FINISHED",
] as const;

export type PaymentEvent = (typeof PAYMENT_EVENTS)[number];

export const SUBSCRIPTION_EVENTS = [
  "SUBSCRIPTION_CREATED",
  "SUBSCRIPTION_UPDATED",
  "SUBSCRIPTION_INACTIVATED",
  "SUBSCRIPTION_DELETED",
  "SUBSCRIPTION_SPLIT_DISABLED",
  "SUBSCRIPTION_SPLIT_DIVERGENCE_BLOCK",
  "SUBSCRIPTION_SPLIT_DIVERGENCE_BLOCK_FINISHED",
] as const;

export type SubscriptionEvent = (typeof SUBSCRIPTION_EVENTS)[number];

export interface Customer {
  object: "customer";
  /** `cus_` + 12 digits. */
  id: string;
  /** YYYY-MM-DD in São Paulo, as every date here. */
  dateCreated: string;
  name: string;
  email: string | null;
  company: string | null;
  phone: string | null;
  mobilePhone: string | null;
  address: string | null;
  addressNumber: string | null;
  complement: string | null;
  province: string | null;
  postalCode: string | null;
  /** Without a mask. */
  cpfCnpj: string;
  personType: "FISICA" | "JURIDICA";
  deleted: boolean;
  additionalEmails: string | null;
  externalReference: string | null;
  notificationDisabled: boolean;
  observations: string | null;
}

export interface Refund {
  /** YYYY-MM-DD HH:mm:ss in São Paulo. */
  dateCreated: string;
  status: "DONE" | "PENDING" | "CANCELLED";
  /** Reais. */
  value: number;
  description: string | null;
  transactionReceiptUrl: string | null;
}

export interface Payment {
  object: "payment";
  /** `pay_` + 16 characters. */
  id: string;
  dateCreated: string;
  customer: string;
  /** Id of the subscription that it is a charge of. */
  subscription?: string;
  /** Id shared by the parts of an instalment plan. */
  installment?: string;
  paymentLink: null;
  /** Reais, as every value here: 129.9. */
  value: number;
  /** `value` less the fee. */
  netValue: number;
  originalValue: number | null;
  interestValue: number | null;
  description: string | null;
  billingType: BillingType;
  canBePaidAfterDueDate: boolean;
  confirmedDate: string | null;
  pixTransaction: string | null;
  status: PaymentStatus;
  dueDate: string;
  originalDueDate: string;
  /** When the money became available. */
  paymentDate: string | null;
  /** When the payer paid. */
  clientPaymentDate: string | null;
  installmentNumber: number | null;
  invoiceUrl: string;
  invoiceNumber: string;
  externalReference: string | null;
  deleted: boolean;
  anticipated: boolean;
  anticipable: boolean;
  creditDate: string | null;
  estimatedCreditDate: string | null;
  transactionReceiptUrl: string | null;
  nossoNumero: string | null;
  bankSlipUrl: string | null;
  lastInvoiceViewedDate: null;
  lastBankSlipViewedDate: null;
  discount: { value: number; limitDate: string | null; dueDateLimitDays: number; type: "FIXED" | "PERCENTAGE" };
  fine: { value: number; type: "FIXED" | "PERCENTAGE" };
  interest: { value: number; type: "PERCENTAGE" };
  postalService: boolean;
  custody: null;
  refunds: Refund[] | null;
  /** There once the payer has disputed it, and for good. */
  chargeback?: Chargeback;
}

export interface Chargeback {
  id: string;
  payment: string;
  installment: string | null;
  customerAccount: string;
  status: "REQUESTED" | "IN_DISPUTE" | "DISPUTE_LOST" | "REVERSED" | "DONE";
  reason: string;
  /** When documents were sent against it. */
  disputeStartDate: string | null;
  /** Reais. */
  value: number;
  paymentDate: string | null;
  disputeStatus: "REQUESTED" | "ACCEPTED" | "REJECTED" | null;
  deadlineToSendDisputeDocuments: string;
}

export const CYCLES = ["WEEKLY", "BIWEEKLY", "MONTHLY", "BIMONTHLY", "QUARTERLY", "SEMIANNUALLY", "YEARLY"] as const;

export type Cycle = (typeof CYCLES)[number];

/** A subscription as the API answers it; events write its days `16/10/2024`. */
export interface Subscription {
  object: "subscription";
  /** `sub_` + 16 characters. */
  id: string;
  dateCreated: string;
  customer: string;
  paymentLink: null;
  /** Reais, of each charge. */
  value: number;
  /** Of the charge that is made next. */
  nextDueDate: string;
  cycle: Cycle;
  description: string | null;
  billingType: BillingType;
  deleted: boolean;
  status: "ACTIVE" | "INACTIVE" | "EXPIRED";
  externalReference: string | null;
  checkoutSession: null;
  sendPaymentByPostalService: boolean;
  /** After which no charge is due. */
  endDate: string | null;
  maxPayments: number | null;
  discount: Payment["discount"];
  fine: Payment["fine"];
  interest: Payment["interest"];
  split: null;
}

/** An event waiting to be answered with 200 by one webhook. */
export interface QueuedEvent {
  id: string;
  createdAtMs: number;
  /** The envelope, as it is sent. */
  body: string;
  /** Failed attempts so far. */
  attempts: number;
  nextAttemptAtMs: number;
}

export interface Webhook {
  id: string;
  name: string;
  url: string;
  email: string | null;
  enabled: boolean;
  /** The queue stands still; events are kept meanwhile. */
  interrupted: boolean;
  apiVersion: number;
  /** 32 to 255 characters, sent back in `asaas-access-token`; never answered. */
  authToken: string;
  sendType: "SEQUENTIALLY" | "NON_SEQUENTIALLY";
  events: (PaymentEvent | SubscriptionEvent)[];
  /** Consecutive failures. */
  penalizedRequestsCount: number;
  queue: QueuedEvent[];
}

/** One Asaas account, known by its API key; accounts see nothing of each other. */
export interface Account {
  id: string;
  apiKey: string;
  name: string;
  /** Own PIX key: a dynamic QR code then lasts 12 months past the due date, otherwise until the end of the day. */
  pixKey: string | null;
  balanceCents: number;
  customers: Customer[];
  payments: Payment[];
  subscriptions: KeptSubscription[];
  webhooks: Webhook[];
  rateWindow: { startedAtMs: number; used: number };
  /** Requests in one window; the stand-in's own limit when left out. */
  requestLimit?: number;
  /** Refunds wait for the bank's answer, instead of being done at once. */
  holdsRefunds?: boolean;
}

/** What is kept of a subscription beside what is shown. */
export interface KeptSubscription extends Subscription {
  /** Day of the month that its charges are due on, where the month has it. */
  dueDay: number;
}

/** One problem of a request, as Asaas lists it. */
export interface Problem {
  code: string;
  description: string;
}

/** @returns `{errors: [{code, description}]}`. */
export function refuse(status: number, ...errors: Problem[]): WireAnswer {
  return json(status, { errors });
}

export function notFound(what: string): WireAnswer {
  return refuse(404, { code: "not_found", description: `${what} não encontrado` });
}

/** @returns reais as whole cents, or undefined when it is no number or has more than two decimals. */
export function toCents(reais: unknown): number | undefined {
  if (typeof reais !== "number" || !Number.isFinite(reais)) return undefined;
  const cents = Math.round(reais * 100);
  return Math.abs(reais * 100 - cents) < 1e-6 ? cents : undefined;
}

export function toReais(cents: number): number {
  return cents / 100;
}

/**
 * @param query `limit` (default 10, capped at 100) and `offset`.
 * @returns a page in Asaas' list envelope.
 */
export function listPage({ items, query }: { items: object[]; query: URLSearchParams }): WireAnswer {
  const limit = Math.min(Number(query.get("limit") ?? 10), 100);
  const offset = Number(query.get("offset") ?? 0);
  if (!Number.isInteger(limit) || limit < 1) return refuse(400, { code: "invalid_limit", description: "limit inválido" });
  if (!Number.isInteger(offset) || offset < 0) return refuse(400, { code: "invalid_offset", description: "offset inválido" });
  const hasMore = items.length > offset + limit;
  return json(200, {
    object: "list",
    hasMore,
    totalCount: items.length,
    limit,
    offset,
    data: items.slice(offset, offset + limit),
  });
}
