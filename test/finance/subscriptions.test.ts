import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { countRows } from "../db/support/count-rows.ts";
import type { Fault } from "../local/http-server.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { mountFinance } from "./support/asaas-events.ts";
import { type AccountBooks, openAccount, type Provider, startProvider } from "./support/open-account.ts";

const DAY_MS = 86_400_000;
const EVENTS = ["SUBSCRIPTION_CREATED", "SUBSCRIPTION_UPDATED", "SUBSCRIPTION_INACTIVATED", "SUBSCRIPTION_DELETED"];
const NOBODYS_ID = "0198c8f0-1234-7abc-8def-0123456789ab";

let platform: Platform;
let provider: Provider;
let books: AccountBooks;

beforeAll(async () => {
  [platform, provider] = await Promise.all([startPlatform(), startProvider(EVENTS)]);
  platform.qstash.chaos.drop = 1;
  mountFinance(platform, { ASAAS_API_URL: `${provider.asaas.url}/v3` });
});
afterAll(async () => {
  await platform.close();
  await provider.close();
});
beforeEach(async () => {
  provider.asaas.faults.length = 0;
  books = await openAccount(platform, provider);
});

function dateIn(days: number): string {
  return new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
}

function terms(change: object = {}) {
  return {
    studentId: books.studentId,
    amountCents: 25_000,
    cycle: "monthly" as const,
    nextDueDate: dateIn(5),
    billingType: "pix" as const,
    description: "Community",
    ...change,
  };
}

interface ProviderSubscription {
  id: string;
  status: string;
  deleted: boolean;
  value: number;
  cycle: string;
  nextDueDate: string;
  externalReference: string;
}

/** What the provider has that is not removed. */
async function atProvider(): Promise<ProviderSubscription[]> {
  const response = await fetch(`${provider.asaas.url}/v3/subscriptions?limit=100`, {
    headers: { access_token: books.apiKey, "user-agent": "test" },
  });
  return ((await response.json()) as { data: ProviderSubscription[] }).data;
}

async function read(id: string) {
  const { items } = await books.finance.financial.subscriptions.list.query({ studentId: books.studentId });
  return items.find((each) => each.id === id);
}

async function subscribed() {
  const { id } = await books.finance.financial.subscriptions.create.mutate(terms());
  await books.work();
  await books.hearEvents();
  return id;
}

async function refusal(act: () => Promise<unknown>): Promise<unknown> {
  await platform.settled();
  const before = await countRows(platform.database);
  const error = await act().then(
    () => undefined,
    (reason: { data?: { errorCode?: string } }) => reason,
  );
  expect(await countRows(platform.database)).toEqual(before);
  return error?.data?.errorCode;
}

const MISHAPS: [what: string, fault: Partial<Fault>][] = [
  ["whose answer was lost", { kind: "reset-after", times: 1 }],
  ["whose answer was no answer", { kind: "garbage", times: 1 }],
  ["that was not heard", { kind: "reset-before", times: 1 }],
  ["that failed with 500", { kind: "status", status: 500, times: 1 }],
  ["that came too often", { kind: "status", status: 429, headers: { "ratelimit-reset": "60" }, times: 1 }],
];

function strike(fault: Partial<Fault>, method: string): void {
  provider.asaas.faults.push({ kind: "status", ...fault, method, path: "/subscriptions" });
}

describe("a subscription", () => {
  test("is a draft at once, active when its job has run, and its charges come with the provider's events", async () => {
    const draft = await books.finance.financial.subscriptions.create.mutate(terms({ endDate: dateIn(400), maxPayments: 12 }));
    expect(draft).toMatchObject({ status: "draft", externalId: null, cycle: "monthly", amountCents: 25_000, maxPayments: 12 });
    expect(await books.work()).toEqual([200]);
    const [made] = await atProvider();
    expect(made).toMatchObject({ value: 250, cycle: "MONTHLY", externalReference: draft.id });
    expect(await read(draft.id)).toMatchObject({ status: "active", externalId: made?.id });
    await books.hearEvents();
    const { items } = await books.finance.financial.charges.list.query({ studentId: books.studentId });
    expect(items).toMatchObject([{ subscriptionId: draft.id, amountCents: 25_000, status: "pending", dueDate: dateIn(5) }]);
  });

  test("whose events overtake the job that made it has its first charge and its next date all the same", async () => {
    strike({ kind: "reset-after", times: 1 }, "POST");
    const { id } = await books.finance.financial.subscriptions.create.mutate(terms());
    await books.work();
    expect(await read(id)).toMatchObject({ externalId: null });
    await books.hearEvents();
    await books.workOff();
    const { items } = await books.finance.financial.charges.list.query({ studentId: books.studentId });
    expect(items).toMatchObject([{ subscriptionId: id, status: "pending", dueDate: dateIn(5) }]);
    expect((await books.finance.financial.conflicts.list.query()).items).toEqual([]);
    const [made] = await atProvider();
    expect(made?.nextDueDate).not.toBe(dateIn(5));
    expect(await read(id)).toMatchObject({ status: "active", nextDueDate: made?.nextDueDate });
  });

  test("asked for twice with one idempotency key is one", async () => {
    const finance = books.keyed("subscription-0001");
    const first = await finance.financial.subscriptions.create.mutate(terms());
    expect(await finance.financial.subscriptions.create.mutate(terms())).toEqual(first);
    await books.workOff();
    expect(await atProvider()).toHaveLength(1);
  });

  test.each([
    { studentId: NOBODYS_ID, code: "STUDENT_NOT_FOUND" },
    { nextDueDate: dateIn(-2), code: "DUE_DATE_PAST" },
    { endDate: dateIn(4), code: "END_DATE_BEFORE_DUE_DATE" },
    { amountCents: 0, code: "VALIDATION" },
    { maxPayments: 0, code: "VALIDATION" },
    { cycle: "daily", code: "VALIDATION" },
  ])("is refused with $code and stores nothing", async ({ code, ...change }) => {
    expect(await refusal(() => books.finance.financial.subscriptions.create.mutate(terms(change)))).toBe(code);
  });

  test("of another practice's student is refused as of nobody", async () => {
    const { studentId } = await openAccount(platform, provider);
    const ask = () => books.finance.financial.subscriptions.create.mutate(terms({ studentId }));
    expect(await refusal(ask)).toBe("STUDENT_NOT_FOUND");
  });

  test.each(MISHAPS)("%s is made once", async (_, fault) => {
    strike(fault, "POST");
    const { id } = await books.finance.financial.subscriptions.create.mutate(terms());
    await books.workOff();
    const made = await atProvider();
    expect(made).toHaveLength(1);
    expect(await read(id)).toMatchObject({ status: "active", externalId: made[0]?.id });
  });
});

