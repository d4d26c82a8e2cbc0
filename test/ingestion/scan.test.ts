import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from "vitest";
import { SCAN_LIMITS } from "../../functions/ingestion/scan/scan-limits.ts";
import {
  folderOf,
  type Job,
  mineAtOnce,
  openScanHouse,
  type Repo,
  realFolder,
  removeFolders,
  type ScanHouse,
  write,
} from "./support/scan-house.ts";

const SMALL_STEPS = { ...SCAN_LIMITS, stepBytes: 30_000, stepFiles: 2, batchRows: 7, batchBytes: 20_000 };
const FEW = Object.fromEntries(
  Array.from({ length: 24 }, (_, index) => [
    `src/part-${index % 3}/file-${index}.ts`,
    `import { a } from "./a.ts";\nexport const value${index} = a(${index});\n`,
  ]),
);

let house: ScanHouse;
beforeAll(async () => {
  house = await openScanHouse();
});
beforeEach(async () => {
  house.limits = SCAN_LIMITS;
  house.github.faults.length = 0;
  await house.github.setLimits({
    anonymousPerHour: 1_000_000,
    pointsPerMinute: 1_000_000,
    treeEntries: 100_000,
    archiveBytes: null,
  });
});
afterAll(async () => {
  await house?.close();
  removeFolders();
});

async function scanned(repo: Repo) {
  await house.stageScan(repo);
  await house.work();
  return await house.scan(repo);
}

/** The hash that a mentorado gets who connects the repository now. */
async function freshHash({ fullName }: Repo): Promise<string | null> {
  const { status, state_hash } = await scanned(await house.connect({ name: fullName.split("/")[1] ?? "" }));
  expect(status).toBe("done");
  return state_hash;
}

describe("a scan", () => {
  test("comes to what the files come to when they are mined at once, and tells what it left out", async () => {
    const folder = realFolder();
    const repo = await house.connect({ folder });
    const scan = await scanned(repo);
    const { hash, sources } = await mineAtOnce(folder);
    expect(scan).toMatchObject({
      status: "done",
      kind: "full",
      failure: null,
      state_hash: hash,
      full_name: repo.fullName,
      shards_left: 0,
      files_total: sources,
    });
    expect(scan.skipped).toEqual({
      link: 1,
      "in a folder of foreign code": expect.any(Number),
      "larger than 256 KiB": 1,
      "marked linguist-vendored": 1,
      "named as a lock file": 1,
      "named as binary": 1,
      "with NUL bytes": 1,
      "with a mark of generated code": 1,
      "with very long lines": 1,
    });
    expect(scan.files_read).toBe(sources + 3);
    expect(scan.candidates?.length).toBeGreaterThan(5);
    const adoptions = await house.platform.database.query(
      "select payload from jobs where name = 'patterns.adopt-scan' and mentorado_id = $1",
      [repo.mentoradoId],
    );
    expect(adoptions).toEqual([{ payload: { scanId: scan.id } }]);
  });

  test.each([1, 4, 16])("comes to the same in %i parts of many small steps, done in any order", async (shards) => {
    const folder = realFolder();
    const repo = await house.connect({ folder });
    house.limits = { ...SMALL_STEPS, shardBytes: 800_000 / shards };
    await house.stageScan(repo);
    let seed = shards;
    await house.work({
      pick: (jobs) => {
        seed = (seed * 48_271) % 2_147_483_647;
        return jobs[seed % jobs.length] as Job;
      },
    });
    const scan = await house.scan(repo);
    expect(scan).toMatchObject({ status: "done", shards, state_hash: (await mineAtOnce(folder)).hash });
    const steps = await house.platform.database.query(
      "select id from jobs where mentorado_id = $1 and name = 'ingestion.scan-shard'",
      [repo.mentoradoId],
    );
    expect(steps.length).toBeGreaterThan(shards);
  });

  test("of a tree that GitHub does not tell whole reads the archive alone", async () => {
    const folder = folderOf({ ...FEW, "docs/a.md": "# A\n", "src/out.min.js": "1\n" });
    await house.github.setLimits({ treeEntries: 3 });
    const repo = await house.connect({ folder });
    house.limits = { ...SMALL_STEPS, stepBytes: 100 };
    const { hash } = await mineAtOnce(folder);
    expect(await scanned(repo)).toMatchObject({ status: "done", kind: "full", shards: 16, state_hash: hash, files_total: 24 });
    await house.github.push({
      repository: repo.fullName,
      files: { "src/part-0/file-0.ts": null, "src/new.ts": "export default 1;\n" },
    });
    const again = await scanned(repo);
    expect(again).toMatchObject({ status: "done", files_total: 24, files_read: 1, state_hash: await freshHash(repo) });
  });
});

