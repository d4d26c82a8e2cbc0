import fc from "fast-check";
import pg from "pg";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Platform, startPlatform } from "../support/platform.ts";
import { deliver, type EventBody, mountFinance, stageEvent, storeEvent } from "./support/asaas-events.ts";
import { type Books, openBooks } from "./support/open-books.ts";

const AMOUNT_CENTS = 10_000;
const NET = 97.01;

let platform: Platform;
let books: Books;

beforeAll(async () => {
  platform = await startPlatform();
  mountFinance(platform);
  books = await openBooks(platform);
});
afterAll(() => platform.close());

type Charge = Awaited<ReturnType<Books["bill"]>>;
type Step = [
  event: string,
  status: string,
  change?: { deleted?: boolean; paymentDate?: string; chargeback?: { status: string } },
];

const PAID_ON = "2026-06-12";
/** What the provider shows of a payment whose money has come. */
const PAID = ["RECEIVED", "DUNNING_RECEIVED", "CHARGEBACK_REQUESTED", "CHARGEBACK_DISPUTE", "AWAITING_CHARGEBACK_REVERSAL"];

/** @param second of one minute, in which it happens at the provider. */
function eventOf({ id, externalId }: Charge, [event, status, change]: Step, second = 0): EventBody {
  return {
    event: `PAYMENT_${event}`,
    dateCreated: `2026-06-12 16:45:${String(second).padStart(2, "0")}`,
    payment: {
      id: externalId,
      status,
      externalReference: id,
      value: AMOUNT_CENTS / 100,
      netValue: NET,
      paymentDate: PAID.includes(status) ? PAID_ON : null,
      ...change,
    },
  };
}

/** Each event a second after the one before. */
async function apply(charge: Charge, steps: readonly Step[], startAt = 0): Promise<void> {
  for (const [index, step] of steps.entries()) {
    const answer = await deliver(platform, books.mentoradoId, eventOf(charge, step, startAt + index));
    expect(answer.status).toBe(200);
  }
}

/** What is known of a charge and its money, without what says when and how often it was written. */
async function stateOf({ id }: Charge) {
  const [row] = await platform.database.query(
    "select status, status_rank, provider_status, external_id is not null as is_known, net_cents from charges where id = $1",
    [id],
  );
  const ledger = await platform.database.query<{ kind: string; account: string; amount_cents: string }>(
    `select e.kind, l.account, l.amount_cents from ledger_entries e join ledger_lines l on l.mentorado_id = e.mentorado_id and l.entry_id = e.id
      where e.charge_id = $1 order by e.kind, l.account`,
    [id],
  );
  const events = await platform.database.query<{ event_type: string }>(
    "select event_type from charge_events where charge_id = $1 order by event_type",
    [id],
  );
  return {
    ...row,
    ledger: ledger.map(({ kind, account, amount_cents }) => `${kind} ${account} ${amount_cents}`),
    events: events.map(({ event_type }) => event_type),
  };
}

const RECEIPT = ["receipt cash 9701", "receipt fees 299", "receipt receivable -10000"];
const CHARGEBACK = ["chargeback cash -10000", "chargeback disputed 10000"];
const CANCELLATION = ["cancellation receivable -10000", "cancellation revenue 10000"];
const RESTORATION = ["restoration receivable 10000", "restoration revenue -10000"];

