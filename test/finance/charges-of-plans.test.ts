import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { SCHEDULES } from "../../functions/scheduler/schedules.ts";
import { countRows } from "../db/support/count-rows.ts";
import { insertRow } from "../db/support/insert-row.ts";
import { type Platform, startPlatform } from "../support/platform.ts";
import { mountFinance } from "./support/asaas-events.ts";
import { type AccountBooks, openAccount, type Provider, startProvider } from "./support/open-account.ts";

const DAY_MS = 86_400_000;
const NOBODYS_ID = "0198c8f0-1234-7abc-8def-0123456789ab";
const MANY = 5_000;
/** On a machine that does other things as well. */
const MANY_MS = 120_000;

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

function dateIn(days: number): string {
  return new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
}

/** An enrolment with an instalment for each of these days from today. @returns the instalments' ids. */
async function enrol(
  days: readonly number[],
  enrollment: object = {},
): Promise<{ enrollmentId: string; installmentIds: string[] }> {
  const enrollmentId = uuidv7();
  const { mentoradoId, studentId, practice } = books;
  await insertRow(platform.database, "enrollments", {
    mentorado_id: mentoradoId,
    id: enrollmentId,
    student_id: studentId,
    offering_id: practice.offeringId,
    total_cents: 10_000,
    installment_count: days.length,
    billing_type: "pix",
    ...enrollment,
  });
  const installmentIds = days.map(() => uuidv7());
  for (const [index, id] of installmentIds.entries()) {
    await insertRow(platform.database, "installments", {
      mentorado_id: mentoradoId,
      id,
      enrollment_id: enrollmentId,
      number: index + 1,
      due_date: dateIn(days[index] ?? 0),
      amount_cents: 1_000 + index,
    });
  }
  return { enrollmentId, installmentIds };
}

/** The schedule fires. @returns its job. */
async function stageRun(slot = new Date().toISOString()): Promise<string> {
  const id = uuidv7();
  await insertRow(platform.database, "jobs", {
    id,
    mentorado_id: books.mentoradoId,
    worker_group: "finance",
    name: "finance.bill-due-installments",
    dedup_key: id,
    payload: { slot },
    max_attempts: 3,
    request_id: "tick-0001",
  });
  return id;
}

async function run(slot?: string): Promise<void> {
  expect((await platform.ring(await stageRun(slot))).status).toBe(200);
}

/** Rings until it is done: an attempt that waited too long for another's rows is made again. */
async function finish(id: string): Promise<void> {
  for (let attempt = 1; (await platform.ring(id)).status !== 200; attempt += 1) {
    if (attempt === 3) throw new Error("the run does not come to an end");
    await platform.database.query("update jobs set run_at = now() where id = $1", [id]);
  }
}

/** What has been billed, as instalment numbers, with the states of the charges. */
function chargesOf(enrollmentId: string) {
  return platform.database.query<{
    number: number;
    status: string;
    amount_cents: string;
    due_date: string;
    external_id: string | null;
  }>(
    `select i.number, c.status, c.amount_cents::text, c.due_date::text, c.external_id from charges c
      join installments i on i.mentorado_id = c.mentorado_id and i.id = c.installment_id where i.enrollment_id = $1 order by i.number`,
    [enrollmentId],
  );
}

function makingJobs() {
  return platform.database.query<{ status: string; payload: { installmentId: string } }>(
    "select status, payload from jobs where mentorado_id = $1 and name = 'finance.create-charge' order by run_at, id",
    [books.mentoradoId],
  );
}

