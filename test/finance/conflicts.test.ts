import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { countRows } from "../db/support/count-rows.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { mountFinance } from "./support/asaas-events.ts";
import { type AccountBooks, openAccount, type Provider, startProvider } from "./support/open-account.ts";
import {
  balancesOf,
  dateIn,
  inPanel,
  madeByHand,
  makeTwins,
  reconcile,
  requestsOf,
  type Twin,
} from "./support/reconciled-books.ts";

let platform: Platform;
let provider: Provider;
let books: AccountBooks;

beforeAll(async () => {
  [platform, provider] = await Promise.all([startPlatform(), startProvider()]);
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

const terms = () => ({ studentId: books.studentId, amountCents: 10_000, dueDate: dateIn(0), billingType: "pix" as const });

async function charged(): Promise<Twin> {
  const { id } = await books.finance.financial.charges.create.mutate(terms());
  await books.work();
  await books.hearEvents();
  return { id, externalId: books.paymentOf(id)?.id ?? "" };
}

/** A draft that no job has made yet, and none will. */
async function drafted(): Promise<string> {
  const { id } = await books.finance.financial.charges.create.mutate(terms());
  await platform.database.query("update jobs set status = 'dead' where mentorado_id = $1 and name = 'finance.create-charge'", [
    books.mentoradoId,
  ]);
  return id;
}

function atProvider({ externalId }: Pick<Twin, "externalId">) {
  const payment = provider.asaas.payments(books.apiKey).find(({ id }) => id === externalId);
  if (payment === undefined) throw new Error("no such payment");
  return payment;
}

const read = (id: string) => books.finance.financial.charges.getById.query({ id });
const conflicts = async () => (await books.finance.financial.conflicts.list.query()).items;
const resolve = (input: Parameters<typeof books.finance.financial.conflicts.resolve.mutate>[0]) =>
  books.finance.financial.conflicts.resolve.mutate(input);

async function onlyConflict() {
  const [conflict, ...others] = await conflicts();
  if (conflict === undefined || others.length > 0) throw new Error("not one conflict");
  return conflict;
}

/** Lets a run find the difference, and takes the provider's side. */
async function takeRemote(): Promise<void> {
  await reconcile(platform, books);
  const { id, version } = await onlyConflict();
  await resolve({ id, version, resolution: "keep_remote" });
  expect(await books.work()).toEqual([200]);
}

/** Nothing is left to be found, and nothing to be undone by a late event. */
async function expectSettled(chargeId: string): Promise<void> {
  const [money, charge] = [await balancesOf(platform, chargeId), await read(chargeId)];
  await reconcile(platform, books);
  expect(await conflicts()).toEqual([]);
  await books.hearEvents();
  await reconcile(platform, books);
  expect(await conflicts()).toEqual([]);
  expect(await balancesOf(platform, chargeId)).toEqual(money);
  expect((await read(chargeId)).status).toBe(charge.status);
  expect(await books.finance.financial.ledger.verify.query()).toMatchObject({ isValid: true });
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

describe("taking the provider's side", () => {
  test("of a removal ends the debt, once, also when the event comes after all", async () => {
    const charge = await charged();
    await inPanel(provider, books, "DELETE", `/payments/${charge.externalId}`);
    await takeRemote();
    expect(await read(charge.id)).toMatchObject({ status: "cancelled" });
    expect(await balancesOf(platform, charge.id)).toEqual({});
    await expectSettled(charge.id);
  });

  test("of a restored charge brings the debt back, once", async () => {
    const charge = await charged();
    await inPanel(provider, books, "DELETE", `/payments/${charge.externalId}`);
    await books.hearEvents();
    await inPanel(provider, books, "POST", `/payments/${charge.externalId}/restore`);
    await takeRemote();
    expect(await read(charge.id)).toMatchObject({ status: "pending" });
    expect(await balancesOf(platform, charge.id)).toEqual({ receivable: 10_000, revenue: -10_000 });
    await expectSettled(charge.id);
  });

  test("of a cash receipt enters it without a fee, once, and its undoing is entered by its own event", async () => {
    const charge = await charged();
    const cash = { paymentDate: dateIn(0), value: 100 };
    await inPanel(provider, books, "POST", `/payments/${charge.externalId}/receiveInCash`, cash);
    await takeRemote();
    expect(await read(charge.id)).toMatchObject({ status: "received" });
    expect(await balancesOf(platform, charge.id)).toEqual({ cash: 10_000, revenue: -10_000 });
    await expectSettled(charge.id);
  });

  test("of a cash receipt that was undone takes it back, once", async () => {
    const charge = await charged();
    const cash = { paymentDate: dateIn(0), value: 100 };
    await inPanel(provider, books, "POST", `/payments/${charge.externalId}/receiveInCash`, cash);
    await books.hearEvents();
    await inPanel(provider, books, "POST", `/payments/${charge.externalId}/undoReceivedInCash`);
    await takeRemote();
    expect(await read(charge.id)).toMatchObject({ status: "pending" });
    expect(await balancesOf(platform, charge.id)).toEqual({ receivable: 10_000, revenue: -10_000 });
    await expectSettled(charge.id);
  });

  test("of another amount bills the difference", async () => {
    const charge = await charged();
    await inPanel(provider, books, "PUT", `/payments/${charge.externalId}`, { value: 120 });
    await takeRemote();
    expect(await read(charge.id)).toMatchObject({ status: "pending", amountCents: 12_000 });
    expect(await balancesOf(platform, charge.id)).toEqual({ receivable: 12_000, revenue: -12_000 });
    await expectSettled(charge.id);
    provider.asaas.pay({ paymentId: charge.externalId, via: "pix" });
    await books.hearEvents();
    expect(await balancesOf(platform, charge.id)).toEqual({ cash: 11_801, fees: 199, revenue: -12_000 });
  });

  test("of money that is not there takes the receipt back", async () => {
    const charge = await charged();
    provider.asaas.pay({ paymentId: charge.externalId, via: "pix" });
    await books.hearEvents();
    Object.assign(atProvider(charge), { status: "PENDING", paymentDate: null });
    await takeRemote();
    expect(await read(charge.id)).toMatchObject({ status: "pending", receivedAt: null });
    expect(await balancesOf(platform, charge.id)).toEqual({ receivable: 10_000, revenue: -10_000 });
    await expectSettled(charge.id);
  });

  test("bears the conflict as the source of its entries", async () => {
    const charge = await charged();
    await inPanel(provider, books, "DELETE", `/payments/${charge.externalId}`);
    await takeRemote();
    const { items } = await books.finance.financial.conflicts.list.query({ status: "resolved" });
    expect(items).toMatchObject([{ resolution: "keep_remote", resolvedBy: expect.any(String), version: 2 }]);
    const sources = await platform.database.query(
      "select source from ledger_entries where charge_id = $1 and kind = 'cancellation'",
      [charge.id],
    );
    expect(sources).toEqual([{ source: `conflict:${items[0]?.id}` }]);
  });

  test("is done when the provider is back, and once, however often its job runs", async () => {
    const charge = await charged();
    await inPanel(provider, books, "DELETE", `/payments/${charge.externalId}`);
    await reconcile(platform, books);
    const { id, version } = await onlyConflict();
    await resolve({ id, version, resolution: "keep_remote" });
    provider.asaas.faults.push({ kind: "status", status: 501, path: `/payments/${charge.externalId}`, times: 1 });
    expect(await books.work()).toEqual([503]);
    expect(await balancesOf(platform, charge.id)).toEqual({ receivable: 10_000, revenue: -10_000 });
    await books.workOff();
    await platform.database.query(
      "update jobs set status = 'pending' where mentorado_id = $1 and name = 'finance.adopt-payment'",
      [books.mentoradoId],
    );
    expect(await books.work()).toEqual([200]);
    expect(await balancesOf(platform, charge.id)).toEqual({});
  });
});

test("what was read for a decision is read again when an event has come in between", async () => {
  const charge = await charged();
  await inPanel(provider, books, "DELETE", `/payments/${charge.externalId}`);
  await reconcile(platform, books);
  const { id, version } = await onlyConflict();
  await resolve({ id, version, resolution: "keep_remote" });
  const release = provider.asaas.holdGets();
  // Strikes nobody, and is gone when the payment is asked for.
  provider.asaas.faults.push({ kind: "delay", delayMs: 0, method: "GET", path: charge.externalId, times: 1 });
  const adoption = books.work();
  await expect.poll(() => provider.asaas.faults, { timeout: 5_000 }).toEqual([]);
  await books.hearEvents();
  expect(await balancesOf(platform, charge.id)).toEqual({});
  release();
  expect(await adoption).toEqual([503]);
  await books.workOff();
  expect(await read(charge.id)).toMatchObject({ status: "cancelled" });
  expect(await balancesOf(platform, charge.id)).toEqual({});
});

describe("leaving a difference as it is", () => {
  test.each(["keep_local", "ignore"] as const)(
    "(%s) changes nothing, asks nothing, and does not come back",
    async (resolution) => {
      const charge = await charged();
      atProvider(charge).value = 120;
      await reconcile(platform, books);
      const { id, version } = await onlyConflict();
      const requests = requestsOf(platform, books);
      const resolved = await resolve({ id, version, resolution });
      expect(resolved).toMatchObject({
        status: resolution === "ignore" ? "ignored" : "resolved",
        resolution,
        version: version + 1,
      });
      expect(await books.work()).toEqual([]);
      expect(requestsOf(platform, books)).toBe(requests);
      await reconcile(platform, books);
      expect(await conflicts()).toEqual([]);
      expect(await read(charge.id)).toMatchObject({ amountCents: 10_000 });
    },
  );

  test("holds for that difference: another one of the same charge is a new conflict", async () => {
    const charge = await charged();
    atProvider(charge).value = 120;
    await reconcile(platform, books);
    const { id, version } = await onlyConflict();
    await resolve({ id, version, resolution: "keep_local" });
    atProvider(charge).value = 130;
    await reconcile(platform, books);
    expect(await conflicts()).toMatchObject([{ kind: "amount", remote: { amountCents: 13_000 }, status: "pending" }]);
  });

  test("holds for a payment that is not ours whatever becomes of it, told by a run or by its events", async () => {
    const payment = await madeByHand(provider, books);
    await books.hearEvents();
    const { id, version } = await onlyConflict();
    await resolve({ id, version, resolution: "ignore" });
    provider.asaas.pay({ paymentId: payment.id, via: "pix" });
    expect(await books.hearEvents()).toEqual(["PAYMENT_RECEIVED"]);
    await reconcile(platform, books);
    expect(await conflicts()).toEqual([]);
  });
});

describe("linking an unknown payment to a charge", () => {
  test("makes the draft by it: its debt, its receipt, and no second payment", async () => {
    const draft = await drafted();
    const payment = await madeByHand(provider, books);
    provider.asaas.pay({ paymentId: payment.id, via: "pix" });
    await books.hearEvents();
    const { id, version } = await onlyConflict();
    expect(await resolve({ id, version, resolution: "link", chargeId: draft })).toMatchObject({ chargeId: draft });
    expect(await books.work()).toEqual([200]);
    expect(await read(draft)).toMatchObject({ status: "received", externalId: payment.id });
    const money = { cash: 9_801, fees: 199, revenue: -10_000 };
    expect(await balancesOf(platform, draft)).toEqual(money);
    // The draft's own job comes after all.
    await platform.database.query(
      "update jobs set status = 'pending', attempts = 0 where mentorado_id = $1 and status = 'dead'",
      [books.mentoradoId],
    );
    await books.workOff();
    expect(books.payments()).toHaveLength(1);
    expect(await balancesOf(platform, draft)).toEqual(money);
    await expectSettled(draft);
  });

  test("lets its parked events be replayed, which then tell what they know and move nothing twice", async () => {
    const draft = await drafted();
    const payment = await madeByHand(provider, books);
    provider.asaas.pay({ paymentId: payment.id, via: "pix" });
    await books.hearEvents();
    const { id, version } = await onlyConflict();
    await resolve({ id, version, resolution: "link", chargeId: draft });
    await books.work();
    const { items } = await books.finance.financial.events.list.query({ paymentId: payment.id });
    await books.finance.financial.events.replay.mutate({ ids: items.map((event) => event.id) });
    expect(await books.work()).toEqual([200, 200]);
    expect(await balancesOf(platform, draft)).toEqual({ cash: 9_801, fees: 199, revenue: -10_000 });
    const history = await platform.database.query("select event_type from charge_events where charge_id = $1 order by 1", [
      draft,
    ]);
    expect(history).toEqual([{ event_type: "PAYMENT_CREATED" }, { event_type: "PAYMENT_RECEIVED" }]);
  });

  test("is refused for a charge that has a payment, that is cancelled, that is being made, and for none", async () => {
    const taken = await charged();
    const cancelled = await drafted();
    await books.finance.financial.charges.cancel.mutate({ id: cancelled });
    await books.work();
    await madeByHand(provider, books);
    await books.hearEvents();
    const inDoubt = await books.finance.financial.charges.create.mutate(terms());
    provider.asaas.faults.push({ kind: "reset-after", method: "POST", path: "/payments", times: 1 });
    await books.work();
    const { id, version } = await onlyConflict();
    const link = (chargeId: string) => refusal(() => resolve({ id, version, resolution: "link", chargeId }));
    expect(await link(taken.id)).toBe("CHARGE_ALREADY_LINKED");
    expect(await link(cancelled)).toBe("CHARGE_CANCELLED");
    expect(await link(inDoubt.id)).toBe("CHARGE_BEING_MADE");
    expect(await link(id)).toBe("CHARGE_NOT_FOUND");
  });

  test("is refused for a charge of another practice", async () => {
    const other = await openAccount(platform, provider);
    const foreign = await other.finance.financial.charges.create.mutate({ ...terms(), studentId: other.studentId });
    await madeByHand(provider, books);
    await books.hearEvents();
    const { id, version } = await onlyConflict();
    expect(await refusal(() => resolve({ id, version, resolution: "link", chargeId: foreign.id }))).toBe("CHARGE_NOT_FOUND");
  });
});

describe("a decision", () => {
  async function drifted() {
    const charge = await charged();
    atProvider(charge).value = 120;
    await reconcile(platform, books);
    return onlyConflict();
  }

  test("on what has changed since it was read is refused, and so is a second one", async () => {
    const { id, version } = await drifted();
    expect(await refusal(() => resolve({ id, version: version + 1, resolution: "ignore" }))).toBe("STALE_VERSION");
    await resolve({ id, version, resolution: "ignore" });
    expect(await refusal(() => resolve({ id, version, resolution: "keep_remote" }))).toBe("STALE_VERSION");
    expect(await refusal(() => resolve({ id, version: version + 1, resolution: "keep_remote" }))).toBe("CONFLICT_CLOSED");
  });

  test("of two people at once is that of one", async () => {
    const { id, version } = await drifted();
    const answers = await Promise.allSettled([
      resolve({ id, version, resolution: "keep_local" }),
      resolve({ id, version, resolution: "keep_remote" }),
    ]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  });

  test("that was asked for twice with one key is one", async () => {
    const { id, version } = await drifted();
    const client = books.keyed("decision-1");
    const ask = () => client.financial.conflicts.resolve.mutate({ id, version, resolution: "keep_remote" });
    expect(await ask()).toEqual(await ask());
    expect(await books.work()).toEqual([200]);
  });

  test("that does not fit its conflict is refused", async () => {
    const { id, version } = await drifted();
    const draft = await drafted();
    expect(await refusal(() => resolve({ id, version, resolution: "link", chargeId: draft }))).toBe("RESOLUTION_UNFIT");
    await resolve({ id, version, resolution: "ignore" });
    const payment = await madeByHand(provider, books);
    await reconcile(platform, books);
    const unknown = (await conflicts()).find(({ externalId }) => externalId === payment.id);
    expect(
      await refusal(() => resolve({ id: unknown?.id ?? "", version: unknown?.version ?? 0, resolution: "keep_remote" })),
    ).toBe("RESOLUTION_UNFIT");
  });

  test("is no other practice's, and only the owner's", async () => {
    const { id, version } = await drifted();
    const other = await openAccount(platform, provider);
    expect(await refusal(() => other.finance.financial.conflicts.resolve.mutate({ id, version, resolution: "ignore" }))).toBe(
      "CONFLICT_NOT_FOUND",
    );
    expect((await other.finance.financial.conflicts.list.query()).items).toEqual([]);
    const manager = await books.join("manager");
    expect((await manager.financial.conflicts.list.query()).items).toHaveLength(1);
    expect(await refusal(() => manager.financial.conflicts.resolve.mutate({ id, version, resolution: "ignore" }))).toBe(
      "PERMISSION_REQUIRED",
    );
  });

  test("is shown with those that wait page by page, newest first", async () => {
    const pattern = await madeByHand(provider, books);
    await makeTwins(platform, provider, books, { count: 5, pattern });
    for (const payment of provider.asaas.payments(books.apiKey)) payment.value = 150;
    await reconcile(platform, books);
    const first = await books.finance.financial.conflicts.list.query({ limit: 4 });
    const rest = await books.finance.financial.conflicts.list.query({ limit: 4, cursor: first.nextCursor ?? "" });
    const ids = [...first.items, ...rest.items].map((conflict) => conflict.id);
    expect(ids).toHaveLength(6);
    expect(ids).toEqual([...new Set(ids)].toSorted().toReversed());
    expect(rest.nextCursor).toBeNull();
  });
});