const SEQUENCES: { steps: Step[]; ends: string; ledger: string[] }[] = [
  {
    steps: [
      ["CREATED", "PENDING"],
      ["CONFIRMED", "CONFIRMED"],
    ],
    ends: "confirmed",
    ledger: [],
  },
  {
    steps: [
      ["CREATED", "PENDING"],
      ["CONFIRMED", "CONFIRMED"],
      ["RECEIVED", "RECEIVED"],
    ],
    ends: "received",
    ledger: RECEIPT,
  },
  {
    steps: [
      ["CREATED", "PENDING"],
      ["RECEIVED", "RECEIVED"],
    ],
    ends: "received",
    ledger: RECEIPT,
  },
  {
    steps: [
      ["CREATED", "PENDING"],
      ["OVERDUE", "OVERDUE"],
      ["CONFIRMED", "CONFIRMED"],
      ["RECEIVED", "RECEIVED"],
    ],
    ends: "received",
    ledger: RECEIPT,
  },
  {
    steps: [
      ["CONFIRMED", "CONFIRMED"],
      ["REFUND_IN_PROGRESS", "REFUND_IN_PROGRESS"],
      ["REFUNDED", "REFUNDED"],
    ],
    ends: "refunded",
    // The money had not come yet: it is the debt that ends.
    ledger: ["refund receivable -10000", "refund refunds 10000"],
  },
  {
    steps: [
      ["RECEIVED", "RECEIVED"],
      ["REFUNDED", "REFUNDED", { paymentDate: PAID_ON }],
    ],
    ends: "refunded",
    ledger: [...RECEIPT, "refund cash -10000", "refund refunds 10000"],
  },
  {
    steps: [
      ["RECEIVED", "RECEIVED"],
      ["CHARGEBACK_REQUESTED", "CHARGEBACK_REQUESTED"],
      ["REFUNDED", "REFUNDED", { paymentDate: PAID_ON, chargeback: { status: "DONE" } }],
    ],
    ends: "refunded",
    ledger: [...CHARGEBACK, "chargeback_lost disputed -10000", "chargeback_lost losses 10000", ...RECEIPT],
  },
  {
    steps: [
      ["RECEIVED", "RECEIVED"],
      ["CHARGEBACK_REQUESTED", "CHARGEBACK_REQUESTED"],
      ["CHARGEBACK_DISPUTE", "CHARGEBACK_DISPUTE"],
      ["AWAITING_CHARGEBACK_REVERSAL", "AWAITING_CHARGEBACK_REVERSAL"],
    ],
    ends: "disputed",
    ledger: [...CHARGEBACK, ...RECEIPT],
  },
  {
    steps: [
      ["RECEIVED", "RECEIVED"],
      ["CHARGEBACK_REQUESTED", "CHARGEBACK_REQUESTED"],
      ["RECEIVED", "RECEIVED", { chargeback: { status: "REVERSED" } }],
    ],
    ends: "received",
    ledger: [...CHARGEBACK, "chargeback_won cash 10000", "chargeback_won disputed -10000", ...RECEIPT],
  },
  {
    steps: [
      ["CREATED", "PENDING"],
      ["DELETED", "PENDING", { deleted: true }],
    ],
    ends: "cancelled",
    ledger: CANCELLATION,
  },
  {
    steps: [
      ["DELETED", "PENDING", { deleted: true }],
      ["RESTORED", "PENDING"],
    ],
    ends: "pending",
    ledger: [...CANCELLATION, ...RESTORATION],
  },
  {
    steps: [
      ["DELETED", "OVERDUE", { deleted: true }],
      ["RESTORED", "OVERDUE"],
    ],
    ends: "overdue",
    ledger: [...CANCELLATION, ...RESTORATION],
  },
  {
    steps: [
      ["OVERDUE", "OVERDUE"],
      ["UPDATED", "PENDING"],
    ],
    ends: "pending",
    ledger: [],
  },
  {
    steps: [
      ["CONFIRMED", "CONFIRMED"],
      ["REFUND_IN_PROGRESS", "REFUND_IN_PROGRESS"],
      ["REFUND_DENIED", "CONFIRMED"],
    ],
    ends: "confirmed",
    ledger: [],
  },
  {
    steps: [
      ["RECEIVED", "RECEIVED_IN_CASH"],
      ["RECEIVED_IN_CASH_UNDONE", "PENDING"],
    ],
    ends: "pending",
    ledger: ["receipt cash 10000", "receipt receivable -10000", "receipt_undone cash -10000", "receipt_undone receivable 10000"],
  },
  {
    steps: [
      ["DUNNING_REQUESTED", "DUNNING_REQUESTED"],
      ["DUNNING_RECEIVED", "DUNNING_RECEIVED"],
    ],
    ends: "received",
    ledger: RECEIPT,
  },
];

