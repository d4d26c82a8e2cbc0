import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parseRepositoryName, parseRepositoryUrl } from "../../functions/patterns/repos/repository-name.ts";
import { insertRow } from "../db/support/insert-row.ts";
import { type Member, type Platform, startPlatform } from "../support/platform.ts";
import { openWorkshop, type Workshop } from "./support/open-workshop.ts";

let platform: Platform;
let workshop: Workshop;

beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform.close());
beforeEach(async () => {
  workshop = await openWorkshop(platform);
});

const URL_OF_FASTIFY = "https://github.com/fastify/fastify";

function stagedScans(): Promise<{ repo_id: string }[]> {
  return platform.database.query(
    "select payload ->> 'repoId' as repo_id from jobs where name = 'ingestion.scan-repo' and mentorado_id = $1 order by id",
    [workshop.mentoradoId],
  );
}

let installations = 1_000;
async function install(member: Member, state: Record<string, unknown> = {}): Promise<number> {
  installations += 1;
  await platform.database.query(
    "update users set github_user_id = $2 from set_config('app.actor_type', 'system', true) where id = $1",
    [member.userId, installations * 10],
  );
  await insertRow(platform.database, "github_installations", {
    installation_id: installations,
    account_login: "acme",
    account_type: "Organization",
    installed_by: installations * 10,
    event_at: "2026-11-20T12:00:00Z",
    ...state,
  });
  return installations;
}

describe("the address of a repository", () => {
  test.each([
    ["https://github.com/fastify/fastify", "fastify/fastify"],
    ["https://github.com/Fastify/fastify.git", "Fastify/fastify"],
    ["https://GitHub.com/a/b/", "a/b"],
    ["HTTPS://github.com/my-org/.github", "my-org/.github"],
    [`https://github.com/${"a".repeat(39)}/${"b".repeat(100)}`, `${"a".repeat(39)}/${"b".repeat(100)}`],
    ["https://github.com/octo_corp/x_y.z-1", "octo_corp/x_y.z-1"],
  ])("%s is %s", (url, name) => expect(parseRepositoryUrl(url)).toBe(name));

  test.each([
    "http://github.com/a/b",
    "https://github.com.evil.example/a/b",
    "https://evil.example/github.com/a/b",
    "https://user:secret@github.com/a/b",
    "https://token@github.com/a/b",
    "https://github.com:443/a/b",
    "https://www.github.com/a/b",
    "https://api.github.com/repos/a/b",
    "https://github.com/a/b/tree/main",
    "https://github.com/a/b?tab=readme",
    "https://github.com/a/b#readme",
    "https://github.com/a",
    "https://github.com//b",
    "https://github.com/a/..",
    "https://github.com/a/.",
    "https://github.com/../b",
    "https://github.com/-a/b",
    "https://github.com/a-/b",
    "https://github.com/a--b/c",
    `https://github.com/${"a".repeat(40)}/b`,
    `https://github.com/a/${"b".repeat(101)}`,
    "https://github.com/a/b c",
    "https://github.com/a/b%2fc",
    "https://github.com/a/bé",
    "https://github.com/a\\b/c",
    "git@github.com:a/b.git",
    "ssh://git@github.com/a/b",
    "file:///etc/passwd",
    "a/b",
    "",
  ])("%j is none", (url) => expect(parseRepositoryUrl(url)).toBeUndefined());

  test.each(["https://github.com/a/b", "a", "a/b/c", "/b", "a/", "a/..", "a b/c"])("%j is no name", (name) =>
    expect(parseRepositoryName(name)).toBeUndefined(),
  );
});

