import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openFinance } from "../../functions/finance/open-finance.ts";
import { remindDueCharges } from "../../functions/finance/services/remind-due-charges.ts";
import { CHARGE_STATUSES, type ChargeStatus } from "../../shared/db/schema/money.ts";
import { type JobHandlers, serveJobs } from "../../shared/jobs/serve-jobs.ts";
import { insertRow } from "../db/support/insert-row.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { mountFinance } from "./support/asaas-events.ts";
import { type Books, openBooks } from "./support/open-books.ts";
import { ALWAYS_OPEN, remind as fire, sentBy, setPolicyRow, stageSlot } from "./support/open-dunning.ts";
import { wallClock } from "./support/wall-clock.ts";

/** A Sunday, at nine in São Paulo. Slots are ahead of the clock, where they are the time of the run. */
const NINE = "2030-11-10T12:00:00.000Z";
const DAY_MS = 86_400_000;
const MANY = 2_500;

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
  mountFinance(platform);
});
afterAll(() => platform.close());

function remind(books: Books, slot: string): Promise<void> {
  return fire(platform, books, slot);
}

async function stepsOf(chargeId: string): Promise<number[]> {
  const rows = await platform.database.query<{ step: number }>(
    "select step from payment_reminders where charge_id = $1 order by created_at",
    [chargeId],
  );
  return rows.map(({ step }) => step);
}

/** Changes rows as the owner of the database. */
async function change(statement: string, parameters: unknown[]): Promise<void> {
  await platform.database.query(
    statement.replace(" where ", " from set_config('app.actor_type', 'system', true) where "),
    parameters,
  );
}

function day(date: string, offset: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + offset * DAY_MS).toISOString().slice(0, 10);
}

