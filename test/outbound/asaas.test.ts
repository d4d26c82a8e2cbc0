import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ASAAS_EVENTS, type Asaas, type AsaasQuota, environmentOf } from "../../functions/finance/outbound/asaas.ts";
import { json, serve } from "../local/http-server.ts";
import { API_KEY, type AsaasHouse, failed, openAsaasHouse, refusal, TAX_ID, TOMORROW } from "./support/asaas-house.ts";

const HOUR_S = 3_600;

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

/** Every call there is, with arguments that could be right. */
const READS: [name: string, call: (client: Asaas) => Promise<unknown>][] = [
  ["findCustomer", (client) => client.findCustomer({ externalReference: "r" })],
  ["findPayment", (client) => client.findPayment({ externalReference: "r" })],
  ["getPayment", (client) => client.getPayment("pay_1")],
  ["listPayments", (client) => client.listPayments({ offset: 0, limit: 100 })],
  ["getPixQrCode", (client) => client.getPixQrCode("pay_1")],
  ["getBoletoLine", (client) => client.getBoletoLine("pay_1")],
  ["findSubscription", (client) => client.findSubscription({ externalReference: "r" })],
  ["getSubscription", (client) => client.getSubscription("sub_1")],
  ["getAccount", (client) => client.getAccount()],
  ["listWebhooks", (client) => client.listWebhooks()],
];
const REPEATABLE: typeof READS = [
  ["cancelPayment", (client) => client.cancelPayment("pay_1")],
  ["cancelSubscription", (client) => client.cancelSubscription("sub_1")],
  ["updateWebhook", (client) => client.updateWebhook({ id: "w", interrupted: false })],
  ["deleteWebhook", (client) => client.deleteWebhook("w")],
];
const SENT_ONCE: typeof READS = [
  ["createCustomer", (client) => client.createCustomer({ name: "Ana", taxId: TAX_ID, externalReference: "r" })],
  ["createPayment", (client) => house.bill({ client, customerId: "cus_1" })],
  ["refundPayment", (client) => client.refundPayment({ id: "pay_1", amountCents: 500 })],
  ["receiveInCash", (client) => client.receiveInCash({ id: "pay_1", amountCents: 500, paymentDate: TOMORROW })],
  ["undoReceivedInCash", (client) => client.undoReceivedInCash("pay_1")],
  [
    "createSubscription",
    (client) =>
      client.createSubscription({
        customerId: "cus_1",
        billingType: "pix",
        amountCents: 500,
        nextDueDate: TOMORROW,
        cycle: "monthly",
        externalReference: "r",
      }),
  ],
  [
    "createWebhook",
    (client) =>
      client.createWebhook({
        name: "Guilda",
        url: "https://api.guilda.test/w",
        email: "dono@guilda.test",
        authToken: "t".repeat(32),
        events: ASAAS_EVENTS,
        sendType: "NON_SEQUENTIALLY",
      }),
  ],
];

