import { afterAll, beforeAll, expect, test } from "vitest";
import { receiveTick, runTick } from "../../functions/scheduler/receive-tick.ts";
import { SCHEDULES } from "../../functions/scheduler/schedules.ts";
import { signDelivery } from "../local/qstash/sign.ts";
import { type Platform, startPlatform } from "../support/platform.ts";

const TICK_PATH = "/jobs/scheduler/tick";

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
  platform.qstash.chaos.drop = 1;
});
afterAll(() => platform.close());

/** Delivers a message as QStash signs it. */
async function deliver(body: string, path = TICK_PATH) {
  const url = `${platform.env.PUBLIC_URL}${path}`;
  const key = platform.env.QSTASH_CURRENT_SIGNING_KEY ?? "";
  const signature = signDelivery({ key, url, body: Buffer.from(body), nowMs: Date.now() });
  const request = new Request(url, { method: "POST", body, headers: { "upstash-signature": signature } });
  const response = await receiveTick({ request, kernel: platform.kernel("scheduler") });
  return { status: response.status, body: (await response.json()) as unknown };
}

async function linesDuring(work: () => Promise<unknown>): Promise<Record<string, unknown>[]> {
  const before = platform.logs().length;
  await work().catch(() => undefined);
  return platform.logs().slice(before);
}

test("a tick is one line that counts what it fired and rang, and the jobs carry the id of its request", async () => {
  const [daily] = SCHEDULES;
  if (daily === undefined) throw new Error("no schedule is declared");
  const { id } = await platform.createMentorado();
  const kernel = platform.kernel("scheduler");
  const lines = await linesDuring(() => runTick({ kernel, at: new Date(), only: daily.name }));
  expect(lines).toEqual([
    expect.objectContaining({
      level: "info",
      event: "tick.done",
      worker: "scheduler",
      schedule: daily.name,
      outcome: "done",
      count: 1,
      durationMs: expect.any(Number),
    }),
  ]);
  expect(await platform.database.query("select name, request_id from jobs where mentorado_id = $1", [id])).toEqual([
    { name: daily.job, request_id: lines[0]?.requestId },
  ]);
});

test("a tick that fails is one line that says so", async () => {
  platform.database.bridge.faults.push({ kind: "status", status: 500, body: "down", times: 1 });
  const lines = await linesDuring(() => runTick({ kernel: platform.kernel("scheduler"), at: new Date() }));
  expect(lines).toMatchObject([{ level: "error", event: "tick.failed" }]);
});

test("an empty message is the tick of every minute, and one with a name fires that schedule", async () => {
  expect(await deliver("")).toMatchObject({ status: 200, body: { data: { fired: 0 }, error: null } });
  const body = JSON.stringify({ schedule: SCHEDULES[0]?.name, at: "2026-03-10T18:00:00-03:00" });
  expect(await deliver(body)).toMatchObject({ status: 200, body: { data: { fired: 1 } } });
  expect(await deliver(body)).toMatchObject({ status: 200, body: { data: { fired: 0 } } });
});

test.each([
  ["no JSON", "nonsense"],
  ["a time that is none", '{"at":"tomorrow"}'],
  ["a name that is none", '{"schedule":7}'],
  ["a list", "[]"],
])("a signed message with %s is the caller's mistake, and fires nothing", async (_what, body) => {
  const before = await platform.database.query("select count(*) from schedule_slots");
  expect(await deliver(body)).toMatchObject({ status: 400, body: { data: null, error: { code: "VALIDATION" } } });
  expect(await platform.database.query("select count(*) from schedule_slots")).toEqual(before);
});

test("other paths of the scheduler are not there", async () => {
  expect(await deliver("", "/jobs/scheduler/other")).toMatchObject({ status: 404 });
});
