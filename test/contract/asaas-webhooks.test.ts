import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import type { Payment } from "../local/asaas/wire.ts";
import { type Asaas, startAsaas } from "../local/asaas.ts";
import {
  API_KEY,
  AUTH_TOKEN,
  asaasWith,
  call,
  closeAfterEach,
  envelopes,
  errorCodes,
  eventNames,
  FAST,
  NOW,
  newPayment,
  newWebhook,
  OTHER_API_KEY,
  open,
  stageWith,
  WEBHOOK,
} from "./support/asaas-stage.ts";
import { startWebhookReceiver, type WebhookReceiver } from "./webhook-receiver.ts";

closeAfterEach();

describe("webhook settings", () => {
  it("are created, read, listed, changed and deleted, and never show their token", async () => {
    const asaas = await asaasWith();
    const url = "https://guilda.test/webhooks/asaas/1";
    const { status, body } = await call(asaas, "POST", "/webhooks", { ...WEBHOOK, url });
    const { authToken: _secret, ...shown } = WEBHOOK;
    expect(status).toBe(200);
    expect(body).toEqual({ id: expect.any(String), url, ...shown, hasAuthToken: true, penalizedRequestsCount: 0 });
    expect((await call(asaas, "GET", `/webhooks/${body.id}`)).body).toEqual(body);
    expect((await call(asaas, "GET", "/webhooks")).body).toMatchObject({ totalCount: 1, data: [body] });
    const changed = await call(asaas, "PUT", `/webhooks/${body.id}`, { name: "Outro", events: ["PAYMENT_RECEIVED"] });
    expect(changed.body).toEqual({ ...body, name: "Outro", events: ["PAYMENT_RECEIVED"] });
    expect((await call(asaas, "DELETE", `/webhooks/${body.id}`)).body).toEqual({ deleted: true, id: body.id });
    for (const method of ["GET", "PUT", "DELETE"]) {
      const again =
        method === "PUT" ? call(asaas, method, `/webhooks/${body.id}`, {}) : call(asaas, method, `/webhooks/${body.id}`);
      expect((await again).status).toBe(404);
    }
  });

  it("are refused with every problem named", async () => {
    const asaas = await asaasWith();
    const good = { ...WEBHOOK, url: "https://guilda.test/hook" };
    const wrong: [object, string][] = [
      [{ name: "" }, "invalid_name"],
      [{ url: "guilda.test/hook" }, "invalid_url"],
      [{ authToken: "x".repeat(31) }, "invalid_authToken"],
      [{ authToken: "x".repeat(256) }, "invalid_authToken"],
      [{ authToken: undefined }, "invalid_authToken"],
      [{ sendType: "FAST" }, "invalid_sendType"],
      [{ events: [] }, "invalid_events"],
      [{ events: ["CUSTOMER_CREATED"] }, "invalid_events"],
    ];
    for (const [change, code] of wrong) {
      expect(errorCodes(await call(asaas, "POST", "/webhooks", { ...good, ...change }))).toEqual([code]);
    }
    const empty = errorCodes(await call(asaas, "POST", "/webhooks", {}));
    expect(empty).toEqual(["invalid_name", "invalid_url", "invalid_authToken", "invalid_sendType", "invalid_events"]);
  });

  it("are ten at most", async () => {
    const asaas = await asaasWith();
    const good = { ...WEBHOOK, url: "https://guilda.test/hook" };
    for (let count = 1; count <= 10; count += 1) expect((await call(asaas, "POST", "/webhooks", good)).status).toBe(200);
    expect(errorCodes(await call(asaas, "POST", "/webhooks", good))).toEqual(["invalid_action"]);
  });
});

