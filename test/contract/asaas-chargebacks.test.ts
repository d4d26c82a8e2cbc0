import { describe, expect, it } from "vitest";
import type { Payment } from "../local/asaas/wire.ts";
import type { Asaas } from "../local/asaas.ts";
import {
  API_KEY,
  asaasWith,
  call,
  closeAfterEach,
  control,
  envelopes,
  errorCodes,
  newPayment,
  type Stage,
  stageWith,
} from "./support/asaas-stage.ts";

closeAfterEach();

const EVENTS = [
  "PAYMENT_RECEIVED",
  "PAYMENT_REFUNDED",
  "PAYMENT_PARTIALLY_REFUNDED",
  "PAYMENT_REFUND_IN_PROGRESS",
  "PAYMENT_REFUND_DENIED",
  "PAYMENT_CHARGEBACK_REQUESTED",
  "PAYMENT_CHARGEBACK_DISPUTE",
  "PAYMENT_AWAITING_CHARGEBACK_REVERSAL",
];

/** What was told since the last time: the event, the status and how far the dispute or the refund is. */
async function told({ asaas, receiver }: Stage): Promise<(string | undefined)[][]> {
  await asaas.idle();
  const lines = envelopes(receiver).map(({ event, payment }) => [
    event.replace("PAYMENT_", ""),
    payment.status,
    payment.chargeback?.status ?? payment.refunds?.at(-1)?.status,
  ]);
  receiver.received.length = 0;
  return lines;
}

async function balance(asaas: Asaas): Promise<unknown> {
  return (await call(asaas, "GET", "/finance/balance")).body.balance;
}

/** A card of R$ 100, of which R$ 96.52 reach the account. */
async function paidCard(stage: Stage, through: ("CONFIRMED" | "RECEIVED")[] = ["CONFIRMED", "RECEIVED"]): Promise<string> {
  const { id } = await newPayment(stage.asaas, { billingType: "CREDIT_CARD", value: 100 });
  stage.asaas.pay({ paymentId: id, via: "card", through });
  await told(stage);
  return id;
}

