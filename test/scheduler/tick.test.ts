import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { receiveTick } from "../../functions/scheduler/receive-tick.ts";
import type { Schedule } from "../../functions/scheduler/schedules.ts";
import { tick } from "../../functions/scheduler/services/tick.ts";
import { JOBS } from "../../shared/jobs/catalog.ts";
import { signDelivery } from "../local/qstash/sign.ts";
import { type Platform, startPlatform } from "../support/platform.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
  platform.qstash.chaos.drop = 1;
});
afterAll(() => platform.close());

function schedule(change: Partial<Schedule> & ({ every: string } | { dailyAt: string })): Schedule {
  return {
    name: `test-${uuidv7()}`,
    job: "finance.remind-due-charges",
    scope: "programme",
    catchUp: "all",
    cap: "7 days",
    ...change,
  } as Schedule;
}

function fire(one: Schedule, at: Date | string, only?: string) {
  return tick({ kernel: platform.kernel("scheduler"), at: new Date(at), requestId: "tick-test", schedules: [one], only });
}

/** As if the code had declared it long ago. */
async function knownSince(one: Schedule, since: Date | string): Promise<void> {
  await platform.database.query("insert into schedules (name, known_since) values ($1, $2)", [
    one.name,
    new Date(since).toISOString(),
  ]);
}

async function slotsOf(one: Schedule, mentoradoId?: string): Promise<string[]> {
  const rows = await platform.database.query<{ slot: Date }>(
    "select slot from schedule_slots where schedule = $1 and ($2::uuid is null or mentorado_id = $2) order by slot",
    [one.name, mentoradoId ?? null],
  );
  return rows.map(({ slot }) => slot.toISOString());
}

/** A mentorado that exists since long ago, in a time zone. */
async function createOldMentorado(timezone: string): Promise<string> {
  const { id } = await platform.createMentorado({ timezone });
  await platform.database.query(
    "update mentorados set created_at = '2020-01-01' from set_config('app.actor_type', 'system', true) where id = $1",
    [id],
  );
  return id;
}

test("twenty ticks at once fire each slot once, each with one job", async () => {
  const one = schedule({ every: "1 hour" });
  await knownSince(one, "2026-03-10T06:30:00Z");
  await Promise.all(Array.from({ length: 20 }, () => fire(one, "2026-03-10T12:10:00Z")));
  expect(await slotsOf(one)).toEqual(
    [7, 8, 9, 10, 11, 12].map((hour) => `2026-03-10T${String(hour).padStart(2, "0")}:00:00.000Z`),
  );
  expect(
    await platform.database.query(
      "select count(*)::integer as jobs, count(distinct payload ->> 'slot')::integer as slots from jobs where dedup_key like $1",
      [`schedule:${one.name}:%`],
    ),
  ).toEqual([{ jobs: 6, slots: 6 }]);
});

test("after an outage `all` fires every missed slot within the cap, `latest` and `skip` only the one that is due", async () => {
  const outage = { every: "1 hour", cap: "6 hours" };
  const at = "2026-03-10T17:20:00Z";
  const counts: Record<string, number> = {};
  for (const catchUp of ["all", "latest", "skip"] as const) {
    const one = schedule({ ...outage, catchUp });
    await knownSince(one, "2026-03-09T00:30:00Z");
    await fire(one, at);
    counts[catchUp] = (await slotsOf(one)).length;
  }
  expect(counts).toEqual({ all: 6, latest: 1, skip: 1 });
});

test("a missed daily slot is caught up by `latest` the next morning, and left by `skip`", async () => {
  const at = "2026-03-11T05:00:00Z";
  const [latest, skip] = [schedule({ dailyAt: "09:00", catchUp: "latest" }), schedule({ dailyAt: "09:00", catchUp: "skip" })];
  for (const one of [latest, skip]) {
    await knownSince(one, "2026-03-08T00:00:00Z");
    await fire(one, at);
  }
  expect(await slotsOf(latest)).toEqual(["2026-03-10T09:00:00.000Z"]);
  expect(await slotsOf(skip)).toEqual([]);
});

test("a clock that runs backwards fires nothing, and ticks out of order fire each slot once", async () => {
  const one = schedule({ every: "1 hour" });
  await knownSince(one, "2026-03-10T00:30:00Z");
  for (const hour of [5, 3, 9, 1, 9, 7]) await fire(one, `2026-03-10T0${hour}:05:00Z`);
  const slots = await slotsOf(one);
  expect(new Set(slots).size).toBe(slots.length);
  expect(slots).toHaveLength(9);
  expect(await fire(one, "2026-03-10T04:05:00Z")).toMatchObject({ fired: 0 });
});

