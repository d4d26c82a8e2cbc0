import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHARGE_STATUSES, type ChargeStatus } from "../../shared/db/schema/money.ts";
import { insertRow } from "../db/support/insert-row.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { mountFinance } from "./support/asaas-events.ts";
import { type Books, openBooks } from "./support/open-books.ts";

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
  mountFinance(platform);
});
afterAll(() => platform.close());

/** The schedule fires for one mentorado. @param slot the time that the run stands for, ISO 8601. */
async function remind({ mentoradoId }: Books, slot: string): Promise<void> {
  const id = uuidv7();
  await insertRow(platform.database, "jobs", {
    id,
    mentorado_id: mentoradoId,
    worker_group: "finance",
    name: "finance.remind-due-charges",
    dedup_key: id,
    payload: { slot },
    max_attempts: 3,
    request_id: "tick-0001",
  });
  expect((await platform.ring(id)).status).toBe(200);
}

async function stepsOf(chargeId: string): Promise<string[]> {
  const rows = await platform.database.query<{ step: string }>(
    "select step from payment_reminders where charge_id = $1 order by step",
    [chargeId],
  );
  return rows.map(({ step }) => step);
}

describe("a reminder", () => {
  test.each([
    { dueDate: "2026-11-14", steps: [] },
    { dueDate: "2026-11-13", steps: ["due_in_3_days"] },
    { dueDate: "2026-11-12", steps: [] },
    { dueDate: "2026-11-11", steps: [] },
    { dueDate: "2026-11-10", steps: ["due_today"] },
    { dueDate: "2026-11-09", steps: ["overdue_1_day"] },
    { dueDate: "2026-11-08", steps: [] },
  ])("on 10 November of what is due on $dueDate is $steps", async ({ dueDate, steps }) => {
    const books = await openBooks(platform);
    const { id } = await books.bill({ dueDate });
    await remind(books, "2026-11-10T12:00:00.000Z");
    expect(await stepsOf(id)).toEqual(steps);
  });

  test("is left once per charge and step, however often and for how many slots of the day it fires", async () => {
    const books = await openBooks(platform);
    const { id } = await books.bill({ dueDate: "2026-11-13" });
    const slots = ["2026-11-10T12:00:00.000Z", "2026-11-10T12:00:00.000Z", "2026-11-10T15:00:00.000Z"];
    await Promise.all(slots.map((slot) => remind(books, slot)));
    expect(await stepsOf(id)).toEqual(["due_in_3_days"]);
    await remind(books, "2026-11-13T12:00:00.000Z");
    await remind(books, "2026-11-14T12:00:00.000Z");
    expect(await stepsOf(id)).toEqual(["due_in_3_days", "due_today", "overdue_1_day"]);
  });

  test("stands for its slot, not for the time at which it runs", async () => {
    const books = await openBooks(platform);
    const { id } = await books.bill({ dueDate: "2020-02-29" });
    await remind(books, "2020-02-29T12:00:00.000Z");
    expect(await stepsOf(id)).toEqual(["due_today"]);
  });

  test.each(CHARGE_STATUSES.map((status) => [status, ["pending", "overdue"].includes(status)] as [ChargeStatus, boolean]))(
    "of a charge that is %s is left: %s",
    async (status, isLeft) => {
      const books = await openBooks(platform);
      const { id } = await books.bill({ status, dueDate: "2026-11-10" });
      await remind(books, "2026-11-10T12:00:00.000Z");
      expect(await stepsOf(id)).toEqual(isLeft ? ["due_today"] : []);
    },
  );

  test("is of the charges of its own practice", async () => {
    const [books, others] = [await openBooks(platform), await openBooks(platform)];
    const theirs = await others.bill({ dueDate: "2026-11-10" });
    await remind(books, "2026-11-10T12:00:00.000Z");
    expect(await stepsOf(theirs.id)).toEqual([]);
  });

  test("shows at its charge", async () => {
    const books = await openBooks(platform);
    const finance = await books.join("owner");
    const { id } = await books.bill({ dueDate: "2026-11-10" });
    await remind(books, "2026-11-10T12:00:00.000Z");
    expect(await finance.financial.charges.getById.query({ id })).toMatchObject({
      reminders: [{ step: "due_today", createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) }],
    });
  });
});

describe("today is the practice's own", () => {
  test.each([
    // Three hours behind UTC: until 03:00 UTC it is still the day before.
    { timezone: "America/Sao_Paulo", slot: "2026-11-10T02:59:59.000Z", today: "2026-11-09" },
    { timezone: "America/Sao_Paulo", slot: "2026-11-10T03:00:00.000Z", today: "2026-11-10" },
    { timezone: "Pacific/Kiritimati", slot: "2026-11-10T09:59:59.000Z", today: "2026-11-10" },
    { timezone: "Pacific/Kiritimati", slot: "2026-11-10T10:00:00.000Z", today: "2026-11-11" },
    // Summer time begins: at 02:00 it is 03:00, and a day has 23 hours.
    { timezone: "America/New_York", slot: "2026-03-08T04:59:59.000Z", today: "2026-03-07" },
    { timezone: "America/New_York", slot: "2026-03-08T05:00:00.000Z", today: "2026-03-08" },
    { timezone: "America/New_York", slot: "2026-03-09T03:59:59.000Z", today: "2026-03-08" },
    { timezone: "America/New_York", slot: "2026-03-09T04:00:00.000Z", today: "2026-03-09" },
    // It ends, and a day has 25.
    { timezone: "America/New_York", slot: "2026-11-02T04:59:59.000Z", today: "2026-11-01" },
    { timezone: "America/New_York", slot: "2026-11-02T05:00:00.000Z", today: "2026-11-02" },
    // Summer time began at midnight here, so this day began at one o'clock.
    { timezone: "America/Sao_Paulo", slot: "2018-11-04T02:59:59.000Z", today: "2018-11-03" },
    { timezone: "America/Sao_Paulo", slot: "2018-11-04T03:00:00.000Z", today: "2018-11-04" },
  ])("in $timezone at $slot it is $today", async ({ timezone, slot, today }) => {
    const books = await openBooks(platform, { timezone });
    const day = (offset: number) => new Date(Date.parse(`${today}T00:00:00Z`) + offset * 86_400_000).toISOString().slice(0, 10);
    const charges = [];
    for (const offset of [-1, 0, 1, 3]) charges.push({ offset, id: (await books.bill({ dueDate: day(offset) })).id });
    await remind(books, slot);
    const left = [];
    for (const { offset, id } of charges) left.push([offset, ...(await stepsOf(id))]);
    expect(left).toEqual([[-1, "overdue_1_day"], [0, "due_today"], [1], [3, "due_in_3_days"]]);
  });
});
