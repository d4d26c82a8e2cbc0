import { describe, expect, it } from "vitest";
import type { Payment } from "../local/asaas/wire.ts";
import {
  API_KEY,
  asaasWith,
  call,
  closeAfterEach,
  errorCodes,
  newPayment,
  OTHER_API_KEY,
  type Page,
  stageWith,
} from "./support/asaas-stage.ts";

closeAfterEach();

/** As the guide to instalments writes it. */
const ORDER = {
  value: undefined,
  billingType: "BOLETO",
  installmentCount: 6,
  installmentValue: 20,
  dueDate: "2026-06-10",
  description: "Pedido 056984",
  externalReference: "056984",
};

describe("an instalment plan", () => {
  it("adds up its charges: total, net, value of each, day of the month", async () => {
    const asaas = await asaasWith();
    const { installment, customer } = await newPayment(asaas, ORDER);
    expect((await call(asaas, "GET", `/installments/${installment}`)).body).toEqual({
      object: "installment",
      id: installment,
      value: 120,
      netValue: 108.06,
      paymentValue: 20,
      installmentCount: 6,
      billingType: "BOLETO",
      paymentDate: null,
      description: "Pedido 056984",
      expirationDay: 10,
      dateCreated: "2026-03-10",
      customer,
      paymentLink: null,
      checkoutSession: null,
      transactionReceiptUrl: null,
      creditCard: null,
      deleted: false,
      refunds: null,
    });
  });

  it.each([
    [100, 3, [33.33, 33.33, 33.34]],
    [100, 7, [14.28, 14.28, 14.28, 14.28, 14.28, 14.28, 14.32]],
    [59.99, 2, [29.99, 30]],
    [60, 12, Array(12).fill(5)],
  ])("of %d in %d charges loses no cent", async (totalValue, installmentCount, values) => {
    const asaas = await asaasWith();
    const { installment } = await newPayment(asaas, { ...ORDER, installmentValue: undefined, totalValue, installmentCount });
    const { data } = (await call<Page<Payment>>(asaas, "GET", `/installments/${installment}/payments?limit=100`)).body;
    expect(data.map(({ value }) => value).reverse()).toEqual(values);
    expect((await call(asaas, "GET", `/installments/${installment}`)).body).toMatchObject({
      value: totalValue,
      installmentCount,
    });
  });

  it("lists its charges, as the list of all charges does by its id", async () => {
    const asaas = await asaasWith();
    const { installment, id } = await newPayment(asaas, ORDER);
    await newPayment(asaas, ORDER);
    const own = (await call<Page<Payment>>(asaas, "GET", `/installments/${installment}/payments?limit=4&offset=4`)).body;
    expect(own).toMatchObject({ object: "list", totalCount: 6, hasMore: false, limit: 4, offset: 4 });
    expect(own.data.map(({ installmentNumber }) => installmentNumber)).toEqual([2, 1]);
    expect(own.data[1]?.id).toBe(id);
    expect((await call(asaas, "GET", `/payments?installment=${installment}&limit=4&offset=4`)).body).toEqual(own);
  });

  it("is removed with its unpaid charges, each of which is announced; paid ones stay", async () => {
    const { asaas, receiver } = await stageWith({ webhook: { events: ["PAYMENT_DELETED"] } });
    const { installment, id } = await newPayment(asaas, { ...ORDER, installmentCount: 3 });
    asaas.pay({ paymentId: id, via: "boleto" });
    const removed = await call(asaas, "DELETE", `/installments/${installment}`);
    expect([removed.status, removed.body]).toEqual([200, { deleted: true, id: installment }]);
    await asaas.idle();
    expect(receiver.received).toHaveLength(2);
    expect(asaas.payments(API_KEY).map(({ deleted }) => deleted)).toEqual([false, true, true]);
    expect((await call(asaas, "GET", `/installments/${installment}`)).body.deleted).toBe(false);
    expect(errorCodes(await call(asaas, "DELETE", `/installments/${installment}`))).toEqual(["invalid_action"]);
    const other = await newPayment(asaas, ORDER);
    await call(asaas, "DELETE", `/installments/${other.installment}`);
    expect((await call(asaas, "GET", `/installments/${other.installment}`)).body.deleted).toBe(true);
  });

  it("that is unknown, or another account's, is not found", async () => {
    const asaas = await asaasWith();
    asaas.createAccount({ apiKey: OTHER_API_KEY });
    const { installment } = await newPayment(asaas, ORDER);
    for (const [method, path] of [
      ["GET", ""],
      ["DELETE", ""],
      ["GET", "/payments"],
    ] as const) {
      expect((await call(asaas, method, `/installments/${installment}${path}`, undefined, OTHER_API_KEY)).status).toBe(404);
      expect(errorCodes(await call(asaas, method, `/installments/unknown${path}`))).toEqual(["not_found"]);
    }
  });

  it("of parts that are too small, or without an amount, is refused as one problem and makes nothing", async () => {
    const asaas = await asaasWith();
    const { customer } = await newPayment(asaas);
    for (const change of [
      { installmentValue: 4.99 },
      { installmentValue: undefined },
      { installmentValue: undefined, totalValue: 20 },
    ]) {
      expect(errorCodes(await call(asaas, "POST", "/payments", { customer, ...ORDER, ...change }))).toEqual(["invalid_value"]);
    }
    expect(asaas.payments(API_KEY)).toHaveLength(1);
  });
});
