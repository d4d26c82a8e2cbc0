import { describe, expect, it } from "vitest";
import type { Payment } from "../local/asaas/wire.ts";
import { startAsaas } from "../local/asaas.ts";
import {
  API_KEY,
  asaasWith,
  call,
  closeAfterEach,
  errorCodes,
  NOW,
  newCustomer,
  newPayment,
  open,
  type Page,
} from "./support/asaas-stage.ts";

closeAfterEach();

describe("charges", () => {
  it("are created pending, with every documented field", async () => {
    const asaas = await asaasWith();
    const payment = await newPayment(asaas, { externalReference: "ref-1", description: "Mentoria", billingType: "BOLETO" });
    expect(payment).toEqual({
      object: "payment",
      id: expect.stringMatching(/^pay_[0-9a-z]{16}$/),
      dateCreated: "2026-03-10",
      customer: expect.stringMatching(/^cus_/),
      paymentLink: null,
      value: 129.9,
      netValue: 127.91,
      originalValue: null,
      interestValue: null,
      description: "Mentoria",
      billingType: "BOLETO",
      canBePaidAfterDueDate: true,
      confirmedDate: null,
      pixTransaction: null,
      status: "PENDING",
      dueDate: "2026-03-20",
      originalDueDate: "2026-03-20",
      paymentDate: null,
      clientPaymentDate: null,
      installmentNumber: null,
      invoiceUrl: expect.stringContaining(`${asaas.url}/i/`),
      invoiceNumber: expect.stringMatching(/^\d{8}$/),
      externalReference: "ref-1",
      deleted: false,
      anticipated: false,
      anticipable: false,
      creditDate: null,
      estimatedCreditDate: null,
      transactionReceiptUrl: null,
      nossoNumero: expect.stringMatching(/^\d{8}$/),
      bankSlipUrl: expect.stringContaining(`${asaas.url}/b/pdf/`),
      lastInvoiceViewedDate: null,
      lastBankSlipViewedDate: null,
      discount: { value: 0, limitDate: null, dueDateLimitDays: 0, type: "FIXED" },
      fine: { value: 0, type: "FIXED" },
      interest: { value: 0, type: "PERCENTAGE" },
      postalService: false,
      custody: null,
      refunds: null,
    });
    expect((await call(asaas, "GET", `/payments/${payment.id}`)).body).toEqual(payment);
    expect((await call(asaas, "GET", `/payments/${payment.id}/status`)).body).toEqual({ status: "PENDING" });
  });

  it("are made twice by the same request, an idempotency key notwithstanding", async () => {
    const asaas = await asaasWith();
    const customer = await newCustomer(asaas);
    const body = JSON.stringify({
      customer: customer.id,
      billingType: "PIX",
      value: 50,
      dueDate: "2026-03-20",
      externalReference: "r",
    });
    const headers = { access_token: API_KEY, "user-agent": "guilda", "idempotency-key": "same" };
    for (const _attempt of [1, 2]) await fetch(`${asaas.url}/v3/payments`, { method: "POST", headers, body });
    expect((await call(asaas, "GET", "/payments?externalReference=r")).body.totalCount).toBe(2);
  });

  it("say what is wrong with them, all of it at once", async () => {
    const asaas = await asaasWith();
    const empty = await call(asaas, "POST", "/payments", {});
    expect(empty.status).toBe(400);
    expect(errorCodes(empty)).toEqual(["invalid_customer", "invalid_billingType", "invalid_dueDate", "invalid_value"]);
    const { id: customer } = await newCustomer(asaas);
    const good = { customer, billingType: "PIX", value: 50, dueDate: "2026-03-20" };
    const wrong: [object, string][] = [
      [{ dueDate: "2026-03-09" }, "invalid_dueDate"],
      [{ dueDate: "2026-02-30" }, "invalid_dueDate"],
      [{ dueDate: "20/03/2026" }, "invalid_dueDate"],
      [{ value: 4.99 }, "invalid_value"],
      [{ value: 10.001 }, "invalid_value"],
      [{ value: "50" }, "invalid_value"],
      [{ billingType: "CASH" }, "invalid_billingType"],
    ];
    for (const [change, code] of wrong) {
      expect(errorCodes(await call(asaas, "POST", "/payments", { ...good, ...change }))).toEqual([code]);
    }
    expect(asaas.payments(API_KEY)).toHaveLength(0);
  });

  it("may be due today by the calendar of São Paulo, where it can still be yesterday", async () => {
    const asaas = await asaasWith({ now: () => new Date("2026-03-11T02:30:00Z") });
    expect(await newPayment(asaas, { dueDate: "2026-03-10" })).toMatchObject({ dateCreated: "2026-03-10", status: "PENDING" });
  });

  it("cost R$ 1.99 by PIX and boleto, 2.99 % and R$ 0.49 by card", async () => {
    const asaas = await asaasWith();
    const net = async (billingType: string) => (await newPayment(asaas, { billingType, value: 100 })).netValue;
    expect([await net("PIX"), await net("BOLETO"), await net("CREDIT_CARD")]).toEqual([98.01, 98.01, 96.52]);
  });

  it("are listed newest first, in pages, by customer, reference and status", async () => {
    const asaas = await asaasWith();
    const { id: customer } = await newCustomer(asaas);
    const ids: string[] = [];
    for (const index of [1, 2, 3, 4, 5]) {
      const body = { customer, billingType: "PIX", value: 50, dueDate: "2026-03-20", externalReference: `ref-${index}` };
      ids.unshift((await call<Payment>(asaas, "POST", "/payments", body)).body.id);
    }
    await newPayment(asaas);
    asaas.pay({ paymentId: ids[0] ?? "", via: "pix" });
    const list = async (query: string) => (await call<Page<Payment>>(asaas, "GET", `/payments?${query}`)).body;
    const page = await list(`customer=${customer}&limit=2&offset=2`);
    expect(page).toMatchObject({ object: "list", hasMore: true, totalCount: 5, limit: 2, offset: 2 });
    expect(page.data.map(({ id }) => id)).toEqual(ids.slice(2, 4));
    expect((await list(`customer=${customer}&limit=2&offset=4`)).hasMore).toBe(false);
    expect((await list("externalReference=ref-3")).data.map(({ id }) => id)).toEqual([ids[2]]);
    expect((await list("status=RECEIVED")).data.map(({ id }) => id)).toEqual([ids[0]]);
    expect((await list("externalReference=ref-9")).data).toEqual([]);
    expect((await list("limit=500")).limit).toBe(100);
    expect(errorCodes(await call(asaas, "GET", "/payments?limit=0"))).toEqual(["invalid_limit"]);
  });

  it("are split into monthly parts, the last of which takes what a total leaves over", async () => {
    const asaas = await asaasWith();
    const plan = { value: undefined, installmentCount: 3, totalValue: 100, dueDate: "2026-03-31", externalReference: "plan-1" };
    const first = await newPayment(asaas, { ...plan, billingType: "BOLETO", description: "Mentoria" });
    const { data } = (await call<Page<Payment>>(asaas, "GET", `/payments?installment=${first.installment}`)).body;
    const parts = data.map(({ value, dueDate, installmentNumber, description }) => [
      value,
      dueDate,
      installmentNumber,
      description,
    ]);
    expect(parts.reverse()).toEqual([
      [33.33, "2026-03-31", 1, "Parcela 1 de 3. Mentoria"],
      [33.33, "2026-04-30", 2, "Parcela 2 de 3. Mentoria"],
      [33.34, "2026-05-31", 3, "Parcela 3 de 3. Mentoria"],
    ]);
    expect(first.installmentNumber).toBe(1);
    expect(new Set(data.map(({ externalReference }) => externalReference))).toEqual(new Set(["plan-1"]));
    const byPart = await newPayment(asaas, { value: undefined, installmentCount: 2, installmentValue: 20.5 });
    expect(byPart.value).toBe(20.5);
  });

  it("change while unpaid, by PUT or POST; a later due date brings an overdue one back", async () => {
    const asaas = await asaasWith();
    const { id } = await newPayment(asaas);
    await call(asaas, "POST", `/sandbox/payment/${id}/overdue`);
    const updated = await call<Payment>(asaas, "PUT", `/payments/${id}`, { value: 200, dueDate: "2026-04-01" });
    expect(updated.body).toMatchObject({
      value: 200,
      netValue: 198.01,
      dueDate: "2026-04-01",
      originalDueDate: "2026-03-20",
      status: "PENDING",
    });
    expect((await call(asaas, "POST", `/payments/${id}`, { description: "Nova" })).body.description).toBe("Nova");
    expect(errorCodes(await call(asaas, "PUT", `/payments/${id}`, { dueDate: "2026-03-01" }))).toEqual(["invalid_dueDate"]);
    asaas.pay({ paymentId: id, via: "pix" });
    expect(errorCodes(await call(asaas, "PUT", `/payments/${id}`, { value: 1 }))).toEqual(["invalid_action"]);
  });

  it("are deleted and restored while unpaid: the flag says so, the status does not", async () => {
    const asaas = await asaasWith();
    const { id } = await newPayment(asaas, { externalReference: "ref-1" });
    expect((await call(asaas, "DELETE", `/payments/${id}`)).body).toEqual({ deleted: true, id });
    expect((await call(asaas, "GET", `/payments/${id}`)).body).toMatchObject({ deleted: true, status: "PENDING" });
    expect((await call(asaas, "GET", "/payments?externalReference=ref-1")).body.totalCount).toBe(0);
    expect((await call(asaas, "DELETE", `/payments/${id}`)).status).toBe(400);
    expect((await call(asaas, "POST", `/payments/${id}/restore`)).body).toMatchObject({ deleted: false, status: "PENDING" });
    expect((await call(asaas, "POST", `/payments/${id}/restore`)).status).toBe(400);
    asaas.pay({ paymentId: id, via: "pix" });
    expect(errorCodes(await call(asaas, "DELETE", `/payments/${id}`))).toEqual(["invalid_action"]);
  });

  it("are received in cash without a fee, and that can be undone", async () => {
    const asaas = await asaasWith();
    const { id } = await newPayment(asaas);
    expect(errorCodes(await call(asaas, "POST", `/payments/${id}/receiveInCash`, {}))).toEqual(["invalid_paymentDate"]);
    const cash = { paymentDate: "2026-03-09", value: 129.9 };
    const received = await call(asaas, "POST", `/payments/${id}/receiveInCash`, cash);
    expect(received.body).toMatchObject({ status: "RECEIVED_IN_CASH", netValue: 129.9, paymentDate: "2026-03-09" });
    expect((await call(asaas, "POST", `/payments/${id}/receiveInCash`, cash)).status).toBe(400);
    const undone = await call(asaas, "POST", `/payments/${id}/undoReceivedInCash`);
    expect(undone.body).toMatchObject({ status: "PENDING", netValue: 127.91, paymentDate: null });
    expect((await call(asaas, "POST", `/payments/${id}/undoReceivedInCash`)).status).toBe(400);
  });

  it("are refunded in parts by PIX, never beyond what was paid", async () => {
    const asaas = await asaasWith();
    const { id } = await newPayment(asaas, { value: 100 });
    const refund = (body: object) => call<Payment>(asaas, "POST", `/payments/${id}/refund`, body);
    expect((await refund({})).status).toBe(400);
    asaas.pay({ paymentId: id, via: "pix" });
    const part = await refund({ value: 30, description: "desconto" });
    expect(part.body).toMatchObject({ status: "RECEIVED", refunds: [{ value: 30, status: "DONE", description: "desconto" }] });
    expect((await refund({ value: 70.01 })).status).toBe(400);
    expect((await refund({})).body).toMatchObject({ status: "REFUNDED", refunds: [{ value: 30 }, { value: 70 }] });
    expect((await refund({ value: 1 })).status).toBe(400);
  });

  it("cannot be wholly refunded from a balance that lacks the fee", async () => {
    const asaas = await startAsaas({ now: () => NOW });
    open.push(asaas);
    asaas.createAccount({ apiKey: API_KEY, balanceCents: 0 });
    const { id } = await newPayment(asaas, { value: 100 });
    asaas.pay({ paymentId: id, via: "pix" });
    expect((await call(asaas, "GET", "/finance/balance")).body).toEqual({ balance: 98.01 });
    expect(errorCodes(await call(asaas, "POST", `/payments/${id}/refund`))).toEqual(["invalid_action"]);
    expect((await call(asaas, "POST", `/payments/${id}/refund`, { value: 98.01 })).status).toBe(200);
    expect((await call(asaas, "GET", "/finance/balance")).body).toEqual({ balance: 0 });
  });

  it("are refunded wholly by card, and not through this call when paid by boleto", async () => {
    const asaas = await asaasWith();
    const card = await newPayment(asaas, { billingType: "CREDIT_CARD" });
    asaas.pay({ paymentId: card.id, via: "card", through: ["CONFIRMED"] });
    expect((await call(asaas, "POST", `/payments/${card.id}/refund`, { value: 10 })).status).toBe(400);
    expect((await call(asaas, "POST", `/payments/${card.id}/refund`)).body.status).toBe("REFUNDED");
    const boleto = await newPayment(asaas, { billingType: "BOLETO" });
    asaas.pay({ paymentId: boleto.id, via: "boleto" });
    expect((await call(asaas, "POST", `/payments/${boleto.id}/refund`)).status).toBe(400);
  });

  it("are paid by a payer the way the means of payment goes", async () => {
    const asaas = await asaasWith();
    const payLocally = async (id: string, body: object) =>
      (await fetch(`${asaas.url}/local/payments/${id}/pay`, { method: "POST", body: JSON.stringify(body) })).json();
    const undecided = await newPayment(asaas, { billingType: "UNDEFINED", value: 100 });
    expect(await payLocally(undecided.id, { via: "pix" })).toMatchObject({
      status: "RECEIVED",
      billingType: "PIX",
      paymentDate: "2026-03-10",
      clientPaymentDate: "2026-03-10",
      pixTransaction: expect.any(String),
      transactionReceiptUrl: expect.stringContaining("/comprovantes/"),
    });
    const card = await newPayment(asaas, { billingType: "CREDIT_CARD" });
    expect(await payLocally(card.id, { via: "card", through: ["CONFIRMED"] })).toMatchObject({
      status: "CONFIRMED",
      confirmedDate: "2026-03-10",
      estimatedCreditDate: "2026-04-11",
      paymentDate: null,
    });
    expect(await payLocally(card.id, { via: "card", through: ["RECEIVED"] })).toMatchObject({ status: "RECEIVED" });
    expect(await payLocally(card.id, { via: "card" })).toMatchObject({ errors: [{ code: "invalid_action" }] });
  });

  it("obey the sandbox, which production does not have", async () => {
    const asaas = await asaasWith();
    const sandbox = async (billingType: string, what: string) => {
      const { id } = await newPayment(asaas, { billingType });
      return (await call(asaas, "POST", `/sandbox/payment/${id}/${what}`)).body.status;
    };
    expect(await sandbox("PIX", "confirm")).toBe("RECEIVED");
    expect(await sandbox("BOLETO", "confirm")).toBe("RECEIVED");
    expect(await sandbox("CREDIT_CARD", "confirm")).toBe("CONFIRMED");
    expect(await sandbox("PIX", "overdue")).toBe("OVERDUE");
    const productionKey = `$aact_prod_${"ana".repeat(10)}`;
    asaas.createAccount({ apiKey: productionKey });
    const { id } = await newPayment(asaas, {}, productionKey);
    expect((await call(asaas, "POST", `/sandbox/payment/${id}/confirm`, undefined, productionKey)).status).toBe(404);
  });
});

