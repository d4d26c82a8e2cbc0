import { afterAll, beforeAll, expect, test } from "vitest";
import { openIngestion } from "../../functions/ingestion/open-ingestion.ts";
import { SCAN_LIMITS, type ScanLimits } from "../../functions/ingestion/scan/scan-limits.ts";
import { jobPath } from "../../shared/jobs/catalog.ts";
import { serveJobs } from "../../shared/jobs/serve-jobs.ts";
import {
  type Injector,
  installInjector,
  type Mishap,
  type MishapKind,
  newTimeline,
  type Target,
  type Timeline,
} from "../faults/support/injector.ts";
import { signDelivery } from "../local/qstash/sign.ts";
import { folderOf, type Job, mineAtOnce, openScanHouse, type Repo, removeFolders, type ScanHouse } from "./support/scan-house.ts";

/** Two steps, with batches inside them, and a file that the archive lacks. */
const ONE_PART = { ...SCAN_LIMITS, stepBytes: 400, stepFiles: 2, batchRows: 4 };
const FOUR_PARTS = { ...ONE_PART, stepBytes: 150, shardBytes: 300 };
const FILES = Object.fromEntries(
  Array.from({ length: 10 }, (_, index) => [
    `src/file-${index}.ts`,
    `import { a } from "./a.ts";\nexport const value${index} = a(${index});\n`,
  ]),
);

let house: ScanHouse;
let injector: Injector;
let name: string;
let hash: string;
let installationId: number;

beforeAll(async () => {
  house = await openScanHouse();
  await house.github.setLimits({ installationPerHour: 1_000_000, pointsPerMinute: 1_000_000 });
  const folder = folderOf({ ...FILES, ".gitattributes": "secret/** export-ignore\n", "secret/a.ts": "export const a = 1;\n" });
  name = "crash";
  const { fullName } = await house.connect({ folder, name });
  ({ installationId } = await house.github.install({ account: "acme", repositories: [fullName] }));
  ({ hash } = await mineAtOnce(folder));
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

/** Plays a scan from its beginning to its end, each step in a process of its own that what strikes may kill. */
async function play({
  limits,
  mishaps = [],
}: {
  limits: ScanLimits;
  mishaps?: readonly Mishap[];
}): Promise<{ repo: Repo; timeline: Timeline }> {
  const repo = await house.connect({ name, installationId });
  const timeline = newTimeline(mishaps);
  const { query } = house.platform.database;
  await house.stageScan(repo);
  for (;;) {
    // The lease of who died has run out, and what waits need not wait.
    await query(
      "update jobs set run_at = now(), lease_until = null where mentorado_id = $1 and status in ('pending', 'running')",
      [repo.mentoradoId],
    );
    const [job] = await query<Job & Record<string, unknown>>(
      "select id, name from jobs where mentorado_id = $1 and worker_group = 'ingestion' and status in ('pending', 'running') order by created_at, id",
      [repo.mentoradoId],
    );
    if (job === undefined) break;
    await injector.run(timeline, (waitUntil) =>
      serveJobs<"ingestion">({ request: ring(job), ...openIngestion(house.env, limits), waitUntil }),
    );
  }
  for (const late of timeline.late) await late();
  return { repo, timeline };
}

function ring({ id, name: job }: Job): Request {
  const url = `${house.env.PUBLIC_URL}${jobPath(job)}`;
  const body = JSON.stringify({ jobId: id });
  const signature = signDelivery({
    key: house.env.QSTASH_CURRENT_SIGNING_KEY ?? "",
    url,
    body: Buffer.from(body),
    nowMs: Date.now(),
  });
  return new Request(url, { method: "POST", body, headers: { "upstash-signature": signature } });
}

async function expectFlawless(repo: Repo): Promise<void> {
  const scans = await house.scansOf(repo);
  expect(scans).toMatchObject([{ status: "done", state_hash: hash, shards_left: 0, files_total: 11, files_read: 11 }]);
  const unfinished = await house.platform.database.query(
    "select name, status, count(*)::integer as count from jobs where mentorado_id = $1 and status <> 'done' group by 1, 2",
    [repo.mentoradoId],
  );
  expect(unfinished).toEqual([{ name: "patterns.adopt-scan", status: "pending", count: 1 }]);
}

async function strikeAt({
  steps,
  kind,
  limits,
}: {
  steps: readonly number[];
  kind: MishapKind;
  limits: ScanLimits;
}): Promise<void> {
  for (const step of steps) {
    const { repo, timeline } = await play({ limits, mishaps: [{ kind, step }] });
    expect(timeline.struck, `${kind} at ${step}`).toHaveLength(1);
    await expectFlawless(repo).catch((cause) => {
      throw new Error(`${kind} at step ${step}, to the ${timeline.steps[step - 1]?.target}`, { cause });
    });
  }
}

/** Numbers of the steps to some target, from 1. */
function stepsTo({ steps }: Timeline, targets: readonly Target[]): number[] {
  return steps.flatMap(({ target }, index) => (targets.includes(target) ? [index + 1] : []));
}

test.each<[MishapKind, Target[]]>([
  ["dies-after", ["database", "provider"]],
  ["dies-late", ["database"]],
  ["lost", ["database", "provider"]],
])(
  "a scan of which any one request %s comes to what an undisturbed one comes to",
  async (kind, targets) => {
    const { repo, timeline } = await play({ limits: ONE_PART });
    await expectFlawless(repo);
    const steps = stepsTo(timeline, targets);
    expect(steps.length).toBeGreaterThan(12);
    await strikeAt({ steps, kind, limits: ONE_PART });
  },
  240_000,
);

test("a scan in four parts, of which one dies here or there, comes to the same", async () => {
  const { repo, timeline } = await play({ limits: FOUR_PARTS });
  await expectFlawless(repo);
  const writes = stepsTo(timeline, ["database"]);
  expect(writes.length).toBeGreaterThan(40);
  await strikeAt({ steps: writes.filter((_, index) => index % 6 === 2), kind: "dies-after", limits: FOUR_PARTS });
}, 240_000);
