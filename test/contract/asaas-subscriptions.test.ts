import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Payment, Subscription } from "../local/asaas/wire.ts";
import { type Asaas, startAsaas } from "../local/asaas.ts";
import {
  API_KEY,
  asaasWith,
  call,
  closeAfterEach,
  control,
  envelopes,
  errorCodes,
  NOW,
  newCustomer,
  OTHER_API_KEY,
  open,
  type Page,
  stageWith,
} from "./support/asaas-stage.ts";
import type { WebhookReceiver } from "./webhook-receiver.ts";

closeAfterEach();

/** As the guide to creating a subscription writes it. */
const PRO_PLAN = {
  billingType: "BOLETO",
  nextDueDate: "2026-03-15",
  value: 19.9,
  cycle: "MONTHLY",
  description: "Assinatura Plano Pró",
};

const EVENTS = [
  "SUBSCRIPTION_CREATED",
  "SUBSCRIPTION_UPDATED",
  "SUBSCRIPTION_INACTIVATED",
  "SUBSCRIPTION_DELETED",
  "PAYMENT_CREATED",
  "PAYMENT_UPDATED",
  "PAYMENT_DELETED",
];

async function subscribe(asaas: Asaas, extra: object = {}): Promise<Subscription> {
  const { id: customer } = await newCustomer(asaas);
  const { status, body } = await call<Subscription>(asaas, "POST", "/subscriptions", { customer, ...PRO_PLAN, ...extra });
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body;
}

async function chargesOf(asaas: Asaas, { id }: { id: string }): Promise<Payment[]> {
  return (await call<Page<Payment>>(asaas, "GET", `/subscriptions/${id}/payments`)).body.data;
}

/** What was told since the last time, in order. */
async function told(asaas: Asaas, receiver: WebhookReceiver): Promise<string[]> {
  await asaas.idle();
  const events = envelopes(receiver).map(({ event }) => event);
  receiver.received.length = 0;
  return events;
}

