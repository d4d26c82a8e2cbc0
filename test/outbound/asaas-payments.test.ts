import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Asaas, asaasPaymentSnapshot } from "../../functions/finance/outbound/asaas.ts";
import { json } from "../local/http-server.ts";
import { API_KEY, type AsaasHouse, failed, newCustomer, openAsaasHouse, TODAY, TOMORROW } from "./support/asaas-house.ts";

let house: AsaasHouse;
let asaas: Asaas;

beforeAll(async () => {
  house = await openAsaasHouse();
});
afterAll(() => house.close());
beforeEach(() => {
  house.standIn.faults.length = 0;
  asaas = house.open();
});

describe("making and finding", () => {
  test.each([
    ["pix", 500],
    ["boleto", 1_990],
    ["credit_card", 83_337],
    ["pix", 435_00],
  ] as const)("a %s charge of %i cents keeps its amount to the cent, there and back", async (billingType, amountCents) => {
    const made = await house.bill({ billingType, amountCents, description: "Parcela 1" });
    expect(made).toMatchObject({
      billingType,
      amountCents,
      status: "PENDING",
      dueDate: TOMORROW,
      paymentDate: null,
      description: "Parcela 1",
      subscriptionId: null,
      installmentId: null,
      refunds: [],
      refundedCents: 0,
      chargebackStatus: null,
      isDisputedUnpaid: false,
      isDeleted: false,
    });
    expect(made.netCents).toBeLessThan(amountCents);
    expect(made.dateCreated).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    expect(made.invoiceUrl).toMatch(/^http/);
    if (billingType === "boleto") expect(made.boletoUrl).toMatch(/^http/);
    else expect(made.boletoUrl).toBeNull();
    expect(await asaas.getPayment(made.id)).toEqual(made);
    expect(await asaas.findPayment({ externalReference: made.externalReference ?? "" })).toEqual(made);
  });

  test("an unknown charge is refused as not found", async () => {
    expect(await failed(asaas.getPayment("pay_0000"))).toMatchObject({ providerStatus: 404, providerCodes: ["not_found"] });
  });

  test("a charge that fails after it may have been made is not asked for again", async () => {
    const customerId = await newCustomer(asaas);
    const before = house.standIn.payments(API_KEY).length;
    house.standIn.faults.push({ kind: "reset-after", method: "POST" });
    expect(await failed(house.bill({ customerId }))).toMatchObject({ kind: "unknown_outcome" });
    expect(house.standIn.payments(API_KEY)).toHaveLength(before + 1);
  });

  test("an amount that is no whole number of cents never leaves", async () => {
    await house.answering(json(200, {}), async (client, received) => {
      for (const amountCents of [0.5, Number.NaN, -500]) {
        const calls: (() => Promise<unknown>)[] = [
          () => house.bill({ client, customerId: "cus_1", amountCents }),
          () => client.refundPayment({ id: "pay_1", amountCents }),
          () => client.receiveInCash({ id: "pay_1", amountCents, paymentDate: TODAY }),
        ];
        for (const call of calls) await expect(async () => call()).rejects.toThrow(RangeError);
      }
      expect(received).toEqual([]);
    });
  });

  test("an amount leaves as the decimal that it is", async () => {
    await house.answering(json(200, {}), async (client, received) => {
      await failed(house.bill({ client, customerId: "cus_1", amountCents: 1_990 }));
      expect(received[0]?.body.toString()).toContain('"value":19.9,');
    });
  });
});

describe("cancelling", () => {
  test("an unpaid charge is removed: not found by its reference, and saying so itself", async () => {
    const { id, externalReference } = await house.bill();
    await asaas.cancelPayment(id);
    expect(await asaas.findPayment({ externalReference: externalReference ?? "" })).toBeUndefined();
    expect(await asaas.getPayment(id)).toMatchObject({ isDeleted: true, status: "PENDING" });
  });

  test("what is removed already is done", async () => {
    const { id } = await house.bill();
    await asaas.cancelPayment(id);
    await asaas.cancelPayment(id);
    expect(await asaas.getPayment(id)).toMatchObject({ isDeleted: true });
  });

  test("a lost answer is asked for again, and the charge is removed", async () => {
    const { id } = await house.bill();
    house.standIn.faults.push({ kind: "reset-after", method: "DELETE", times: 1 });
    await asaas.cancelPayment(id);
    expect(await asaas.getPayment(id)).toMatchObject({ isDeleted: true });
  });

  test("a paid charge is refused and stays", async () => {
    const { id } = await house.bill();
    house.standIn.pay({ paymentId: id, via: "pix" });
    expect(await failed(asaas.cancelPayment(id))).toMatchObject({ kind: "refused", providerCodes: ["invalid_action"] });
    expect(await asaas.getPayment(id)).toMatchObject({ isDeleted: false, status: "RECEIVED" });
  });

  test("an unknown charge is refused as not found", async () => {
    expect(await failed(asaas.cancelPayment("pay_0000"))).toMatchObject({ kind: "refused", providerStatus: 404 });
  });
});

