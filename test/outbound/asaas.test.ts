import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Asaas, createAsaas } from "../../functions/finance/outbound/asaas.ts";
import { type Cache, createCache } from "../../shared/cache/redis.ts";
import { ProviderError } from "../../shared/outbound/provider-error.ts";
import { type Asaas as AsaasStandIn, startAsaas } from "../local/asaas.ts";
import { json, type StandIn, serve, type WireRequest } from "../local/http-server.ts";
import { startRedis } from "../local/redis.ts";
import { watchLog } from "./support/watch-log.ts";

const REDIS_TOKEN = "redis-token";
const API_KEY = "$aact_hmlg_of_this_file";
const TAX_ID = "52998224725";
const TOMORROW = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);

let redis: StandIn;
let cache: Cache;
let standIn: AsaasStandIn;
let watch: ReturnType<typeof watchLog>;
let asaas: Asaas;

beforeAll(async () => {
  [redis, standIn] = await Promise.all([startRedis({ token: REDIS_TOKEN }), startAsaas()]);
  cache = createCache({ url: redis.url, token: REDIS_TOKEN });
  standIn.createAccount({ apiKey: API_KEY });
  watch = watchLog();
});
afterAll(async () => {
  watch.close();
  await Promise.all([redis.close(), standIn.close()]);
});
beforeEach(() => {
  standIn.faults.length = 0;
  asaas = open({ baseUrl: `${standIn.url}/v3` });
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
});

describe("payments", () => {
  test.each([
    ["pix", 500],
    ["boleto", 1_990],
    ["credit_card", 83_337],
    ["pix", 435_00],
  ] as const)("a %s charge of %i cents keeps its amount to the cent, there and back", async (billingType, amountCents) => {
    const made = await createPayment({ billingType, amountCents });
    expect(made).toMatchObject({ amountCents, status: "PENDING", dueDate: TOMORROW, isDeleted: false });
    expect(made.netCents).toBeLessThan(amountCents);
    expect(made.invoiceUrl).toMatch(/^http/);
    expect(await asaas.getPayment(made.id)).toEqual(made);
    expect(await asaas.findPayment({ externalReference: made.externalReference ?? "" })).toEqual(made);
  });

  test("a PIX charge has the text that the payer copies", async () => {
    const { id } = await createPayment({ billingType: "pix" });
    expect((await asaas.getPixQrCode(id)).payload).toMatch(/^000201.*6304[0-9A-F]{4}$/);
  });

  test("a removed charge is not found by its reference, and says that it is removed", async () => {
    const { id, externalReference } = await createPayment({});
    await fetch(`${standIn.url}/v3/payments/${id}`, {
      method: "DELETE",
      headers: { access_token: API_KEY, "user-agent": "test" },
    });
    expect(await asaas.findPayment({ externalReference: externalReference ?? "" })).toBeUndefined();
    expect(await asaas.getPayment(id)).toMatchObject({ isDeleted: true, status: "PENDING" });
  });

  test("an unknown charge is refused as not found", async () => {
    expect(await failed(asaas.getPayment("pay_0000"))).toMatchObject({
      kind: "refused",
      providerStatus: 404,
      providerCodes: ["not_found"],
    });
  });

  test("a charge that fails after it may have been made is not asked for again", async () => {
    const customer = await asaas.createCustomer({ name: "Ana", taxId: TAX_ID, externalReference: "c" });
    const before = standIn.payments(API_KEY).length;
    standIn.faults.push({ kind: "reset-after", method: "POST" });
    expect(await failed(createPayment({ customerId: customer.id }))).toMatchObject({ kind: "unknown_outcome" });
    expect(standIn.payments(API_KEY)).toHaveLength(before + 1);
  });

  test("an amount that is no whole number of cents never leaves", async () => {
    for (const amountCents of [0.5, Number.NaN, -500]) await expect(createPayment({ amountCents })).rejects.toThrow(RangeError);
  });

  test("the account's quota is told apart from an outage, with the time when it is new", async () => {
    const small = await startAsaas({ rateLimit: { limit: 1, windowSeconds: 3_600 } });
    small.createAccount({ apiKey: API_KEY });
    const client = open({ baseUrl: `${small.url}/v3` });
    await client.findPayment({ externalReference: "r" });
    const error = await failed(client.findPayment({ externalReference: "r" }));
    expect(error).toMatchObject({ kind: "rate_limited", retryable: true });
    expect(error.retryAfterMs).toBeGreaterThan(3_500_000);
    await small.close();
  });
});