describe("a chargeback", () => {
  it("that is contested and won comes back as received, step by step, and each is announced", async () => {
    const stage = await stageWith({ webhook: { events: EVENTS } });
    const { asaas } = stage;
    const paymentId = await paidCard(stage);
    expect(await balance(asaas)).toBe(1096.52);
    expect(asaas.dispute({ paymentId, step: "request" }).status).toBe("CHARGEBACK_REQUESTED");
    expect(await balance(asaas)).toBe(996.52);
    for (const step of ["contest", "win"] as const) asaas.dispute({ paymentId, step });
    expect(await balance(asaas)).toBe(996.52);
    asaas.dispute({ paymentId, step: "reverse" });
    expect(await balance(asaas)).toBe(1096.52);
    expect(await told(stage)).toEqual([
      ["CHARGEBACK_REQUESTED", "CHARGEBACK_REQUESTED", "REQUESTED"],
      ["CHARGEBACK_DISPUTE", "CHARGEBACK_DISPUTE", "IN_DISPUTE"],
      ["AWAITING_CHARGEBACK_REVERSAL", "AWAITING_CHARGEBACK_REVERSAL", "IN_DISPUTE"],
      ["RECEIVED", "RECEIVED", "REVERSED"],
    ]);
  });

  it("that is contested and lost is given back to the payer for good", async () => {
    const stage = await stageWith({ webhook: { events: EVENTS } });
    const paymentId = await paidCard(stage);
    for (const step of ["request", "contest", "lose"] as const) stage.asaas.dispute({ paymentId, step });
    expect((await told(stage)).at(-1)).toEqual(["REFUNDED", "REFUNDED", "DISPUTE_LOST"]);
    expect(await balance(stage.asaas)).toBe(996.52);
    expect((await call<Payment>(stage.asaas, "GET", `/payments/${paymentId}`)).body.chargeback?.disputeStatus).toBe("REJECTED");
  });

  it("that nobody contests is lost as well", async () => {
    const stage = await stageWith({ webhook: { events: EVENTS } });
    const paymentId = await paidCard(stage);
    for (const step of ["request", "lose"] as const) stage.asaas.dispute({ paymentId, step });
    expect((await told(stage)).at(-1)).toEqual(["REFUNDED", "REFUNDED", "DONE"]);
  });

  it("is told within the charge, with every documented field", async () => {
    const stage = await stageWith();
    const paymentId = await paidCard(stage);
    stage.asaas.dispute({ paymentId, step: "request" });
    const read = async () => (await call<Payment>(stage.asaas, "GET", `/payments/${paymentId}`)).body.chargeback;
    const requested = await read();
    expect(requested).toEqual({
      id: expect.any(String),
      payment: paymentId,
      installment: null,
      customerAccount: expect.any(String),
      status: "REQUESTED",
      reason: "PROCESS_ERROR",
      disputeStartDate: null,
      value: 100,
      paymentDate: "2026-03-10",
      disputeStatus: null,
      deadlineToSendDisputeDocuments: "2026-03-17",
    });
    stage.asaas.dispute({ paymentId, step: "contest" });
    const contested = { ...requested, status: "IN_DISPUTE", disputeStatus: "REQUESTED", disputeStartDate: "2026-03-10" };
    expect(await read()).toEqual(contested);
    stage.asaas.dispute({ paymentId, step: "win" });
    expect(await read()).toEqual({ ...contested, disputeStatus: "ACCEPTED" });
  });

  it("of money that had not come yet takes nothing out, and brings it in, less the fee, when it is won", async () => {
    const stage = await stageWith({ webhook: { events: EVENTS } });
    const paymentId = await paidCard(stage, ["CONFIRMED"]);
    stage.asaas.dispute({ paymentId, step: "request" });
    expect(await balance(stage.asaas)).toBe(1000);
    for (const step of ["contest", "win"] as const) stage.asaas.dispute({ paymentId, step });
    expect(stage.asaas.dispute({ paymentId, step: "reverse" })).toMatchObject({ status: "RECEIVED", paymentDate: "2026-03-10" });
    expect(await balance(stage.asaas)).toBe(1096.52);
  });

  it("does not happen out of turn, nor to what is unpaid or no card", async () => {
    const stage = await stageWith({ webhook: { events: EVENTS } });
    const { asaas } = stage;
    const paymentId = await paidCard(stage);
    for (const step of ["contest", "win", "reverse", "lose"] as const) {
      expect(() => asaas.dispute({ paymentId, step })).toThrow("invalid_action");
    }
    const unpaid = await newPayment(asaas, { billingType: "CREDIT_CARD" });
    const pix = await newPayment(asaas);
    asaas.pay({ paymentId: pix.id, via: "pix" });
    await told(stage);
    for (const { id } of [unpaid, pix]) expect(() => asaas.dispute({ paymentId: id, step: "request" })).toThrow("invalid_action");
    asaas.dispute({ paymentId, step: "request" });
    expect(() => asaas.dispute({ paymentId, step: "win" })).toThrow("invalid_action");
    expect(errorCodes(await call(asaas, "POST", `/payments/${paymentId}/refund`))).toEqual(["invalid_action"]);
    expect(await told(stage)).toHaveLength(1);
  });

  it("goes on over HTTP too, which refuses a step that is none", async () => {
    const stage = await stageWith();
    const paymentId = await paidCard(stage);
    const step = (name: string) => control(stage.asaas, "POST", `/payments/${paymentId}/dispute`, { step: name });
    expect((await step("request")).body).toMatchObject({ id: paymentId, status: "CHARGEBACK_REQUESTED" });
    const [unknown, outOfTurn] = [await step("shout"), await step("reverse")];
    expect([unknown.status, ...errorCodes(unknown)]).toEqual([400, "invalid_body"]);
    expect([outOfTurn.status, ...errorCodes(outOfTurn)]).toEqual([400, "invalid_action"]);
    expect((await control(stage.asaas, "POST", "/payments/pay_0/dispute", { step: "request" })).status).toBe(404);
  });
});