describe("every call, when it fails", () => {
  test.each([...READS, ...REPEATABLE, ...SENT_ONCE])("%s: what Asaas refuses is refused, with its reason", async (name, call) => {
    for (const [status, code] of [
      [400, "invalid_action"],
      [401, "invalid_access_token"],
      [403, "insufficient_permission"],
      [404, "not_found"],
    ] as const) {
      if (name === "deleteWebhook" && status === 404) continue;
      await house.answering(refusal(status, code), async (client) => {
        expect(await failed(call(client))).toMatchObject({ kind: "refused", providerStatus: status, providerCodes: [code] });
      });
    }
  });

  test.each([...READS, ...REPEATABLE, ...SENT_ONCE])(
    "%s: a spent quota says when to come again, and is not knocked at",
    async (_, call) => {
      const spent = refusal(429, "too_many_requests", { "ratelimit-remaining": "0", "ratelimit-reset": String(HOUR_S) });
      await house.answering(spent, async (client, received) => {
        const error = await failed(call(client));
        expect(error).toMatchObject({ kind: "rate_limited", retryAfterMs: HOUR_S * 1_000 });
        expect(received).toHaveLength(1);
      });
    },
  );

  test.each(SENT_ONCE)("%s: what may have been done is unknown, and is sent once", async (_, call) => {
    for (const answer of [refusal(500, "internal"), refusal(503, "x"), refusal(408, "x"), json(200, { id: 1 })]) {
      await house.answering(answer, async (client, received) => {
        expect(await failed(call(client))).toMatchObject({ kind: "unknown_outcome", retryable: true });
        expect(received).toHaveLength(1);
      });
    }
  });

  test.each(SENT_ONCE)("%s: an answer that does not come in time is unknown", async (_, call) => {
    const attempt = new AbortController();
    const silent = await serve({
      handle: () => {
        attempt.abort(new DOMException("over", "TimeoutError"));
        return new Promise(() => undefined);
      },
    });
    const error = await failed(call(house.open({ baseUrl: `${silent.url}/v3`, signal: attempt.signal })));
    expect(error).toMatchObject({ kind: "unknown_outcome", providerStatus: undefined });
    await silent.close();
  });

  test.each(REPEATABLE)("%s: it is asked again when the first answer is lost", async (_, call) => {
    let requests = 0;
    const flaky = await serve({
      handle: async () => {
        requests += 1;
        return requests === 1
          ? refusal(503, "x", { "retry-after": "0" })
          : json(200, { id: "w", url: "https://x.test", enabled: true, interrupted: false, deleted: true });
      },
    });
    await call(house.open({ baseUrl: `${flaky.url}/v3` }));
    expect(requests).toBe(2);
    await flaky.close();
  });
});

describe("customers", () => {
  test("a customer is found by our reference once it is made, and only by it", async () => {
    const externalReference = crypto.randomUUID();
    expect(await asaas.findCustomer({ externalReference })).toBeUndefined();
    const { id } = await asaas.createCustomer({ name: "Ana Lima", taxId: TAX_ID, email: "ana@example.org", externalReference });
    expect(await asaas.findCustomer({ externalReference })).toMatchObject({ id, externalReference });
    expect(await asaas.findCustomer({ externalReference: crypto.randomUUID() })).toBeUndefined();
  });

  test("a tax id that Asaas does not take is a refusal with its reason and without the number", async () => {
    const error = await failed(asaas.createCustomer({ name: "Ana", taxId: "11111111111", externalReference: "r" }));
    expect(error).toMatchObject({ kind: "refused", providerStatus: 400, providerCodes: ["invalid_cpfCnpj"] });
  });

  test("Asaas is told not to write to customers, and gets phones as it takes them", async () => {
    await house.answering(json(200, { id: "cus_1" }), async (client, received) => {
      for (const phone of ["+5511987654321", "+551132654321", "+351912345678", undefined]) {
        await client.createCustomer({ name: "Ana", taxId: TAX_ID, phone, externalReference: "r" });
      }
      const common = { name: "Ana", cpfCnpj: TAX_ID, externalReference: "r", notificationDisabled: true };
      expect(received.map(({ body }) => JSON.parse(body.toString()))).toEqual([
        { ...common, mobilePhone: "11987654321" },
        { ...common, phone: "1132654321" },
        common,
        common,
      ]);
    });
  });
});