describe("events", () => {
  it("arrive in the documented envelope, with the token of the webhook", async () => {
    const { asaas, receiver } = await stageWith();
    const payment = await newPayment(asaas);
    await asaas.idle();
    const [request] = receiver.received;
    expect(request).toMatchObject({ method: "POST", path: "/webhooks/asaas/1" });
    expect(request?.headers).toMatchObject({ "asaas-access-token": AUTH_TOKEN, "content-type": "application/json" });
    expect(request?.headers["user-agent"]).toMatch(/asaas/i);
    expect(envelopes(receiver)).toEqual([
      {
        id: expect.stringMatching(/^evt_[0-9a-f]{32}&\d+$/),
        event: "PAYMENT_CREATED",
        dateCreated: "2026-03-10 12:00:00",
        account: { id: expect.any(String), ownerId: null },
        payment,
      },
    ]);
  });

  it("tell each change of a charge in order, as it was at that moment", async () => {
    const events = [
      ...WEBHOOK.events,
      "PAYMENT_UPDATED",
      "PAYMENT_RESTORED",
      "PAYMENT_REFUNDED",
      "PAYMENT_PARTIALLY_REFUNDED",
      "PAYMENT_REFUND_IN_PROGRESS",
      "PAYMENT_RECEIVED_IN_CASH_UNDONE",
      "PAYMENT_CHARGEBACK_REQUESTED",
    ];
    const { asaas, receiver } = await stageWith({ webhook: { events } });
    const told = async (extra: object, act: (id: string) => Promise<unknown>) => {
      receiver.received.length = 0;
      const { id } = await newPayment(asaas, extra);
      await act(id);
      await asaas.idle();
      return envelopes(receiver).map(({ event, payment }) => `${event.replace("PAYMENT_", "")} ${payment.status}`);
    };
    const post = (path: string, body: object = {}) => call(asaas, "POST", path, body);
    const boleto = await told({ billingType: "BOLETO" }, async (id) => {
      await post(`/sandbox/payment/${id}/overdue`);
      await post(`/sandbox/payment/${id}/confirm`);
    });
    expect(boleto).toEqual(["CREATED PENDING", "OVERDUE OVERDUE", "CONFIRMED CONFIRMED", "RECEIVED RECEIVED"]);
    const pix = await told({}, async (id) => {
      await post(`/sandbox/payment/${id}/confirm`);
      await post(`/payments/${id}/refund`, { value: 29.9 });
      await post(`/payments/${id}/refund`);
    });
    expect(pix).toEqual(["CREATED PENDING", "RECEIVED RECEIVED", "PARTIALLY_REFUNDED RECEIVED", "REFUNDED REFUNDED"]);
    const card = await told({ billingType: "CREDIT_CARD" }, async (id) => {
      await post(`/sandbox/payment/${id}/confirm`);
      await post(`/payments/${id}/refund`);
    });
    expect(card).toEqual([
      "CREATED PENDING",
      "CONFIRMED CONFIRMED",
      "REFUND_IN_PROGRESS REFUND_IN_PROGRESS",
      "REFUNDED REFUNDED",
    ]);
    const cash = await told({}, async (id) => {
      await post(`/payments/${id}`, { value: 100 });
      await call(asaas, "DELETE", `/payments/${id}`);
      await post(`/payments/${id}/restore`);
      await post(`/payments/${id}/receiveInCash`, { paymentDate: "2026-03-10", value: 100 });
      await post(`/payments/${id}/undoReceivedInCash`);
      asaas.move({ paymentId: id, status: "CHARGEBACK_REQUESTED", event: "PAYMENT_CHARGEBACK_REQUESTED" });
    });
    expect(cash).toEqual([
      "CREATED PENDING",
      "UPDATED PENDING",
      "DELETED PENDING",
      "RESTORED PENDING",
      "RECEIVED RECEIVED_IN_CASH",
      "RECEIVED_IN_CASH_UNDONE PENDING",
      "CHARGEBACK_REQUESTED CHARGEBACK_REQUESTED",
    ]);
    expect(asaas.payments(API_KEY).at(-1)?.status).toBe("CHARGEBACK_REQUESTED");
  });

  it("come once per part of a plan", async () => {
    const { asaas, receiver } = await stageWith();
    const { installment } = await newPayment(asaas, { value: undefined, installmentCount: 3, totalValue: 300 });
    await asaas.idle();
    const created = envelopes(receiver).map(({ payment }) => [payment.installment, payment.installmentNumber]);
    expect(created).toEqual([1, 2, 3].map((number) => [installment, number]));
  });

  it("go only to enabled webhooks of the same account that ask for them", async () => {
    const { asaas, receiver } = await stageWith({ webhook: { events: ["PAYMENT_RECEIVED"] } });
    const others = await startWebhookReceiver();
    open.push(others);
    asaas.createAccount({ apiKey: OTHER_API_KEY });
    await newWebhook(asaas, { url: others.url }, OTHER_API_KEY);
    const disabledId = await newWebhook(asaas, { url: others.url, enabled: false });
    const { id } = await newPayment(asaas);
    asaas.pay({ paymentId: id, via: "pix" });
    await asaas.idle();
    await call(asaas, "PUT", `/webhooks/${disabledId}`, { enabled: true });
    await asaas.idle();
    expect(eventNames(receiver)).toEqual(["PAYMENT_RECEIVED"]);
    expect(others.received).toHaveLength(0);
  });

  it("are repeated with the same id and body until a 200; 201, 204 and 302 are failures", async () => {
    const { asaas, receiver, webhookId } = await stageWith();
    receiver.answers.push(201, 204, 302, 500);
    await newPayment(asaas);
    await asaas.idle();
    expect(receiver.received).toHaveLength(5);
    expect(new Set(receiver.received.map(({ body }) => body.toString())).size).toBe(1);
    expect((await call(asaas, "GET", `/webhooks/${webhookId}`)).body.penalizedRequestsCount).toBe(0);
  });

  it("are repeated when the receiver is too slow, or breaks the connection after its work", async () => {
    const { asaas, receiver } = await stageWith({ webhookTimeoutMs: 300 });
    receiver.faults.push({ kind: "delay", delayMs: 600, times: 1 }, { kind: "reset-after", times: 1 });
    await newPayment(asaas);
    await asaas.idle();
    await vi.waitFor(() => expect(receiver.received.length).toBeGreaterThanOrEqual(3));
    expect(new Set(envelopes(receiver).map(({ id }) => id)).size).toBe(1);
  });

  it("wait as documented between attempts, and interrupt the webhook at the fifteenth failure in a row", async () => {
    const stateDir = mkdtempSync(join(tmpdir(), "asaas-"));
    const waitsSeconds: number[] = [];
    const { asaas, receiver, webhookId } = await stageWith({
      stateDir,
      onArrival: () => {
        const [event] = JSON.parse(readFileSync(join(stateDir, "asaas.json"), "utf8")).accounts[0].webhooks[0].queue;
        if (event.attempts > 0) waitsSeconds.push(Math.round(((event.nextAttemptAtMs - NOW.getTime()) * FAST) / 10_000) * 10);
      },
    });
    receiver.answers.push(...Array(20).fill(500));
    await newPayment(asaas);
    await asaas.idle();
    const hour = 3600;
    expect(waitsSeconds).toEqual([30, 60, 210, 300, 900, 1500, ...Array(5).fill(hour), 2 * hour, 2 * hour, 3 * hour]);
    expect(receiver.received).toHaveLength(15);
    const webhook = (await call(asaas, "GET", `/webhooks/${webhookId}`)).body;
    expect(webhook).toMatchObject({ enabled: true, interrupted: true, penalizedRequestsCount: 15 });
    rmSync(stateDir, { recursive: true });
  });

  it("gather while a webhook is interrupted, and all arrive in order once it is resumed", async () => {
    const { asaas, receiver, webhookId } = await stageWith();
    const payment = await newPayment(asaas);
    await asaas.idle();
    await call(asaas, "PUT", `/webhooks/${webhookId}`, { interrupted: true });
    receiver.received.length = 0;
    emitAll(asaas, payment, ["a", "b", "c"]);
    await asaas.idle();
    expect(receiver.received).toHaveLength(0);
    await call(asaas, "PUT", `/webhooks/${webhookId}`, { interrupted: false });
    await asaas.idle();
    expect(labels(receiver)).toEqual(["a", "b", "c"]);
  });

  it("do not wait for their next attempt when their webhook is resumed", async () => {
    const { asaas, receiver, webhookId } = await stageWith({ timeScale: 1 });
    receiver.answers.push(500);
    await newPayment(asaas);
    await vi.waitFor(() => expect(receiver.received).toHaveLength(1));
    await call(asaas, "PUT", `/webhooks/${webhookId}`, { interrupted: true });
    await asaas.idle();
    await call(asaas, "PUT", `/webhooks/${webhookId}`, { interrupted: false });
    await asaas.idle();
    expect(receiver.received).toHaveLength(2);
  });

  it("start afresh when a queue that failed fifteen times is resumed", async () => {
    const { asaas, receiver, webhookId } = await stageWith();
    receiver.answers.push(...Array(16).fill(500));
    await newPayment(asaas);
    await asaas.idle();
    const resumed = await call(asaas, "PUT", `/webhooks/${webhookId}`, { interrupted: false });
    expect(resumed.body).toMatchObject({ interrupted: false, penalizedRequestsCount: 0 });
    await asaas.idle();
    expect(receiver.received).toHaveLength(17);
    expect((await call(asaas, "GET", `/webhooks/${webhookId}`)).body.interrupted).toBe(false);
  });

  it("are lost after fourteen days", async () => {
    let now = NOW;
    const { asaas, receiver, webhookId } = await stageWith({ now: () => now, webhook: { interrupted: true } });
    const payment = await newPayment(asaas);
    now = new Date(NOW.getTime() + 24 * 3_600_000);
    emitAll(asaas, payment, ["a day later"]);
    now = new Date(NOW.getTime() + 14 * 24 * 3_600_000 + 1);
    await call(asaas, "PUT", `/webhooks/${webhookId}`, { interrupted: false });
    await asaas.idle();
    expect(eventNames(receiver)).toEqual(["PAYMENT_RECEIVED"]);
  });

  it("in sequence wait behind the one that is refused", async () => {
    const { asaas, receiver } = await stageWith({ webhook: { events: ["PAYMENT_RECEIVED"] } });
    const payment = await newPayment(asaas);
    receiver.answers.push(500, 500);
    emitAll(asaas, payment, ["a", "b", "c"]);
    await asaas.idle();
    expect(labels(receiver)).toEqual(["a", "a", "a", "b", "c"]);
  });

  it("out of sequence pass the one that is refused", async () => {
    const webhook = { sendType: "NON_SEQUENTIALLY", events: ["PAYMENT_RECEIVED"] };
    const { asaas, receiver } = await stageWith({ timeScale: 1, webhook });
    const payment = await newPayment(asaas);
    receiver.answers.push(500);
    emitAll(asaas, payment, ["a"]);
    await vi.waitFor(() => expect(receiver.received).toHaveLength(1));
    emitAll(asaas, payment, ["b", "c"]);
    await vi.waitFor(() => expect(labels(receiver).sort()).toEqual(["a", "b", "c"]));
  });

  it("are taken up again after a restart", async () => {
    const stateDir = mkdtempSync(join(tmpdir(), "asaas-"));
    const receiver = await startWebhookReceiver();
    open.push(receiver);
    receiver.answers.push(500);
    const first = await startAsaas({ stateDir, now: () => NOW });
    first.createAccount({ apiKey: API_KEY });
    await newWebhook(first, { url: receiver.url });
    const payment = await newPayment(first);
    await vi.waitFor(() => expect(receiver.received).toHaveLength(1));
    await first.close();
    const anHourLater = () => new Date(NOW.getTime() + 3_600_000);
    const second = await startAsaas({ stateDir, now: anHourLater });
    open.push(second);
    await second.idle();
    expect(envelopes(receiver).map(({ payment: { id } }) => id)).toEqual([payment.id, payment.id]);
    rmSync(stateDir, { recursive: true });
  });
});