describe("codes to pay with", () => {
  it("give a PIX payload whose fields and check sum hold", async () => {
    expect(crc16("123456789")).toBe("29B1");
    const asaas = await startAsaas({ now: () => NOW });
    open.push(asaas);
    asaas.createAccount({ apiKey: API_KEY, name: "Mentoria do João Ávila e Companhia" });
    const { id } = await newPayment(asaas, { value: 1234.5 });
    const { body } = await call<Record<string, string>>(asaas, "GET", `/payments/${id}/pixQrCode`);
    const payload = body.payload ?? "";
    expect(body).toMatchObject({ success: true, expirationDate: "2026-03-10 23:59:59" });
    expect(
      Buffer.from(body.encodedImage ?? "", "base64")
        .subarray(1, 4)
        .toString(),
    ).toBe("PNG");
    expect(payload.slice(-8, -4)).toBe("6304");
    expect(payload.slice(-4)).toBe(crc16(payload.slice(0, -4)));
    const fields = emvFields(payload);
    expect(fields).toMatchObject({ "00": "01", "01": "12", "52": "0000", "53": "986", "54": "1234.50", "58": "BR" });
    expect(fields["59"]).toBe("Mentoria do Joao Avila e ");
    expect(emvFields(fields["26"] ?? "")).toEqual({
      "00": "br.gov.bcb.pix",
      "25": expect.stringMatching(/^[^:]+:\d+\/qr\/v2\/cob\/pay_/),
    });
  });

  it("let a PIX code live twelve months past the due date when the account has a key of its own", async () => {
    const asaas = await startAsaas({ now: () => NOW });
    open.push(asaas);
    asaas.createAccount({ apiKey: API_KEY, pixKey: "ana@guilda.test" });
    const { id } = await newPayment(asaas);
    const { body } = await call(asaas, "GET", `/payments/${id}/pixQrCode`);
    expect(body.expirationDate).toBe("2027-03-20 23:59:59");
  });

  it("give no PIX code for a card or once the charge was paid", async () => {
    const asaas = await asaasWith();
    const card = await newPayment(asaas, { billingType: "CREDIT_CARD" });
    expect((await call(asaas, "GET", `/payments/${card.id}/pixQrCode`)).status).toBe(400);
    const paid = await newPayment(asaas);
    asaas.pay({ paymentId: paid.id, via: "pix" });
    expect((await call(asaas, "GET", `/payments/${paid.id}/pixQrCode`)).status).toBe(400);
    expect((await call(asaas, "GET", "/payments/pay_unknown/pixQrCode")).status).toBe(404);
  });

  it("give a boleto line with the amount and with check digits as banks compute them", async () => {
    const documented = "03399777792990000000004751101017181510000002990";
    expect(hasBoletoCheckDigits(documented)).toBe(true);
    const asaas = await asaasWith();
    const { id, nossoNumero } = await newPayment(asaas, { billingType: "BOLETO", value: 129.9 });
    const { body } = await call<Record<string, string>>(asaas, "GET", `/payments/${id}/identificationField`);
    const line = body.identificationField ?? "";
    expect(line).toMatch(/^461\d{44}$/);
    expect(line.endsWith("0000012990")).toBe(true);
    expect(hasBoletoCheckDigits(line)).toBe(true);
    expect(body.barCode).toBe(barCodeOf(line));
    expect(body.nossoNumero).toBe(nossoNumero);
    const pix = await newPayment(asaas);
    expect(errorCodes(await call(asaas, "GET", `/payments/${pix.id}/identificationField`))).toEqual(["invalid_action"]);
  });
});