describe("refunding", () => {
  test("a PIX charge is given back in parts, each told with its time and amount, until nothing is left", async () => {
    const { id } = await house.bill({ amountCents: 10_000 });
    house.standIn.pay({ paymentId: id, via: "pix" });
    const startedAt = Math.floor(Date.now() / 1_000) * 1_000;
    const part = await asaas.refundPayment({ id, amountCents: 3_335, description: "Desistência" });
    expect(part).toMatchObject({ status: "RECEIVED", refundedCents: 3_335, refunds: [{ amountCents: 3_335, isDone: true }] });
    const at = Date.parse(part.refunds[0]?.at ?? "");
    expect(at).toBeGreaterThanOrEqual(startedAt);
    expect(at).toBeLessThanOrEqual(Date.now());
    const whole = await asaas.refundPayment({ id });
    expect(whole).toMatchObject({ status: "REFUNDED", refundedCents: 10_000, refunds: [{}, { amountCents: 6_665 }] });
    expect(await asaas.getPayment(id)).toEqual(whole);
  });

  test("more than is left is refused, and nothing is given back", async () => {
    const { id } = await house.bill({ amountCents: 10_000 });
    house.standIn.pay({ paymentId: id, via: "pix" });
    expect(await failed(asaas.refundPayment({ id, amountCents: 10_001 }))).toMatchObject({ providerCodes: ["invalid_value"] });
    expect(await asaas.getPayment(id)).toMatchObject({ status: "RECEIVED", refunds: [] });
  });

  test("an unpaid charge and a boleto are refused", async () => {
    const unpaid = await house.bill();
    const boleto = await house.bill({ billingType: "boleto" });
    house.standIn.pay({ paymentId: boleto.id, via: "boleto" });
    for (const { id } of [unpaid, boleto]) {
      expect(await failed(asaas.refundPayment({ id }))).toMatchObject({ kind: "refused", providerCodes: ["invalid_action"] });
    }
  });

  test("a lost answer is unknown, and the money is given back once", async () => {
    const { id } = await house.bill({ amountCents: 10_000 });
    house.standIn.pay({ paymentId: id, via: "pix" });
    house.standIn.faults.push({ kind: "reset-after", method: "POST", path: "/refund" });
    expect(await failed(asaas.refundPayment({ id, amountCents: 1_000 }))).toMatchObject({ kind: "unknown_outcome" });
    expect(await asaas.getPayment(id)).toMatchObject({ refundedCents: 1_000, refunds: [{ amountCents: 1_000 }] });
  });
});

describe("cash", () => {
  test("a charge paid past Asaas has the amount and the day that we say, and is open again when that is undone", async () => {
    const { id } = await house.bill({ amountCents: 10_000 });
    const paid = await asaas.receiveInCash({ id, amountCents: 9_950, paymentDate: TODAY });
    expect(paid).toMatchObject({ status: "RECEIVED_IN_CASH", amountCents: 9_950, netCents: 9_950, paymentDate: TODAY });
    expect(await asaas.getPayment(id)).toEqual(paid);
    expect(await asaas.undoReceivedInCash(id)).toMatchObject({ status: "PENDING", paymentDate: null });
  });

  test("what is paid is not paid again, and what is not is not undone", async () => {
    const { id } = await house.bill();
    expect(await failed(asaas.undoReceivedInCash(id))).toMatchObject({ kind: "refused", providerCodes: ["invalid_action"] });
    await asaas.receiveInCash({ id, amountCents: 12_990, paymentDate: TODAY });
    const again = asaas.receiveInCash({ id, amountCents: 12_990, paymentDate: TODAY });
    expect(await failed(again)).toMatchObject({ kind: "refused", providerCodes: ["invalid_action"] });
  });

  test("a lost answer is unknown, and the charge shows what was done", async () => {
    const { id } = await house.bill();
    house.standIn.faults.push({ kind: "reset-after", method: "POST", times: 2 });
    const receipt = asaas.receiveInCash({ id, amountCents: 12_990, paymentDate: TODAY });
    expect(await failed(receipt)).toMatchObject({ kind: "unknown_outcome" });
    expect(await asaas.getPayment(id)).toMatchObject({ status: "RECEIVED_IN_CASH" });
    expect(await failed(asaas.undoReceivedInCash(id))).toMatchObject({ kind: "unknown_outcome" });
    expect(await asaas.getPayment(id)).toMatchObject({ status: "PENDING" });
  });

  test("the payer is not notified", async () => {
    await house.answering(json(200, {}), async (client, received) => {
      await failed(client.receiveInCash({ id: "pay_1", amountCents: 1_990, paymentDate: TODAY }));
      const body = JSON.parse(received[0]?.body.toString() ?? "");
      expect(body).toEqual({ paymentDate: TODAY, value: 19.9, notifyCustomer: false });
    });
  });
});