describe("subscriptions", () => {
  it("are created active, with every documented field and days as the API writes them", async () => {
    const asaas = await asaasWith();
    const made = await subscribe(asaas, { externalReference: "sub-ref", discount: { value: 10, type: "PERCENTAGE" } });
    expect(made).toEqual({
      object: "subscription",
      id: expect.stringMatching(/^sub_[0-9a-z]{16}$/),
      dateCreated: "2026-03-10",
      customer: expect.stringMatching(/^cus_/),
      paymentLink: null,
      value: 19.9,
      nextDueDate: "2026-04-15",
      cycle: "MONTHLY",
      description: "Assinatura Plano Pró",
      billingType: "BOLETO",
      deleted: false,
      status: "ACTIVE",
      externalReference: "sub-ref",
      checkoutSession: null,
      sendPaymentByPostalService: false,
      endDate: null,
      maxPayments: null,
      discount: { value: 10, limitDate: null, dueDateLimitDays: 0, type: "PERCENTAGE" },
      fine: { value: 0, type: "FIXED" },
      interest: { value: 0, type: "PERCENTAGE" },
      split: null,
    });
    expect((await call(asaas, "GET", `/subscriptions/${made.id}`)).body).toEqual(made);
  });

  it("make their first charge at once, due when it was asked for, with their reference, terms and id", async () => {
    const asaas = await asaasWith();
    const subscription = await subscribe(asaas, { externalReference: "sub-ref", fine: { value: 1, type: "PERCENTAGE" } });
    const [first, ...more] = await chargesOf(asaas, subscription);
    expect(more).toEqual([]);
    expect(first).toMatchObject({
      object: "payment",
      subscription: subscription.id,
      customer: subscription.customer,
      externalReference: "sub-ref",
      value: 19.9,
      netValue: 17.91,
      dueDate: "2026-03-15",
      billingType: "BOLETO",
      status: "PENDING",
      description: "Assinatura Plano Pró",
      installmentNumber: null,
      fine: { value: 1, type: "PERCENTAGE" },
    });
    expect((await call(asaas, "GET", `/payments/${first?.id}`)).body).toEqual(first);
    expect((await call<Page<Payment>>(asaas, "GET", `/payments?subscription=${subscription.id}`)).body.data).toEqual([first]);
  });

  it("are made twice by the same request", async () => {
    const asaas = await asaasWith();
    const [first, second] = [
      await subscribe(asaas, { externalReference: "r" }),
      await subscribe(asaas, { externalReference: "r" }),
    ];
    expect(first.id).not.toBe(second.id);
    expect((await call(asaas, "GET", "/subscriptions?externalReference=r")).body.totalCount).toBe(2);
  });

  it("say what is wrong with them, all of it at once, and make nothing", async () => {
    const asaas = await asaasWith();
    const empty = await call(asaas, "POST", "/subscriptions", {});
    expect(empty.status).toBe(400);
    expect(errorCodes(empty)).toEqual([
      "invalid_customer",
      "invalid_billingType",
      "invalid_nextDueDate",
      "invalid_value",
      "invalid_cycle",
    ]);
    const { id: customer } = await newCustomer(asaas);
    const wrong: [object, string][] = [
      [{ nextDueDate: "2026-03-09" }, "invalid_nextDueDate"],
      [{ nextDueDate: "15/03/2026" }, "invalid_nextDueDate"],
      [{ value: 4.99 }, "invalid_value"],
      [{ value: "19.9" }, "invalid_value"],
      [{ cycle: "DAILY" }, "invalid_cycle"],
      [{ billingType: "CASH" }, "invalid_billingType"],
      [{ endDate: "soon" }, "invalid_endDate"],
      [{ maxPayments: 0 }, "invalid_maxPayments"],
      [{ description: "x".repeat(501) }, "invalid_description"],
      [{ customer: "cus_000000000000" }, "invalid_customer"],
    ];
    for (const [change, code] of wrong) {
      const answer = await call(asaas, "POST", "/subscriptions", { customer, ...PRO_PLAN, ...change });
      expect([answer.status, ...errorCodes(answer)]).toEqual([400, code]);
    }
    expect((await call(asaas, "GET", "/subscriptions")).body.totalCount).toBe(0);
    expect(asaas.payments(API_KEY)).toEqual([]);
  });

  it("are listed newest first, in pages, by reference, customer and status", async () => {
    const asaas = await asaasWith();
    const made: Subscription[] = [];
    for (const externalReference of ["a", "b", "c"]) made.unshift(await subscribe(asaas, { externalReference }));
    const list = async (query: string) => (await call<Page<Subscription>>(asaas, "GET", `/subscriptions?${query}`)).body;
    expect(await list("limit=2")).toEqual({
      object: "list",
      hasMore: true,
      totalCount: 3,
      limit: 2,
      offset: 0,
      data: made.slice(0, 2),
    });
    expect(await list("limit=2&offset=2")).toMatchObject({ hasMore: false, totalCount: 3, data: made.slice(2) });
    expect((await list("externalReference=b")).data).toEqual([made[1]]);
    expect((await list(`customer=${made[2]?.customer}`)).data).toEqual([made[2]]);
    await call(asaas, "PUT", `/subscriptions/${made[0]?.id}`, { status: "INACTIVE" });
    expect((await list("status=INACTIVE")).data).toMatchObject([{ id: made[0]?.id }]);
    expect((await list("externalReference=z")).data).toEqual([]);
  });

  it("are nobody else's", async () => {
    const asaas = await asaasWith();
    asaas.createAccount({ apiKey: OTHER_API_KEY });
    const { id } = await subscribe(asaas);
    const asOther = (method: string, path: string, body?: object) => call(asaas, method, path, body, OTHER_API_KEY);
    expect((await asOther("GET", `/subscriptions/${id}`)).status).toBe(404);
    expect((await asOther("PUT", `/subscriptions/${id}`, { value: 5 })).status).toBe(404);
    expect((await asOther("DELETE", `/subscriptions/${id}`)).status).toBe(404);
    expect((await asOther("GET", `/subscriptions/${id}/payments`)).status).toBe(404);
    expect((await asOther("GET", "/subscriptions")).body.totalCount).toBe(0);
    const unknown = await call(asaas, "GET", "/subscriptions/sub_0000");
    expect([unknown.status, ...errorCodes(unknown)]).toEqual([404, "not_found"]);
  });
});