describe("what Asaas may answer one day", () => {
  const payment = { id: "pay_1", customer: "cus_1", status: "PENDING", value: 19.9, dueDate: TOMORROW };

  test("new fields, words and nulls are taken; what is not said is null", async () => {
    const answer = { ...payment, status: "TELEPORTED", value: 4.35, netValue: null, escrow: { status: "HELD" }, split: [1] };
    await withAnswer(answer, async (client) => {
      expect(await client.getPayment("pay_1")).toEqual({
        id: "pay_1",
        customerId: "cus_1",
        status: "TELEPORTED",
        amountCents: 435,
        netCents: null,
        dueDate: TOMORROW,
        externalReference: null,
        invoiceUrl: null,
        isDeleted: false,
      });
    });
  });

  test.each([{ value: 19.999 }, { value: "19.90" }, { value: undefined }, { id: 1 }])(
    "a payment with %o is not guessed at: a read fails, a write is unknown",
    async (change) => {
      await withAnswer({ ...payment, ...change }, async (client) => {
        expect(await failed(client.getPayment("pay_1"))).toMatchObject({ kind: "unavailable", providerStatus: 200 });
        expect(await failed(createPayment({ client, customerId: "cus_1" }))).toMatchObject({ kind: "unknown_outcome" });
      });
    },
  );

  test("a stranger's payment is not adopted when the filter is ignored, nor ours when it was removed", async () => {
    const removed = { ...payment, externalReference: "ours", deleted: true };
    await withAnswer({ data: [{ ...payment, externalReference: "theirs" }, removed] }, async (client) => {
      expect(await client.findPayment({ externalReference: "ours" })).toBeUndefined();
    });
  });
});

describe("what leaves", () => {
  test("each request names us and carries the key in Asaas' own header", async () => {
    await withAnswer({ data: [] }, async (client, received) => {
      await client.findCustomer({ externalReference: "a&b=c" });
      expect(received).toMatchObject([{ method: "GET", headers: { access_token: API_KEY, "user-agent": "Guilda" } }]);
      expect(received[0]?.path).toBe("/v3/customers?externalReference=a%26b%3Dc&limit=100");
      expect(received[0]?.headers).not.toHaveProperty("x-request-id");
    });
  });

  test("Asaas is told not to write to customers, and gets phones as it takes them", async () => {
    await withAnswer({ id: "cus_1" }, async (client, received) => {
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

  test("an amount leaves as the decimal that it is", async () => {
    await withAnswer({}, async (client, received) => {
      await failed(createPayment({ client, customerId: "cus_1", amountCents: 1_990 }));
      expect(received[0]?.body.toString()).toContain('"value":19.9,');
    });
  });

  test.each(["../customers", "pay_1?x=1", "pay_1/refund", "", "."])(
    "an id that is more than an id calls nothing: %j",
    async (id) => {
      await withAnswer({}, async (client, received) => {
        for (const read of [client.getPayment, client.getPixQrCode]) {
          await expect(async () => read(id)).rejects.toMatchObject({ errorCode: "ASAAS_ID_INVALID" });
        }
        expect(received).toEqual([]);
      });
    },
  );

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
      expect(() => open({ baseUrl, apiKey })).toThrow(expect.objectContaining({ errorCode: "ASAAS_KEY_MISMATCH" }));
    }
    expect(() => open({ baseUrl: production, apiKey: "$aact_prod_x" })).not.toThrow();
    expect(() => open({ baseUrl: sandbox, apiKey: "$aact_hmlg_x::$aach_y" })).not.toThrow();
  });
});

/** A client of its own account, so that no test opens another's circuit. */
function open({ baseUrl, apiKey = API_KEY }: { baseUrl: string; apiKey?: string }): Asaas {
  return createAsaas({ baseUrl, apiKey, account: crypto.randomUUID(), cache, log: watch.log });
}

async function createPayment({
  client = asaas,
  customerId,
  ...changes
}: Partial<Parameters<Asaas["createPayment"]>[0]> & { client?: Asaas }) {
  const customer = customerId ?? (await client.createCustomer({ name: "Ana", taxId: TAX_ID, externalReference: "c" })).id;
  const externalReference = crypto.randomUUID();
  return await client.createPayment({
    billingType: "pix",
    amountCents: 12_990,
    dueDate: TOMORROW,
    externalReference,
    customerId: customer,
    ...changes,
  });
}

/** A provider that answers everything with `value`. */
async function withAnswer(value: object, use: (client: Asaas, received: WireRequest[]) => Promise<void>): Promise<void> {
  const received: WireRequest[] = [];
  const server = await serve({
    handle: async (request) => {
      received.push(request);
      return json(200, value);
    },
  });
  try {
    await use(open({ baseUrl: `${server.url}/v3` }), received);
  } finally {
    await server.close();
  }
}

async function failed(pending: Promise<unknown>): Promise<ProviderError> {
  const error: unknown = await pending.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ProviderError);
  return error as ProviderError;
}
