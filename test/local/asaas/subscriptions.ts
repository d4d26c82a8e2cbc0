import { randomBytes } from "node:crypto";
import { json, type WireAnswer } from "../http-server.ts";
import type { Call } from "./call.ts";
import { missingTerms, wrongTerms, wrongValue } from "./charge-terms.ts";
import { netValue } from "./new-payment.ts";
import { listPayments } from "./payment-list.ts";
import { isOpen, remove } from "./payment-state.ts";
import { dayOfMonth, isDate, saoPauloDate } from "./sao-paulo-time.ts";
import { announce, makeNextPayment, type SubscriptionCall, shown } from "./subscription-cycle.ts";
import { CYCLES, type KeptSubscription, listPage, type Problem, refuse, toCents, toReais } from "./wire.ts";

const CHANGEABLE = ["cycle", "description", "billingType", "externalReference", "endDate", "maxPayments", "status"] as const;
const MAX_DESCRIPTION = 500;

/**
 * `POST /v3/subscriptions`: the first charge is made at once, due on the `nextDueDate` that was asked for, so the answer already tells
 * the date of the second. No idempotency here either.
 *
 * @see https://docs.asaas.com/reference/criar-nova-assinatura
 */
export function createSubscription(call: Call): WireAnswer {
  const { account, body, now } = call;
  const today = saoPauloDate(now());
  const problems = [
    ...missingTerms({ account, body, dateField: "nextDueDate" }),
    ...(body.value === undefined ? wrongValue(undefined) : []),
    ...(body.cycle === undefined ? [problem("cycle")] : []),
    ...wrongTerms({ body, dateField: "nextDueDate", today }),
    ...wrongSchedule(body),
  ];
  if (problems.length > 0) return refuse(400, ...problems);
  const subscription = newSubscription(body, today);
  account.subscriptions.push(subscription);
  const payment = makeNextPayment({ ...call, subscription });
  announce({ ...call, subscription, event: "SUBSCRIPTION_CREATED" });
  call.queues.publish({ account, event: "PAYMENT_CREATED", payment });
  return json(200, shown(subscription));
}

/** `GET /v3/subscriptions`: newest first; the removed ones only with `includeDeleted` or `deletedOnly`. */
export function listSubscriptions({ account, query }: Call): WireAnswer {
  const filters = ["externalReference", "customer", "status", "billingType"] as const;
  const isDeletedOnly = query.get("deletedOnly") === "true";
  const isDeletedToo = isDeletedOnly || query.get("includeDeleted") === "true";
  const items = account.subscriptions
    .filter(({ deleted }) => (deleted ? isDeletedToo : !isDeletedOnly))
    .filter((subscription) => filters.every((name) => !query.has(name) || subscription[name] === query.get(name)))
    .map(shown)
    .reverse();
  return listPage({ items, query });
}

/** `GET /v3/subscriptions/{id}`: a removed one is still read. */
export function getSubscription({ subscription }: SubscriptionCall): WireAnswer {
  return json(200, shown(subscription));
}

/** `GET /v3/subscriptions/{id}/payments`. */
export function listSubscriptionPayments({ account, subscription, query }: SubscriptionCall): WireAnswer {
  return listPayments({ account, query: new URLSearchParams([...query, ["subscription", subscription.id]]) });
}

/**
 * `PUT /v3/subscriptions/{id}`: for the charges that are still to be made, unless `updatePendingPayments` is true. INACTIVE makes none
 * until it is ACTIVE again, which needs a `nextDueDate`.
 *
 * @see https://docs.asaas.com/reference/atualizar-assinatura-existente
 */