describe("what leaves", () => {
  test("each request names us and carries the key in Asaas' own header", async () => {
    await house.answering(json(200, { data: [] }), async (client, received) => {
      await client.findCustomer({ externalReference: "a&b=c" });
      expect(received).toMatchObject([{ method: "GET", headers: { access_token: API_KEY, "user-agent": "Guilda" } }]);
      expect(received[0]?.path).toBe("/v3/customers?externalReference=a%26b%3Dc&limit=100");
      expect(received[0]?.headers).not.toHaveProperty("x-request-id");
    });
  });

  test.each(["../customers", "pay_1?x=1", "pay_1/refund", "", ".", "é", "x".repeat(65)])(
    "an id that is more than an id calls nothing: %j",
    async (id) => {
      await house.answering(json(200, {}), async (client, received) => {
        const calls: (() => Promise<unknown>)[] = [
          () => client.getPayment(id),
          () => client.getPixQrCode(id),
          () => client.getBoletoLine(id),
          () => client.cancelPayment(id),
          () => client.refundPayment({ id }),
          () => client.receiveInCash({ id, amountCents: 500, paymentDate: TOMORROW }),
          () => client.undoReceivedInCash(id),
          () => client.getSubscription(id),
          () => client.cancelSubscription(id),
          () => client.updateWebhook({ id }),
          () => client.deleteWebhook(id),
        ];
        for (const call of calls) {
          await expect(async () => call()).rejects.toMatchObject({ errorCode: "ASAAS_ID_INVALID" });
        }
        expect(received).toEqual([]);
      });
    },
  );
});

describe("keys", () => {
  test("a production key goes to the production host alone, and no other key goes there", () => {
    const production = "https://api.asaas.com/v3";
    const sandbox = "https://api-sandbox.asaas.com/v3";
    for (const [baseUrl, apiKey] of [
      [production, "$aact_hmlg_x"],
      [sandbox, "$aact_prod_x"],
      ["https://api.asaas.com.evil.example/v3", "$aact_prod_x"],
      ["http://127.0.0.1:1/v3", "$aact_prod_x"],
      [production, ""],
      [sandbox, "$aact_hmlg_x\nx: y"],
    ] as const) {
      expect(() => house.open({ baseUrl, apiKey })).toThrow(expect.objectContaining({ errorCode: "ASAAS_KEY_MISMATCH" }));
    }
    expect(() => house.open({ baseUrl: production, apiKey: "$aact_prod_x" })).not.toThrow();
    expect(() => house.open({ baseUrl: sandbox, apiKey: "$aact_hmlg_x::$aach_y" })).not.toThrow();
  });

  test.each([
    ["$aact_prod_abc", "production"],
    ["$aact_hmlg_abc::$aach_1", "sandbox"],
    ["$aact_hmlg_", undefined],
    ["$aact_test_abc", undefined],
    ["x$aact_prod_abc", undefined],
    ["$aact_prod_a b", undefined],
    ["", undefined],
  ])("the key %j says its environment: %s", (apiKey, environment) => {
    expect(environmentOf(apiKey)).toBe(environment);
  });
});

describe("the quota of the account", () => {
  test("what is left is told with each answer, down to the refusal that says when it is whole again", async () => {
    const small = await openAsaasHouse({ rateLimit: { limit: 2, windowSeconds: HOUR_S } });
    const told: AsaasQuota[] = [];
    const client = small.open({ onQuota: (quota) => told.push(quota) });
    await client.getAccount();
    await client.listWebhooks();
    expect(told.map(({ remaining }) => remaining)).toEqual([1, 0]);
    for (const { resetSeconds } of told) expect(resetSeconds).toBeGreaterThan(0);
    const error = await failed(client.getAccount());
    expect(error).toMatchObject({ kind: "rate_limited", retryable: true });
    expect(error.retryAfterMs).toBeGreaterThan(0);
    expect(told).toHaveLength(2);
    await small.close();
  });

  test.each<Record<string, string>>([
    {},
    { "ratelimit-remaining": "12" },
    { "ratelimit-remaining": "-1", "ratelimit-reset": "60" },
    { "ratelimit-remaining": "many", "ratelimit-reset": "soon" },
  ])("what cannot be read is not told: %o", async (headers) => {
    const told: AsaasQuota[] = [];
    const server = await serve({ handle: async () => ({ ...json(200, { status: "APPROVED" }), headers }) });
    await house.open({ baseUrl: `${server.url}/v3`, onQuota: (quota) => told.push(quota) }).getAccount();
    expect(told).toEqual([]);
    await server.close();
  });
});