describe("a reminder", () => {
  test.each([
    { dueDate: "2030-11-14", steps: [] },
    { dueDate: "2030-11-13", steps: [-3] },
    { dueDate: "2030-11-11", steps: [-3] },
    { dueDate: "2030-11-10", steps: [0] },
    { dueDate: "2030-11-09", steps: [1] },
    { dueDate: "2030-11-07", steps: [3] },
    { dueDate: "2030-11-03", steps: [7] },
    { dueDate: "2030-10-31", steps: [7] },
    { dueDate: "2030-10-30", steps: [] },
  ])("without a policy of one's own: at nine on 10 November of what is due on $dueDate is $steps", async ({ dueDate, steps }) => {
    const books = await openBooks(platform);
    const { id } = await books.bill({ dueDate });
    await remind(books, NINE);
    expect(await stepsOf(id)).toEqual(steps);
  });

  test("waits for the end of the quiet hours, and is sent by the first slot after them", async () => {
    const books = await openBooks(platform);
    const { id } = await books.bill({ dueDate: "2030-11-10" });
    for (const slot of ["2030-11-10T03:00:00.000Z", "2030-11-10T11:00:00.000Z"]) await remind(books, slot);
    expect(await stepsOf(id)).toEqual([]);
    await remind(books, NINE);
    expect(await sentBy(platform, books)).toEqual([{ chargeId: id, step: 0, at: NINE }]);
  });

  test("that fell into a free weekend is sent on Monday morning, and it is the latest one alone", async () => {
    const books = await openBooks(platform);
    await setPolicyRow(platform, books, { ...ALWAYS_OPEN, quietFrom: "20:00", quietUntil: "09:00", skipsWeekends: true });
    const { id } = await books.bill({ dueDate: "2030-11-10" });
    for (const slot of [NINE, "2030-11-11T03:00:00.000Z", "2030-11-11T12:00:00.000Z", "2030-11-11T13:00:00.000Z"])
      await remind(books, slot);
    expect(await sentBy(platform, books)).toEqual([{ chargeId: id, step: 1, at: "2030-11-11T12:00:00.000Z" }]);
  });

  test("is left once per charge and step, however often and for how many slots of the day it fires", async () => {
    const books = await openBooks(platform);
    const { id } = await books.bill({ dueDate: "2030-11-13" });
    await Promise.all([NINE, NINE, "2030-11-10T15:00:00.000Z"].map((slot) => remind(books, slot)));
    expect(await stepsOf(id)).toEqual([-3]);
    for (const slot of ["2030-11-13T12:00:00.000Z", "2030-11-14T12:00:00.000Z"]) await remind(books, slot);
    expect(await stepsOf(id)).toEqual([-3, 0, 1]);
  });

  test("is not sent by a run that comes late, when quiet hours have begun meanwhile", async () => {
    const clock = wallClock("UTC");
    const now = Date.now();
    const hour = (offset: number) => clock(new Date(now + offset * 3_600_000)).slice(11);
    const runLate = async (quietFrom: string, quietUntil: string) => {
      const books = await openBooks(platform, { timezone: "UTC" });
      await setPolicyRow(platform, books, { ...ALWAYS_OPEN, steps: [0], quietFrom, quietUntil });
      const { id } = await books.bill({ dueDate: clock(new Date(now)).slice(0, 10) });
      await remind(books, new Date(now - 8 * 3_600_000).toISOString());
      return stepsOf(id);
    };
    expect(await runLate(hour(-1), hour(3))).toEqual([]);
    expect(await runLate(hour(-10), hour(-5))).toEqual([0]);
  });

  test.each(CHARGE_STATUSES.map((status) => [status, ["pending", "overdue"].includes(status)] as [ChargeStatus, boolean]))(
    "of a charge that is %s is left: %s",
    async (status, isLeft) => {
      const books = await openBooks(platform);
      const { id } = await books.bill({ status, dueDate: "2030-11-10" });
      await remind(books, NINE);
      expect(await stepsOf(id)).toEqual(isLeft ? [0] : []);
    },
  );

  test("is not left for a student who opted out or has no access any more, nor while the policy is off", async () => {
    const [books, paused, left] = [await openBooks(platform), await openBooks(platform), await openBooks(platform)];
    const charges = [];
    for (const each of [books, paused, left]) charges.push(await each.bill({ dueDate: "2030-11-10" }));
    await insertRow(platform.database, "dunning_opt_outs", {
      mentorado_id: books.mentoradoId,
      student_id: books.studentId,
      is_opted_out: true,
      updated_at: NINE,
    });
    await setPolicyRow(platform, paused, { ...ALWAYS_OPEN, isEnabled: false });
    await change("update students set status = 'inactive' where id = $1", [left.studentId]);
    for (const each of [books, paused, left]) await remind(each, NINE);
    for (const { id } of charges) expect(await stepsOf(id)).toEqual([]);
    await change("update dunning_opt_outs set is_opted_out = false where student_id = $1", [books.studentId]);
    await remind(books, NINE);
    expect(await stepsOf(charges[0]?.id ?? "")).toEqual([0]);
  });

  test("goes on where the ladder is when a receipt is undone, and counts from a new due date", async () => {
    const books = await openBooks(platform);
    const { id } = await books.bill({ dueDate: "2030-11-10" });
    await remind(books, NINE);
    await change("update charges set status = 'received' where id = $1", [id]);
    await remind(books, "2030-11-11T12:00:00.000Z");
    await change("update charges set status = 'overdue' where id = $1", [id]);
    await remind(books, "2030-11-13T12:00:00.000Z");
    await change("update charges set status = 'pending', due_date = '2030-12-13' where id = $1", [id]);
    for (const slot of [
      "2030-11-14T12:00:00.000Z",
      "2030-12-10T12:00:00.000Z",
      "2030-12-13T12:00:00.000Z",
      "2030-12-14T12:00:00.000Z",
    ])
      await remind(books, slot);
    expect((await sentBy(platform, books)).map(({ step, at }) => [step, at.slice(0, 10)])).toEqual([
      [0, "2030-11-10"],
      [3, "2030-11-13"],
      [-3, "2030-12-10"],
      [1, "2030-12-14"],
    ]);
  });

  test("is not left of a debt that was given up, until that is taken back", async () => {
    const books = await openBooks(platform);
    const { id } = await books.bill({ dueDate: "2030-11-10", status: "overdue" });
    await change("update charges set write_off_reason = 'agreement' where id = $1", [id]);
    await remind(books, NINE);
    expect(await stepsOf(id)).toEqual([]);
    await change("update charges set write_off_reason = null where id = $1", [id]);
    await remind(books, NINE);
    expect(await stepsOf(id)).toEqual([0]);
  });

  test("is of the charges of its own practice", async () => {
    const [books, others] = [await openBooks(platform), await openBooks(platform)];
    const theirs = await others.bill({ dueDate: "2030-11-10" });
    await remind(books, NINE);
    expect(await stepsOf(theirs.id)).toEqual([]);
  });

  test("shows at its charge", async () => {
    const books = await openBooks(platform);
    const finance = await books.join("owner");
    const { id } = await books.bill({ dueDate: "2030-11-10" });
    await remind(books, NINE);
    expect(await finance.financial.charges.getById.query({ id })).toMatchObject({ reminders: [{ step: 0, createdAt: NINE }] });
  });
});