describe("the cycles of a subscription", () => {
  const cycles: [cycle: string, dueDates: string[]][] = [
    ["WEEKLY", ["2026-03-31", "2026-04-07", "2026-04-14"]],
    ["BIWEEKLY", ["2026-03-31", "2026-04-14", "2026-04-28"]],
    ["MONTHLY", ["2026-03-31", "2026-04-30", "2026-05-31"]],
    ["BIMONTHLY", ["2026-03-31", "2026-05-31", "2026-07-31"]],
    ["QUARTERLY", ["2026-03-31", "2026-06-30", "2026-09-30"]],
    ["SEMIANNUALLY", ["2026-03-31", "2026-09-30", "2027-03-31"]],
    ["YEARLY", ["2026-03-31", "2027-03-31", "2028-03-31"]],
  ];
  it.each(cycles)("%s makes charges due on %j", async (cycle, dueDates) => {
    const asaas = await asaasWith();
    const subscription = await subscribe(asaas, { cycle, nextDueDate: "2026-03-31" });
    for (const dueDate of dueDates.slice(1)) {
      expect((await call(asaas, "GET", `/subscriptions/${subscription.id}`)).body.nextDueDate).toBe(dueDate);
      expect(asaas.passCycle({ subscriptionId: subscription.id })).toMatchObject({ dueDate, subscription: subscription.id });
    }
    expect((await chargesOf(asaas, subscription)).map(({ dueDate }) => dueDate)).toEqual([...dueDates].reverse());
  });

  it("pass over HTTP too", async () => {
    const asaas = await asaasWith();
    const { id } = await subscribe(asaas);
    const passed = await control(asaas, "POST", `/subscriptions/${id}/cycle`);
    expect([passed.status, passed.body.nextDueDate]).toEqual([200, "2026-05-15"]);
    expect(await chargesOf(asaas, { id })).toHaveLength(2);
    expect((await control(asaas, "POST", "/subscriptions/sub_0/cycle")).status).toBe(404);
  });

  it.each([{ maxPayments: 2 }, { endDate: "2026-04-15" }])("end with %o, and the subscription expires", async (limit) => {
    const { asaas, receiver } = await stageWith({ webhook: { events: EVENTS } });
    const { id: subscriptionId } = await subscribe(asaas, limit);
    expect(asaas.passCycle({ subscriptionId })).toMatchObject({ dueDate: "2026-04-15" });
    await told(asaas, receiver);
    expect(asaas.passCycle({ subscriptionId })).toBeUndefined();
    expect(await told(asaas, receiver)).toEqual(["SUBSCRIPTION_UPDATED"]);
    expect((await call(asaas, "GET", `/subscriptions/${subscriptionId}`)).body).toMatchObject({
      status: "EXPIRED",
      deleted: false,
    });
    expect(asaas.passCycle({ subscriptionId })).toBeUndefined();
    expect(await told(asaas, receiver)).toEqual([]);
    expect(await chargesOf(asaas, { id: subscriptionId })).toHaveLength(2);
  });
});