describe("an enrolment's plan", () => {
  test("is billed as far as it is due within the days that are named, each instalment once", async () => {
    const { enrollmentId } = await enrol([-40, 0, 30, 31, 60]);
    const bill = (withinDays?: number) =>
      books.finance.financial.enrollments.bill.mutate({ enrollmentId, ...(withinDays === undefined ? {} : { withinDays }) });
    expect(await bill()).toEqual({ enrollmentId, drafts: 3, amountCents: 3_003 });
    await books.workOff();
    expect(await bill()).toEqual({ enrollmentId, drafts: 0, amountCents: 0 });
    expect(await chargesOf(enrollmentId)).toMatchObject([
      { number: 1, status: "pending" },
      { number: 2, status: "pending" },
      { number: 3, status: "pending" },
    ]);
    expect(await bill(60)).toMatchObject({ drafts: 2 });
    await books.workOff();
    expect(
      books
        .payments()
        .map(({ value }) => value)
        .toSorted(),
    ).toEqual([10, 10.01, 10.02, 10.03, 10.04]);
  });

  test("that was due in the past is due today, because the provider takes no earlier date", async () => {
    const { enrollmentId } = await enrol([-40]);
    await books.finance.financial.enrollments.bill.mutate({ enrollmentId });
    await books.workOff();
    const [charge] = await chargesOf(enrollmentId);
    const [{ today } = { today: "" }] = await platform.database.query<{ today: string }>(
      "select (now() at time zone 'America/Sao_Paulo')::date::text as today",
    );
    expect(charge).toMatchObject({ status: "pending", due_date: today });
    expect(books.payments()).toMatchObject([{ dueDate: today }]);
  });

  test("asked for by many at once is billed once", async () => {
    const { enrollmentId } = await enrol([1, 2, 3]);
    await Promise.all(Array.from({ length: 4 }, () => books.finance.financial.enrollments.bill.mutate({ enrollmentId })));
    await books.workOff();
    expect(await chargesOf(enrollmentId)).toHaveLength(3);
    expect(books.payments()).toHaveLength(3);
  });

  test.each([
    { status: "paused", code: "ENROLLMENT_NOT_BILLABLE" },
    { status: "cancelled", code: "ENROLLMENT_NOT_BILLABLE" },
    { status: undefined, code: "ENROLLMENT_NOT_FOUND" },
  ])("that is $status is not billed: $code", async ({ status, code }) => {
    const { enrollmentId } = await enrol([1], status === undefined ? {} : { status });
    if (status === undefined) books = await openAccount(platform, provider);
    const before = await countRows(platform.database);
    for (const id of status === undefined ? [enrollmentId, NOBODYS_ID] : [enrollmentId]) {
      await expect(books.finance.financial.enrollments.bill.mutate({ enrollmentId: id })).rejects.toMatchObject({
        data: { errorCode: code },
      });
    }
    expect(await countRows(platform.database)).toEqual(before);
  });
});

describe("the schedule of what is due", () => {
  test("runs each morning at six of the practice, and after an outage for the latest morning", () => {
    expect(SCHEDULES.filter(({ job }) => job === "finance.bill-due-installments")).toMatchObject([
      { scope: "mentorado", dailyAt: "06:00", catchUp: "latest" },
    ]);
  });

  test("bills the next thirty days of every enrolment that goes on, by the day of its slot", async () => {
    const going = await Promise.all(["awaiting_start", "active", "completed"].map((status) => enrol([0, 30, 31], { status })));
    const resting = await Promise.all(["paused", "cancelled"].map((status) => enrol([0, 30], { status })));
    await run();
    for (const { enrollmentId } of going) {
      expect(await chargesOf(enrollmentId)).toMatchObject([
        { number: 1, status: "draft" },
        { number: 2, status: "draft" },
      ]);
    }
    for (const { enrollmentId } of resting) expect(await chargesOf(enrollmentId)).toEqual([]);
    await run(new Date(Date.now() + DAY_MS).toISOString());
    for (const { enrollmentId } of going) expect(await chargesOf(enrollmentId)).toHaveLength(3);
  });

  test("leaves an instalment to the job that it has already", async () => {
    const { enrollmentId, installmentIds } = await enrol([5]);
    const [installmentId = ""] = installmentIds;
    await insertRow(platform.database, "jobs", {
      id: uuidv7(),
      mentorado_id: books.mentoradoId,
      worker_group: "finance",
      name: "finance.create-charge",
      dedup_key: `${books.mentoradoId}:finance.create-charge:${installmentId}`,
      payload: { installmentId },
      max_attempts: 12,
      request_id: "won-0001",
    });
    await run();
    expect(await makingJobs()).toHaveLength(1);
    await books.workOff();
    await run();
    expect(await makingJobs()).toHaveLength(1);
    expect(await chargesOf(enrollmentId)).toMatchObject([{ status: "pending" }]);
  });

  test("tries what an outage has killed again, once a day, and loses nothing", async () => {
    const { enrollmentId } = await enrol([5, 6]);
    const alone = await books.finance.financial.charges.create.mutate({
      studentId: books.studentId,
      amountCents: 5_000,
      dueDate: dateIn(90),
      billingType: "pix",
    });
    provider.asaas.faults.push({ kind: "status", status: 503, method: "POST" });
    await run("2026-11-20T09:00:00.000Z");
    await books.workOff();
    expect((await makingJobs()).map(({ status }) => status)).toEqual(["dead", "dead", "dead"]);
    provider.asaas.faults.length = 0;
    await run("2026-11-21T09:00:00.000Z");
    await run("2026-11-21T09:00:00.000Z");
    await run("2026-11-22T09:00:00.000Z");
    expect(await makingJobs()).toHaveLength(6);
    await books.workOff();
    expect(await chargesOf(enrollmentId)).toMatchObject([{ status: "pending" }, { status: "pending" }]);
    expect(await books.finance.financial.charges.getById.query({ id: alone.id })).toMatchObject({ status: "pending" });
    expect(books.payments()).toHaveLength(3);
  });

  test("tries a charge again whose making the provider reported before its job had heard of it", async () => {
    const { enrollmentId } = await enrol([5]);
    provider.asaas.faults.push({ kind: "reset-after", method: "POST", path: "/payments", times: 1 });
    await run();
    await books.letTimePass();
    await books.work();
    await books.hearEvents();
    await platform.database.query("update jobs set status = 'dead' where mentorado_id = $1 and name = 'finance.create-charge'", [
      books.mentoradoId,
    ]);
    expect(await chargesOf(enrollmentId)).toMatchObject([{ status: "pending" }]);
    await run("2026-11-22T09:00:00.000Z");
    await books.workOff();
    expect(books.payments()).toHaveLength(1);
    const ledger = await platform.database.query("select kind from ledger_entries where mentorado_id = $1", [books.mentoradoId]);
    expect(ledger).toEqual([{ kind: "charge" }]);
  });

  test("bills what is its own practice's", async () => {
    const { enrollmentId } = await enrol([5]);
    books = await openAccount(platform, provider);
    await run();
    expect(await chargesOf(enrollmentId)).toEqual([]);
  });
});

