import jsqr from "jsqr";
import pg from "pg";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CHARGE_STATUSES, type ChargeStatus } from "../../shared/db/schema/money.ts";
import { countRows } from "../db/support/count-rows.ts";
import type { Fault } from "../local/http-server.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { mountFinance } from "./support/asaas-events.ts";
import { type AccountBooks, openAccount, type Provider, startProvider } from "./support/open-account.ts";

const PIXELS_PER_MODULE = 4;
// A CommonJS module, whose function is its default's default.
const jsQR = typeof jsqr === "function" ? jsqr : (jsqr as unknown as { default: typeof jsqr }).default;
const DAY_MS = 86_400_000;
const NOBODYS_ID = "0198c8f0-1234-7abc-8def-0123456789ab";

let platform: Platform;
let provider: Provider;
let books: AccountBooks;

beforeAll(async () => {
  [platform, provider] = await Promise.all([startPlatform(), startProvider()]);
  // The tests ring by themselves, so that they say when.
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
    amountCents: 12_990,
    dueDate: dateIn(10),
    billingType: "pix" as const,
    description: "Mentoring",
    ...change,
  };
}

/** A charge that the provider has made. */
async function charged(change: object = {}): Promise<{ id: string; externalId: string }> {
  const { id } = await books.finance.financial.charges.create.mutate(terms(change));
  await books.work();
  await books.hearEvents();
  return { id, externalId: books.paymentOf(id)?.id ?? "" };
}

async function paid(change: object = {}) {
  const charge = await charged(change);
  provider.asaas.pay({ paymentId: charge.externalId, via: "pix" });
  await books.hearEvents();
  return charge;
}

const read = (id: string) => books.finance.financial.charges.getById.query({ id });

async function ledgerOf(chargeId: string): Promise<string[]> {
  const rows = await platform.database.query<{ kind: string; account: string; amount_cents: string }>(
    `select e.kind, l.account, l.amount_cents from ledger_entries e join ledger_lines l on l.mentorado_id = e.mentorado_id and l.entry_id = e.id
      where e.charge_id = $1 order by e.seq, l.account`,
    [chargeId],
  );
  return rows.map(({ kind, account, amount_cents }) => `${kind} ${account} ${amount_cents}`);
}

function jobsOf(name: string) {
  return platform.database.query<{ id: string; status: string; last_error: string | null; payload: object }>(
    "select id, status, last_error, payload from jobs where mentorado_id = $1 and name = $2 order by created_at, id",
    [books.mentoradoId, name],
  );
}

/** The refusal's code, and a promise that nothing was stored. */
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

/** What goes wrong at the provider, at the call that does something. */
const MISHAPS: [what: string, fault: Partial<Fault>][] = [
  ["whose answer was lost", { kind: "reset-after", times: 1 }],
  ["whose answer was no answer", { kind: "garbage", times: 1 }],
  ["that was not heard", { kind: "reset-before", times: 1 }],
  ["that failed with 500", { kind: "status", status: 500, times: 1 }],
  ["that failed with 503 three times", { kind: "status", status: 503, times: 3 }],
  ["that came too often", { kind: "status", status: 429, headers: { "ratelimit-reset": "60" }, times: 1 }],
];

/** Fails the next calls of this kind. */
function strike(fault: Partial<Fault>, method: string, path: string): void {
  provider.asaas.faults.push({ kind: "status", ...fault, method, path });
}