test("a tick ahead of the database's clock fires nothing early", async () => {
  const one = schedule({ every: "1 hour" });
  await knownSince(one, new Date(Date.now() - 2 * HOUR_MS));
  await fire(one, new Date(Date.now() + 10 * DAY_MS));
  const slots = await slotsOf(one);
  expect(slots.length).toBeLessThanOrEqual(2);
  expect(slots.every((slot) => Date.parse(slot) <= Date.now())).toBe(true);
});

test("a schedule has no slots before it was declared, nor a mentorado before it was made", async () => {
  const fresh = schedule({ every: "1 minute" });
  expect(await fire(fresh, new Date())).toMatchObject({ fired: 0 });
  const daily = schedule({ dailyAt: "09:00", scope: "mentorado" });
  const { id } = await platform.createMentorado();
  await knownSince(daily, "2026-03-01T00:00:00Z");
  await fire(daily, "2026-03-10T23:00:00Z");
  expect(await slotsOf(daily, id)).toEqual([]);
});

test("a schedule that is switched off fires nothing", async () => {
  const one = schedule({ every: "1 hour" });
  await knownSince(one, "2026-03-10T00:30:00Z");
  await platform.database.query("update schedules set is_enabled = false where name = $1", [one.name]);
  expect(await fire(one, "2026-03-10T12:10:00Z")).toMatchObject({ fired: 0 });
});

test("a mentorado that was closed has no slots any more, and the others go on", async () => {
  const one = schedule({ dailyAt: "09:00", scope: "mentorado" });
  const [open, closed] = [await createOldMentorado("UTC"), await createOldMentorado("UTC")];
  await platform.database.query(
    "update mentorados set status = 'closed' from set_config('app.actor_type', 'system', true) where id = $1",
    [closed],
  );
  await knownSince(one, "2026-03-10T00:00:00Z");
  await fire(one, "2026-03-10T12:00:00Z");
  expect(await slotsOf(one, open)).toEqual(["2026-03-10T09:00:00.000Z"]);
  expect(await slotsOf(one, closed)).toEqual([]);
});

test("a slot is fired under its own time and mentorado, as a job that its Worker understands", async () => {
  const one = schedule({ dailyAt: "09:00", scope: "mentorado" });
  const id = await createOldMentorado("Asia/Kolkata");
  await knownSince(one, "2026-03-10T00:00:00Z");
  await fire(one, "2026-03-10T12:00:00Z");
  const jobs = await platform.database.query<{ payload: unknown }>(
    "select worker_group, name, payload, status, max_attempts, request_id from jobs where mentorado_id = $1 and dedup_key like $2",
    [id, `schedule:${one.name}:%`],
  );
  expect(jobs).toEqual([
    {
      worker_group: JOBS[one.job].group,
      name: one.job,
      payload: { slot: "2026-03-10T03:30:00.000Z" },
      status: "pending",
      max_attempts: JOBS[one.job].retry.attempts,
      request_id: "tick-test",
    },
  ]);
  expect(JOBS[one.job].payload.safeParse(jobs[0]?.payload).success).toBe(true);
});

test("a tick is one round trip to the database, however much it fires", async () => {
  const one = schedule({ every: "1 minute" });
  await knownSince(one, "2026-03-10T06:00:30Z");
  const { requests } = platform.database;
  requests.reset();
  expect(await fire(one, "2026-03-10T08:00:00Z")).toMatchObject({ fired: 120 });
  expect(requests.count()).toBe(1);
});

test("with QStash down the slots are fired all the same, and their jobs wait for the sweeper", async () => {
  const one = schedule({ every: "1 hour" });
  await knownSince(one, "2026-03-10T11:30:00Z");
  platform.qstash.faults.push({ kind: "status", status: 500, body: "{}" });
  expect(await fire(one, "2026-03-10T12:10:00Z")).toMatchObject({ fired: 1 });
  platform.qstash.faults.length = 0;
  await platform.database.query(
    "update jobs set rung_at = now() - interval '2 minutes', run_at = now() - interval '2 minutes' where dedup_key like $1",
    [`schedule:${one.name}:%`],
  );
  const result = await fire(one, "2026-03-10T12:11:00Z");
  expect(result).toMatchObject({ fired: 0 });
  expect(result.rungAgain).toBeGreaterThanOrEqual(1);
  expect(await platform.database.query("select ring from jobs where dedup_key like $1", [`schedule:${one.name}:%`])).toEqual([
    { ring: 2 },
  ]);
});