describe("connecting", () => {
  test("a public repository shows it at once, pending, and stages its first scan", async () => {
    const { owner, ownerMember } = workshop;
    const repo = await owner.repos.connect.mutate({ url: `${URL_OF_FASTIFY}.git` });
    expect(repo).toMatchObject({
      fullName: "fastify/fastify",
      source: "public",
      installationId: null,
      studentId: null,
      ingestionStatus: "pending",
      lastIngestedAt: null,
      connectedBy: ownerMember.userId,
      disconnectedAt: null,
      version: 1,
    });
    expect(await stagedScans()).toEqual([{ repo_id: repo.id }]);
    expect(await owner.repos.getById.query({ id: repo.id })).toMatchObject({ ...repo, scan: null, lastIngestedCommit: null });
  });

  test("the same one again, in other capitals and by its name, is the same one; it is looked at again", async () => {
    const { owner } = workshop;
    const repo = await owner.repos.connect.mutate({ url: URL_OF_FASTIFY });
    const others = [{ url: "https://github.com/Fastify/FASTIFY" }, { fullName: "fastify/fastify" }];
    for (const other of others) expect(await owner.repos.connect.mutate(other)).toEqual(repo);
    expect((await stagedScans()).map(({ repo_id }) => repo_id)).toEqual([repo.id, repo.id, repo.id]);
  });

  test("many times at once makes one", async () => {
    const { owner } = workshop;
    const answers = await Promise.all(Array.from({ length: 6 }, () => owner.repos.connect.mutate({ url: URL_OF_FASTIFY })));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
  });

  test("one that was disconnected brings it back with its patterns, once, however many are asked for at once", async () => {
    const { owner, repoId, propose } = workshop;
    const patternId = await propose();
    await owner.repos.disconnect.mutate({ id: repoId });
    const { fullName } = await owner.repos.getById.query({ id: repoId });
    const back = await Promise.all(Array.from({ length: 4 }, () => owner.repos.connect.mutate({ fullName })));
    expect(back.map(({ id, disconnectedAt, version }) => [id, disconnectedAt, version])).toEqual(
      back.map(() => [repoId, null, 3]),
    );
    expect((await owner.patterns.list.query({ repoId })).items.map(({ id }) => id)).toEqual([patternId]);
  });

  test("to a student, and later to another one or to none that is said", async () => {
    const { owner, mentoradoId } = workshop;
    const [first, second] = [uuidv7(), uuidv7()];
    for (const id of [first, second]) {
      await insertRow(platform.database, "students", { mentorado_id: mentoradoId, id, name: "Ana" });
    }
    const repo = await owner.repos.connect.mutate({ url: URL_OF_FASTIFY, studentId: first });
    expect(repo.studentId).toBe(first);
    expect((await owner.repos.connect.mutate({ url: URL_OF_FASTIFY })).studentId).toBe(first);
    expect(await owner.repos.connect.mutate({ url: URL_OF_FASTIFY, studentId: second })).toMatchObject({
      id: repo.id,
      studentId: second,
      version: 2,
    });
    expect((await owner.repos.list.query({ studentId: second })).items.map(({ id }) => id)).toEqual([repo.id]);
    expect((await owner.repos.list.query({ studentId: first })).items).toEqual([]);
  });

  test("to a student of nobody, or of another mentorado, is refused and leaves nothing", async () => {
    const { owner } = workshop;
    const stranger = uuidv7();
    const { id: elsewhere } = await platform.createMentorado();
    await insertRow(platform.database, "students", { mentorado_id: elsewhere, id: stranger, name: "Bia" });
    for (const studentId of [uuidv7(), stranger]) {
      await expect(owner.repos.connect.mutate({ url: URL_OF_FASTIFY, studentId })).rejects.toMatchObject({
        data: { errorCode: "STUDENT_NOT_FOUND" },
      });
    }
    expect((await owner.repos.list.query()).items).toHaveLength(1);
    expect(await stagedScans()).toEqual([]);
  });

  test("through an installation works for the person who installed it, and for nobody else", async () => {
    const { owner, ownerMember, join } = workshop;
    const installationId = await install(ownerMember);
    const { member, client: manager } = await join("manager");
    const others = await install(member);
    const repo = await owner.repos.connect.mutate({ installationId, fullName: "acme/secret" });
    expect(repo).toMatchObject({ source: "installation", installationId, fullName: "acme/secret" });
    for (const foreign of [others, 9_999_999]) {
      await expect(owner.repos.connect.mutate({ installationId: foreign, fullName: "acme/other" })).rejects.toMatchObject({
        data: { errorCode: "INSTALLATION_NOT_FOUND", httpStatus: 404 },
      });
    }
    expect((await owner.repos.installations.query()).items.map((each) => each.installationId)).toEqual([installationId]);
    expect((await manager.repos.installations.query()).items.map((each) => each.installationId)).toEqual([others]);
    // By its address alone it stays with its installation.
    expect(await owner.repos.connect.mutate({ fullName: "acme/secret" })).toEqual(repo);
  });

  test("through an installation that is suspended or gone is refused; only the suspended one is still shown", async () => {
    const { owner, ownerMember, join } = workshop;
    const suspended = await install(ownerMember, { suspended_at: "2026-11-20T12:00:00Z" });
    await expect(owner.repos.connect.mutate({ installationId: suspended, fullName: "acme/x" })).rejects.toMatchObject({
      data: { errorCode: "INSTALLATION_NOT_FOUND" },
    });
    expect((await owner.repos.installations.query()).items).toEqual([
      { installationId: suspended, accountLogin: "acme", accountType: "Organization", suspendedAt: "2026-11-20T12:00:00.000Z" },
    ]);
    const { member, client } = await join("manager");
    const deleted = await install(member, { deleted_at: "2026-11-20T12:00:00Z" });
    await expect(client.repos.connect.mutate({ installationId: deleted, fullName: "acme/x" })).rejects.toMatchObject({
      data: { errorCode: "INSTALLATION_NOT_FOUND" },
    });
    expect((await client.repos.installations.query()).items).toEqual([]);
  });

  test("a person without a GitHub account has no installation, though one came without a person", async () => {
    const { owner } = workshop;
    await insertRow(platform.database, "github_installations", {
      installation_id: 77,
      account_login: "orphan",
      account_type: "User",
      installed_by: null,
      event_at: "2026-11-20T12:00:00Z",
    });
    expect((await owner.repos.installations.query()).items).toEqual([]);
  });

  test("by an address and a name that differ, or by neither, is refused by the field", async () => {
    const { owner } = workshop;
    await expect(owner.repos.connect.mutate({ url: URL_OF_FASTIFY, fullName: "fastify/other" })).rejects.toMatchObject({
      data: { errorCode: "VALIDATION", field: "fullName" },
    });
    await expect(owner.repos.connect.mutate({})).rejects.toMatchObject({ data: { field: "url" } });
  });
});