describe("a charge of its own", () => {
  test("is a draft at once, and at the provider when its job has run", async () => {
    const draft = await books.finance.financial.charges.create.mutate(terms());
    expect(draft).toMatchObject({ status: "draft", externalId: null, installmentId: null, amountCents: 12_990, version: 1 });
    expect(books.payments()).toEqual([]);
    expect(await books.work()).toEqual([200]);
    expect(books.paymentOf(draft.id)).toMatchObject({
      value: 129.9,
      billingType: "PIX",
      description: "Mentoring",
      dueDate: dateIn(10),
    });
    expect(await read(draft.id)).toMatchObject({
      status: "pending",
      externalId: books.paymentOf(draft.id)?.id,
      dueDate: dateIn(10),
      invoiceUrl: expect.stringContaining("/i/"),
      pixPayload: expect.stringMatching(/^000201.*6304[0-9A-F]{4}$/),
      pixExpiresAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
    expect(await ledgerOf(draft.id)).toEqual(["charge receivable 12990", "charge revenue -12990"]);
  });

  test("is of a customer whom the provider does not write to by itself", async () => {
    await charged();
    const response = await fetch(`${provider.asaas.url}/v3/customers`, {
      headers: { access_token: books.apiKey, "user-agent": "test" },
    });
    expect(await response.json()).toMatchObject({
      data: [{ externalReference: books.studentId, notificationDisabled: true }],
    });
  });

  test("of a boleto has the line to type and the paper to print", async () => {
    const { id } = await charged({ billingType: "boleto" });
    expect(await read(id)).toMatchObject({
      status: "pending",
      pixPayload: null,
      boletoLine: expect.stringMatching(/^\d{47}$/),
      boletoUrl: expect.stringContaining("/b/pdf/"),
    });
  });

  test("of a card has the invoice link and no code", async () => {
    const { id } = await charged({ billingType: "credit_card" });
    expect(await read(id)).toMatchObject({
      status: "pending",
      pixPayload: null,
      boletoLine: null,
      invoiceUrl: expect.stringContaining("/i/"),
    });
  });

  test("asked for twice with one idempotency key is one charge", async () => {
    const finance = books.keyed("charge-0001");
    const [first, second] = [
      await finance.financial.charges.create.mutate(terms()),
      await finance.financial.charges.create.mutate(terms()),
    ];
    expect(second).toEqual(first);
    await books.work();
    expect(books.payments()).toHaveLength(1);
    expect(await jobsOf("finance.create-charge")).toHaveLength(1);
  });

  test.each([
    { studentId: NOBODYS_ID, code: "STUDENT_NOT_FOUND" },
    { dueDate: dateIn(-2), code: "DUE_DATE_PAST" },
    { dueDate: "2026-02-30", code: "VALIDATION" },
    { amountCents: 0, code: "VALIDATION" },
    { amountCents: 100_000_001, code: "VALIDATION" },
    { amountCents: 10.5, code: "VALIDATION" },
    { billingType: "cash", code: "VALIDATION" },
    { description: "", code: "VALIDATION" },
  ])("is refused with $code and stores nothing: $studentId $dueDate $amountCents", async ({ code, ...change }) => {
    const { studentId } = await openAccount(platform, provider);
    expect(studentId).not.toBe(books.studentId);
    expect(await refusal(() => books.finance.financial.charges.create.mutate(terms(change)))).toBe(code);
  });

  test("of another practice's student is refused as of nobody", async () => {
    const { studentId } = await openAccount(platform, provider);
    expect(await refusal(() => books.finance.financial.charges.create.mutate(terms({ studentId })))).toBe("STUDENT_NOT_FOUND");
  });

  test("is due today at the earliest, by the practice's own calendar", async () => {
    // 25 hours lie between these two: at any time it is another day there.
    for (const timezone of ["Pacific/Kiritimati", "Pacific/Pago_Pago"]) {
      books = await openAccount(platform, provider, { timezone });
      const [{ today, yesterday } = { today: "", yesterday: "" }] = await platform.database.query<{
        today: string;
        yesterday: string;
      }>("select (now() at time zone $1)::date::text as today, ((now() at time zone $1)::date - 1)::text as yesterday", [
        timezone,
      ]);
      expect(await refusal(() => books.finance.financial.charges.create.mutate(terms({ dueDate: yesterday })))).toBe(
        "DUE_DATE_PAST",
      );
      const { id } = await charged({ dueDate: today });
      expect((await read(id)).status).toBe("pending");
    }
  });

  test("whose due date passes before its job runs is due on the day on which it is made", async () => {
    const { id } = await books.finance.financial.charges.create.mutate(terms());
    await platform.database.query(
      "update charges set due_date = '2026-01-05' from set_config('app.actor_type', 'system', true) where id = $1",
      [id],
    );
    await books.work();
    const { dueDate, status } = await read(id);
    expect(status).toBe("pending");
    expect(dueDate).toBe(books.paymentOf(id)?.dueDate);
    expect(dueDate > "2026-01-05").toBe(true);
  });

  test("whose codes the provider refuses has its invoice link, and the debt is entered", async () => {
    strike({ kind: "status", status: 400, times: 1 }, "GET", "/pixQrCode");
    const { id } = await charged();
    expect(await read(id)).toMatchObject({ status: "pending", pixPayload: null, invoiceUrl: expect.any(String) });
    expect(await ledgerOf(id)).toHaveLength(2);
  });

  test("waits for the practice to have an account, and is made then", async () => {
    books = await openAccount(platform, provider, { withAccount: false });
    const { id } = await books.finance.financial.charges.create.mutate(terms());
    expect(await books.work()).toEqual([503]);
    expect(await read(id)).toMatchObject({ status: "draft" });
    expect(await jobsOf("finance.create-charge")).toMatchObject([{ status: "pending", last_error: "PROVIDER_ACCOUNT_MISSING" }]);
  });

  test.each(MISHAPS)("%s is made once", async (_, fault) => {
    strike(fault, "POST", "/payments");
    const { id } = await books.finance.financial.charges.create.mutate(terms());
    expect(await books.work()).toEqual([503]);
    await books.workOff();
    expect(books.payments()).toHaveLength(1);
    expect(await read(id)).toMatchObject({ status: "pending", externalId: books.paymentOf(id)?.id });
    expect(await ledgerOf(id)).toHaveLength(2);
  });

  test("is not lost to an outage that outlasts the patience of its job", async () => {
    strike({ kind: "reset-before" }, "POST", "/");
    const { id } = await books.finance.financial.charges.create.mutate(terms());
    await books.workOff();
    expect(await jobsOf("finance.create-charge")).toMatchObject([{ status: "dead" }]);
    provider.asaas.faults.length = 0;
    await books.finance.financial.charges.refresh.mutate({ id });
    await books.workOff();
    expect(await read(id)).toMatchObject({ status: "pending" });
    expect(books.payments()).toHaveLength(1);
  });
});

/** Black modules on white, as RGBA. */
function toPixels({ side, dark }: { side: number; dark: readonly (readonly [x: number, y: number])[] }): Uint8ClampedArray {
  const width = side * PIXELS_PER_MODULE;
  const pixels = new Uint8ClampedArray(width * width * 4).fill(255);
  for (const [x, y] of dark) {
    for (let row = y * PIXELS_PER_MODULE; row < (y + 1) * PIXELS_PER_MODULE; row += 1) {
      for (let column = x * PIXELS_PER_MODULE; column < (x + 1) * PIXELS_PER_MODULE; column += 1)
        pixels.fill(0, (row * width + column) * 4, (row * width + column) * 4 + 3);
    }
  }
  return pixels;
}

describe("the picture of a PIX code", () => {
  test("is read by a reader as the code, and has the margin that readers need", async () => {
    const { id } = await charged();
    const { svg, payload, expiresAt } = await books.finance.financial.charges.pixQr.query({ id });
    const side = Number(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 (\d+) \1"/.exec(svg)?.[1]);
    const dark = [...svg.matchAll(/M(\d+),(\d+)h1v1h-1z/g)].map(([, x, y]) => [Number(x), Number(y)] as const);
    expect(jsQR(toPixels({ side, dark }), side * PIXELS_PER_MODULE, side * PIXELS_PER_MODULE)?.data).toBe(payload);
    const places = dark.flat();
    expect([Math.min(...places), Math.max(...places)]).toEqual([4, side - 5]);
    expect(expiresAt).toBe((await read(id)).pixExpiresAt);
  });

  test("is not there of a draft, of a boleto, of another practice's charge or of none", async () => {
    const { id } = await books.finance.financial.charges.create.mutate(terms());
    const qrOf = (chargeId: string) => refusal(() => books.finance.financial.charges.pixQr.query({ id: chargeId }));
    expect(await qrOf(id)).toBe("PIX_CODE_MISSING");
    expect(await qrOf((await charged({ billingType: "boleto" })).id)).toBe("PIX_CODE_MISSING");
    expect(await qrOf(NOBODYS_ID)).toBe("CHARGE_NOT_FOUND");
    const { id: theirs } = await charged();
    books = await openAccount(platform, provider);
    expect(await qrOf(theirs)).toBe("CHARGE_NOT_FOUND");
  });
});

/** Written out once more: what a person may ask of a charge in which status. */
const ALLOWED: Record<ChargeStatus, string[]> = {
  draft: ["cancel"],
  pending: ["cancel", "receiveInCash"],
  overdue: ["cancel", "receiveInCash"],
  confirmed: ["refund"],
  received: ["refund"],
  disputed: [],
  refunding: [],
  refunded: [],
  cancelled: [],
};

const OPERATIONS = {
  cancel: { ask: (id: string) => books.finance.financial.charges.cancel.mutate({ id }), code: "CHARGE_NOT_CANCELLABLE" },
  refund: { ask: (id: string) => books.finance.financial.charges.refund.mutate({ id }), code: "CHARGE_NOT_REFUNDABLE" },
  receiveInCash: {
    ask: (id: string) => books.finance.financial.charges.receiveInCash.mutate({ id, paymentDate: "2026-01-05" }),
    code: "CHARGE_NOT_OPEN",
  },
  undoReceiveInCash: {
    ask: (id: string) => books.finance.financial.charges.undoReceiveInCash.mutate({ id }),
    code: "CHARGE_NOT_RECEIVED_IN_CASH",
  },
};

describe("what may be asked of a charge", () => {
  test.each(CHARGE_STATUSES)("that is %s", async (status) => {
    for (const [name, { ask, code }] of Object.entries(OPERATIONS)) {
      const { id } = await books.bill({ status });
      if (ALLOWED[status].includes(name)) {
        expect(await ask(id), name).toMatchObject({ id, status });
      } else {
        expect(await refusal(() => ask(id)), name).toBe(code);
      }
    }
  });

  test("that was received in cash: the cash can be undone, and the provider gives back nothing", async () => {
    const { id } = await books.bill({ status: "received" });
    await platform.database.query(
      "update charges set provider_status = 'RECEIVED_IN_CASH' from set_config('app.actor_type', 'system', true) where id = $1",
      [id],
    );
    expect(await refusal(() => OPERATIONS.refund.ask(id))).toBe("CHARGE_NOT_REFUNDABLE");
    expect(await OPERATIONS.undoReceiveInCash.ask(id)).toMatchObject({ id });
  });

  test.each(Object.entries(OPERATIONS))("of another practice or of nobody, to %s, is nothing", async (_, { ask }) => {
    const { id } = await books.bill();
    books = await openAccount(platform, provider);
    expect(await refusal(() => ask(id))).toBe("CHARGE_NOT_FOUND");
    expect(await refusal(() => ask(NOBODYS_ID))).toBe("CHARGE_NOT_FOUND");
  });

  test("is one thing at a time, also when many ask at once", async () => {
    const { id } = await paid();
    const answers = await Promise.allSettled(Array.from({ length: 6 }, () => OPERATIONS.refund.ask(id)));
    expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason.data.errorCode] : []))).toEqual(
      Array(5).fill("CHARGE_BUSY"),
    );
    expect(await jobsOf("finance.operate-charge")).toHaveLength(1);
  });

  test("is one thing at a time, also when two have come as far as its lock", async () => {
    const { id } = await paid();
    const holder = new pg.Client({ connectionString: platform.database.databaseUrl });
    await holder.connect();
    await holder.query("begin");
    await holder.query("select 1 from charges where id = $1 for update", [id]);
    const answers = [OPERATIONS.refund.ask(id), OPERATIONS.refund.ask(id)];
    const settled = Promise.allSettled(answers);
    const waiting =
      "select count(*)::integer as waiting from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    await expect.poll(() => platform.database.query(waiting), { timeout: 4_000 }).toEqual([{ waiting: 2 }]);
    await holder.query("commit");
    await holder.end();
    expect((await settled).map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(await jobsOf("finance.operate-charge")).toHaveLength(1);
  });

  test("twice with one idempotency key is asked once", async () => {
    const { id } = await paid();
    const finance = books.keyed("refund-0001");
    const first = await finance.financial.charges.refund.mutate({ id, amountCents: 1_000 });
    expect(await finance.financial.charges.refund.mutate({ id, amountCents: 1_000 })).toEqual(first);
    await books.workOff();
    expect(books.paymentOf(id)?.refunds).toHaveLength(1);
  });
});