describe("ways to pay", () => {
  test("a PIX charge has the text that the payer copies, and its end in universal time", async () => {
    const { id } = await house.bill();
    const { payload, expiresAt } = await asaas.getPixQrCode(id);
    expect(payload).toMatch(/^000201.*6304[0-9A-F]{4}$/);
    // The last second of a day in São Paulo.
    expect(expiresAt).toMatch(/^\d{4}-\d{2}-\d{2}T02:59:59\.000Z$/);
  });

  test("a code whose end Asaas does not say has none", async () => {
    await house.answering(json(200, { payload: "000201", expirationDate: null }), async (client) => {
      expect(await client.getPixQrCode("pay_1")).toEqual({ payload: "000201", expiresAt: null });
    });
  });

  test("a boleto has a line to type and a bar code; another charge has none", async () => {
    const boleto = await house.bill({ billingType: "boleto", amountCents: 12_345 });
    const { line, barCode } = await asaas.getBoletoLine(boleto.id);
    expect(line).toMatch(/^\d{37}0000012345$/);
    expect(barCode).toMatch(/^\d{44}$/);
    const pix = await house.bill();
    expect(await failed(asaas.getBoletoLine(pix.id))).toMatchObject({ kind: "refused", providerCodes: ["invalid_action"] });
  });
});

describe("listing", () => {
  test("pages hold every charge once, and say whether more come", async () => {
    const own = await openAsaasHouse();
    const client = own.open();
    const customerId = await newCustomer(client);
    const made = [];
    for (let index = 0; index < 5; index += 1) made.push(await own.bill({ client, customerId }));
    const pages = [];
    for (const offset of [0, 2, 4]) pages.push(await client.listPayments({ offset, limit: 2 }));
    expect(pages.map(({ items, hasMore, totalCount }) => [items.length, hasMore, totalCount])).toEqual([
      [2, true, 5],
      [2, true, 5],
      [1, false, 5],
    ]);
    const byId = (a: { id: string }, b: { id: string }) => a.id.localeCompare(b.id);
    expect(pages.flatMap(({ items }) => items).sort(byId)).toEqual(made.sort(byId));
    await own.close();
  });

  test("the filters are Asaas' own", async () => {
    await house.answering(json(200, { data: [], hasMore: false, totalCount: 0 }), async (client, received) => {
      const days = { dateCreatedFrom: "2026-01-01", dueDateFrom: "2026-02-01", dueDateTo: "2026-02-28" };
      await client.listPayments({ offset: 100, limit: 100, ...days, subscriptionId: "sub_1" });
      await client.listPayments({ offset: 0, limit: 1 });
      const queries = received.map(({ path }) => Object.fromEntries(new URL(path, "http://x").searchParams));
      expect(queries).toEqual([
        {
          offset: "100",
          limit: "100",
          "dateCreated[ge]": "2026-01-01",
          "dueDate[ge]": "2026-02-01",
          "dueDate[le]": "2026-02-28",
          subscription: "sub_1",
        },
        { offset: "0", limit: "1" },
      ]);
    });
  });

  test("a page that Asaas would cut short is not asked for", async () => {
    for (const page of [
      { offset: 0, limit: 101 },
      { offset: 0, limit: 0 },
      { offset: -1, limit: 10 },
      { offset: 0.5, limit: 10 },
    ]) {
      await expect(async () => asaas.listPayments(page)).rejects.toThrow(RangeError);
    }
  });
});