describe("after a push", () => {
  let repo: Repo;
  beforeEach(async () => {
    repo = await house.connect({ folder: folderOf(FEW) });
    await scanned(repo);
  });

  test("of few files only these are read, and it comes to what a scan of all comes to", async () => {
    const before = await house.scan(repo);
    await house.github.push({
      repository: repo.fullName,
      files: {
        "src/part-1/file-1.ts": "export const changed = () => 'single';\n",
        "src/part-2/file-2.ts": null,
        "src/part-0/added.ts": "export default class Added {}\n",
        "README.md": "# New\n",
      },
    });
    const scan = await scanned(repo);
    expect(scan).toMatchObject({
      status: "done",
      kind: "incremental",
      files_read: 2,
      files_total: 24,
      state_hash: await freshHash(repo),
    });
    expect(scan.state_hash).not.toBe(before.state_hash);
  });

  test("of many files the archive is read, but for those that are known", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 70 }, (_, index) => [`src/more/m${index}.ts`, `export const m = ${index};\n`]),
    );
    await house.github.push({ repository: repo.fullName, files });
    expect(await scanned(repo)).toMatchObject({
      kind: "full",
      files_read: 70,
      files_total: 94,
      state_hash: await freshHash(repo),
    });
  });

  test("that takes a file away and brings it back nothing is read again", async () => {
    const before = await house.scan(repo);
    const path = "src/part-1/file-1.ts";
    await house.github.push({ repository: repo.fullName, files: { [path]: null } });
    expect((await scanned(repo)).state_hash).toBe(await freshHash(repo));
    await house.github.push({ repository: repo.fullName, files: { [path]: FEW[path] ?? "" } });
    expect(await scanned(repo)).toMatchObject({ files_read: 0, state_hash: before.state_hash });
  });

  test("that changes what the attributes say, what is counted changes, and nothing is read again", async () => {
    await house.github.push({ repository: repo.fullName, files: { ".gitattributes": "src/part-1/** linguist-generated\n" } });
    expect(await scanned(repo)).toMatchObject({ files_read: 0, files_total: 16, state_hash: await freshHash(repo) });
    await house.github.push({ repository: repo.fullName, files: { ".gitattributes": null } });
    expect(await scanned(repo)).toMatchObject({ files_read: 0, files_total: 24 });
  });

  test("of nothing new there is nothing to do, which the job answers", async () => {
    const job = await house.stageScan(repo);
    const response = await house.platform.ring(job);
    expect(await response.json()).toEqual({ data: { outcome: "done", skipped: true, reason: "unchanged" }, error: null });
    expect(await house.scansOf(repo)).toHaveLength(1);
  });

  test("a new name is told by a scan that reads nothing", async () => {
    await house.github.renameRepository({ repository: repo.fullName, name: `renamed-${repo.id.slice(-12)}` });
    const scan = await scanned(repo);
    expect(scan).toMatchObject({ status: "done", files_read: 0, full_name: `acme/renamed-${repo.id.slice(-12)}` });
  });
});