/** CRC-16/CCITT-FALSE by table-free arithmetic, written apart from the one under test. */
function crc16(text: string): string {
  let crc = 0xffff;
  for (const character of text) {
    let x = ((crc >> 8) ^ character.charCodeAt(0)) & 0xff;
    x ^= x >> 4;
    crc = ((crc << 8) ^ (x << 12) ^ (x << 5) ^ x) & 0xffff;
  }
  return crc.toString(16).toUpperCase().padStart(4, "0");
}

function emvFields(text: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let at = 0; at < text.length; ) {
    const length = Number(text.slice(at + 2, at + 4));
    fields[text.slice(at, at + 2)] = text.slice(at + 4, at + 4 + length);
    at += 4 + length;
  }
  return fields;
}

/** The bar code that a typeable line stands for: bank and currency, check digit, factor and amount, free field. */
function barCodeOf(line: string): string {
  return `${line.slice(0, 4)}${line.slice(32)}${line.slice(4, 9)}${line.slice(10, 20)}${line.slice(21, 31)}`;
}

function hasBoletoCheckDigits(line: string): boolean {
  const parts = [line.slice(0, 10), line.slice(10, 21), line.slice(21, 32)];
  const areParts = parts.every((part) => {
    const sum = [...part].reverse().reduce((total, digit, index) => {
      const product = Number(digit) * (index % 2 === 0 ? 1 : 2);
      return total + (product > 9 ? product - 9 : product);
    }, 0);
    return sum % 10 === 0;
  });
  const barCode = barCodeOf(line);
  const weights = [
    4, 3, 2, 9, 0, 8, 7, 6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4,
    3, 2,
  ];
  const rest = weights.reduce((total, weight, index) => total + weight * Number(barCode[index]), 0) % 11;
  return areParts && Number(barCode[4]) === (rest < 2 ? 1 : 11 - rest);
}