describe("chaos on the way", () => {
  const loose = { webhook: { sendType: "NON_SEQUENTIALLY", events: ["PAYMENT_RECEIVED"] } };
  const setChaos = (asaas: Asaas, chaos: object) => fetch(`${asaas.url}/__chaos`, { method: "PUT", body: JSON.stringify(chaos) });

  it("can double an event", async () => {
    const { asaas, receiver } = await stageWith(loose);
    const payment = await newPayment(asaas);
    expect(await (await setChaos(asaas, { duplicate: 1 })).json()).toMatchObject({ duplicate: 1, reorder: 0 });
    emitAll(asaas, payment, ["a"]);
    await asaas.idle();
    expect(labels(receiver)).toEqual(["a", "a"]);
    expect(new Set(envelopes(receiver).map(({ id }) => id)).size).toBe(1);
  });

  it("can swap events out of sequence, and never in sequence", async () => {
    for (const [sendType, expected] of [
      ["NON_SEQUENTIALLY", ["b", "a"]],
      ["SEQUENTIALLY", ["a", "b"]],
    ]) {
      const { asaas, receiver } = await stageWith({ webhook: { sendType, events: ["PAYMENT_RECEIVED"] } });
      const payment = await newPayment(asaas);
      asaas.chaos.reorder = 1;
      emitAll(asaas, payment, ["a", "b"]);
      await asaas.idle();
      expect(labels(receiver)).toEqual(expected);
    }
  });

  it("lets a held event go when none follows", async () => {
    const { asaas, receiver } = await stageWith(loose);
    const payment = await newPayment(asaas);
    asaas.chaos.reorder = 1;
    emitAll(asaas, payment, ["a"]);
    await asaas.idle();
    expect(labels(receiver)).toEqual(["a"]);
  });

  it("can lose an event on its way there or the answer on its way back", async () => {
    const { asaas, receiver, webhookId } = await stageWith(loose);
    const payment = await newPayment(asaas);
    asaas.chaos.drop = 1;
    emitAll(asaas, payment, ["a"]);
    await asaas.idle();
    expect(receiver.received).toHaveLength(0);
    Object.assign(asaas.chaos, { drop: 0, dropResponse: 1 });
    await call(asaas, "PUT", `/webhooks/${webhookId}`, { interrupted: false });
    await asaas.idle();
    expect(labels(receiver)).toEqual(Array(15).fill("a"));
    expect((await call(asaas, "GET", `/webhooks/${webhookId}`)).body.interrupted).toBe(true);
  });

  it("can delay every attempt", async () => {
    const { asaas, receiver } = await stageWith({ webhook: { events: ["PAYMENT_CREATED"] } });
    asaas.chaos.delayMs = 300;
    await newPayment(asaas);
    expect(receiver.received).toHaveLength(0);
    await asaas.idle();
    expect(receiver.received).toHaveLength(1);
  });

  it("strikes the same events for the same seed", async () => {
    const arrivals = async (seed: number) => {
      const { asaas, receiver } = await stageWith({ seed, webhook: { events: ["PAYMENT_RECEIVED"] } });
      const payment = await newPayment(asaas);
      asaas.chaos.duplicate = 0.5;
      emitAll(asaas, payment, [..."abcdefghijkl"]);
      await asaas.idle();
      return labels(receiver).join("");
    };
    const [first, again, other] = [await arrivals(7), await arrivals(7), await arrivals(8)];
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });
});

/** Announces events of a charge one after the other, with the charge's description as their label. */
function emitAll(asaas: Asaas, payment: Payment, labels: string[]): void {
  for (const description of labels)
    asaas.emit({ apiKey: API_KEY, event: "PAYMENT_RECEIVED", payment: { ...payment, description } });
}

function labels(receiver: WebhookReceiver): (string | null)[] {
  return envelopes(receiver)
    .filter(({ event }) => event === "PAYMENT_RECEIVED")
    .map(({ payment }) => payment.description);
}
