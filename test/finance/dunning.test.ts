import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHARGE_STATUSES } from "../../shared/db/schema/money.ts";
import { insertRow } from "../db/support/insert-row.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { mountFinance } from "./support/asaas-events.ts";
import { type Books, openBooks } from "./support/open-books.ts";
import { ALWAYS_OPEN, ownersCalls, remind, sentBy, setPolicyRow } from "./support/open-dunning.ts";

const DEFAULTS = { isEnabled: true, steps: [-3, 0, 1, 3, 7], quietFrom: "20:00", quietUntil: "09:00", skipsWeekends: false };
const OTHERS = { isEnabled: true, steps: [-5, 2], quietFrom: "12:00", quietUntil: "13:30", skipsWeekends: true };
const NOW = "2030-11-09T15:20:00.000Z";
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const WALK_TIMEOUT_MS = 120_000;

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
  mountFinance(platform);
});
afterAll(() => platform.close());

async function addStudent({ mentoradoId }: Books, name: string, status = "active"): Promise<string> {
  const id = uuidv7();
  await insertRow(platform.database, "students", { mentorado_id: mentoradoId, id, name, status });
  return id;
}

async function addCharge(
  { mentoradoId }: Books,
  charge: { studentId: string; dueDate: string; status?: string },
): Promise<string> {
  const id = uuidv7();
  await insertRow(platform.database, "charges", {
    mentorado_id: mentoradoId,
    id,
    student_id: charge.studentId,
    billing_type: "pix",
    amount_cents: 12_345,
    due_date: charge.dueDate,
    status: charge.status ?? "pending",
  });
  return id;
}

describe("the policy", () => {
  test("is the default one, as version 0, until it is set; from then on each change raises its version", async () => {
    const books = await openBooks(platform, { timezone: "America/New_York" });
    const { dunning } = (await books.join("owner")).financial;
    const fixed = { timezone: "America/New_York" };
    expect(await dunning.getPolicy.query()).toEqual({ ...DEFAULTS, ...fixed, version: 0, updatedAt: null });
    const set = await dunning.setPolicy.mutate({ ...OTHERS, version: 0 });
    expect(set).toEqual({ ...OTHERS, ...fixed, version: 1, updatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) });
    expect(await dunning.getPolicy.query()).toEqual(set);
    expect(await dunning.setPolicy.mutate({ ...DEFAULTS, version: 1 })).toMatchObject({ ...DEFAULTS, version: 2 });
  });

  test("is not set over what somebody else set meanwhile, also when both start from the defaults", async () => {
    const books = await openBooks(platform);
    const { dunning } = (await books.join("owner")).financial;
    await expect(dunning.setPolicy.mutate({ ...OTHERS, version: 1 })).rejects.toMatchObject({
      data: { errorCode: "STALE_VERSION" },
    });
    const tries = Array.from({ length: 8 }, (_, day) => dunning.setPolicy.mutate({ ...OTHERS, steps: [day], version: 0 }));
    const settled = await Promise.allSettled(tries);
    const winners = settled.flatMap((result, day) => (result.status === "fulfilled" ? [day] : []));
    expect(winners).toHaveLength(1);
    expect(await dunning.getPolicy.query()).toMatchObject({ version: 1, steps: winners });
    await expect(dunning.setPolicy.mutate({ ...OTHERS, version: 0 })).rejects.toMatchObject({
      data: { code: "CONFLICT", errorCode: "STALE_VERSION" },
    });
  });

  test("belongs to its own practice", async () => {
    const [books, others] = [await openBooks(platform), await openBooks(platform)];
    await (await books.join("owner")).financial.dunning.setPolicy.mutate({ ...OTHERS, version: 0 });
    expect(await (await others.join("owner")).financial.dunning.getPolicy.query()).toMatchObject({ ...DEFAULTS, version: 0 });
  });

  test.each([
    ["no step", { steps: [] }],
    ["steps out of order", { steps: [0, -3] }],
    ["a step twice", { steps: [0, 0] }],
    ["thirteen steps", { steps: Array.from({ length: 13 }, (_, index) => index) }],
    ["a step too early", { steps: [-31] }],
    ["a step too late", { steps: [91] }],
    ["half a step", { steps: [0.5] }],
    ["a time that is none", { quietFrom: "24:00" }],
    ["a time in another form", { quietUntil: "9:00" }],
    ["less than an hour to send in", { quietFrom: "09:30", quietUntil: "09:00" }],
  ])("with %s is refused", async (_name, change) => {
    const books = await openBooks(platform);
    const { dunning } = (await books.join("owner")).financial;
    await expect(dunning.setPolicy.mutate({ ...DEFAULTS, ...change, version: 0 })).rejects.toMatchObject({
      data: { code: "BAD_REQUEST" },
    });
  });

  test("is read by a manager and set by the owner alone; sales see nothing of it", async () => {
    const books = await openBooks(platform);
    const [manager, sales] = [await books.join("manager"), await books.join("sales")];
    expect(await manager.financial.dunning.getPolicy.query()).toMatchObject(DEFAULTS);
    const refused = { data: { code: "FORBIDDEN" } };
    await expect(manager.financial.dunning.setPolicy.mutate({ ...OTHERS, version: 0 })).rejects.toMatchObject(refused);
    await expect(sales.financial.dunning.getPolicy.query()).rejects.toMatchObject(refused);
    await expect(sales.financial.dunning.simulate.query()).rejects.toMatchObject(refused);
  });
});