describe("a change of a subscription", () => {
  it("is of the charges to come, unless it is asked for the pending ones", async () => {
    const { asaas, receiver } = await stageWith({ webhook: { events: EVENTS } });
    const subscription = await subscribe(asaas);
    await told(asaas, receiver);
    const change = { value: 25.5, nextDueDate: "2026-04-20", cycle: "QUARTERLY", endDate: "2027-01-01", maxPayments: 4 };
    const changed = await call<Subscription>(asaas, "PUT", `/subscriptions/${subscription.id}`, change);
    expect(changed.body).toEqual({ ...subscription, ...change });
    expect(await told(asaas, receiver)).toEqual(["SUBSCRIPTION_UPDATED"]);
    expect(await chargesOf(asaas, subscription)).toMatchObject([{ value: 19.9, dueDate: "2026-03-15" }]);
    asaas.passCycle({ subscriptionId: subscription.id });
    expect((await chargesOf(asaas, subscription))[0]).toMatchObject({ value: 25.5, dueDate: "2026-04-20" });
    await told(asaas, receiver);
    const pending = { value: 30, billingType: "PIX", updatePendingPayments: true };
    await call(asaas, "PUT", `/subscriptions/${subscription.id}`, pending);
    expect(await told(asaas, receiver)).toEqual(["SUBSCRIPTION_UPDATED", "PAYMENT_UPDATED", "PAYMENT_UPDATED"]);
    const both = { value: 30, netValue: 28.01, billingType: "PIX" };
    expect(await chargesOf(asaas, subscription)).toMatchObject([both, both]);
  });

  it("to INACTIVE stops new charges and keeps the old; to go on it needs a date", async () => {
    const { asaas, receiver } = await stageWith({ webhook: { events: EVENTS } });
    const { id } = await subscribe(asaas);
    await told(asaas, receiver);
    const put = (body: object) => call<Subscription>(asaas, "PUT", `/subscriptions/${id}`, body);
    expect((await put({ status: "INACTIVE" })).body.status).toBe("INACTIVE");
    expect(asaas.passCycle({ subscriptionId: id })).toBeUndefined();
    expect(await told(asaas, receiver)).toEqual(["SUBSCRIPTION_INACTIVATED"]);
    expect(await chargesOf(asaas, { id })).toMatchObject([{ status: "PENDING", deleted: false }]);
    expect(errorCodes(await call(asaas, "PUT", `/subscriptions/${id}`, { status: "ACTIVE" }))).toEqual(["invalid_nextDueDate"]);
    expect((await put({ status: "ACTIVE", nextDueDate: "2026-06-01" })).body).toMatchObject({ status: "ACTIVE" });
    expect(asaas.passCycle({ subscriptionId: id })).toMatchObject({ dueDate: "2026-06-01" });
    expect(await told(asaas, receiver)).toEqual(["SUBSCRIPTION_UPDATED", "PAYMENT_CREATED"]);
  });

  it("that is wrong changes nothing", async () => {
    const asaas = await asaasWith();
    const subscription = await subscribe(asaas);
    for (const [change, code] of [
      [{ value: 1, description: "new" }, "invalid_value"],
      [{ status: "EXPIRED" }, "invalid_status"],
      [{ nextDueDate: "2026-03-01" }, "invalid_nextDueDate"],
      [{ cycle: null }, "invalid_cycle"],
    ] as const) {
      expect(errorCodes(await call(asaas, "PUT", `/subscriptions/${subscription.id}`, change))).toEqual([code]);
    }
    expect((await call(asaas, "GET", `/subscriptions/${subscription.id}`)).body).toEqual(subscription);
  });
});