describe("how far the reading has come", () => {
  const scan = (row: Record<string, unknown>) => workshop.addScan({ row: { finished_at: null, ...row } });
  const show = () => workshop.owner.repos.getById.query({ id: workshop.repoId });

  test("is told by the newest scan: with its progress, and with the reason why it failed", async () => {
    const done = await show();
    expect(done).toMatchObject({ ingestionStatus: "ingested", lastIngestedCommit: done.scan?.commit });
    expect(done.lastIngestedAt).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    await scan({ status: "running", shards_left: 1, files_total: 200, files_read: 50, started_at: "2099-01-01T00:00:00Z" });
    expect(await show()).toMatchObject({
      ingestionStatus: "ingesting",
      scan: { status: "running", filesTotal: 200, filesRead: 50, failure: null },
      lastIngestedCommit: done.lastIngestedCommit,
      lastIngestedAt: done.lastIngestedAt,
    });
    await scan({ status: "failed", failure: "ARCHIVE_TOO_LARGE", started_at: "2099-01-02T00:00:00Z" });
    expect(await show()).toMatchObject({ ingestionStatus: "failed", scan: { failure: "ARCHIVE_TOO_LARGE" } });
    await scan({ status: "superseded", started_at: "2099-01-03T00:00:00Z" });
    expect(await show()).toMatchObject({ ingestionStatus: "failed" });
    const { items } = await workshop.owner.repos.list.query();
    expect(items).toMatchObject([{ id: workshop.repoId, ingestionStatus: "failed", lastIngestedAt: done.lastIngestedAt }]);
  });

  test("comes with how many patterns there are of each status", async () => {
    const { owner, propose } = workshop;
    const [first, second] = [await propose(), await propose(), await propose()];
    await owner.patterns.promote.mutate({ id: first });
    await owner.patterns.reject.mutate({ id: second });
    expect((await show()).patternCounts).toEqual({ candidate: 1, authoritative: 1, rejected: 1, deferred: 0, deprecated: 0 });
  });
});

test("a repository is looked at again when somebody asks, unless it is disconnected", async () => {
  const { owner, repoId } = workshop;
  await owner.repos.rescan.mutate({ id: repoId });
  await owner.repos.rescan.mutate({ id: repoId });
  expect(await stagedScans()).toHaveLength(2);
  const gone = await owner.repos.disconnect.mutate({ id: repoId });
  expect(gone).toMatchObject({ version: 2, disconnectedAt: expect.stringMatching(/Z$/) });
  expect(await owner.repos.disconnect.mutate({ id: repoId })).toEqual(gone);
  await expect(owner.repos.rescan.mutate({ id: repoId })).rejects.toMatchObject({ data: { errorCode: "REPO_DISCONNECTED" } });
  expect((await owner.repos.list.query()).items).toEqual([]);
  expect(await owner.repos.getById.query({ id: repoId })).toMatchObject(gone);
});

test("repositories are listed newest first, page by page", async () => {
  const { owner, addRepo, repoId } = workshop;
  const ids = [repoId, await addRepo(), await addRepo()].reverse();
  const first = await owner.repos.list.query({ limit: 2 });
  expect(first.items.map(({ id }) => id)).toEqual(ids.slice(0, 2));
  const rest = await owner.repos.list.query({ limit: 2, cursor: first.nextCursor ?? "" });
  expect(rest).toMatchObject({ items: [{ id: repoId }], nextCursor: null });
});

test("what is another mentorado's is not there", async () => {
  const { owner } = workshop;
  const { repoId: id } = await openWorkshop(platform);
  for (const act of [owner.repos.getById.query, owner.repos.rescan.mutate, owner.repos.disconnect.mutate]) {
    await expect(act({ id })).rejects.toMatchObject({ data: { errorCode: "REPO_NOT_FOUND", httpStatus: 404 } });
  }
});