describe("a cancellation", () => {
  test("removes the payment at the provider, whose event changes charge and ledger", async () => {
    const { id } = await charged();
    expect(await books.finance.financial.charges.cancel.mutate({ id })).toMatchObject({ status: "pending" });
    await books.work();
    expect(books.paymentOf(id)).toMatchObject({ deleted: true });
    expect(await read(id)).toMatchObject({ status: "pending" });
    expect(await books.hearEvents()).toEqual(["PAYMENT_DELETED"]);
    expect(await read(id)).toMatchObject({ status: "cancelled" });
    expect(await ledgerOf(id)).toEqual([
      "charge receivable 12990",
      "charge revenue -12990",
      "cancellation receivable -12990",
      "cancellation revenue 12990",
    ]);
  });

  test("of a draft that was never asked for makes no call, and its own job makes nothing any more", async () => {
    const { id } = await books.finance.financial.charges.create.mutate(terms());
    const [making] = await jobsOf("finance.create-charge");
    await books.finance.financial.charges.cancel.mutate({ id });
    const [cancelling] = await jobsOf("finance.operate-charge");
    strike({ kind: "status", status: 500 }, "GET", "/");
    strike({ kind: "status", status: 500 }, "POST", "/");
    expect((await platform.ring(cancelling?.id ?? "")).status).toBe(200);
    expect(await read(id)).toMatchObject({ status: "cancelled" });
    expect((await platform.ring(making?.id ?? "")).status).toBe(200);
    provider.asaas.faults.length = 0;
    await books.workOff();
    expect(books.payments()).toEqual([]);
    expect(await ledgerOf(id)).toEqual([]);
    expect(await read(id)).toMatchObject({ status: "cancelled", externalId: null });
  });

  test("that overtakes the draft's own job while that is on its way lets it make nothing", async () => {
    const { id } = await books.finance.financial.charges.create.mutate(terms());
    const [making] = await jobsOf("finance.create-charge");
    provider.asaas.faults.push({ kind: "delay", delayMs: 1_500, method: "POST", path: "/customers", times: 1 });
    const isMade = platform.ring(making?.id ?? "");
    // The fault is gone from the list when the request has come in.
    await expect.poll(() => provider.asaas.faults).toEqual([]);
    await books.finance.financial.charges.cancel.mutate({ id });
    const [cancelling] = await jobsOf("finance.operate-charge");
    expect((await platform.ring(cancelling?.id ?? "")).status).toBe(200);
    expect((await isMade).status).toBe(200);
    expect(books.payments()).toEqual([]);
    expect(await read(id)).toMatchObject({ status: "cancelled" });
  });

  test("of a practice without an account needs none while nothing was asked of the provider", async () => {
    books = await openAccount(platform, provider, { withAccount: false });
    const { id } = await books.finance.financial.charges.create.mutate(terms());
    await books.finance.financial.charges.cancel.mutate({ id });
    await books.workOff();
    expect(await read(id)).toMatchObject({ status: "cancelled" });
  });

  test("of a draft whose making had an unknown outcome finds what was made and removes it, with an even ledger", async () => {
    strike({ kind: "reset-after", times: 1 }, "POST", "/payments");
    const { id } = await books.finance.financial.charges.create.mutate(terms());
    await books.work();
    expect(books.payments()).toHaveLength(1);
    await books.finance.financial.charges.cancel.mutate({ id });
    const [cancelling] = await jobsOf("finance.operate-charge");
    await books.letTimePass();
    expect((await platform.ring(cancelling?.id ?? "")).status).toBe(200);
    await books.workOff();
    await books.hearEvents();
    expect(books.payments()).toMatchObject([{ deleted: true }]);
    expect(await read(id)).toMatchObject({ status: "cancelled" });
    const [{ sum } = { sum: "" }] = await platform.database.query<{ sum: string }>(
      "select sum(amount_cents)::text from ledger_lines where mentorado_id = $1 and account = 'receivable'",
      [books.mentoradoId],
    );
    expect(sum).toBe("0");
  });

  test("of what was paid meanwhile is refused by the provider, ends dead and changes nothing", async () => {
    const { id, externalId } = await charged();
    await books.finance.financial.charges.cancel.mutate({ id });
    provider.asaas.pay({ paymentId: externalId, via: "pix" });
    expect(await books.work()).toEqual([489]);
    expect(await jobsOf("finance.operate-charge")).toMatchObject([{ status: "dead", last_error: "PROVIDER_REFUSED" }]);
    await books.hearEvents();
    expect(await read(id)).toMatchObject({ status: "received" });
  });

  test.each(MISHAPS)("%s happens once", async (_, fault) => {
    const { id } = await charged();
    strike(fault, "DELETE", "/payments");
    await books.finance.financial.charges.cancel.mutate({ id });
    await books.workOff();
    expect(books.paymentOf(id)).toMatchObject({ deleted: true });
    expect(await books.hearEvents()).toEqual(["PAYMENT_DELETED"]);
    expect(await jobsOf("finance.operate-charge")).toMatchObject([{ status: "done" }]);
  });
});

