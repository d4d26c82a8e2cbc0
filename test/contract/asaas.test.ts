import { mkdtempSync, rmSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import type { Customer, Payment } from "../local/asaas/wire.ts";
import { startAsaas } from "../local/asaas.ts";
import {
  API_KEY,
  asaasWith,
  call,
  closeAfterEach,
  control,
  errorCodes,
  NOW,
  newCustomer,
  newPayment,
  OTHER_API_KEY,
  open,
  type Page,
} from "./support/asaas-stage.ts";

closeAfterEach();

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
    expect((await call(asaas, "GET", "/transfers")).status).toBe(404);
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

  it("are 25,000 requests in twelve hours, and an account can be given fewer", async () => {
    const asaas = await asaasWith();
    asaas.createAccount({ apiKey: OTHER_API_KEY });
    const balance = (apiKey = API_KEY) => call(asaas, "GET", "/finance/balance", undefined, apiKey);
    const first = await balance();
    const headers = ["limit", "remaining", "reset"].map((name) => first.headers.get(`ratelimit-${name}`));
    expect(headers).toEqual(["25000", "24999", "43200"]);
    asaas.adjustAccount({ apiKey: API_KEY, requestLimit: 2 });
    expect((await balance()).headers.get("ratelimit-remaining")).toBe("0");
    const refused = await call(asaas, "POST", "/customers", {});
    expect([refused.status, refused.headers.get("ratelimit-limit"), refused.headers.get("ratelimit-reset")]).toEqual([
      429,
      "2",
      "43200",
    ]);
    expect(refused.body).toEqual({ errors: [{ code: "too_many_requests", description: expect.any(String) }] });
    expect((await balance(OTHER_API_KEY)).headers.get("ratelimit-limit")).toBe("25000");
    expect((await control(asaas, "PUT", "/account", { requestLimit: 10 })).status).toBe(200);
    expect((await balance()).status).toBe(200);
    expect((await control(asaas, "PUT", "/account", { requestLimit: -1 })).status).toBe(400);
  });

  it("refuse the 51st GET under way of one account, and nothing but that", async () => {
    const asaas = await asaasWith();
    asaas.createAccount({ apiKey: OTHER_API_KEY });
    const letGo = asaas.holdGets();
    const statuses: number[] = [];
    const gets = Array.from({ length: 51 }, async () => {
      statuses.push((await call(asaas, "GET", "/finance/balance")).status);
    });
    await vi.waitFor(() => expect(statuses).toEqual([429]));
    const others = call(asaas, "GET", "/finance/balance", undefined, OTHER_API_KEY);
    expect((await call(asaas, "POST", "/customers", {})).status).toBe(400);
    letGo();
    await Promise.all(gets);
    expect(statuses).toEqual([429, ...Array(50).fill(200)]);
    expect((await others).status).toBe(200);
    expect((await call(asaas, "GET", "/finance/balance")).status).toBe(200);
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
