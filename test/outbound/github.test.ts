import { createHash, createPrivateKey } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readTar } from "../../functions/ingestion/archive/read-tar.ts";
import { createGithub, type RepositoryCalls, RepositoryRefused } from "../../functions/ingestion/outbound/github.ts";
import { createCache } from "../../shared/cache/redis.ts";
import { ProviderError } from "../../shared/outbound/provider-error.ts";
import { type GitHub, startGitHub } from "../local/github.ts";
import { json, type StandIn, serve } from "../local/http-server.ts";
import { startRedis } from "../local/redis.ts";
import { watchLog } from "./support/watch-log.ts";

const REDIS_TOKEN = "redis-token";
const SHOP = "acme/shop";
const UNKNOWN_SHA = "0123456789".repeat(4);
const FILES: Record<string, string> = {
  "src/a.ts": "export const a = 1;\n",
  "src/é b.ts": "export const b = 2;\n",
  "README.md": "# A\n",
  "logo.bin": "\u0000ÿ\u0001",
};

let redis: StandIn;
let standIn: GitHub;
let watch: ReturnType<typeof watchLog>;
let folder: string;

beforeEach(async () => {
  [redis, standIn] = await Promise.all([startRedis({ token: REDIS_TOKEN }), startGitHub()]);
  watch = watchLog();
  folder = mkdtempSync(join(tmpdir(), "guilda-repository-"));
  for (const [path, content] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  symlinkSync("src/a.ts", join(folder, "link.ts"));
  await standIn.addRepository({ folder, owner: "acme", name: "shop" });
});
afterEach(async () => {
  watch.close();
  await Promise.all([redis.close(), standIn.close()]);
  rmSync(folder, { recursive: true });
});

function open({ baseUrl = standIn.url, privateKey = standIn.privateKey }: { baseUrl?: string; privateKey?: string } = {}) {
  const cache = createCache({ url: redis.url, token: REDIS_TOKEN });
  return createGithub({ baseUrl, appId: standIn.appId, privateKey, cache });
}

function repositories(installationId: number | null = null, github = open()): RepositoryCalls {
  return github.repositories(installationId, { log: watch.log });
}

async function makePrivate(): Promise<number> {
  await standIn.setVisibility({ repository: SHOP, isPrivate: true });
  return (await standIn.install({ account: "acme", repositories: [SHOP] })).installationId;
}

async function headOf(calls: RepositoryCalls): Promise<{ fullName: string; commitSha: string }> {
  const { fullName, defaultBranch } = await calls.getRepository({ githubId: null, fullName: SHOP });
  return { fullName, commitSha: await calls.getHead({ fullName, branch: defaultBranch }) };
}

function blobSha(content: string): string {
  const bytes = Buffer.from(content);
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

async function failed(pending: Promise<unknown>): Promise<unknown> {
  return pending.then(
    () => undefined,
    (error: unknown) => error,
  );
}

function operations(): unknown[] {
  return watch.lines().map(({ operation }) => operation);
}

describe("a repository", () => {
  test("is found by its name, by a former name and, however it is called, by its id", async () => {
    const calls = repositories();
    const found = await calls.getRepository({ githubId: null, fullName: SHOP });
    expect(found).toEqual({ githubId: expect.any(Number), fullName: SHOP, isPrivate: false, defaultBranch: "main" });
    await standIn.renameRepository({ repository: SHOP, name: "store" });
    const renamed = { ...found, fullName: "acme/store" };
    expect(await calls.getRepository({ githubId: null, fullName: SHOP })).toEqual(renamed);
    expect(await calls.getRepository({ githubId: found.githubId, fullName: SHOP })).toEqual(renamed);
  });

  test.each(["acme", "acme/..", "../shop", "acme/shop/../../user", "acme/sh op", ""])(
    "is not asked for as %j",
    async (fullName) => {
      expect(await failed(repositories().getRepository({ githubId: null, fullName }))).toMatchObject({
        errorCode: "REPOSITORY_NAME_INVALID",
      });
      expect(watch.lines()).toEqual([]);
    },
  );

  test("tells where its branch is, and for nothing when it has not moved", async () => {
    const calls = repositories();
    const { fullName, commitSha } = await headOf(calls);
    expect(commitSha).toMatch(/^[0-9a-f]{40}$/);
    expect(await calls.getHead({ fullName, branch: "main", known: commitSha })).toBe(commitSha);
    expect(watch.lines().at(-1)).toMatchObject({ operation: "getHead", status: 304, outcome: "ok" });
    await standIn.push({ repository: SHOP, files: { "src/c.ts": "export const c = 3;\n" } });
    const moved = await calls.getHead({ fullName, branch: "main", known: commitSha });
    expect(moved).toMatch(/^[0-9a-f]{40}$/);
    expect(moved).not.toBe(commitSha);
  });

  test("tells a branch whose name has a slash", async () => {
    await standIn.push({ repository: SHOP, branch: "feat/new", files: { "n.ts": "" } });
    expect(await repositories().getHead({ fullName: SHOP, branch: "feat/new" })).toMatch(/^[0-9a-f]{40}$/);
  });

  test("lists its files with git's own hashes, and counts its links", async () => {
    const calls = repositories();
    const { files, links, isTruncated } = await calls.getTree(await headOf(calls));
    expect({ links, isTruncated }).toEqual({ links: 1, isTruncated: false });
    expect(new Map(files.map(({ path, sha, size }) => [path, [sha, size]]))).toEqual(
      new Map(Object.entries(FILES).map(([path, content]) => [path, [blobSha(content), Buffer.byteLength(content)]])),
    );
  });

  test("says when it has more files than GitHub lists", async () => {
    await standIn.setLimits({ treeEntries: 2 });
    const calls = repositories();
    expect((await calls.getTree(await headOf(calls))).isTruncated).toBe(true);
  });

  test("lists a tree of several megabytes", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 9_000 }, (_, index) => [`src/a-rather-long-folder-name/${index}.ts`, `${index}`]),
    );
    await standIn.push({ repository: SHOP, files });
    const calls = repositories();
    expect((await calls.getTree(await headOf(calls))).files).toHaveLength(9_000 + 4);
  });

  test("gives a file to the byte", async () => {
    for (const content of Object.values(FILES))
      expect(Buffer.from(await repositories().getBlob({ fullName: SHOP, sha: blobSha(content) }))).toEqual(Buffer.from(content));
  });

  test("streams its archive, from where GitHub keeps it", async () => {
    const calls = repositories();
    const head = await headOf(calls);
    const archive = readTar(await calls.openTarball(head), { wants: () => true });
    const contents: Record<string, string> = {};
    for await (const { path, bytes } of archive) contents[path] = Buffer.from(bytes).toString();
    expect(contents).toEqual(FILES);
    expect(archive.summary).toMatchObject({ commitId: head.commitSha, skipped: { link: 1 } });
  });

  test("is not fetched from a host that is not GitHub's", async () => {
    const elsewhere = await serve({ handle: async () => json(200, "stolen") });
    const github = await serve({ handle: async () => ({ status: 302, headers: { location: `${elsewhere.url}/archive` } }) });
    const calls = repositories(null, open({ baseUrl: github.url }));
    expect(await failed(calls.openTarball({ fullName: SHOP, commitSha: UNKNOWN_SHA }))).toMatchObject({ providerStatus: 302 });
    await Promise.all([elsewhere.close(), github.close()]);
  });
});

