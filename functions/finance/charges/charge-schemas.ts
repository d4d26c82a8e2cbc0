import * as z from "zod";
import { pageInput } from "../../../shared/db/keyset.ts";
import {
  CHARGE_STATUSES,
  charges,
  SUBSCRIPTION_CYCLES,
  subscriptions,
  WRITE_OFF_REASONS,
} from "../../../shared/db/schema/money.ts";
import { text } from "../../../shared/trpc/text.ts";
import { dateInput } from "../calendar/time-inputs.ts";

const MAX_AMOUNT_CENTS = 100_000_000;
/** What the provider keeps of a description. */
const MAX_DESCRIPTION = 500;
const MAX_PAYMENTS = 1_000;

const amountCents = z.int().min(1).max(MAX_AMOUNT_CENTS);
const description = text({ max: MAX_DESCRIPTION }).optional();

export const listChargesInput = pageInput
  .extend({
    status: z.enum(CHARGE_STATUSES).optional(),
    billingType: z.enum(charges.billingType.enumValues).optional(),
    studentId: z.uuid().optional(),
    dueFrom: dateInput.optional(),
    /** That day included. */
    dueTo: dateInput.optional(),
  })
  .prefault({});
export type ListChargesInput = z.output<typeof listChargesInput>;

export const requestChargeInput = z.object({
  studentId: z.uuid(),
  amountCents,
  dueDate: dateInput,
  billingType: z.enum(charges.billingType.enumValues),
  description,
});
export type RequestChargeInput = z.output<typeof requestChargeInput>;

/** All that is left when no amount is given. */
export const refundChargeInput = z.object({ id: z.uuid(), amountCents: amountCents.optional() });

/** The amount of the charge when none is given. */
export const receiveInCashInput = z.object({ id: z.uuid(), paymentDate: dateInput, amountCents: amountCents.optional() });

export const writeOffInput = z.object({ id: z.uuid(), reason: z.enum(WRITE_OFF_REASONS) });
export type WriteOffInput = z.output<typeof writeOffInput>;

export const grantCashbackInput = z.object({ id: z.uuid(), amountCents });
export type GrantCashbackInput = z.output<typeof grantCashbackInput>;

export const listOperationsInput = pageInput.extend({ chargeId: z.uuid() });
export type ListOperationsInput = z.output<typeof listOperationsInput>;

/** `withinDays`: how far ahead instalments are billed. */
export const billEnrollmentInput = z.object({ enrollmentId: z.uuid(), withinDays: z.int().min(0).max(3_660).default(30) });
export type BillEnrollmentInput = z.output<typeof billEnrollmentInput>;

export const requestSubscriptionInput = z.object({
  studentId: z.uuid(),
  amountCents,
  cycle: z.enum(SUBSCRIPTION_CYCLES),
  nextDueDate: dateInput,
  /** No charge is due after it. */
  endDate: dateInput.optional(),
  maxPayments: z.int().min(1).max(MAX_PAYMENTS).optional(),
  billingType: z.enum(subscriptions.billingType.enumValues),
  description,
});
export type RequestSubscriptionInput = z.output<typeof requestSubscriptionInput>;

export const listSubscriptionsInput = pageInput
  .extend({ status: z.enum(subscriptions.status.enumValues).optional(), studentId: z.uuid().optional() })
  .prefault({});
export type ListSubscriptionsInput = z.output<typeof listSubscriptionsInput>;