describe("what was asked about a charge", () => {
  test("is told with what came of it, newest first, and to its own practice alone", async () => {
    const { id, externalId } = await charged();
    await books.finance.financial.charges.cancel.mutate({ id });
    provider.asaas.pay({ paymentId: externalId, via: "pix" });
    await books.work();
    await books.hearEvents();
    await books.finance.financial.charges.refund.mutate({ id, amountCents: 500 });
    const { operations } = books.finance.financial.charges;
    const { items } = await operations.query({ chargeId: id });
    expect(items).toMatchObject([
      { operation: "refund", amountCents: 500, status: "pending", errorCode: null },
      { operation: "cancel", amountCents: null, status: "dead", errorCode: "PROVIDER_REFUSED" },
      { name: "finance.create-charge", operation: null, status: "done" },
    ]);
    const first = await operations.query({ chargeId: id, limit: 1 });
    expect((await operations.query({ chargeId: id, cursor: first.nextCursor ?? "" })).items).toEqual(items.slice(1));
    const others = await openAccount(platform, provider);
    const ask = () => others.finance.financial.charges.operations.query({ chargeId: id });
    expect(await refusal(ask)).toBe("CHARGE_NOT_FOUND");
  });
});

describe("a refund", () => {
  test("of everything is entered when the provider says so", async () => {
    const { id } = await paid();
    await books.finance.financial.charges.refund.mutate({ id });
    await books.work();
    expect(books.paymentOf(id)).toMatchObject({ status: "REFUNDED", refunds: [{ value: 129.9 }] });
    expect((await ledgerOf(id)).filter((line) => line.startsWith("refund"))).toEqual([]);
    expect(await books.hearEvents()).toEqual(["PAYMENT_REFUNDED"]);
    expect(await read(id)).toMatchObject({ status: "refunded", refundedCents: 12_990 });
    expect((await ledgerOf(id)).filter((line) => line.startsWith("refund"))).toEqual([
      "refund cash -12990",
      "refund refunds 12990",
    ]);
  });

  test("in parts is entered part by part, and never more than was paid", async () => {
    const { id } = await paid();
    for (const amountCents of [4_000, 8_000]) {
      await books.finance.financial.charges.refund.mutate({ id, amountCents });
      await books.workOff();
      await books.hearEvents();
    }
    expect(await read(id)).toMatchObject({ status: "received", refundedCents: 12_000 });
    expect(await refusal(() => books.finance.financial.charges.refund.mutate({ id, amountCents: 991 }))).toBe("REFUND_TOO_LARGE");
    await books.finance.financial.charges.refund.mutate({ id, amountCents: 990 });
    await books.workOff();
    await books.hearEvents();
    expect(await read(id)).toMatchObject({ status: "refunded", refundedCents: 12_990 });
    expect(books.paymentOf(id)?.refunds).toHaveLength(3);
  });

  test.each(MISHAPS)("%s is made once", async (_, fault) => {
    const { id } = await paid();
    await books.finance.financial.charges.refund.mutate({ id, amountCents: 2_000 });
    await books.workOff();
    await books.hearEvents();
    strike(fault, "POST", "/refund");
    await books.finance.financial.charges.refund.mutate({ id, amountCents: 2_000 });
    await books.workOff();
    expect(books.paymentOf(id)?.refunds?.map(({ value }) => value)).toEqual([20, 20]);
    expect(await jobsOf("finance.operate-charge")).toMatchObject([{ status: "done" }, { status: "done" }]);
  });

  test("that a person made at the provider before does not pass for this one", async () => {
    const { id, externalId } = await paid();
    await fetch(`${provider.asaas.url}/v3/payments/${externalId}/refund`, {
      method: "POST",
      headers: { access_token: books.apiKey, "user-agent": "test", "content-type": "application/json" },
      body: JSON.stringify({ value: 20 }),
    });
    strike({ kind: "reset-before", times: 1 }, "POST", "/refund");
    await books.finance.financial.charges.refund.mutate({ id, amountCents: 2_000 });
    await books.workOff();
    expect(books.paymentOf(id)?.refunds?.map(({ value }) => value)).toEqual([20, 20]);
  });

  test("is for owners: a manager, who may charge, may not give back", async () => {
    const { id } = await paid();
    const manager = await books.join("manager");
    expect(await refusal(() => manager.financial.charges.refund.mutate({ id }))).toBe("PERMISSION_REQUIRED");
    const other = await charged();
    expect(await manager.financial.charges.cancel.mutate({ id: other.id })).toMatchObject({ id: other.id });
  });
});