describe("an installation", () => {
  test("opens what is private with one token for all calls, which nobody else has", async () => {
    const installationId = await makePrivate();
    const github = open();
    await headOf(repositories(installationId, github));
    await headOf(repositories(installationId, github));
    expect(operations()).toEqual(["createInstallationToken", "getRepository", "getHead", "getRepository", "getHead"]);
    expect(await failed(repositories(null, github).getRepository({ githubId: null, fullName: SHOP }))).toMatchObject({
      reason: "not_found",
    });
    expect(watch.text()).not.toMatch(/ghs_|eyJ/);
  });

  test("signs with the key in each form that it comes in", async () => {
    const installationId = await makePrivate();
    const key = createPrivateKey(standIn.privateKey);
    expect(standIn.privateKey).toContain("BEGIN RSA PRIVATE KEY");
    const pkcs8 = key.export({ type: "pkcs8", format: "pem" }).toString();
    for (const privateKey of [
      standIn.privateKey,
      pkcs8,
      standIn.privateKey.replaceAll("\n", "\\n"),
      pkcs8.replaceAll("\n", "\\n"),
    ])
      await expect(headOf(repositories(installationId, open({ privateKey })))).resolves.toBeDefined();
  });

  test("says nothing of a key that is none", async () => {
    const calls = repositories(1, open({ privateKey: "-----BEGIN RSA PRIVATE KEY-----secret" }));
    expect(String(await failed(headOf(calls)))).not.toContain("secret");
  });

  test("asks for a new token when GitHub no longer takes the one that it has", async () => {
    const installationId = await makePrivate();
    const calls = repositories(installationId);
    await headOf(calls);
    standIn.faults.push({ kind: "status", status: 401, path: "/git/blobs", times: 1 });
    await expect(calls.getBlob({ fullName: SHOP, sha: blobSha(FILES["README.md"] ?? "") })).resolves.toBeDefined();
    expect(operations().slice(-3)).toEqual(["getBlob", "createInstallationToken", "getBlob"]);
  });

  test.each(["suspended", "removed", "narrowed"] as const)("that was %s has lost access", async (change) => {
    const installationId = await makePrivate();
    const calls = repositories(installationId);
    await headOf(calls);
    if (change === "suspended") await standIn.suspend({ installationId });
    if (change === "removed") await standIn.uninstall({ installationId });
    if (change === "narrowed") await standIn.chooseRepositories({ installationId, remove: [SHOP] });
    for (const each of [calls, repositories(installationId)]) {
      const error = await failed(headOf(each));
      expect(error).toBeInstanceOf(RepositoryRefused);
      // GitHub tells a repository that is not to be seen from one that is not there to nobody.
      expect(error).toMatchObject({ reason: change === "narrowed" ? "not_found" : "access_lost", retryable: false });
    }
  });

  test("of an App that GitHub does not know is no fault of the repository", async () => {
    standIn.faults.push({ kind: "status", status: 401, path: "access_tokens" });
    expect(await failed(headOf(repositories(7)))).toMatchObject({ errorCode: "GITHUB_APP_NOT_KNOWN", retryable: true });
  });
});

