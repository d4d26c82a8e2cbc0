import { sql } from "drizzle-orm";
import { v7 as uuidv7 } from "uuid";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { tick } from "../../functions/scheduler/services/tick.ts";
import { openDatabase } from "../../shared/db/database.ts";
import type { NewJob } from "../../shared/jobs/stage.ts";
import type { Kernel } from "../../shared/kernel.ts";
import type { Fault } from "../local/http-server.ts";
import { type Platform, startPlatform } from "../support/platform.ts";

const NAME = "finance.remind-due-charges";
const REQUEST_ID = "stage-test-request";

let platform: Platform;
let kernel: Kernel;
beforeAll(async () => {
  // The client of QStash tells the console of each refusal.
  for (const method of ["warn", "error"] as const) vi.spyOn(console, method).mockImplementation(() => undefined);
  platform = await startPlatform();
  platform.qstash.chaos.drop = 1;
  kernel = platform.kernel("finance");
});
afterEach(() => {
  platform.qstash.faults.length = 0;
});
afterAll(async () => {
  await platform.close();
  vi.restoreAllMocks();
});

/** What a procedure of an owner has, with what it handed to `waitUntil`. */
async function openPractice() {
  const { id: mentoradoId } = await platform.createMentorado();
  const { userId, sessionId } = await platform.createMember({ mentoradoId, role: "owner" });
  const rings: Promise<void>[] = [];
  const db = openDatabase({
    connection: kernel.connection,
    entry: sql`select guilda.enter_member(${userId}, ${sessionId}, ${mentoradoId}, '{owner}'::text[], ${REQUEST_ID})`,
    mentoradoId,
    requestId: REQUEST_ID,
    newId: uuidv7,
    onStaged: (jobs) => void rings.push(kernel.doorbell.ring(jobs, kernel.log)),
  });
  const stage = (jobs: NewJob[], answer = sql<string>`to_jsonb('written'::text)`) => db.write({ jobs, answer });
  return { mentoradoId, stage, rung: () => Promise.all(rings) };
}

function remind(dedupKey: string, change: { runAt?: string } = {}): NewJob {
  return { name: NAME, payload: { slot: "2026-03-10T12:00:00.000Z" }, dedupKey, ...change };
}

function jobsLike(dedupKey: string) {
  return platform.database.query<{ mentorado_id: string | null; ring: number; request_id: string; status: string }>(
    "select mentorado_id, ring, request_id, status from jobs where dedup_key like '%:' || $1 order by id",
    [dedupKey],
  );
}

test("a job staged under a key that is taken is the one that is there: after each other, in one write, and forty at once", async () => {
  const { mentoradoId, stage } = await openPractice();
  const key = uuidv7();
  await stage([remind(key)]);
  expect(await stage([remind(key)])).toBe("written");
  await stage([remind(key), remind(key)]);
  await Promise.all(Array.from({ length: 40 }, () => stage([remind(key)])));
  expect(await jobsLike(key)).toEqual([{ mentorado_id: mentoradoId, ring: 1, request_id: REQUEST_ID, status: "pending" }]);
});

test("the same key of two mentorados is two jobs", async () => {
  const [one, other] = [await openPractice(), await openPractice()];
  const key = uuidv7();
  for (const { stage } of [one, other]) await stage([remind(key)]);
  expect((await jobsLike(key)).map((job) => job.mentorado_id)).toEqual([one.mentoradoId, other.mentoradoId]);
});

test("a write that fails after it staged has staged nothing, and rings nobody", async () => {
  const { stage, rung } = await openPractice();
  const key = uuidv7();
  await expect(stage([remind(key)], sql`to_jsonb(1 / 0)`)).rejects.toThrow();
  expect(await jobsLike(key)).toEqual([]);
  expect(await rung()).toEqual([]);
});

test.each<[string, Fault]>([
  ["says 500", { kind: "status", status: 500, body: "{}" }],
  ["says 429", { kind: "status", status: 429, body: "{}" }],
  ["hangs up", { kind: "reset-before" }],
])("while QStash %s a write is answered as ever, and the sweeper rings for its job later", async (_what, fault) => {
  const { stage, rung } = await openPractice();
  const key = uuidv7();
  platform.qstash.faults.push(fault);
  expect(await stage([remind(key)])).toBe("written");
  await rung();
  expect(await jobsLike(key)).toMatchObject([{ status: "pending", ring: 1 }]);
  platform.qstash.faults.length = 0;
  await platform.database.query(
    "update jobs set run_at = now() - interval '2 minutes', rung_at = now() - interval '2 minutes' where dedup_key like '%:' || $1",
    [key],
  );
  const scheduler = platform.kernel("scheduler");
  expect(await tick({ kernel: scheduler, at: new Date(), requestId: "tick", schedules: [] })).toEqual({ fired: 0, rungAgain: 1 });
  expect(await jobsLike(key)).toMatchObject([{ status: "pending", ring: 2 }]);
});

test("a job of later is not swept before its time", async () => {
  const { stage } = await openPractice();
  const key = uuidv7();
  await stage([remind(key, { runAt: new Date(Date.now() + 3_600_000).toISOString() })]);
  await platform.database.query("update jobs set rung_at = now() - interval '1 hour' where dedup_key like '%:' || $1", [key]);
  await tick({ kernel: platform.kernel("scheduler"), at: new Date(), requestId: "tick", schedules: [] });
  expect(await jobsLike(key)).toMatchObject([{ ring: 1 }]);
});