describe("cash", () => {
  test("is received and undone, each as the provider reports it", async () => {
    const { id } = await charged();
    await books.finance.financial.charges.receiveInCash.mutate({ id, paymentDate: dateIn(-3) });
    await books.workOff();
    expect(books.paymentOf(id)).toMatchObject({ status: "RECEIVED_IN_CASH", value: 129.9, paymentDate: dateIn(-3) });
    expect(await books.hearEvents()).toEqual(["PAYMENT_RECEIVED"]);
    expect(await read(id)).toMatchObject({ status: "received" });
    await books.finance.financial.charges.undoReceiveInCash.mutate({ id });
    await books.workOff();
    expect(await books.hearEvents()).toEqual(["PAYMENT_RECEIVED_IN_CASH_UNDONE"]);
    expect(await read(id)).toMatchObject({ status: "pending" });
    expect((await ledgerOf(id)).filter((line) => line.startsWith("receipt"))).toEqual([
      "receipt cash 12990",
      "receipt receivable -12990",
      "receipt_undone cash -12990",
      "receipt_undone receivable 12990",
    ]);
  });

  test("of tomorrow is refused", async () => {
    const { id } = await charged();
    const ask = () => books.finance.financial.charges.receiveInCash.mutate({ id, paymentDate: dateIn(2) });
    expect(await refusal(ask)).toBe("PAYMENT_DATE_FUTURE");
  });

  test.each(MISHAPS)("%s is received once, and undone once", async (_, fault) => {
    const { id } = await charged();
    strike(fault, "POST", "/receiveInCash");
    await books.finance.financial.charges.receiveInCash.mutate({ id, paymentDate: dateIn(-3) });
    await books.workOff();
    expect(await books.hearEvents()).toEqual(["PAYMENT_RECEIVED"]);
    strike(fault, "POST", "/undoReceivedInCash");
    await books.finance.financial.charges.undoReceiveInCash.mutate({ id });
    await books.workOff();
    expect(await books.hearEvents()).toEqual(["PAYMENT_RECEIVED_IN_CASH_UNDONE"]);
    expect(await jobsOf("finance.operate-charge")).toMatchObject([{ status: "done" }, { status: "done" }]);
  });
});