describe("today is the practice's own", () => {
  test.each([
    // Three hours behind UTC: until 03:00 UTC it is still the day before.
    { timezone: "America/Sao_Paulo", slot: "2030-11-10T02:59:59.000Z", today: "2030-11-09" },
    { timezone: "America/Sao_Paulo", slot: "2030-11-10T03:00:00.000Z", today: "2030-11-10" },
    { timezone: "Pacific/Kiritimati", slot: "2030-11-10T09:59:59.000Z", today: "2030-11-10" },
    { timezone: "Pacific/Kiritimati", slot: "2030-11-10T10:00:00.000Z", today: "2030-11-11" },
    // Summer time begins: at 02:00 it is 03:00, and a day has 23 hours.
    { timezone: "America/New_York", slot: "2030-03-10T04:59:59.000Z", today: "2030-03-09" },
    { timezone: "America/New_York", slot: "2030-03-10T05:00:00.000Z", today: "2030-03-10" },
    { timezone: "America/New_York", slot: "2030-03-11T03:59:59.000Z", today: "2030-03-10" },
    { timezone: "America/New_York", slot: "2030-03-11T04:00:00.000Z", today: "2030-03-11" },
    // It ends, and a day has 25.
    { timezone: "America/New_York", slot: "2030-11-04T04:59:59.000Z", today: "2030-11-03" },
    { timezone: "America/New_York", slot: "2030-11-04T05:00:00.000Z", today: "2030-11-04" },
    // Summer time begins at midnight here, so this day begins at one o'clock.
    { timezone: "America/Santiago", slot: "2030-09-08T03:59:59.000Z", today: "2030-09-07" },
    { timezone: "America/Santiago", slot: "2030-09-08T04:00:00.000Z", today: "2030-09-08" },
  ])("in $timezone at $slot it is $today", async ({ timezone, slot, today }) => {
    const books = await openBooks(platform, { timezone });
    await setPolicyRow(platform, books, { ...ALWAYS_OPEN, steps: [-3, 0, 1] });
    const charges = [];
    for (const offset of [-1, 0, 3, 4]) charges.push({ offset, id: (await books.bill({ dueDate: day(today, offset) })).id });
    await remind(books, slot);
    const left = [];
    for (const { offset, id } of charges) left.push([offset, ...(await stepsOf(id))]);
    expect(left).toEqual([[-1, 1], [0, 0], [3, -3], [4]]);
  });

  test("and so is the day on which it was reminded last: late in the evening, and again the next morning", async () => {
    const books = await openBooks(platform);
    await setPolicyRow(platform, books, ALWAYS_OPEN);
    const { id } = await books.bill({ dueDate: "2030-11-10" });
    for (const slot of ["2030-11-11T01:00:00.000Z", "2030-11-11T12:00:00.000Z"]) await remind(books, slot);
    expect(await stepsOf(id)).toEqual([0, 1]);
  });

  test.each([
    ["in winter", "2030-03-09T13:00:00.000Z", "2030-03-09T14:00:00.000Z"],
    ["on the day on which the clock is put forward", "2030-03-10T12:00:00.000Z", "2030-03-10T13:00:00.000Z"],
    ["on the day on which it is put back", "2030-11-03T13:00:00.000Z", "2030-11-03T14:00:00.000Z"],
  ])("and so are the quiet hours: nine in New York, %s", async (_name, eight, nine) => {
    const books = await openBooks(platform, { timezone: "America/New_York" });
    const { id } = await books.bill({ dueDate: nine.slice(0, 10) });
    await remind(books, eight);
    expect(await stepsOf(id)).toEqual([]);
    await remind(books, nine);
    expect(await stepsOf(id)).toEqual([0]);
  });
});