describe("a refusal", () => {
  test.each([
    [404, "not_found"],
    [410, "not_found"],
    [451, "blocked"],
    [403, "access_lost"],
    [409, "empty"],
  ] as const)("of %i is final: %s", async (status, reason) => {
    standIn.faults.push({ kind: "status", status, body: JSON.stringify({ message: "No" }) });
    expect(await failed(headOf(repositories()))).toMatchObject({ reason, retryable: false });
    expect(watch.lines()).toHaveLength(1);
  });

  test("that is an outage is not", async () => {
    standIn.faults.push({ kind: "status", status: 502, times: 1 });
    await expect(headOf(repositories())).resolves.toBeDefined();
  });
});

describe("a limit", () => {
  test.each([403, 429])("that is used up says with %i when it is whole again", async (statusOverLimit) => {
    await standIn.setLimits({ anonymousPerHour: 2, statusOverLimit });
    const calls = repositories();
    await headOf(calls);
    const error = await failed(headOf(calls));
    expect(error).toBeInstanceOf(ProviderError);
    expect(error).toMatchObject({ kind: "rate_limited", retryable: true });
    const { retryAfterMs = 0 } = error as ProviderError;
    expect(retryAfterMs).toBeGreaterThan(3_500_000);
    expect(retryAfterMs).toBeLessThanOrEqual(3_601_000);
  });

  test("on the pace says how long to wait", async () => {
    await standIn.setLimits({ pointsPerMinute: 1, secondaryRetryAfterSeconds: 90 });
    expect(await failed(headOf(repositories()))).toMatchObject({ kind: "rate_limited", retryAfterMs: 90_000 });
  });

  test("on the pace that does not say how long is a minute", async () => {
    const message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    standIn.faults.push({ kind: "status", status: 403, body: JSON.stringify({ message }) });
    expect(await failed(headOf(repositories()))).toMatchObject({ kind: "rate_limited", retryAfterMs: 60_000 });
  });

  test("is no sign that access is lost, whatever it is called", async () => {
    standIn.faults.push({ kind: "status", status: 403, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1" } });
    expect(await failed(headOf(repositories()))).toMatchObject({ kind: "rate_limited", retryAfterMs: 0 });
  });
});