test("with the database down a tick fails as such, and the next one catches up", async () => {
  const one = schedule({ every: "1 hour" });
  await knownSince(one, "2026-03-10T10:30:00Z");
  platform.database.bridge.faults.push({ kind: "status", status: 500, body: "down", times: 1 });
  await expect(fire(one, "2026-03-10T11:05:00Z")).rejects.toMatchObject({ code: "UNAVAILABLE" });
  platform.database.bridge.faults.push({ kind: "status", status: 500, body: "down", times: 1 });
  expect((await post("{}", sign("{}"))).status).toBe(503);
  expect(await fire(one, "2026-03-10T12:05:00Z")).toMatchObject({ fired: 2 });
});

test.each([
  ["America/Sao_Paulo", "2026-03-10", "12:00"],
  ["Asia/Kolkata", "2026-03-10", "03:30"],
  ["Pacific/Auckland", "2026-03-10", "20:00"],
])("nine in the morning is nine in %s", async (timezone, _day, utc) => {
  const one = schedule({ dailyAt: "09:00", scope: "mentorado" });
  const id = await createOldMentorado(timezone);
  await knownSince(one, "2026-03-08T00:00:00Z");
  await fire(one, "2026-03-10T23:59:00Z");
  const slots = await slotsOf(one, id);
  expect(slots.length).toBeGreaterThanOrEqual(2);
  expect(slots.every((slot) => slot.includes(`T${utc}:00`))).toBe(true);
});

test.each([
  ["America/New_York", "02:30", "2026-03-08"],
  ["America/New_York", "01:30", "2026-11-01"],
  ["America/Santiago", "00:30", "2026-09-06"],
  ["Australia/Lord_Howe", "02:15", "2026-10-04"],
  ["Australia/Lord_Howe", "01:45", "2026-04-05"],
])(
  "where the clock of %s jumps over or repeats %s on %s, that date has exactly one slot, as every other",
  async (timezone, dailyAt, jump) => {
    const one = schedule({ dailyAt, scope: "mentorado", cap: "30 days" });
    const id = await createOldMentorado(timezone);
    const first = Date.parse(`${jump}T00:00:00Z`) - 3 * DAY_MS;
    await knownSince(one, new Date(first));
    for (let hour = 0; hour <= 6 * 24; hour += 1) await fire(one, new Date(first + hour * HOUR_MS));
    const dates = await platform.database.query<{ date: string; slots: number }>(
      `select to_char(slot at time zone $2, 'YYYY-MM-DD') as date, count(*)::integer as slots
       from schedule_slots where schedule = $1 and mentorado_id = $3 group by 1 order by 1`,
      [one.name, timezone, id],
    );
    expect(dates.length).toBeGreaterThanOrEqual(5);
    expect(dates.find(({ date }) => date === jump)).toEqual({ date: jump, slots: 1 });
    expect(dates.every(({ slots }) => slots === 1)).toBe(true);
  },
);

test("more than a thousand due slots go on at the next tick", async () => {
  const one = schedule({ every: "1 minute", cap: "2 days" });
  await knownSince(one, "2026-03-09T00:00:30Z");
  expect(await fire(one, "2026-03-09T20:00:00Z")).toMatchObject({ fired: 1_000 });
  expect(await fire(one, "2026-03-09T20:00:00Z")).toMatchObject({ fired: 199 + 1 });
  expect(await fire(one, "2026-03-09T20:00:00Z")).toMatchObject({ fired: 0 });
});

test("an operator's fire, twice and for a time to come, leaves one slot and does not move the schedule's own clock", async () => {
  const one = schedule({ dailyAt: "09:00", scope: "mentorado", catchUp: "latest" });
  const id = await createOldMentorado("America/Sao_Paulo");
  await knownSince(one, "2026-03-08T00:00:00Z");
  expect(await fire(one, "2027-01-28T15:00:00Z", one.name)).toMatchObject({ fired: expect.any(Number) });
  await fire(one, "2027-01-28T15:00:00Z", one.name);
  expect(await slotsOf(one, id)).toEqual(["2027-01-28T12:00:00.000Z"]);
  await fire(one, "2026-03-10T13:00:00Z");
  expect(await slotsOf(one, id)).toContain("2026-03-10T12:00:00.000Z");
});

test("work that was rung without an answer is rung again, oldest first, under a new number, by one of many sweepers", async () => {
  const ids = Array.from({ length: 30 }, () => uuidv7());
  for (const [index, id] of ids.entries()) {
    await platform.database.query(
      `insert into jobs (id, worker_group, name, dedup_key, payload, max_attempts, request_id, run_at, rung_at)
       values ($1, 'accounts', 'accounts.invalidate-session', $2, '{}', 12, 'sweep', now() - interval '1 day', now() - interval '1 hour' - $3 * interval '1 minute')`,
      [id, `sweep:${id}`, index],
    );
  }
  const oldest = await platform.database.query<{ id: string }>("select id from guilda.sweep_jobs('60 seconds', 10)");
  expect(new Set(oldest.map(({ id }) => id))).toEqual(new Set(ids.slice(20)));
  const sweeps = await Promise.all(
    Array.from({ length: 12 }, () =>
      platform.database.query<{ id: string; ring: number }>("select id, ring from guilda.sweep_jobs('60 seconds', 5)"),
    ),
  );
  const rung = sweeps.flat();
  expect(new Set(rung.map(({ id }) => id)).size).toBe(rung.length);
  expect(rung).toHaveLength(20);
  expect(rung.every(({ ring }) => ring === 2)).toBe(true);
  expect(await platform.database.query("select id from guilda.sweep_jobs('60 seconds', 500)")).toEqual([]);
});

