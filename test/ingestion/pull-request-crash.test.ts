import { afterAll, beforeAll, expect, test } from "vitest";
import { openIngestion } from "../../functions/ingestion/open-ingestion.ts";
import { jobPath } from "../../shared/jobs/catalog.ts";
import { serveJobs } from "../../shared/jobs/serve-jobs.ts";
import {
  type Injector,
  installInjector,
  type Mishap,
  type MishapKind,
  newTimeline,
  type Step,
  type Target,
  type Timeline,
} from "../faults/support/injector.ts";
import { signDelivery } from "../local/qstash/sign.ts";
import { NO_LOGGING, openPullHouse, openPullStage, type PullHouse, type PullStage } from "./support/pull-house.ts";
import { type Job, removeFolders } from "./support/scan-house.ts";

const LONG_MS = 240_000;
/** Two batches of annotations, more places than comments, and a comment that is to be resolved after the second push. */
const BEFORE = { "src/a.ts": "console.log(1);\n", "src/b.ts": "console.log(2);\n".repeat(60) };
const AFTER = { "src/a.ts": "export const a = 1;\n", "src/c.ts": "console.log(3);\n" };

let house: PullHouse;
let injector: Injector;

beforeAll(async () => {
  house = await openPullHouse();
  injector = installInjector(
    new Map<string, Target>([
      [new URL(house.env.NEON_FETCH_ENDPOINT ?? "").origin, "database"],
      [house.platform.redis.url, "cache"],
      [house.platform.qstash.url, "broker"],
      [house.github.url, "provider"],
    ]),
  );
});
afterAll(async () => {
  injector?.close();
  await house?.close();
  removeFolders();
});

/** A pull request and a push to it, each job in a process of its own that what strikes may kill. */
async function play(mishaps: readonly Mishap[] = []): Promise<{ stage: PullStage; timeline: Timeline }> {
  const stage = await openPullStage({ house, files: { "README.md": "# Shop\n" } });
  await stage.addPattern({ checker: NO_LOGGING });
  const timeline = newTimeline(mishaps);
  await stage.open(BEFORE);
  await drain({ stage, timeline });
  await stage.push(AFTER);
  await drain({ stage, timeline });
  for (const late of timeline.late) await late();
  await drain({ stage, timeline });
  return { stage, timeline };
}

async function drain({ stage, timeline }: { stage: PullStage; timeline: Timeline }): Promise<void> {
  const { query } = house.platform.database;
  await house.github.idle();
  for (;;) {
    // The lease of who died has run out, what waits need not wait, and what was called has settled.
    await query("update jobs set run_at = now(), lease_until = null where status in ('pending', 'running')");
    await query("update effects set updated_at = updated_at - interval '1 hour' where mentorado_id = $1", [
      stage.repo.mentoradoId,
    ]);
    const [job] = await query<Job & Record<string, unknown>>(
      "select id, name from jobs where worker_group = 'ingestion' and status in ('pending', 'running') and name <> 'ingestion.scan-repo' order by created_at, id",
    );
    if (job === undefined) break;
    const run = (line: Timeline) =>
      injector.run(line, (waitUntil) => serveJobs<"ingestion">({ request: ring(job), ...openIngestion(house.env), waitUntil }));
    await run(job.name === "ingestion.process-github-event" ? newTimeline() : timeline);
  }
}

function ring({ id, name: job }: Job): Request {
  const url = `${house.env.PUBLIC_URL}${jobPath(job)}`;
  const body = JSON.stringify({ jobId: id });
  const key = house.env.QSTASH_CURRENT_SIGNING_KEY ?? "";
  const signature = signDelivery({ key, url, body: Buffer.from(body), nowMs: Date.now() });
  return new Request(url, { method: "POST", body, headers: { "upstash-signature": signature } });
}

async function expectFlawless(stage: PullStage): Promise<void> {
  const runs = await stage.checkRuns();
  expect(runs.map(({ conclusion, output }) => [conclusion, output.annotations_count])).toEqual([
    ["failure", 61],
    ["failure", 61],
  ]);
  expect((await stage.checks()).map(({ id, status, check_run_id }) => [id, status, Number(check_run_id)])).toEqual(
    runs.map(({ id, external_id }) => [external_id, "done", id]).toReversed(),
  );
  const comments = await stage.comments();
  expect(comments).toHaveLength(10);
  expect(comments.filter(({ body }) => body.startsWith("**Resolved")).map(({ path }) => path)).toEqual(["src/a.ts"]);
  const kept = (await stage.violations()).flatMap(({ comment_id }) => (comment_id === null ? [] : [Number(comment_id)]));
  expect(kept.sort((one, other) => one - other)).toEqual(comments.map(({ id }) => id));
  const unfinished = await house.platform.database.query(
    "select name, status, last_error from jobs where mentorado_id = $1 and status <> 'done' and name <> 'ingestion.scan-repo'",
    [stage.repo.mentoradoId],
  );
  expect(unfinished).toEqual([]);
}

function isCreation({ target, method }: Step): boolean {
  return target === "provider" && (method === "POST" || method === "PATCH");
}

/** Strikes at each step that is meant, at two far from each other in one play. @returns how many there are. */
async function strikeAtEach(kind: MishapKind, isMeant: (step: Step) => boolean): Promise<number> {
  const { stage, timeline } = await play();
  await expectFlawless(stage);
  const steps = timeline.steps.flatMap((step, index) => (isMeant(step) ? [index + 1] : []));
  const half = Math.ceil(steps.length / 2);
  const pairs = steps.slice(0, half).map((step, at) => [step, ...steps.slice(half + at, half + at + 1)]);
  for (const pair of pairs) {
    const struck = await play(pair.map((step) => ({ kind, step })));
    expect(struck.timeline.struck, `${kind} at ${pair}`).toHaveLength(pair.length);
    await expectFlawless(struck.stage).catch((cause: unknown) => {
      const at = pair.map((step) => Object.values(struck.timeline.steps[step - 1] ?? {}).join(" "));
      throw new Error(`${kind} at ${pair} (${at}): ${String(cause)}`, { cause });
    });
  }
  return steps.length;
}

/** A death before a request is the death after the one before it, and one after a question changes nothing. */
test("a death after any write leaves one check run for each head, and each comment once", { timeout: LONG_MS }, async () => {
  const isWrite = (step: Step) => step.target === "database" || isCreation(step);
  expect(await strikeAtEach("dies-after", isWrite)).toBeGreaterThan(20);
});

test.each<[MishapKind]>([["failed"], ["lost"], ["refused"]])(
  "GitHub that did what it was asked, or not, and whose answer is %s is not asked twice",
  { timeout: LONG_MS },
  async (kind) => {
    expect(await strikeAtEach(kind, isCreation)).toBeGreaterThan(6);
  },
);
