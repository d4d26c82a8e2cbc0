import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Asaas, asaasSubscriptionSnapshot } from "../../functions/finance/outbound/asaas.ts";
import { json } from "../local/http-server.ts";
import { type AsaasHouse, failed, newCustomer, openAsaasHouse, TOMORROW } from "./support/asaas-house.ts";

let house: AsaasHouse;
let asaas: Asaas;
let customerId: string;

beforeAll(async () => {
  house = await openAsaasHouse();
  customerId = await newCustomer(house.open());
});
afterAll(() => house.close());
beforeEach(() => {
  house.standIn.faults.length = 0;
  asaas = house.open();
});

describe("making, finding and ending", () => {
  test.each(["weekly", "biweekly", "monthly", "bimonthly", "quarterly", "semiannual", "yearly"] as const)(
    "a %s subscription is what was asked for, and is found by our reference",
    async (cycle) => {
      const externalReference = crypto.randomUUID();
      expect(await asaas.findSubscription({ externalReference })).toBeUndefined();
      const made = await subscribe({ cycle, externalReference, description: "Mentoria" });
      expect(made).toMatchObject({
        customerId,
        status: "active",
        amountCents: 29_990,
        billingType: "boleto",
        cycle,
        description: "Mentoria",
        externalReference,
        isDeleted: false,
      });
      expect(made.nextDueDate).toMatch(/^\d{4}-\d{2}-\d{2}$/);
      expect(await asaas.getSubscription(made.id)).toEqual(made);
      expect(await asaas.findSubscription({ externalReference })).toEqual(made);
    },
  );

  test("its charges name it and are listed by it", async () => {
    const { id } = await subscribe();
    const { items } = await asaas.listPayments({ offset: 0, limit: 100, subscriptionId: id });
    const first = items.find(({ dueDate }) => dueDate === TOMORROW);
    expect(first).toMatchObject({ subscriptionId: id, amountCents: 29_990 });
    expect(items.every(({ subscriptionId }) => subscriptionId === id)).toBe(true);
  });

  test("an ended subscription is not found by its reference, says that it is cancelled, and can be ended again", async () => {
    const { id, externalReference } = await subscribe();
    await asaas.cancelSubscription(id);
    await asaas.cancelSubscription(id);
    expect(await asaas.findSubscription({ externalReference: externalReference ?? "" })).toBeUndefined();
    expect(await asaas.getSubscription(id)).toMatchObject({ isDeleted: true, status: "cancelled" });
  });

  test("an unknown subscription is refused as not found", async () => {
    for (const call of [asaas.getSubscription, asaas.cancelSubscription]) {
      expect(await failed(call("sub_0000"))).toMatchObject({ kind: "refused", providerStatus: 404 });
    }
  });

  test("a lost answer is unknown, and the subscription is there to be adopted", async () => {
    const externalReference = crypto.randomUUID();
    house.standIn.faults.push({ kind: "reset-after", method: "POST" });
    expect(await failed(subscribe({ externalReference }))).toMatchObject({ kind: "unknown_outcome" });
    expect(await asaas.findSubscription({ externalReference })).toMatchObject({ externalReference });
  });
});

test("a subscription leaves in Asaas' words, and what is not asked for is not sent", async () => {
  await house.answering(json(200, {}), async (client, received) => {
    await failed(subscribe({ client, externalReference: "r", endDate: "2027-03-10", maxPayments: 12, cycle: "semiannual" }));
    await failed(subscribe({ client, externalReference: "r" }));
    const common = { customer: customerId, billingType: "BOLETO", value: 299.9, nextDueDate: TOMORROW, externalReference: "r" };
    expect(received.map(({ body }) => JSON.parse(body.toString()))).toEqual([
      { ...common, cycle: "SEMIANNUALLY", endDate: "2027-03-10", maxPayments: 12 },
      { ...common, cycle: "MONTHLY" },
    ]);
    await expect(async () => subscribe({ client, amountCents: 0.5 })).rejects.toThrow(RangeError);
    expect(received).toHaveLength(2);
  });
});

describe("a subscription as Asaas writes it", () => {
  const subscription = { id: "sub_1", customer: "cus_1", status: "ACTIVE", value: 19.9, cycle: "MONTHLY", billingType: "PIX" };

  test("days read the same from an event as from an answer", () => {
    const event = { ...subscription, dateCreated: "16/10/2024", nextDueDate: "22/11/2024", endDate: "01/02/2025" };
    const answer = { ...subscription, dateCreated: "2024-10-16", nextDueDate: "2024-11-22", endDate: "2025-02-01" };
    const read = asaasSubscriptionSnapshot.parse(event);
    expect(read).toMatchObject({ dateCreated: "2024-10-16", nextDueDate: "2024-11-22", endDate: "2025-02-01" });
    expect(read).toEqual(asaasSubscriptionSnapshot.parse(answer));
  });

  test.each([
    [{ status: "ACTIVE" }, "active"],
    [{ status: "INACTIVE" }, "inactive"],
    [{ status: "EXPIRED" }, "expired"],
    [{ status: "ACTIVE", deleted: true }, "cancelled"],
    [{ status: "HIBERNATING" }, null],
    [{ status: null }, null],
  ])("%o is %s in our words", (change, status) => {
    expect(asaasSubscriptionSnapshot.parse({ ...subscription, ...change }).status).toBe(status);
  });

  test("new words and nulls are taken; what is not said is null", () => {
    expect(asaasSubscriptionSnapshot.parse({ ...subscription, cycle: "constructor", billingType: "CRYPTO", fine: {} })).toEqual({
      id: "sub_1",
      customerId: "cus_1",
      status: "active",
      amountCents: 1_990,
      billingType: null,
      cycle: null,
      nextDueDate: null,
      endDate: null,
      maxPayments: null,
      dateCreated: null,
      description: null,
      externalReference: null,
      isDeleted: false,
    });
  });

  test.each([{ value: 1.999 }, { nextDueDate: "31/02/2026" }, { nextDueDate: "3/10/2026" }, { id: null }])(
    "%o is not guessed at",
    (change) => {
      expect(asaasSubscriptionSnapshot.safeParse({ ...subscription, ...change }).success).toBe(false);
    },
  );

  test("a stranger's subscription is not adopted when the filter is ignored, nor ours when it was removed", async () => {
    const removed = { ...subscription, externalReference: "ours", deleted: true };
    const data = [{ ...subscription, externalReference: "theirs" }, removed];
    await house.answering(json(200, { data }), async (client) => {
      expect(await client.findSubscription({ externalReference: "ours" })).toBeUndefined();
    });
  });
});

function subscribe({
  client = asaas,
  ...changes
}: Partial<Parameters<Asaas["createSubscription"]>[0]> & { client?: Asaas } = {}): ReturnType<Asaas["createSubscription"]> {
  return client.createSubscription({
    customerId,
    billingType: "boleto",
    amountCents: 29_990,
    nextDueDate: TOMORROW,
    cycle: "monthly",
    externalReference: crypto.randomUUID(),
    ...changes,
  });
}