export function updateSubscription(call: SubscriptionCall): WireAnswer {
  const { subscription, body, now } = call;
  if (subscription.deleted) return refuse(400, wrongState(subscription, "atualizada"));
  const isResumed = body.status === "ACTIVE" && subscription.status !== "ACTIVE";
  const problems = [
    ...wrongTerms({ body, dateField: "nextDueDate", today: saoPauloDate(now()) }),
    ...wrongSchedule(body),
    ...(isResumed && body.nextDueDate === undefined ? [problem("nextDueDate")] : []),
  ];
  if (problems.length > 0) return refuse(400, ...problems);
  const isStopped = body.status === "INACTIVE" && subscription.status === "ACTIVE";
  for (const name of [...CHANGEABLE, "discount", "fine", "interest"] as const) {
    if (body[name] !== undefined) Object.assign(subscription, { [name]: body[name] });
  }
  if (body.value !== undefined) subscription.value = toReais(toCents(body.value) ?? 0);
  if (isDate(body.nextDueDate)) {
    Object.assign(subscription, { nextDueDate: body.nextDueDate, dueDay: dayOfMonth(body.nextDueDate) });
  }
  announce({ ...call, event: isStopped ? "SUBSCRIPTION_INACTIVATED" : "SUBSCRIPTION_UPDATED" });
  if (body.updatePendingPayments === true) updatePendingPayments(call);
  return json(200, shown(subscription));
}

/** `DELETE /v3/subscriptions/{id}`: its unpaid charges go with it, each announced; what was paid stays. */
export function deleteSubscription(call: SubscriptionCall): WireAnswer {
  const { account, subscription, queues } = call;
  if (subscription.deleted) return refuse(400, wrongState(subscription, "removida"));
  for (const payment of account.payments) {
    if (payment.subscription === subscription.id && isOpen(payment)) remove({ account, payment, queues });
  }
  subscription.deleted = true;
  announce({ ...call, event: "SUBSCRIPTION_DELETED" });
  return json(200, { deleted: true, id: subscription.id });
}

function newSubscription(body: Record<string, unknown>, today: string): KeptSubscription {
  const nextDueDate = String(body.nextDueDate);
  return {
    object: "subscription",
    id: `sub_${randomBytes(8).toString("hex")}`,
    dateCreated: today,
    customer: String(body.customer),
    paymentLink: null,
    value: toReais(toCents(body.value) ?? 0),
    nextDueDate,
    cycle: body.cycle as KeptSubscription["cycle"],
    description: typeof body.description === "string" ? body.description : null,
    billingType: body.billingType as KeptSubscription["billingType"],
    deleted: false,
    status: "ACTIVE",
    externalReference: typeof body.externalReference === "string" ? body.externalReference : null,
    checkoutSession: null,
    sendPaymentByPostalService: false,
    endDate: isDate(body.endDate) ? body.endDate : null,
    maxPayments: typeof body.maxPayments === "number" ? body.maxPayments : null,
    discount: { value: 0, limitDate: null, dueDateLimitDays: 0, type: "FIXED", ...(body.discount as object) },
    fine: { value: 0, type: "FIXED", ...(body.fine as object) },
    interest: { value: 0, type: "PERCENTAGE", ...(body.interest as object) },
    split: null,
    dueDay: dayOfMonth(nextDueDate),
  };
}

function updatePendingPayments({ account, subscription, queues }: SubscriptionCall): void {
  const { id, value, billingType } = subscription;
  for (const payment of account.payments) {
    if (payment.subscription !== id || payment.status !== "PENDING" || payment.deleted) continue;
    Object.assign(payment, { value, billingType, netValue: netValue({ billingType, valueCents: toCents(value) ?? 0 }) });
    queues.publish({ account, event: "PAYMENT_UPDATED", payment });
  }
}

function wrongSchedule({ cycle, endDate, maxPayments, status, description }: Record<string, unknown>): Problem[] {
  const wrong: string[] = [];
  if (cycle !== undefined && !CYCLES.some((known) => known === cycle)) wrong.push("cycle");
  if (endDate != null && !isDate(endDate)) wrong.push("endDate");
  if (maxPayments != null && !(Number.isInteger(maxPayments) && Number(maxPayments) > 0)) wrong.push("maxPayments");
  if (status !== undefined && status !== "ACTIVE" && status !== "INACTIVE") wrong.push("status");
  if (typeof description === "string" && description.length > MAX_DESCRIPTION) wrong.push("description");
  return wrong.map(problem);
}

function problem(field: string): Problem {
  return { code: `invalid_${field}`, description: `O campo ${field} é inválido ou não foi informado` };
}

function wrongState({ id, status, deleted }: KeptSubscription, verb: string): Problem {
  const state = deleted ? "removida" : status;
  return { code: "invalid_action", description: `A assinatura ${id} (${state}) não pode ser ${verb}` };
}