describe("a push in the middle of a scan", () => {
  test.each(["ingestion.scan-shard", "ingestion.finish-scan"])(
    "before %s supersedes it, and its steps end quietly",
    async (name) => {
      const repo = await house.connect({ folder: folderOf(FEW) });
      house.limits = { ...SMALL_STEPS, stepBytes: 300 };
      await house.stageScan(repo);
      let seen = 0;
      await house.work({ until: (job) => job.name === name && ++seen === (name === "ingestion.scan-shard" ? 3 : 1) });
      await house.github.push({ repository: repo.fullName, files: { "src/part-0/file-0.ts": "export const other = 1;\n" } });
      const next = await house.stageScan(repo);
      await house.platform.ring(next);
      await house.work({ pick: (jobs) => jobs[0] as Job });
      const [latest, former, ...others] = await house.scansOf(repo);
      expect(others).toEqual([]);
      expect(former).toMatchObject({ status: "superseded", state_hash: null });
      expect(latest).toMatchObject({ status: "done", state_hash: await freshHash(repo) });
      expect(await unfinished(repo)).toEqual([]);
    },
  );

  test("back to what was read before is read again", async () => {
    const repo = await house.connect({ folder: folderOf(FEW) });
    const first = await scanned(repo);
    const path = "src/part-0/file-0.ts";
    await house.github.push({ repository: repo.fullName, files: { [path]: "export const b = 1;\n" } });
    const second = await scanned(repo);
    await house.github.push({ repository: repo.fullName, sha: first.commit_sha ?? "" });
    const third = await scanned(repo);
    expect(third).toMatchObject({ commit_sha: first.commit_sha, status: "done", state_hash: first.state_hash });
    expect(second.state_hash).not.toBe(first.state_hash);
  });
});

async function unfinished({ mentoradoId }: Repo) {
  return await house.platform.database.query(
    "select name, status, last_error from jobs where mentorado_id = $1 and worker_group = 'ingestion' and status <> 'done'",
    [mentoradoId],
  );
}

describe("an archive", () => {
  test("that breaks off on its way is asked for again", async () => {
    const folder = folderOf(FEW);
    const repo = await house.connect({ folder });
    await house.stageScan(repo);
    await house.github.setLimits({ archiveBytes: 700 });
    await house.work({ until: ({ name, attempts }) => name === "ingestion.scan-shard" && attempts === 1 });
    await house.github.setLimits({ archiveBytes: null });
    await house.work();
    expect(await house.scan(repo)).toMatchObject({ status: "done", state_hash: (await mineAtOnce(folder)).hash });
  });

  test("that always breaks off fails the scan with its reason, and the job is done", async () => {
    const repo = await house.connect({ folder: folderOf(FEW) });
    await house.github.setLimits({ archiveBytes: 700 });
    expect(await scanned(repo)).toMatchObject({ status: "failed", failure: "bad_gzip", candidates: null });
    expect(await unfinished(repo)).toEqual([]);
  });

  test("that is none fails the scan with its reason, and the next scan may do better", async () => {
    const folder = folderOf(FEW);
    const repo = await house.connect({ folder });
    house.github.faults.push({ kind: "garbage", path: "/codeload" });
    expect(await scanned(repo)).toMatchObject({ status: "failed", failure: "not_gzip" });
    house.github.faults.length = 0;
    expect(await scanned(repo)).toMatchObject({ status: "done", state_hash: (await mineAtOnce(folder)).hash });
    expect((await house.scansOf(repo)).map(({ status }) => status)).toEqual(["done", "failed"]);
  });
});