describe(`a month of ${MANY} enrolments`, () => {
  test(
    "is drafted and staged once each, exact to the cent, also by two runs at once and by one more",
    async () => {
      const { mentoradoId, practice } = books;
      await platform.database.query(
        `with s as (insert into students (mentorado_id, id, name) select $1, uuidv7(), 'Student ' || n from generate_series(1, ${MANY}) n,
           set_config('app.actor_type', 'system', true) returning id),
         e as (insert into enrollments (mentorado_id, id, student_id, offering_id, total_cents, installment_count, billing_type, status)
           select $1, uuidv7(), s.id, $2, 999, 2, (array['pix', 'boleto', 'credit_card'])[1 + (row_number() over ()) % 3], 'active' from s returning id)
       insert into installments (mentorado_id, id, enrollment_id, number, due_date, amount_cents)
       select $1, uuidv7(), e.id, n, current_date + 40 * (n - 1) + 3, 10000 + (hashtext(e.id::text || n) & 65535) from e, generate_series(1, 2) n`,
        [mentoradoId, practice.offeringId],
      );
      const [{ owed } = { owed: "" }] = await platform.database.query<{ owed: string }>(
        "select sum(amount_cents)::text as owed from installments where mentorado_id = $1 and number = 1",
        [mentoradoId],
      );
      const slot = new Date().toISOString();
      const runs = [await stageRun(slot), await stageRun(slot)];
      await Promise.all(runs.map(finish));
      await finish(await stageRun(slot));
      expect(
        await platform.database.query(
          `select count(*)::integer as charges, count(distinct c.installment_id)::integer as installments, sum(c.amount_cents)::text as cents,
                bool_and(i.number = 1 and c.amount_cents = i.amount_cents and c.due_date = i.due_date and c.billing_type = e.billing_type
                  and c.student_id = e.student_id and c.status = 'draft') as is_exact
           from charges c join installments i on i.mentorado_id = c.mentorado_id and i.id = c.installment_id
           join enrollments e on e.mentorado_id = i.mentorado_id and e.id = i.enrollment_id where c.mentorado_id = $1`,
          [mentoradoId],
        ),
      ).toEqual([{ charges: MANY, installments: MANY, cents: owed, is_exact: true }]);
      expect(
        await platform.database.query(
          `select count(*)::integer as jobs, count(distinct payload ->> 'installmentId')::integer as installments,
                count(distinct run_at)::integer as times from jobs where mentorado_id = $1 and name = 'finance.create-charge'`,
          [mentoradoId],
        ),
      ).toEqual([{ jobs: MANY, installments: MANY, times: expect.any(Number) }]);
      const [{ spread_s } = { spread_s: 0 }] = await platform.database.query<{ spread_s: number }>(
        "select extract(epoch from max(run_at) - min(run_at))::float8 as spread_s from jobs where mentorado_id = $1 and name = 'finance.create-charge'",
        [mentoradoId],
      );
      // Two a second: the provider is not asked for everything at the same moment.
      expect(spread_s).toBeGreaterThan(MANY / 2 - 60);
    },
    MANY_MS,
  );
});