describe("the list of subscriptions", () => {
  test("is of the own practice, newest first, page by page, by status and student", async () => {
    const ids: string[] = [];
    for (let count = 0; count < 3; count += 1) ids.push((await books.finance.financial.subscriptions.create.mutate(terms())).id);
    const { list } = books.finance.financial.subscriptions;
    const first = await list.query({ limit: 2 });
    expect(first.items.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
    expect((await list.query({ limit: 2, cursor: first.nextCursor ?? "" })).items.map(({ id }) => id)).toEqual([ids[0]]);
    expect((await list.query({ status: "active" })).items).toEqual([]);
    expect((await list.query({ studentId: NOBODYS_ID })).items).toEqual([]);
    const others = await openAccount(platform, provider);
    expect((await others.finance.financial.subscriptions.list.query()).items).toEqual([]);
  });
});

describe("the end of a subscription", () => {
  test("removes it and its open charges at the provider, whose events change ours", async () => {
    const id = await subscribed();
    expect(await books.finance.financial.subscriptions.cancel.mutate({ id })).toMatchObject({ id, status: "active" });
    await books.work();
    expect(await atProvider()).toEqual([]);
    expect(await books.hearEvents()).toEqual(expect.arrayContaining(["PAYMENT_DELETED", "SUBSCRIPTION_DELETED"]));
    expect(await read(id)).toMatchObject({ status: "cancelled" });
    const { items } = await books.finance.financial.charges.list.query({ studentId: books.studentId });
    expect(items).toMatchObject([{ subscriptionId: id, status: "cancelled" }]);
    expect(await refusal(() => books.finance.financial.subscriptions.cancel.mutate({ id }))).toBe("SUBSCRIPTION_NOT_CANCELLABLE");
  });

  test("of a draft that was never asked for makes no call, and its own job makes nothing any more", async () => {
    const { id } = await books.finance.financial.subscriptions.create.mutate(terms());
    await books.finance.financial.subscriptions.cancel.mutate({ id });
    const [cancelling] = await platform.database.query<{ id: string }>(
      "select id from jobs where mentorado_id = $1 and name = 'finance.cancel-subscription'",
      [books.mentoradoId],
    );
    provider.asaas.faults.push({ kind: "status", status: 500 });
    expect((await platform.ring(cancelling?.id ?? "")).status).toBe(200);
    expect(await books.work()).toEqual([200]);
    provider.asaas.faults.length = 0;
    expect(await atProvider()).toEqual([]);
    expect(await read(id)).toMatchObject({ status: "cancelled", externalId: null });
  });

  test("of a draft whose making had an unknown outcome finds what was made and removes it", async () => {
    strike({ kind: "reset-after", times: 1 }, "POST");
    const { id } = await books.finance.financial.subscriptions.create.mutate(terms());
    await books.work();
    await books.finance.financial.subscriptions.cancel.mutate({ id });
    const [cancelling] = await platform.database.query<{ id: string }>(
      "select id from jobs where mentorado_id = $1 and name = 'finance.cancel-subscription'",
      [books.mentoradoId],
    );
    await books.letTimePass();
    expect((await platform.ring(cancelling?.id ?? "")).status).toBe(200);
    await books.workOff();
    expect(await atProvider()).toEqual([]);
    await books.hearEvents();
    expect(await read(id)).toMatchObject({ status: "cancelled" });
  });

  test.each(MISHAPS)("%s happens once", async (_, fault) => {
    const id = await subscribed();
    strike(fault, "DELETE");
    await books.finance.financial.subscriptions.cancel.mutate({ id });
    await books.workOff();
    expect(await atProvider()).toEqual([]);
    expect((await books.hearEvents()).filter((event) => event === "SUBSCRIPTION_DELETED")).toHaveLength(1);
    expect(await read(id)).toMatchObject({ status: "cancelled" });
  });

  test("of another practice's subscription, or of none, is nothing", async () => {
    const { id } = await books.finance.financial.subscriptions.create.mutate(terms());
    books = await openAccount(platform, provider);
    for (const each of [id, NOBODYS_ID])
      expect(await refusal(() => books.finance.financial.subscriptions.cancel.mutate({ id: each }))).toBe(
        "SUBSCRIPTION_NOT_FOUND",
      );
  });
});