describe("an opt-out", () => {
  test("is set, listed and taken back; setting it twice changes nothing", async () => {
    const books = await openBooks(platform);
    const { dunning } = (await books.join("manager")).financial;
    const [ana, bia] = [books.studentId, await addStudent(books, "Bia Reis")];
    const set = await dunning.setOptOut.mutate({ studentId: ana, isOptedOut: true });
    expect(set).toMatchObject({ studentId: ana, isOptedOut: true });
    expect(await dunning.setOptOut.mutate({ studentId: ana, isOptedOut: true })).toEqual(set);
    await dunning.setOptOut.mutate({ studentId: bia, isOptedOut: true });
    const first = await dunning.optOuts.query({ limit: 1 });
    expect(first).toEqual({ items: [{ id: bia, name: "Bia Reis", optedOutAt: expect.any(String) }], nextCursor: bia });
    expect(await dunning.optOuts.query({ limit: 1, cursor: bia })).toMatchObject({ items: [{ id: ana }], nextCursor: null });
    await dunning.setOptOut.mutate({ studentId: ana, isOptedOut: false });
    expect((await dunning.optOuts.query()).items.map(({ id }) => id)).toEqual([bia]);
  });

  test("of a student of another practice is refused as one who does not exist, and leaves nothing", async () => {
    const [books, others] = [await openBooks(platform), await openBooks(platform)];
    const { dunning } = (await books.join("owner")).financial;
    for (const studentId of [others.studentId, uuidv7()]) {
      await expect(dunning.setOptOut.mutate({ studentId, isOptedOut: true })).rejects.toMatchObject({
        data: { code: "NOT_FOUND", errorCode: "STUDENT_NOT_FOUND" },
      });
    }
    expect(await (await others.join("owner")).financial.dunning.optOuts.query()).toEqual({ items: [], nextCursor: null });
  });

  test("stops what the simulation shows and what the job sends", async () => {
    const books = await openBooks(platform);
    const { id } = await books.bill({ dueDate: "2030-11-10" });
    const financial = (await ownersCalls(platform, books))(NOW);
    await financial.dunning.setOptOut({ studentId: books.studentId, isOptedOut: true });
    const { reminders, skipped } = await financial.dunning.simulate({ days: 3 });
    expect(reminders).toEqual([]);
    expect(skipped.map(({ chargeId, step, reason }) => [chargeId, step, reason])).toEqual(
      [0, 1].map((step) => [id, step, "opted_out"]),
    );
    await remind(platform, books, "2030-11-10T15:00:00.000Z");
    expect(await sentBy(platform, books)).toEqual([]);
  });
});

