import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { serveFetch } from "../edge/support/serve-fetch.ts";
import { folderOf, openScanHouse, type Repo, removeFolders, type ScanHouse } from "./support/scan-house.ts";

let house: ScanHouse;
let repo: Repo;
let waiting: number;
let gate: PromiseWithResolvers<void>;
let door: Awaited<ReturnType<typeof serveFetch>>;

beforeAll(async () => {
  house = await openScanHouse();
  const direct = house.github.url;
  // GitHub, with files that come when the gate opens.
  door = await serveFetch(async (request) => {
    const { pathname, search } = new URL(request.url);
    if (pathname.includes("/git/blobs/")) {
      waiting += 1;
      await gate.promise;
    }
    return await fetch(`${direct}${pathname}${search}`, { headers: request.headers, redirect: "manual" });
  });
});
beforeEach(async () => {
  waiting = 0;
  gate = Promise.withResolvers();
  repo = await house.connect({ folder: folderOf({ "src/a.ts": "export const a = 1;\n" }) });
  await house.stageScan(repo);
  await house.work();
  await house.github.push({ repository: repo.fullName, files: { "src/b.ts": "export const b = 2;\n" } });
  await house.stageScan(repo);
  await house.work({ until: ({ name }) => name === "ingestion.scan-shard" });
  house.env.GITHUB_API_URL = door.url;
});
afterEach(() => {
  house.env.GITHUB_API_URL = house.github.url;
});
afterAll(async () => {
  await door?.close();
  await house?.close();
  removeFolders();
});

async function pendingStep(): Promise<string> {
  const [job] = await house.platform.database.query<{ id: string }>(
    "select id from jobs where mentorado_id = $1 and name = 'ingestion.scan-shard' and status = 'pending' order by created_at",
    [repo.mentoradoId],
  );
  return job?.id ?? "";
}

async function untilWaiting(count: number): Promise<void> {
  while (waiting < count) await new Promise((resolve) => setImmediate(resolve));
}

test("a step that is under way while its scan is superseded writes nothing", async () => {
  const { id: scanId } = await house.scan(repo);
  const step = house.platform.ring(await pendingStep());
  await untilWaiting(1);
  await house.github.push({ repository: repo.fullName, files: { "src/b.ts": "export const b = 3;\n" } });
  await house.platform.ring(await house.stageScan(repo));
  gate.resolve();
  expect(await (await step).json()).toMatchObject({ data: { outcome: "done", skipped: true, reason: "over" } });
  expect(await house.platform.database.query("select path from repo_files where scan_id = $1", [scanId])).toEqual([]);
  expect((await house.scansOf(repo))[1]).toMatchObject({ id: scanId, status: "superseded", shards_left: 1 });
  await house.work();
  expect(await house.scan(repo)).toMatchObject({ status: "done", files_read: 1, files_total: 2 });
});

test("a part that two steps end at once has ended once", async () => {
  const { id: scanId } = await house.scan(repo);
  const second = await house.stage({
    mentoradoId: repo.mentoradoId,
    name: "ingestion.scan-shard",
    payload: { scanId, shard: 0 },
  });
  const first = (await pendingStep()) === second ? "" : await pendingStep();
  const steps = [house.platform.ring(first), house.platform.ring(second)];
  await untilWaiting(2);
  gate.resolve();
  expect((await Promise.all(steps)).map(({ status }) => status)).toEqual([200, 200]);
  expect(await house.scan(repo)).toMatchObject({ shards_left: 0 });
  await house.work();
  expect(await house.scan(repo)).toMatchObject({ status: "done", files_read: 1 });
});