describe("GitHub", () => {
  test("that asks to slow down is waited for, however often, and no scan fails of it", async () => {
    const folder = folderOf(FEW);
    const repo = await house.connect({ folder });
    await house.stageScan(repo);
    const limited = { kind: "status", status: 403, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1" } } as const;
    for (const [path, skip] of [
      ["/repos/", 0],
      ["/commits/", 0],
      ["/git/trees", 0],
      ["/git/trees", 1],
      ["/tarball", 0],
    ] as const)
      house.github.faults.push({ ...limited, path, skip, times: 5 });
    await house.work();
    expect(house.github.faults).toEqual([]);
    expect(await house.scansOf(repo)).toMatchObject([{ status: "done", state_hash: (await mineAtOnce(folder)).hash }]);
    expect(await unfinished(repo)).toEqual([]);
  });

  test("that is down for good fails the scan in the end", async () => {
    const repo = await house.connect({ folder: folderOf(FEW) });
    house.github.faults.push({ kind: "status", status: 500, path: "/tarball" });
    await house.platform.redis.flush();
    expect(await scanned(repo)).toMatchObject({ status: "failed", failure: "unavailable" });
    await house.platform.redis.flush();
  });

  test.each([
    [404, "not_found"],
    [451, "blocked"],
    [403, "access_lost"],
    [409, "empty"],
  ] as const)("that answers %i fails the scan at once: %s", async (status, failure) => {
    const repo = await house.connect({ folder: folderOf(FEW) });
    house.github.faults.push({ kind: "status", status, path: "/repos/" });
    expect(await scanned(repo)).toMatchObject({ status: "failed", failure, commit_sha: null, full_name: null });
    expect(await unfinished(repo)).toEqual([]);
  });

  test("that suspends the installation between two steps fails the scan: access lost", async () => {
    const folder = folderOf(FEW);
    const name = `private-${Date.now()}`;
    const { fullName } = await house.connect({ folder, name });
    await house.github.setVisibility({ repository: fullName, isPrivate: true });
    const { installationId } = await house.github.install({ account: "acme", repositories: [fullName] });
    const repo = await house.connect({ name, installationId });
    expect(await scanned(repo)).toMatchObject({ status: "done", state_hash: (await mineAtOnce(folder)).hash });
    await house.github.push({ repository: fullName, files: { "src/new.ts": "export const n = 1;\n" } });
    await house.stageScan(repo);
    await house.work({ until: ({ name: job }) => job === "ingestion.scan-shard" });
    await house.github.suspend({ installationId });
    await house.work();
    expect(await house.scan(repo)).toMatchObject({ status: "failed", failure: "access_lost" });
    await house.github.unsuspend({ installationId });
    expect(await scanned(repo)).toMatchObject({ status: "done", state_hash: await freshPrivateHash(name, installationId) });
    await house.github.uninstall({ installationId });
  });

  async function freshPrivateHash(name: string, installationId: number) {
    return (await scanned(await house.connect({ name, installationId }))).state_hash;
  }
});

describe("another mentorado", () => {
  test("neither scans what is not theirs nor works on its parts", async () => {
    const repo = await house.connect({ folder: folderOf(FEW) });
    await house.stageScan(repo);
    await house.work({ until: ({ name }) => name === "ingestion.scan-shard" });
    const { id: scanId } = await house.scan(repo);
    const other = await house.platform.createMentorado();
    await house.stageScan({ ...repo, mentoradoId: other.id });
    for (const [name, payload] of [
      ["ingestion.scan-shard", { scanId, shard: 0 }],
      ["ingestion.finish-scan", { scanId }],
    ] as const)
      await house.stage({ mentoradoId: other.id, name, payload });
    await house.work({
      pick: (jobs) => jobs.find(({ mentorado_id }) => mentorado_id === other.id) ?? (jobs[0] as Job),
      until: ({ mentorado_id }) => mentorado_id !== other.id,
    });
    for (const table of ["scans", "scan_shards", "repo_files"])
      expect(await house.platform.database.query(`select 1 from ${table} where mentorado_id = $1`, [other.id]), table).toEqual(
        [],
      );
    expect(await house.scan(repo)).toMatchObject({ status: "running", shards_left: 1 });
    await house.work();
    expect(await house.scan(repo)).toMatchObject({ status: "done" });
  });
});

it("reads again what an older miner has read", async () => {
  const folder = folderOf(FEW);
  const repo = await house.connect({ folder });
  await scanned(repo);
  await house.platform.database.query("update repo_files set miner_version = 0, tally = '{}' where repo_id = $1", [repo.id]);
  await house.platform.database.query("update scans set miner_version = 0, state_hash = 'old' where repo_id = $1", [repo.id]);
  write(folder, "unused.ts", "");
  expect(await scanned(repo)).toMatchObject({ status: "done", files_read: 24, state_hash: await freshHash(repo) });
});