describe("what was sent", () => {
  test("is listed newest first, page by page, of all charges or of one", async () => {
    const books = await openBooks(platform);
    const { reminders } = (await books.join("manager")).financial.dunning;
    const [first, second] = [await books.bill({ dueDate: "2030-11-10" }), await books.bill({ dueDate: "2030-11-11" })];
    for (const slot of ["2030-11-10T15:00:00.000Z", "2030-11-11T15:00:00.000Z"]) await remind(platform, books, slot);
    const all = await reminders.query();
    expect(all.nextCursor).toBeNull();
    expect(all.items.map(({ step }) => step)).toEqual(expect.arrayContaining([-3, 0, 0, 1]));
    expect(all.items[0]).toEqual({
      id: expect.any(String),
      chargeId: expect.any(String),
      studentId: books.studentId,
      studentName: "Ana Prado",
      step: expect.any(Number),
      channel: "in_app",
      amountCents: 10_000,
      currency: "BRL",
      dueDate: expect.any(String),
      status: "pending",
      createdAt: "2030-11-11T15:00:00.000Z",
    });
    const page = await reminders.query({ limit: 3 });
    const rest = await reminders.query({ limit: 3, cursor: page.nextCursor ?? "" });
    expect([...page.items, ...rest.items]).toEqual(all.items);
    expect((await reminders.query({ chargeId: second.id })).items.map(({ step }) => step)).toEqual([0, -3]);
    const others = (await (await openBooks(platform)).join("owner")).financial.dunning;
    expect(await others.reminders.query({ chargeId: first.id })).toEqual({ items: [], nextCursor: null });
  });
});

describe("the simulation", () => {
  test("shows what would be sent to whom, when, and why; and what would not, and why", async () => {
    const books = await openBooks(platform);
    const [open, paid, weekend] = [
      await addCharge(books, { studentId: books.studentId, dueDate: "2030-11-12" }),
      await addCharge(books, { studentId: await addStudent(books, "Bia Reis"), dueDate: "2030-11-12", status: "received" }),
      await addCharge(books, { studentId: await addStudent(books, "Caio Lima"), dueDate: "2030-11-16" }),
    ];
    await setPolicyRow(platform, books, { ...DEFAULTS, steps: [0, 1], skipsWeekends: true });
    const simulated = await (await ownersCalls(platform, books))(NOW).dunning.simulate({});
    const money = { amountCents: 12_345, currency: "BRL", channel: "in_app" };
    expect(simulated).toMatchObject({ from: "2030-11-09T16:00:00.000Z", until: "2030-11-23T15:00:00.000Z", nextCursor: null });
    expect(simulated.reminders).toEqual([
      {
        at: "2030-11-12T12:00:00.000Z",
        local: "2030-11-12T09:00",
        chargeId: open,
        step: 0,
        why: "on_its_day",
        studentId: books.studentId,
        studentName: "Ana Prado",
        dueDate: "2030-11-12",
        ...money,
      },
      {
        at: "2030-11-13T12:00:00.000Z",
        local: "2030-11-13T09:00",
        chargeId: open,
        step: 1,
        why: "on_its_day",
        studentId: books.studentId,
        studentName: "Ana Prado",
        dueDate: "2030-11-12",
        ...money,
      },
      {
        at: "2030-11-18T12:00:00.000Z",
        local: "2030-11-18T09:00",
        chargeId: weekend,
        step: 1,
        why: "after_its_day",
        studentId: expect.any(String),
        studentName: "Caio Lima",
        dueDate: "2030-11-16",
        ...money,
      },
    ]);
    expect(
      simulated.skipped.map(({ date, chargeId, studentName, step, reason }) => [date, chargeId, studentName, step, reason]),
    ).toEqual([
      ["2030-11-12", paid, "Bia Reis", 0, "paid"],
      ["2030-11-13", paid, "Bia Reis", 1, "paid"],
      ["2030-11-16", weekend, "Caio Lima", 0, "superseded"],
    ]);
  });

  test("of other days is refused, and it changes nothing", async () => {
    const books = await openBooks(platform);
    await books.bill({ dueDate: "2030-11-10" });
    const financial = (await ownersCalls(platform, books))(NOW);
    for (const days of [0, 15]) await expect(financial.dunning.simulate({ days })).rejects.toMatchObject({ code: "BAD_REQUEST" });
    await financial.dunning.simulate({ days: 14 });
    expect(await sentBy(platform, books)).toEqual([]);
  });

  test("shows 5,000 charges in pages, none twice", async () => {
    const books = await openBooks(platform);
    await platform.database.query(
      `insert into charges (mentorado_id, id, student_id, billing_type, amount_cents, due_date, status, status_rank)
       select $1::uuid, uuidv7(), $2::uuid, 'pix', 100 + n, date '2030-11-10' + n % 10, 'pending', 10
         from generate_series(1, 5000) n, set_config('app.actor_type', 'system', true)`,
      [books.mentoradoId, books.studentId],
    );
    await setPolicyRow(platform, books, { ...ALWAYS_OPEN, steps: [0] });
    const { dunning } = (await ownersCalls(platform, books))(NOW);
    const seen: string[] = [];
    for (let cursor: string | undefined, pages = 0; pages < 10; pages += 1) {
      const page = await dunning.simulate(cursor === undefined ? {} : { cursor });
      seen.push(...page.reminders.map(({ chargeId }) => chargeId));
      if (page.nextCursor === null) break;
      cursor = page.nextCursor;
    }
    expect(seen).toHaveLength(5_000);
    expect(new Set(seen).size).toBe(5_000);
  });
});

