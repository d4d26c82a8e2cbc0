import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Customer, Payment } from "../local/asaas/wire.ts";
import { type Asaas, type AsaasOptions, startAsaas } from "../local/asaas.ts";
import { startWebhookReceiver, type WebhookReceiver } from "./webhook-receiver.ts";

const API_KEY = `$aact_hmlg_${"ana".repeat(10)}`;
const OTHER_API_KEY = `$aact_hmlg_${"bia".repeat(10)}`;
const AUTH_TOKEN = "whk-0123456789-0123456789-0123456789";
const NOW = new Date("2026-03-10T15:00:00Z");
/** Turns the longest wait of the ladder, three hours, into 11 milliseconds. */
const FAST = 1_000_000;

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const standIn of open.splice(0).reverse()) await standIn.close();
});

async function asaasWith(options: AsaasOptions = {}): Promise<Asaas> {
  const asaas = await startAsaas({ timeScale: FAST, now: () => NOW, ...options });
  open.push(asaas);
  asaas.createAccount({ apiKey: API_KEY });
  return asaas;
}

interface Answer<Body> {
  status: number;
  headers: Headers;
  body: Body;
}

/** A call as the documentation writes it. */
async function call<Body = Record<string, unknown>>(
  asaas: Asaas,
  method: string,
  path: string,
  body?: object,
  apiKey = API_KEY,
): Promise<Answer<Body>> {
  const response = await fetch(`${asaas.url}/v3${path}`, {
    method,
    headers: { "content-type": "application/json", "user-agent": "guilda", access_token: apiKey },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Body };
}

interface Page<Item> {
  object: "list";
  hasMore: boolean;
  totalCount: number;
  limit: number;
  offset: number;
  data: Item[];
}

async function newCustomer(asaas: Asaas, extra: object = {}, apiKey = API_KEY): Promise<Customer> {
  const body = { name: "Marcelo Almeida", cpfCnpj: "529.982.247-25", notificationDisabled: true, ...extra };
  return (await call<Customer>(asaas, "POST", "/customers", body, apiKey)).body;
}

async function newPayment(asaas: Asaas, extra: object = {}, apiKey = API_KEY): Promise<Payment> {
  const customer = await newCustomer(asaas, {}, apiKey);
  const body = { customer: customer.id, billingType: "PIX", value: 129.9, dueDate: "2026-03-20", ...extra };
  const answer = await call<Payment>(asaas, "POST", "/payments", body, apiKey);
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return answer.body;
}

function errorCodes({ body }: Answer<Record<string, unknown>>): string[] {
  const errors = body.errors as { code: string; description: string }[];
  expect(errors.every(({ description }) => description.length > 0)).toBe(true);
  return errors.map(({ code }) => code);
}

describe("authentication", () => {
  it("refuses a missing, a malformed and an unknown API key, and says which", async () => {
    const asaas = await asaasWith();
    const withoutKey = await fetch(`${asaas.url}/v3/customers`);
    expect(withoutKey.status).toBe(401);
    expect(await withoutKey.json()).toMatchObject({ errors: [{ code: "access_token_not_found" }] });
    const malformed = await call(asaas, "GET", "/customers", undefined, "abc");
    expect([malformed.status, ...errorCodes(malformed)]).toEqual([401, "invalid_access_token_format"]);
    const unknown = await call(asaas, "GET", "/customers", undefined, `${API_KEY}x`);
    expect([unknown.status, ...errorCodes(unknown)]).toEqual([401, "invalid_access_token"]);
  });

  it("refuses a request without a User-Agent", async () => {
    const asaas = await asaasWith();
    const status = await new Promise((resolve, reject) => {
      const options = { port: asaas.port, path: "/v3/finance/balance", headers: { access_token: API_KEY } };
      httpRequest(options, (response) => resolve(response.resume().statusCode))
        .on("error", reject)
        .end();
    });
    expect(status).toBe(400);
  });

  it("keeps accounts apart", async () => {
    const asaas = await asaasWith();
    asaas.createAccount({ apiKey: OTHER_API_KEY });
    const payment = await newPayment(asaas, { externalReference: "ref-1" });
    const asOther = (method: string, path: string, body?: object) => call(asaas, method, path, body, OTHER_API_KEY);
    expect((await asOther("GET", `/payments/${payment.id}`)).status).toBe(404);
    expect((await asOther("GET", `/customers/${payment.customer}`)).status).toBe(404);
    expect((await asOther("DELETE", `/payments/${payment.id}`)).status).toBe(404);
    expect((await asOther("GET", "/payments?externalReference=ref-1")).body.totalCount).toBe(0);
    const charge = { customer: payment.customer, billingType: "PIX", value: 10, dueDate: "2026-03-20" };
    expect(errorCodes(await asOther("POST", "/payments", charge))).toEqual(["invalid_customer"]);
  });

  it("tests a connection by the account's data and balance", async () => {
    const asaas = await startAsaas();
    open.push(asaas);
    asaas.createAccount({ apiKey: API_KEY, name: "Ana Mentoria", balanceCents: 12_345 });
    expect((await call(asaas, "GET", "/myAccount/commercialInfo")).body).toMatchObject({
      status: "APPROVED",
      name: "Ana Mentoria",
    });
    expect((await call(asaas, "GET", "/finance/balance")).body).toEqual({ balance: 123.45 });
  });

  it("answers an unknown path with 404, and a GET that carries a body with 403", async () => {
    const asaas = await asaasWith();
    expect((await call(asaas, "GET", "/subscriptions")).status).toBe(404);
    const status = await new Promise((resolve, reject) => {
      const headers = { access_token: API_KEY, "user-agent": "guilda", "content-length": "2" };
      const outgoing = httpRequest({ port: asaas.port, path: "/v3/finance/balance", headers }, (response) =>
        resolve(response.resume().statusCode),
      );
      outgoing.on("error", reject).end("{}");
    });
    expect(status).toBe(403);
  });
});

describe("customers", () => {
  it("are created without a mask, and found by id, by reference and by CPF however it is written", async () => {
    const asaas = await asaasWith();
    const customer = await newCustomer(asaas, { externalReference: "student-1", email: "marcelo@guilda.test" });
    expect(customer).toMatchObject({
      object: "customer",
      id: expect.stringMatching(/^cus_\d{12}$/),
      dateCreated: "2026-03-10",
      name: "Marcelo Almeida",
      email: "marcelo@guilda.test",
      cpfCnpj: "52998224725",
      personType: "FISICA",
      externalReference: "student-1",
      notificationDisabled: true,
      deleted: false,
    });
    await newCustomer(asaas, { cpfCnpj: "111.444.777-35" });
    expect((await call(asaas, "GET", `/customers/${customer.id}`)).body).toEqual(customer);
    for (const filter of ["externalReference=student-1", "cpfCnpj=52998224725", "cpfCnpj=529.982.247-25"]) {
      const page = await call<Page<Customer>>(asaas, "GET", `/customers?${filter}`);
      expect(page.body).toEqual({ object: "list", hasMore: false, totalCount: 1, limit: 10, offset: 0, data: [customer] });
    }
    expect((await call(asaas, "GET", "/customers/cus_000000000000")).status).toBe(404);
  });

  it("may be created twice with the same data", async () => {
    const asaas = await asaasWith();
    const [first, second] = [await newCustomer(asaas), await newCustomer(asaas)];
    expect(first.id).not.toBe(second.id);
    expect((await call(asaas, "GET", "/customers?cpfCnpj=52998224725")).body.totalCount).toBe(2);
  });

  it("need a name and a CPF or CNPJ; every problem is listed", async () => {
    const asaas = await asaasWith();
    const answer = await call(asaas, "POST", "/customers", {});
    expect(answer.status).toBe(400);
    expect(errorCodes(answer)).toEqual(["invalid_name", "invalid_cpfCnpj"]);
  });

  const taxIds: [taxId: string, personType: string | undefined][] = [
    ["529.982.247-25", "FISICA"],
    ["111.444.777-35", "FISICA"],
    ["123.456.789-09", "FISICA"],
    ["11.222.333/0001-81", "JURIDICA"],
    ["12.ABC.345/01DE-35", "JURIDICA"],
    ["12.abc.345/01de-35", "JURIDICA"],
    ["529.982.247-24", undefined],
    ["111.111.111-11", undefined],
    ["529982247250", undefined],
    ["ABC.DEF.GHI-JK", undefined],
    ["11.222.333/0001-82", undefined],
    ["12.ABC.345/01DE-36", undefined],
  ];
  it.each(taxIds)("checks the digits of %s", async (cpfCnpj, personType) => {
    const asaas = await asaasWith();
    const answer = await call(asaas, "POST", "/customers", { name: "Marcelo", cpfCnpj });
    if (personType === undefined) expect(errorCodes(answer)).toEqual(["invalid_cpfCnpj"]);
    else expect(answer.body.personType).toBe(personType);
  });
});

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

describe("limits and a broken wire", () => {
  it("count requests per account and refuse those over the quota until the window ends", async () => {
    let now = NOW;
    const asaas = await asaasWith({ now: () => now, rateLimit: { limit: 2, windowSeconds: 60 } });
    asaas.createAccount({ apiKey: OTHER_API_KEY });
    const balance = (apiKey = API_KEY) => call(asaas, "GET", "/finance/balance", undefined, apiKey);
    const first = await balance();
    expect(first.headers.get("ratelimit-limit")).toBe("2");
    expect(first.headers.get("ratelimit-remaining")).toBe("1");
    expect(first.headers.get("ratelimit-reset")).toBe("60");
    now = new Date(NOW.getTime() + 20_000);
    const second = await balance();
    expect([second.status, second.headers.get("ratelimit-reset")]).toEqual([200, "40"]);
    const refused = await balance();
    expect([refused.status, refused.headers.get("ratelimit-remaining")]).toEqual([429, "0"]);
    expect(errorCodes(refused)).toEqual(["too_many_requests"]);
    expect((await balance(OTHER_API_KEY)).status).toBe(200);
    now = new Date(NOW.getTime() + 60_000);
    expect((await balance()).status).toBe(200);
  });

  it("may lose the answer to a charge that was made: it is found by its reference", async () => {
    const asaas = await asaasWith();
    asaas.faults.push({ kind: "reset-after", method: "POST", path: "/v3/payments", times: 1 });
    await expect(newPayment(asaas, { externalReference: "ref-1" })).rejects.toThrow("fetch failed");
    const { body } = await call<Page<Payment>>(asaas, "GET", "/payments?externalReference=ref-1");
    expect(body.data).toMatchObject([{ externalReference: "ref-1", status: "PENDING" }]);
  });

  it("may break before a charge is made, or answer 500: nothing is found", async () => {
    const asaas = await asaasWith();
    asaas.faults.push({ kind: "reset-before", method: "POST", path: "/v3/payments", times: 1 });
    await expect(newPayment(asaas, { externalReference: "ref-1" })).rejects.toThrow("fetch failed");
    asaas.faults.push({ kind: "status", status: 500, body: "{}", method: "POST", path: "/v3/payments", times: 1 });
    await expect(newPayment(asaas, { externalReference: "ref-1" })).rejects.toThrow();
    expect((await call(asaas, "GET", "/payments?externalReference=ref-1")).body.totalCount).toBe(0);
  });

  it("may answer too late for a caller whose charge is made all the same", async () => {
    const asaas = await asaasWith();
    const { id: customer } = await newCustomer(asaas);
    asaas.faults.push({ kind: "delay", delayMs: 300, method: "POST", path: "/v3/payments", times: 1 });
    const attempt = fetch(`${asaas.url}/v3/payments`, {
      method: "POST",
      headers: { access_token: API_KEY, "user-agent": "guilda" },
      body: JSON.stringify({ customer, billingType: "PIX", value: 50, dueDate: "2026-03-20", externalReference: "ref-1" }),
      signal: AbortSignal.timeout(100),
    });
    await expect(attempt).rejects.toThrow("timeout");
    await vi.waitFor(() => expect(asaas.payments(API_KEY)).toHaveLength(1));
  });

  it("keep customers, charges and numbers over a restart", async () => {
    const stateDir = mkdtempSync(join(tmpdir(), "asaas-"));
    const first = await startAsaas({ stateDir, now: () => NOW });
    const { id } = first.createAccount({ apiKey: API_KEY });
    const payment = await newPayment(first);
    await first.close();
    const second = await startAsaas({ stateDir, now: () => NOW });
    open.push(second);
    expect(second.createAccount({ apiKey: API_KEY }).id).toBe(id);
    expect((await call(second, "GET", `/payments/${payment.id}`)).body.value).toBe(129.9);
    expect((await newCustomer(second)).id).not.toBe(payment.customer);
    rmSync(stateDir, { recursive: true });
  });
});

const WEBHOOK = {
  name: "Guilda",
  email: "conta@guilda.test",
  enabled: true,
  interrupted: false,
  apiVersion: 3,
  authToken: AUTH_TOKEN,
  sendType: "SEQUENTIALLY",
  events: ["PAYMENT_CREATED", "PAYMENT_CONFIRMED", "PAYMENT_RECEIVED", "PAYMENT_OVERDUE", "PAYMENT_DELETED"],
};

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

interface Envelope {
  id: string;
  event: string;
  dateCreated: string;
  account: { id: string; ownerId: null };
  payment: Payment;
}

interface Stage {
  asaas: Asaas;
  receiver: WebhookReceiver;
  webhookId: string;
}

async function stageWith({
  webhook = {},
  onArrival,
  ...options
}: AsaasOptions & { webhook?: object; onArrival?: () => void } = {}): Promise<Stage> {
  const receiver = await startWebhookReceiver(onArrival === undefined ? {} : { onArrival });
  open.push(receiver);
  const asaas = await asaasWith(options);
  return { asaas, receiver, webhookId: await newWebhook(asaas, { url: `${receiver.url}/webhooks/asaas/1`, ...webhook }) };
}

async function newWebhook(asaas: Asaas, extra: object, apiKey = API_KEY): Promise<string> {
  return String((await call(asaas, "POST", "/webhooks", { ...WEBHOOK, ...extra }, apiKey)).body.id);
}

function envelopes({ received }: WebhookReceiver): Envelope[] {
  return received.map(({ body }) => JSON.parse(body.toString()) as Envelope);
}

function eventNames(receiver: WebhookReceiver): string[] {
  return envelopes(receiver).map(({ event }) => event);
}

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