describe("what Asaas may answer one day", () => {
  const payment = { id: "pay_1", customer: "cus_1", status: "PENDING", value: 19.9, dueDate: TOMORROW };

  test("new fields, words and nulls are taken; what is not said is null", async () => {
    const change = { status: "TELEPORTED", value: 4.35, netValue: null, billingType: "CRYPTO", dateCreated: "today", split: [1] };
    await house.answering(json(200, { ...payment, ...change }), async (client) => {
      expect(await client.getPayment("pay_1")).toEqual({
        id: "pay_1",
        customerId: "cus_1",
        status: "TELEPORTED",
        amountCents: 435,
        netCents: null,
        billingType: null,
        dueDate: TOMORROW,
        paymentDate: null,
        dateCreated: null,
        description: null,
        externalReference: null,
        invoiceUrl: null,
        boletoUrl: null,
        subscriptionId: null,
        installmentId: null,
        refunds: [],
        refundedCents: 0,
        chargebackStatus: null,
        isDisputedUnpaid: false,
        isDeleted: false,
      });
    });
  });

  test("a word of our language's own is a word like any other", () => {
    expect(asaasPaymentSnapshot.parse({ ...payment, status: "constructor", billingType: "constructor" })).toMatchObject({
      status: "constructor",
      billingType: null,
    });
  });

  test.each([
    { value: 19.999 },
    { value: "19.90" },
    { value: undefined },
    { netValue: 1.005 },
    { id: 1 },
    { dueDate: "2026-02-30" },
    { paymentDate: "soon" },
    { refunds: [{ dateCreated: "2026-01-01 10:00:00", status: "DONE", value: 0.001 }] },
    { refunds: [{ dateCreated: "yesterday", status: "DONE", value: 1 }] },
  ])("a payment with %o is not guessed at: a read fails, a write is unknown", async (change) => {
    await house.answering(json(200, { ...payment, ...change }), async (client) => {
      expect(await failed(client.getPayment("pay_1"))).toMatchObject({ kind: "unavailable", providerStatus: 200 });
      expect(await failed(house.bill({ client, customerId: "cus_1" }))).toMatchObject({ kind: "unknown_outcome" });
    });
  });

  test("a stranger's payment is not adopted when the filter is ignored, nor ours when it was removed", async () => {
    const removed = { ...payment, externalReference: "ours", deleted: true };
    const data = [{ ...payment, externalReference: "theirs" }, removed];
    await house.answering(json(200, { data }), async (client) => {
      expect(await client.findPayment({ externalReference: "ours" })).toBeUndefined();
    });
  });
});

describe("a payment inside an event", () => {
  test("reads as the same payment does in an answer", async () => {
    const made = await house.bill({ billingType: "boleto", description: "Parcela 2" });
    const sent = house.standIn.payments(API_KEY).find(({ id }) => id === made.id);
    expect(asaasPaymentSnapshot.parse(JSON.parse(JSON.stringify(sent)))).toEqual(made);
  });

  test("tells instalment, subscription, chargeback and refunds; only those that are done are given back", () => {
    const read = asaasPaymentSnapshot.parse({
      object: "payment",
      id: "pay_080225913252",
      dateCreated: "2026-01-01",
      customer: "cus_G7Dvo4iphUNk",
      subscription: "sub_VXJBYgP2u0eO",
      installment: "2765d086-c7c5-5cca-898a-4262d212587c",
      paymentLink: "123517639363",
      value: 100,
      netValue: 94.51,
      billingType: "CREDIT_CARD",
      status: "CHARGEBACK_REQUESTED",
      dueDate: "2026-01-02",
      paymentDate: "2026-02-03",
      deleted: false,
      chargeback: { status: "REQUESTED", reason: "PROCESS_ERROR" },
      refunds: [
        { dateCreated: "2026-02-21 22:28:40", status: "DONE", value: 2.03, description: "Overpayment" },
        { dateCreated: "2026-02-22 10:00:00", status: "PENDING", value: 5 },
        { dateCreated: "2026-02-23 10:00:00", status: "CANCELLED", value: 7 },
        { dateCreated: "2026-02-24 10:00:00", status: "DONE", value: 10.1 },
      ],
    });
    expect(read).toMatchObject({
      billingType: "credit_card",
      subscriptionId: "sub_VXJBYgP2u0eO",
      installmentId: "2765d086-c7c5-5cca-898a-4262d212587c",
      paymentDate: "2026-02-03",
      chargebackStatus: "REQUESTED",
      refundedCents: 1_213,
      refunds: [
        { at: "2026-02-22T01:28:40.000Z", amountCents: 203, isDone: true },
        { amountCents: 500, isDone: false },
        { amountCents: 700, isDone: false },
        { amountCents: 1_010, isDone: true },
      ],
    });
  });
});