describe("the sequences that the provider sends in order", () => {
  test.each(SEQUENCES)("$steps end as $ends", async ({ steps, ends, ledger }) => {
    const charge = await books.bill();
    await apply(charge, steps);
    expect(await stateOf(charge)).toMatchObject({ status: ends, provider_status: steps.at(-1)?.[1], ledger });
  });

  test.each<{ after: Step; late: Step }>([
    { after: ["RECEIVED", "RECEIVED"], late: ["CONFIRMED", "CONFIRMED"] },
    { after: ["CHARGEBACK_REQUESTED", "CHARGEBACK_REQUESTED"], late: ["RECEIVED", "RECEIVED"] },
    { after: ["RESTORED", "PENDING"], late: ["DELETED", "PENDING", { deleted: true }] },
    { after: ["UPDATED", "PENDING"], late: ["OVERDUE", "OVERDUE"] },
    { after: ["DELETED", "PENDING", { deleted: true }], late: ["UPDATED", "PENDING"] },
    { after: ["REFUND_DENIED", "RECEIVED"], late: ["REFUND_IN_PROGRESS", "REFUND_IN_PROGRESS"] },
  ])("after $after a late $late is recorded and moves nothing", async ({ after, late }) => {
    const charge = await books.bill();
    await apply(charge, [after], 30);
    const { status, provider_status } = (await stateOf(charge)) as Record<string, unknown>;
    await apply(charge, [late], 29);
    expect(await stateOf(charge)).toMatchObject({ status, provider_status });
    expect(await outcomesOf(charge)).toEqual({ [after[0]]: "applied", [late[0]]: "superseded" });
  });

  test.each<{ steps: Step[]; ends: string }>([
    {
      steps: [
        ["CREATED", "PENDING"],
        ["CONFIRMED", "CONFIRMED"],
        ["RECEIVED", "RECEIVED"],
      ],
      ends: "received",
    },
    {
      steps: [
        ["RECEIVED", "RECEIVED"],
        ["CONFIRMED", "CONFIRMED"],
        ["CREATED", "PENDING"],
      ],
      ends: "received",
    },
    {
      steps: [
        ["RECEIVED", "RECEIVED"],
        ["UPDATED", "PENDING"],
      ],
      ends: "received",
    },
    {
      steps: [
        ["REFUNDED", "REFUNDED"],
        ["REFUND_DENIED", "RECEIVED"],
      ],
      ends: "refunded",
    },
  ])("within one second the ladder decides: $steps end as $ends", async ({ steps, ends }) => {
    const charge = await books.bill();
    for (const step of steps) await apply(charge, [step]);
    expect(await stateOf(charge)).toMatchObject({ status: ends });
  });
});

function conflictsOf({ mentoradoId }: Books, { externalId }: Charge) {
  return platform.database.query(
    "select kind, status, charge_id, remote from sync_conflicts where mentorado_id = $1 and external_id = $2",
    [mentoradoId, externalId],
  );
}

async function outcomesOf({ id }: Charge): Promise<Record<string, string>> {
  const rows = await platform.database.query<{ event_type: string; outcome: string }>(
    "select event_type, outcome from charge_events where charge_id = $1",
    [id],
  );
  return Object.fromEntries(rows.map(({ event_type, outcome }) => [event_type.replace("PAYMENT_", ""), outcome]));
}

test("in any order, any number of times, events leave the same charge, the same history and the same ledger", async () => {
  const everything: Step[] = [
    ["CREATED", "PENDING"],
    ["OVERDUE", "OVERDUE"],
    ["DELETED", "OVERDUE", { deleted: true }],
    ["RESTORED", "OVERDUE"],
    ["CONFIRMED", "CONFIRMED"],
    ["RECEIVED", "RECEIVED"],
    ["REFUNDED", "REFUNDED", { paymentDate: PAID_ON }],
  ];
  const histories = fc.constantFrom(everything, ...SEQUENCES.map(({ steps }) => steps));
  await fc.assert(
    fc.asyncProperty(histories, fc.nat(), fc.infiniteStream(fc.nat()), async (history, cut, numbers) => {
      const happened = history.slice(0, 1 + (cut % history.length));
      const orderly = await books.bill();
      await apply(orderly, happened);

      const charge = await books.bill();
      const eventIds: string[] = [];
      for (const [second, step] of happened.entries()) {
        eventIds.push(await storeEvent(platform, books.mentoradoId, eventOf(charge, step, second)));
      }
      for (const eventId of withRepeats(eventIds, numbers)) {
        const answer = await platform.ring(await stageEvent(platform, books.mentoradoId, eventId));
        expect(answer.status).toBe(200);
      }
      expect(await stateOf(charge)).toEqual(await stateOf(orderly));
    }),
    { numRuns: 60 },
  );
}, 60_000);

