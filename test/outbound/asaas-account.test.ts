import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ASAAS_EVENTS, type Asaas } from "../../functions/finance/outbound/asaas.ts";
import { PAYMENT_EVENTS } from "../local/asaas/wire.ts";
import { json } from "../local/http-server.ts";
import { type AsaasHouse, failed, openAsaasHouse } from "./support/asaas-house.ts";

const URL_OF_OURS = "https://api.guilda.test/webhooks/asaas/acc";
const TOKEN = "t".repeat(32);

let house: AsaasHouse;
let asaas: Asaas;

beforeAll(async () => {
  house = await openAsaasHouse();
});
afterAll(() => house.close());
beforeEach(async () => {
  house.standIn.faults.length = 0;
  asaas = house.open();
  for (const { id } of await asaas.listWebhooks()) await asaas.deleteWebhook(id);
});

describe("the account", () => {
  test("a key that is right tells the account's state and name", async () => {
    expect(await asaas.getAccount()).toEqual({ status: "APPROVED", name: "Guilda Mentoria" });
  });

  test("a key that is wrong is refused, with the reason", async () => {
    const error = await failed(house.open({ apiKey: "$aact_hmlg_of_nobody" }).getAccount());
    expect(error).toMatchObject({ kind: "refused", providerStatus: 401, providerCodes: ["invalid_access_token"] });
  });

  test("a person's account has the person's name, and one without a name has none", async () => {
    await house.answering(json(200, { status: "PENDING", name: null, companyName: "Ana ME" }), async (client) => {
      expect(await client.getAccount()).toEqual({ status: "PENDING", name: "Ana ME" });
    });
    await house.answering(json(200, { status: "DENIED" }), async (client) => {
      expect(await client.getAccount()).toEqual({ status: "DENIED", name: null });
    });
  });
});

describe("webhooks", () => {
  test("one that is made asks for every event of ours, works, and is listed", async () => {
    const made = await register();
    expect(made).toMatchObject({ url: URL_OF_OURS, isEnabled: true, isInterrupted: false, penalizedRequestsCount: 0 });
    expect(made.events).toEqual([...ASAAS_EVENTS]);
    expect(await asaas.listWebhooks()).toEqual([made]);
  });

  test("no event about a payment or the life of a subscription is left out", () => {
    const life = ["CREATED", "UPDATED", "INACTIVATED", "DELETED"].map((event) => `SUBSCRIPTION_${event}`);
    expect(ASAAS_EVENTS).toEqual(expect.arrayContaining([...PAYMENT_EVENTS, ...life]));
    expect(new Set(ASAAS_EVENTS).size).toBe(ASAAS_EVENTS.length);
  });

  test("a change leaves the rest as it is", async () => {
    const made = await register();
    expect(await asaas.updateWebhook({ id: made.id, enabled: false })).toEqual({ ...made, isEnabled: false });
    const url = "https://api.guilda.test/webhooks/asaas/other";
    expect(await asaas.updateWebhook({ id: made.id, url, enabled: true })).toEqual({ ...made, url });
    expect(await asaas.updateWebhook({ id: made.id, events: ["PAYMENT_CREATED"], authToken: "u".repeat(32) })).toEqual({
      ...made,
      url,
      events: ["PAYMENT_CREATED"],
    });
  });

  test("one that Asaas has stopped says so, and is set going again", async () => {
    const made = await register();
    await asaas.updateWebhook({ id: made.id, interrupted: true });
    expect(await asaas.listWebhooks()).toMatchObject([{ id: made.id, isInterrupted: true }]);
    expect(await asaas.updateWebhook({ id: made.id, interrupted: false })).toMatchObject({ isInterrupted: false });
  });

  test("one that is removed is gone, and can be removed again", async () => {
    const { id } = await register();
    await asaas.deleteWebhook(id);
    await asaas.deleteWebhook(id);
    expect(await asaas.listWebhooks()).toEqual([]);
  });

  test("a token that is too short, an unknown webhook and an eleventh one are refused", async () => {
    expect(await failed(register({ authToken: "short" }))).toMatchObject({ providerCodes: ["invalid_authToken"] });
    const unknown = asaas.updateWebhook({ id: crypto.randomUUID(), enabled: true });
    expect(await failed(unknown)).toMatchObject({ kind: "refused", providerStatus: 404 });
    for (let count = 0; count < 10; count += 1) await register();
    expect(await failed(register())).toMatchObject({ providerCodes: ["invalid_action"] });
  });

  test("a lost answer is unknown, and the webhook is there to be adopted", async () => {
    house.standIn.faults.push({ kind: "reset-after", method: "POST" });
    expect(await failed(register())).toMatchObject({ kind: "unknown_outcome" });
    expect(await asaas.listWebhooks()).toMatchObject([{ url: URL_OF_OURS }]);
  });

  test("what Asaas does not say is not guessed, and new words are taken", async () => {
    const webhook = { id: "w", url: URL_OF_OURS, enabled: true, interrupted: false, events: ["MOON_FULL"] };
    await house.answering(json(200, { data: [webhook] }), async (client) => {
      expect(await client.listWebhooks()).toEqual([
        {
          id: "w",
          url: URL_OF_OURS,
          isEnabled: true,
          isInterrupted: false,
          penalizedRequestsCount: null,
          events: ["MOON_FULL"],
        },
      ]);
    });
    await house.answering(json(200, { data: [{ ...webhook, interrupted: null }] }), async (client) => {
      expect(await failed(client.listWebhooks())).toMatchObject({ kind: "unavailable" });
    });
  });

  test("the token leaves in the request alone", async () => {
    await house.answering(json(200, {}), async (client, received) => {
      await failed(register({ client }));
      expect(JSON.parse(received[0]?.body.toString() ?? "")).toEqual({
        name: "Guilda",
        url: URL_OF_OURS,
        email: "dono@guilda.test",
        authToken: TOKEN,
        events: [...ASAAS_EVENTS],
        sendType: "NON_SEQUENTIALLY",
        enabled: true,
        interrupted: false,
        apiVersion: 3,
      });
    });
  });
});

function register({
  client = asaas,
  ...changes
}: Partial<Parameters<Asaas["createWebhook"]>[0]> & { client?: Asaas } = {}): ReturnType<Asaas["createWebhook"]> {
  return client.createWebhook({
    name: "Guilda",
    url: URL_OF_OURS,
    email: "dono@guilda.test",
    authToken: TOKEN,
    events: ASAAS_EVENTS,
    sendType: "NON_SEQUENTIALLY",
    ...changes,
  });
}