describe("a removed subscription", () => {
  it("takes its unpaid charges with it, keeps the paid ones, and announces each", async () => {
    const { asaas, receiver } = await stageWith({ webhook: { events: EVENTS } });
    const { id } = await subscribe(asaas);
    const [paid] = await chargesOf(asaas, { id });
    asaas.pay({ paymentId: paid?.id ?? "", via: "pix" });
    const late = asaas.passCycle({ subscriptionId: id });
    await call(asaas, "POST", `/sandbox/payment/${late?.id}/overdue`);
    asaas.passCycle({ subscriptionId: id });
    await told(asaas, receiver);
    expect(await call(asaas, "DELETE", `/subscriptions/${id}`)).toMatchObject({ status: 200, body: { deleted: true, id } });
    expect(await told(asaas, receiver)).toEqual(["PAYMENT_DELETED", "PAYMENT_DELETED", "SUBSCRIPTION_DELETED"]);
    const left = asaas.payments(API_KEY).map(({ status, deleted }) => [status, deleted]);
    expect(left).toEqual([
      ["RECEIVED", false],
      ["OVERDUE", true],
      ["PENDING", true],
    ]);
    expect(asaas.passCycle({ subscriptionId: id })).toBeUndefined();
  });

  it("is read by its id and listed only when asked for, and is not removed or changed again", async () => {
    const asaas = await asaasWith();
    const [gone, kept] = [await subscribe(asaas), await subscribe(asaas)];
    await call(asaas, "DELETE", `/subscriptions/${gone.id}`);
    const ids = async (query: string) =>
      (await call<Page<Subscription>>(asaas, "GET", `/subscriptions${query}`)).body.data.map(({ id }) => id);
    expect((await call(asaas, "GET", `/subscriptions/${gone.id}`)).body).toEqual({ ...gone, deleted: true });
    expect(await ids("")).toEqual([kept.id]);
    expect(await ids("?includeDeleted=true")).toEqual([kept.id, gone.id]);
    expect(await ids("?deletedOnly=true")).toEqual([gone.id]);
    expect(errorCodes(await call(asaas, "DELETE", `/subscriptions/${gone.id}`))).toEqual(["invalid_action"]);
    expect(errorCodes(await call(asaas, "PUT", `/subscriptions/${gone.id}`, { value: 50 }))).toEqual(["invalid_action"]);
  });
});

describe("the events of a subscription", () => {
  it("come in the documented envelope, whose days read dd/mm/yyyy, while the charge's stay as they are", async () => {
    const { asaas, receiver } = await stageWith({ webhook: { events: EVENTS } });
    const made = await subscribe(asaas, { endDate: "2027-03-01" });
    await asaas.idle();
    const [created, charge] = envelopes(receiver);
    expect(created).toEqual({
      id: expect.stringMatching(/^evt_[0-9a-f]{32}&\d+$/),
      event: "SUBSCRIPTION_CREATED",
      dateCreated: "2026-03-10 12:00:00",
      account: { id: expect.any(String), ownerId: null },
      subscription: { ...made, dateCreated: "10/03/2026", nextDueDate: "15/04/2026", endDate: "01/03/2027" },
    });
    expect(charge).toMatchObject({
      event: "PAYMENT_CREATED",
      payment: { subscription: made.id, dueDate: "2026-03-15", dateCreated: "2026-03-10" },
    });
    expect(receiver.received).toHaveLength(2);
  });

  it("go only to webhooks that ask for them", async () => {
    const { asaas, receiver } = await stageWith({ webhook: { events: ["SUBSCRIPTION_DELETED"] } });
    const { id } = await subscribe(asaas);
    await call(asaas, "DELETE", `/subscriptions/${id}`);
    expect(await told(asaas, receiver)).toEqual(["SUBSCRIPTION_DELETED"]);
  });
});

it("a state file from before there were subscriptions is taken up, and subscriptions outlive a restart", async () => {
  const stateDir = mkdtempSync(join(tmpdir(), "asaas-"));
  const first = await asaasWith({ stateDir });
  await first.close();
  const file = join(stateDir, "asaas.json");
  const state = JSON.parse(readFileSync(file, "utf8")) as { accounts: { subscriptions?: unknown }[] };
  for (const account of state.accounts) delete account.subscriptions;
  writeFileSync(file, JSON.stringify(state));
  const second = await startAsaas({ stateDir, now: () => NOW });
  const made = await subscribe(second, { nextDueDate: "2026-03-31" });
  await second.close();
  const third = await startAsaas({ stateDir, now: () => NOW });
  open.push(third);
  expect((await call(third, "GET", `/subscriptions/${made.id}`)).body).toEqual(made);
  third.passCycle({ subscriptionId: made.id });
  expect(third.passCycle({ subscriptionId: made.id })?.dueDate).toBe("2026-05-31");
  rmSync(stateDir, { recursive: true });
});