/** A small generator of its own, so that a run can be repeated from its seed. */
function randomBySeed(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
}

async function fillAtRandom(books: Books, from: string, random: (below: number) => number): Promise<void> {
  const students = [
    books.studentId,
    await addStudent(books, "Bia"),
    await addStudent(books, "Caio"),
    await addStudent(books, "Davi", "inactive"),
  ];
  await insertRow(platform.database, "dunning_opt_outs", {
    mentorado_id: books.mentoradoId,
    student_id: students[1],
    is_opted_out: true,
    updated_at: from,
  });
  for (let number = 0; number < 40; number += 1) {
    const status = random(4) === 0 ? CHARGE_STATUSES[random(CHARGE_STATUSES.length)] : "pending";
    const dueDate = new Date(Date.parse(from) + (random(36) - 14) * DAY_MS).toISOString().slice(0, 10);
    const studentId = students[random(3) === 0 ? random(4) : 0] ?? "";
    const id = await addCharge(books, { studentId, dueDate, status: status ?? "pending" });
    if (random(3) > 0) continue;
    await insertRow(platform.database, "payment_reminders", {
      mentorado_id: books.mentoradoId,
      id: uuidv7(),
      charge_id: id,
      step: random(12) - 4,
      channel: "in_app",
      created_at: new Date(Date.parse(from) - random(96) * HOUR_MS).toISOString(),
    });
  }
}

/** One is quiet at midnight until the hour that the clock repeats, one at noon, one from a half hour to another. */
const WALKS = [
  { seed: 1, timezone: "America/New_York", now: "2030-03-04T02:10:00.000Z", policy: DEFAULTS },
  {
    seed: 2,
    timezone: "America/New_York",
    now: "2030-10-28T17:45:00.000Z",
    policy: { ...DEFAULTS, steps: [-2, 0, 1, 2, 5], quietFrom: "23:30", quietUntil: "01:30", skipsWeekends: true },
  },
  {
    seed: 3,
    timezone: "America/Sao_Paulo",
    now: "2030-11-07T11:59:59.000Z",
    policy: { ...DEFAULTS, steps: [-5, -1, 0, 4], quietFrom: "10:00", quietUntil: "18:00" },
  },
  {
    seed: 4,
    timezone: "Asia/Kolkata",
    now: "2030-05-31T18:30:00.000Z",
    policy: { ...DEFAULTS, quietFrom: "20:30", quietUntil: "08:30", skipsWeekends: true },
  },
];

test.each(WALKS)(
  "what the simulation shows is what the job sends, slot by slot, when nothing is paid or changed: 14 days from $now, $timezone",
  { timeout: WALK_TIMEOUT_MS },
  async ({ seed, timezone, now, policy }) => {
    const random = randomBySeed(seed);
    const books = await openBooks(platform, { timezone });
    await fillAtRandom(books, now, random);
    await setPolicyRow(platform, books, policy);
    const before = await sentBy(platform, books);
    const simulated = await (await ownersCalls(platform, books))(now).dunning.simulate();
    for (let at = Date.parse(simulated.from); at <= Date.parse(simulated.until); at += HOUR_MS) {
      await remind(platform, books, new Date(at).toISOString());
    }
    const sent = (await sentBy(platform, books)).slice(before.length);
    expect(sent).toEqual(simulated.reminders.map(({ chargeId, step, at }) => ({ chargeId, step, at })));
    expect(sent.length).toBeGreaterThan(5);
  },
);