describe("a refresh", () => {
  test("renews an expired PIX code", async () => {
    const { id } = await charged();
    const { pixPayload } = await read(id);
    await platform.database.query(
      "update charges set pix_payload = 'old', pix_expires_at = '2026-01-05' from set_config('app.actor_type', 'system', true) where id = $1",
      [id],
    );
    await books.finance.financial.charges.refresh.mutate({ id });
    await books.work();
    const fresh = await read(id);
    expect(fresh.pixPayload).toBe(pixPayload);
    expect(Date.parse(fresh.pixExpiresAt ?? "")).toBeGreaterThan(Date.now());
  });

  test("brings what no event has told: the state, and the money, once", async () => {
    const { id, externalId } = await charged();
    provider.asaas.pay({ paymentId: externalId, via: "pix" });
    await books.finance.financial.charges.refresh.mutate({ id });
    await books.work();
    expect(await read(id)).toMatchObject({ status: "received", netCents: 12_791, pixPayload: expect.any(String) });
    const entered = await ledgerOf(id);
    expect(entered).toHaveLength(5);
    expect(await books.hearEvents()).toEqual(["PAYMENT_RECEIVED"]);
    expect(await ledgerOf(id)).toEqual(entered);
  });

  test("that an event overtakes is made again, and takes nothing back", async () => {
    const { id, externalId } = await charged();
    await books.finance.financial.charges.refresh.mutate({ id });
    const [refreshing] = await jobsOf("finance.refresh-charge");
    provider.asaas.faults.push({ kind: "delay", delayMs: 1_500, method: "GET", path: "/pixQrCode", times: 1 });
    const isRead = platform.ring(refreshing?.id ?? "");
    await expect.poll(() => provider.asaas.faults).toEqual([]);
    provider.asaas.pay({ paymentId: externalId, via: "pix" });
    await books.hearEvents();
    expect((await isRead).status).toBe(503);
    expect(await read(id)).toMatchObject({ status: "received" });
    await books.workOff();
    expect(await read(id)).toMatchObject({ status: "received" });
    expect(await jobsOf("finance.refresh-charge")).toMatchObject([{ status: "done" }]);
  });

  test("of another practice's charge, or of none, is nothing", async () => {
    const { id } = await charged();
    books = await openAccount(platform, provider);
    const ask = (chargeId: string) => refusal(() => books.finance.financial.charges.refresh.mutate({ id: chargeId }));
    expect(await ask(id)).toBe("CHARGE_NOT_FOUND");
    expect(await ask(uuidv7())).toBe("CHARGE_NOT_FOUND");
  });
});