describe("a practice with 2,500 open charges", () => {
  async function openMany(): Promise<Books> {
    const books = await openBooks(platform);
    await platform.database.query(
      `insert into charges (mentorado_id, id, student_id, billing_type, amount_cents, due_date, status, status_rank)
       select $1::uuid, uuidv7(), $2::uuid, 'pix', 100 + n, '2030-11-10', 'pending', 10
         from generate_series(1, $3::integer) n, set_config('app.actor_type', 'system', true)`,
      [books.mentoradoId, books.studentId, MANY],
    );
    return books;
  }

  async function count(books: Books): Promise<{ reminders: number; charges: number }> {
    const sent = await sentBy(platform, books);
    return { reminders: sent.length, charges: new Set(sent.map(({ chargeId }) => chargeId)).size };
  }

  test("has each of them reminded of once, in one run, and a second run asks but sends nothing", async () => {
    const books = await openMany();
    const { requests } = platform.database;
    const before = requests.count();
    await remind(books, NINE);
    expect(await count(books)).toEqual({ reminders: MANY, charges: MANY });
    // The claim, and five pages that are read and written, the last of which ends the job.
    expect(requests.count() - before).toBe(1 + 2 * 5);
    await remind(books, NINE);
    expect(await count(books)).toEqual({ reminders: MANY, charges: MANY });
  });

  test("has each of them reminded of once when the run is cut off in the middle and tried again", async () => {
    const books = await openMany();
    const job = await stageSlot(platform, books, NINE);
    const { faults } = platform.database.bridge;
    faults.push({ kind: "status", status: 500, body: "down", times: 1, skip: 5 });
    expect((await platform.ring(job)).status).toBe(503);
    const { reminders } = await count(books);
    expect(reminders).toBeGreaterThan(0);
    expect(reminders).toBeLessThan(MANY);
    await platform.database.query("update jobs set run_at = now() where id = $1", [job]);
    expect((await platform.ring(job)).status).toBe(200);
    expect(await count(books)).toEqual({ reminders: MANY, charges: MANY });
  });
});

test("what changes between the reading and the writing of a run is not reminded of", async () => {
  const books = await openBooks(platform);
  const [paid, moved, givenUp, unchanged] = [
    await books.bill({ dueDate: "2030-11-10" }),
    await books.bill({ dueDate: "2030-11-10" }),
    await books.bill({ dueDate: "2030-11-10" }),
    await books.bill({ dueDate: "2030-11-10" }),
  ];
  const optedOut = uuidv7();
  await insertRow(platform.database, "students", { mentorado_id: books.mentoradoId, id: optedOut, name: "Bia Reis" });
  const alone = await books.bill({ dueDate: "2030-11-10" });
  await change("update charges set student_id = $2 where id = $1", [alone.id, optedOut]);
  await remindWhile(books, async () => {
    await change("update charges set status = 'received' where id = $1", [paid.id]);
    await change("update charges set due_date = '2030-12-10' where id = $1", [moved.id]);
    await change("update charges set write_off_reason = 'uncollectible' where id = $1", [givenUp.id]);
    await insertRow(platform.database, "dunning_opt_outs", {
      mentorado_id: books.mentoradoId,
      student_id: optedOut,
      is_opted_out: true,
      updated_at: NINE,
    });
  });
  expect((await sentBy(platform, books)).map(({ chargeId }) => chargeId)).toEqual([unchanged.id]);
});

/** A run at nine, between whose reading and writing something happens. */
async function remindWhile(books: Books, happens: () => Promise<void>): Promise<void> {
  const { kernel, handlers } = openFinance(platform.env);
  const interrupted: JobHandlers<"finance"> = {
    ...handlers,
    "finance.remind-due-charges": ({ ctx, input }) => {
      const read: typeof ctx.db.read = async (statements) => {
        const rows = await ctx.db.read(statements);
        await happens();
        return rows;
      };
      return remindDueCharges({ ctx: { ...ctx, db: { ...ctx.db, read } }, input });
    },
  };
  platform.mount("finance", (request, waitUntil) => serveJobs<"finance">({ request, handlers: interrupted, kernel, waitUntil }));
  await remind(books, NINE);
  mountFinance(platform);
}