/** Every item at least once, some again, in any order. */
function withRepeats<Item>(items: readonly Item[], numbers: fc.Stream<number>): Item[] {
  const drawn = [...numbers.take(items.length * 3)];
  const again = items.filter((_, index) => (drawn[index] ?? 0) % 2 === 0);
  return [...items, ...again]
    .map((item, index) => ({ item, place: drawn[items.length + index] ?? 0 }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

test("events that are processed at the same time leave what they leave one after another", async () => {
  const steps: Step[] = [
    ["CREATED", "PENDING"],
    ["OVERDUE", "OVERDUE"],
    ["UPDATED", "PENDING"],
    ["RECEIVED", "RECEIVED"],
  ];
  const orderly = await books.bill();
  await apply(orderly, steps);
  const charge = await books.bill();
  const answers = await Promise.all(
    steps.map((step, second) => deliver(platform, books.mentoradoId, eventOf(charge, step, second))),
  );
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(await stateOf(charge)).toEqual(await stateOf(orderly));
});

test("an event that waits for a later one to be applied sees what that one did", async () => {
  const charge = await books.bill();
  const owner = new pg.Client({ connectionString: platform.database.databaseUrl });
  await owner.connect();
  const waiting = async () => {
    const rows = await platform.database.query(
      "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    return rows.length;
  };
  try {
    await owner.query("begin");
    await owner.query("select 1 from charges where id = $1 for update", [charge.id]);
    const later = deliver(platform, books.mentoradoId, eventOf(charge, ["UPDATED", "PENDING"], 2));
    await expect.poll(waiting, { timeout: 10_000 }).toBe(1);
    const earlier = deliver(platform, books.mentoradoId, eventOf(charge, ["OVERDUE", "OVERDUE"], 1));
    await expect.poll(waiting, { timeout: 10_000 }).toBe(2);
    await owner.query("commit");
    expect([(await later).status, (await earlier).status]).toEqual([200, 200]);
  } finally {
    await owner.end();
  }
  expect(await stateOf(charge)).toMatchObject({ status: "pending" });
  expect(await outcomesOf(charge)).toEqual({ UPDATED: "applied", OVERDUE: "superseded" });
});

describe("an event", () => {
  test("with a status that is new is kept, alerted, and moves nothing", async () => {
    const charge = await books.bill({ status: "confirmed" });
    const before = await stateOf(charge);
    await apply(charge, [["FROZEN", "FROZEN_BY_COURT"]]);
    expect(await stateOf(charge)).toEqual({ ...before, events: ["PAYMENT_FROZEN"] });
    expect(await outcomesOf(charge)).toEqual({ FROZEN: "ignored" });
    expect(platform.logs()).toContainEqual(
      expect.objectContaining({ level: "error", event: "asaas.unknown_status", externalId: charge.externalId }),
    );
    await apply(charge, [["RECEIVED", "RECEIVED"]]);
    expect(await stateOf(charge)).toMatchObject({ status: "received", ledger: RECEIPT });
  });

  test("of a payment that is not ours is parked once, with the provider's side, for a person to decide", async () => {
    const stranger = { id: uuidv7(), externalId: "pay_by_hand" };
    await apply(stranger, [
      ["CREATED", "PENDING"],
      ["RECEIVED", "RECEIVED"],
    ]);
    expect(await conflictsOf(books, stranger)).toEqual([
      {
        kind: "unknown_payment",
        status: "pending",
        charge_id: null,
        remote: { status: "PENDING", amountCents: AMOUNT_CENTS, dueDate: null, externalReference: stranger.id },
      },
    ]);
  });

  test("of another practice does not reach this one's charge, by no name of it", async () => {
    const other = await openBooks(platform);
    const charge = await books.bill();
    const before = await stateOf(charge);
    const answer = await deliver(platform, other.mentoradoId, eventOf(charge, ["RECEIVED", "RECEIVED"]));
    expect(answer.status).toBe(200);
    expect(await stateOf(charge)).toEqual(before);
    expect(await conflictsOf(books, charge)).toEqual([]);
    expect(await conflictsOf(other, charge)).toMatchObject([{ kind: "unknown_payment" }]);
  });

  test("is found by the provider's id when it has no reference of ours", async () => {
    const charge = await books.bill();
    for (const externalReference of [null, undefined, "their own note"]) {
      const { payment, event } = eventOf(charge, ["CONFIRMED", "CONFIRMED"]);
      const body = { event, payment: { id: charge.externalId, status: payment?.status ?? "", externalReference } };
      expect((await deliver(platform, books.mentoradoId, body as EventBody)).status).toBe(200);
    }
    expect(await stateOf(charge)).toMatchObject({ status: "confirmed" });
  });

  test("that arrives before the charge is confirmed here moves the draft and names its payment", async () => {
    const charge = await books.bill({ status: "draft" });
    await apply(charge, [["RECEIVED", "RECEIVED"]]);
    expect(await stateOf(charge)).toMatchObject({ status: "received", is_known: true, net_cents: "9701", ledger: RECEIPT });
  });

  test("that says nothing of the net enters the whole amount", async () => {
    const charge = await books.bill();
    const { payment, event } = eventOf(charge, ["RECEIVED", "RECEIVED"]);
    await deliver(platform, books.mentoradoId, {
      event,
      payment: { ...payment, netValue: null } as EventBody["payment"],
    } as EventBody);
    expect(await stateOf(charge)).toMatchObject({ ledger: ["receipt cash 10000", "receipt receivable -10000"] });
  });

  test.each([undefined, null, "", "yesterday", "12/06/2026 16:45:03", "2026-06-12T16:45:03Z", "9999-99-99 99:99:99"])(
    "that gives its time as %j counts from when it came",
    async (dateCreated) => {
      const charge = await books.bill();
      const overdue = { ...eventOf(charge, ["OVERDUE", "OVERDUE"]), dateCreated };
      expect((await deliver(platform, books.mentoradoId, overdue)).status).toBe(200);
      await apply(charge, [["UPDATED", "PENDING"]]);
      expect(await stateOf(charge)).toMatchObject({ status: "overdue" });
      const updated = { ...eventOf(charge, ["UPDATED", "PENDING"]), dateCreated };
      expect((await deliver(platform, books.mentoradoId, updated)).status).toBe(200);
      expect(await stateOf(charge)).toMatchObject({ status: "pending" });
    },
  );

  test("about something else than a payment is done, with nothing to do", async () => {
    const [before] = await platform.database.query("select count(*) from charge_events");
    const answer = await deliver(platform, books.mentoradoId, { event: "SUBSCRIPTION_CREATED", subscription: { id: "sub_1" } });
    expect(answer.status).toBe(200);
    expect(await platform.database.query("select count(*) from charge_events")).toEqual([before]);
  });

  test.each([
    "",
    "{",
    "[]",
    "null",
    '{"id":"evt_1"}',
    '{"id":"evt_1","event":"PAYMENT_CREATED","payment":{"id":7,"status":"PENDING"}}',
  ])("that reads %j is dead at once and says why", async (raw) => {
    const jobId = await stageEvent(platform, books.mentoradoId, await storeEvent(platform, books.mentoradoId, raw));
    expect((await platform.ring(jobId)).status).toBe(489);
    expect(await jobOf(jobId)).toMatchObject({ status: "dead", last_error: "EVENT_UNREADABLE", attempts: 1 });
  });

  test("with fields that nobody knows is read all the same", async () => {
    const charge = await books.bill();
    const { payment, event } = eventOf(charge, ["RECEIVED", "RECEIVED"]);
    const body = { event, payment: { ...payment, pixQrCodeId: null, split: [{ a: 1 }] }, newField: { deep: [] } } as EventBody;
    expect((await deliver(platform, books.mentoradoId, body)).status).toBe(200);
    expect(await stateOf(charge)).toMatchObject({ status: "received" });
  });
});

async function jobOf(jobId: string) {
  const [job] = await platform.database.query("select status, last_error, attempts from jobs where id = $1", [jobId]);
  return job;
}