test("what is done, dead, under a lease, not yet due, or just rung is not rung again", async () => {
  const states = {
    done: "status = 'done', done_at = now()",
    dead: "status = 'dead'",
    leased: "status = 'running', lease_token = gen_random_uuid(), lease_until = now() + interval '1 minute'",
    early: "run_at = now() + interval '1 minute'",
    justDue: "run_at = now() - interval '10 seconds'",
    justRung: "rung_at = now()",
    abandoned: "status = 'running', lease_token = gen_random_uuid(), lease_until = now() - interval '1 second'",
  };
  const ids: Record<string, string> = {};
  for (const [name, change] of Object.entries(states)) {
    const id = uuidv7();
    ids[id] = name;
    await platform.database.query(
      `insert into jobs (id, worker_group, name, dedup_key, payload, max_attempts, request_id, run_at, rung_at)
       values ($1, 'accounts', 'accounts.invalidate-session', $2, '{}', 12, 'sweep', now() - interval '1 hour', now() - interval '1 hour')`,
      [id, `sweep:${id}`],
    );
    await platform.database.query(`update jobs set ${change} where id = $1`, [id]);
  }
  const rung = await platform.database.query<{ id: string }>("select id from guilda.sweep_jobs('60 seconds', 500)");
  expect(rung.flatMap(({ id }) => ids[id] ?? [])).toEqual(["abandoned"]);
});

async function post(body: string, signature?: string): Promise<Response> {
  const url = `${platform.env.PUBLIC_URL}/jobs/scheduler/tick`;
  const headers = signature === undefined ? undefined : { "upstash-signature": signature };
  return receiveTick({
    request: new Request(url, { method: "POST", body, ...(headers === undefined ? {} : { headers }) }),
    kernel: platform.kernel("scheduler"),
  });
}

function sign(body: string, url = `${platform.env.PUBLIC_URL}/jobs/scheduler/tick`): string {
  return signDelivery({ key: platform.env.QSTASH_CURRENT_SIGNING_KEY ?? "", url, body: Buffer.from(body), nowMs: Date.now() });
}

test("a tick from outside needs QStash's signature for this very endpoint", async () => {
  expect((await post("{}")).status).toBe(401);
  expect((await post("{}", sign("{}", `${platform.env.PUBLIC_URL}/jobs/finance/create-charge`))).status).toBe(401);
  expect((await post('{"at":"2026-01-01T00:00:00Z"}', sign("{}"))).status).toBe(401);
  expect((await post("{}", sign("{}"))).status).toBe(200);
});

test("a schedule that nobody declared is not fired", async () => {
  const body = JSON.stringify({ schedule: "nobody.knows" });
  const response = await post(body, sign(body));
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ data: null, error: { code: "SCHEDULE_UNKNOWN" } });
});

test("more than a thousand mentorados at nine o'clock are all served, by this tick and the next", async () => {
  const one = schedule({ dailyAt: "09:00", scope: "mentorado", catchUp: "latest" });
  await platform.database.query(
    `insert into mentorados (id, name, slug, timezone, clerk_organization_id, created_at)
     select gen_random_uuid(), 'Practice', 'thousand-' || n, 'UTC', 'org_thousand_' || n, '2020-01-01'
       from generate_series(1, 1100) n, set_config('app.actor_type', 'system', true)`,
  );
  await knownSince(one, "2026-03-10T00:00:00Z");
  const fired: number[] = [];
  for (let minute = 1; minute <= 3; minute += 1) fired.push((await fire(one, `2026-03-10T23:0${minute}:00Z`)).fired);
  expect(fired[0]).toBe(1_000);
  expect(fired[2]).toBe(0);
  const served = await platform.database.query<{ slots: number; of: number }>(
    `select count(*)::integer as slots, count(distinct mentorado_id)::integer as of from schedule_slots s
      where schedule = $1 and exists (select 1 from mentorados m where m.id = s.mentorado_id and m.slug like 'thousand-%')`,
    [one.name],
  );
  expect(served).toEqual([{ slots: 1_100, of: 1_100 }]);
});