describe("a refund that the bank takes its time for", () => {
  async function held(): Promise<Stage & { paymentId: string; refund(body?: object): Promise<Payment> }> {
    const stage = await stageWith({ webhook: { events: EVENTS } });
    stage.asaas.adjustAccount({ apiKey: API_KEY, holdsRefunds: true });
    const { id } = await newPayment(stage.asaas, { value: 100 });
    stage.asaas.pay({ paymentId: id, via: "pix" });
    await told(stage);
    const refund = async (body: object = {}) => (await call<Payment>(stage.asaas, "POST", `/payments/${id}/refund`, body)).body;
    return { ...stage, paymentId: id, refund };
  }

  it("is in progress until it is done", async () => {
    const stage = await held();
    expect(await stage.refund()).toMatchObject({ status: "REFUND_IN_PROGRESS", refunds: [{ status: "PENDING", value: 100 }] });
    const again = await call(stage.asaas, "POST", `/payments/${stage.paymentId}/refund`);
    expect(errorCodes(again)).toEqual(["invalid_action"]);
    stage.asaas.settleRefund({ paymentId: stage.paymentId, outcome: "done" });
    expect(await told(stage)).toEqual([
      ["REFUND_IN_PROGRESS", "REFUND_IN_PROGRESS", "PENDING"],
      ["REFUNDED", "REFUNDED", "DONE"],
    ]);
    expect(await balance(stage.asaas)).toBe(998.01);
  });

  it("is denied, leaves the charge received, and can be asked for again", async () => {
    const stage = await held();
    await stage.refund();
    expect(await balance(stage.asaas)).toBe(998.01);
    stage.asaas.settleRefund({ paymentId: stage.paymentId, outcome: "denied" });
    expect(await told(stage)).toEqual([
      ["REFUND_IN_PROGRESS", "REFUND_IN_PROGRESS", "PENDING"],
      ["REFUND_DENIED", "RECEIVED", "CANCELLED"],
    ]);
    expect(await balance(stage.asaas)).toBe(1098.01);
    expect(() => stage.asaas.settleRefund({ paymentId: stage.paymentId, outcome: "done" })).toThrow("invalid_action");
    expect(await stage.refund()).toMatchObject({ refunds: [{ status: "CANCELLED" }, { status: "PENDING", value: 100 }] });
  });

  it("of a part leaves the rest received, and the parts add up to the whole", async () => {
    const stage = await held();
    await stage.refund({ value: 30 });
    stage.asaas.settleRefund({ paymentId: stage.paymentId, outcome: "done" });
    expect((await told(stage)).at(-1)).toEqual(["PARTIALLY_REFUNDED", "RECEIVED", "DONE"]);
    await stage.refund({ value: 50 });
    stage.asaas.settleRefund({ paymentId: stage.paymentId, outcome: "denied" });
    expect(await stage.refund()).toMatchObject({ refunds: [{ value: 30 }, { value: 50 }, { value: 70, status: "PENDING" }] });
    stage.asaas.settleRefund({ paymentId: stage.paymentId, outcome: "done" });
    expect((await told(stage)).at(-1)).toEqual(["REFUNDED", "REFUNDED", "DONE"]);
  });

  it("of a card that was only confirmed is confirmed again when it is denied", async () => {
    const stage = await stageWith({ webhook: { events: EVENTS } });
    const paymentId = await paidCard(stage, ["CONFIRMED"]);
    stage.asaas.adjustAccount({ apiKey: API_KEY, holdsRefunds: true });
    await call(stage.asaas, "POST", `/payments/${paymentId}/refund`);
    expect(stage.asaas.settleRefund({ paymentId, outcome: "denied" }).status).toBe("CONFIRMED");
    expect(await balance(stage.asaas)).toBe(1000);
  });

  it("is held and settled over HTTP too", async () => {
    const asaas = await asaasWith();
    expect((await control(asaas, "PUT", "/account", { holdsRefunds: true })).body).toEqual({ holdsRefunds: true });
    const { id } = await newPayment(asaas);
    await control(asaas, "POST", `/payments/${id}/pay`, { via: "pix" });
    expect((await call(asaas, "POST", `/payments/${id}/refund`)).body.status).toBe("REFUND_IN_PROGRESS");
    const settle = (outcome: string) => control(asaas, "POST", `/payments/${id}/settle-refund`, { outcome });
    expect((await settle("perhaps")).status).toBe(400);
    expect((await settle("done")).body.status).toBe("REFUNDED");
    expect(errorCodes(await settle("done"))).toEqual(["invalid_action"]);
  });
});
