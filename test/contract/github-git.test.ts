import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { lstatSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import {
  API,
  call,
  closeAfterEach,
  gitRepository,
  lines,
  OWNER,
  REPOSITORY,
  runGit,
  stageWith,
  temporaryFolder,
} from "./support/github-stage.ts";

closeAfterEach();

const REPO = { owner: OWNER, repo: "mentoria" };
const MINUTE_MS = 60_000;

describe("commits", () => {
  it("are shown with author, parents, figures and files", async () => {
    const { octokit, commits } = await stageWith();
    const { data } = await octokit.request("GET /repos/{owner}/{repo}/commits/{ref}", { ...REPO, ref: "main" });
    expect(data).toMatchObject({
      sha: commits[1],
      commit: {
        author: { name: "Ana", email: "ana@guilda.test", date: "2026-03-01T12:00:00Z" },
        message: "Version 2",
        tree: { sha: expect.stringMatching(/^[0-9a-f]{40}$/) },
        verification: { verified: false, reason: "unsigned" },
      },
      parents: [{ sha: commits[0] }],
      stats: { additions: 2, deletions: 1, total: 3 },
      files: [
        { filename: "src/a.ts", status: "modified", additions: 1, deletions: 1, changes: 2 },
        { filename: "src/b.ts", status: "added", patch: "@@ -0,0 +1 @@\n+export const b = 1;" },
      ],
    });
    const first = await octokit.request("GET /repos/{owner}/{repo}/commits/{ref}", {
      ...REPO,
      ref: (commits[0] ?? "").slice(0, 7),
    });
    expect(first.data.files?.map(({ status }) => status)).toEqual(["added", "added"]);
  });

  it("are a bare sha to who asks for it, and 422 when there are none", async () => {
    const { gitHub, commits } = await stageWith({ isPrivate: false });
    const accept = { accept: "application/vnd.github.sha" };
    const { body, headers } = await call(gitHub, "GET", `${API}/commits/main`, { headers: accept });
    expect([body, headers.get("content-type")]).toEqual([commits[1], "application/vnd.github.sha; charset=utf-8"]);
    const unknown = await call(gitHub, "GET", `${API}/commits/${"0".repeat(40)}`);
    expect([unknown.status, unknown.body.message]).toEqual([422, `No commit found for SHA: ${"0".repeat(40)}`]);
    expect((await call(gitHub, "GET", `${API}/commits?sha=nenhum`)).status).toBe(404);
  });

  it("are listed by page, path, and time, with links to the other pages by the repository's id", async () => {
    const at = (hour: string) => ({ now: () => new Date(`2026-03-10T${hour}:00:00Z`) });
    let clock = at("10");
    const { gitHub, octokit } = await stageWith({ now: () => clock.now() });
    for (const hour of ["11", "12", "13"]) {
      clock = at(hour);
      await gitHub.push({ repository: REPOSITORY, files: { [`${hour}.txt`]: hour }, message: hour });
    }
    const list = async (options: object) => {
      const { data } = await octokit.request("GET /repos/{owner}/{repo}/commits", { ...REPO, ...options });
      return data.map(({ commit }) => commit.message);
    };
    expect(await list({})).toEqual(["13", "12", "11", "Version 2", "Version 1"]);
    expect(await list({ path: "12.txt" })).toEqual(["12"]);
    expect(await list({ since: "2026-03-10T12:00:00Z" })).toEqual(["13", "12"]);
    expect(await list({ until: "2026-03-10T11:30:00Z", per_page: 1 })).toEqual(["11"]);
    const { data, headers } = await octokit.request("GET /repos/{owner}/{repo}/commits", { ...REPO, per_page: 2, page: 2 });
    expect(data.map(({ commit }) => commit.message)).toEqual(["11", "Version 2"]);
    const base = `${gitHub.url}/repositories/${(await octokit.request("GET /repos/{owner}/{repo}", REPO)).data.id}/commits`;
    expect(headers.link).toBe(
      [
        `<${base}?per_page=2&page=1>; rel="prev"`,
        `<${base}?per_page=2&page=3>; rel="next"`,
        `<${base}?per_page=2&page=3>; rel="last"`,
        `<${base}?per_page=2&page=1>; rel="first"`,
      ].join(", "),
    );
  });
});

describe("trees", () => {
  it("list one level, or all, with modes, kinds and sizes", async () => {
    const { octokit, folder, gitHub } = await stageWith();
    symlinkSync("README.md", join(folder, "link"));
    writeFileSync(join(folder, "run.sh"), "#!/bin/sh\n", { mode: 0o755 });
    runGit(folder, "add", "--all");
    runGit(folder, "update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},modulo`);
    runGit(folder, "commit", "--quiet", "--message", "Kinds");
    await gitHub.push({ repository: REPOSITORY, sha: runGit(folder, "rev-parse", "HEAD") });
    const tree = async (recursive: object) => {
      const { data } = await octokit.request("GET /repos/{owner}/{repo}/git/trees/{tree_sha}", {
        ...REPO,
        tree_sha: "main",
        ...recursive,
      });
      expect(data.truncated).toBe(false);
      return data.tree.map(({ path, mode, type, size }) => [path, mode, type, size]);
    };
    expect(await tree({})).toEqual([
      ["README.md", "100644", "blob", 11],
      ["link", "120000", "blob", 9],
      ["modulo", "160000", "commit", undefined],
      ["run.sh", "100755", "blob", 10],
      ["src", "040000", "tree", undefined],
    ]);
    expect((await tree({ recursive: "1" })).slice(4)).toEqual([
      ["src", "040000", "tree", undefined],
      ["src/a.ts", "100644", "blob", 154],
      ["src/b.ts", "100644", "blob", 20],
    ]);
  });

  it("are cut off, and say so, beyond 100,000 entries or 7 MB", async () => {
    const { gitHub } = await stageWith({ isPrivate: false });
    expect(gitHub.limits).toMatchObject({ treeEntries: 100_000, treeBytes: 7 * 1024 * 1024 });
    gitHub.limits.treeEntries = 2;
    const cut = await call(gitHub, "GET", `${API}/git/trees/main?recursive=1`);
    expect([cut.body.truncated, cut.body.tree.length]).toEqual([true, 2]);
    await gitHub.setLimits({ treeEntries: 4, treeBytes: 400 });
    expect((await call(gitHub, "GET", `${API}/git/trees/main?recursive=1`)).body.truncated).toBe(true);
    await gitHub.setLimits({ treeBytes: 4000 });
    expect((await call(gitHub, "GET", `${API}/git/trees/main?recursive=1`)).body.truncated).toBe(false);
  });
});

describe("blobs", () => {
  it("are base64 in lines, or raw bytes to who asks for them", async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    const { gitHub, folder } = await stageWith({ versions: [{ "bytes.bin": bytes }], isPrivate: false });
    const sha = runGit(folder, "rev-parse", "HEAD:bytes.bin");
    const { body } = await call(gitHub, "GET", `${API}/git/blobs/${sha}`);
    expect(body).toMatchObject({ sha, size: 256, encoding: "base64" });
    expect(body.content.split("\n")[0]).toHaveLength(60);
    expect(Buffer.from(body.content, "base64")).toEqual(bytes);
    const raw = await fetch(`${gitHub.url}${API}/git/blobs/${sha}`, {
      headers: { "user-agent": "x", accept: "application/vnd.github.raw+json" },
    });
    expect(Buffer.from(await raw.arrayBuffer())).toEqual(bytes);
    expect((await call(gitHub, "GET", `${API}/git/blobs/${"0".repeat(40)}`)).status).toBe(404);
    expect((await call(gitHub, "GET", `${API}/git/blobs/main`)).status).toBe(422);
  });
});

describe("a comparison", () => {
  it("tells how two commits stand to each other, from their common ancestor", async () => {
    const { gitHub, octokit, commits } = await stageWith();
    await gitHub.push({ repository: REPOSITORY, branch: "feature", files: { "c.ts": "c\n" } });
    await gitHub.push({ repository: REPOSITORY, files: { "d.ts": "d\n" } });
    const compare = async (basehead: string) =>
      (await octokit.request("GET /repos/{owner}/{repo}/compare/{basehead}", { ...REPO, basehead })).data;
    expect(await compare("main...feature")).toMatchObject({
      status: "diverged",
      ahead_by: 1,
      behind_by: 1,
      total_commits: 1,
      merge_base_commit: { sha: commits[1] },
      files: [{ filename: "c.ts", status: "added" }],
    });
    expect(await compare(`${commits[0]}...${commits[1]}`)).toMatchObject({ status: "ahead", ahead_by: 1, behind_by: 0 });
    expect(await compare(`${commits[1]}...${commits[0]}`)).toMatchObject({ status: "behind", behind_by: 1, files: [] });
    expect(await compare("main...main")).toMatchObject({ status: "identical", commits: [] });
    await expect(compare("main...nenhum")).rejects.toMatchObject({ status: 404 });
  });

  it("shows each kind of change as GitHub does", async () => {
    const { gitHub, octokit, commits, folder } = await stageWith({
      versions: [
        {
          "gone.txt": lines(1, 3),
          "moved.txt": lines(1, 40),
          "binary.bin": Buffer.from([0, 1, 2]),
          "mode.sh": "x\n",
          "typed.txt": "t\n",
          "end.txt": "no end",
        },
      ],
    });
    runGit(folder, "rm", "--quiet", "gone.txt", "typed.txt");
    runGit(folder, "mv", "moved.txt", "was moved.txt");
    writeFileSync(join(folder, "was moved.txt"), lines(1, 40).replace("line 20\n", "line twenty\n"));
    writeFileSync(join(folder, "binary.bin"), Buffer.from([0, 3, 4]));
    writeFileSync(join(folder, "end.txt"), "no end still");
    symlinkSync("end.txt", join(folder, "typed.txt"));
    execFileSync("chmod", ["+x", join(folder, "mode.sh")]);
    runGit(folder, "add", "--all");
    runGit(folder, "commit", "--quiet", "--message", "Kinds");
    await gitHub.push({ repository: REPOSITORY, sha: runGit(folder, "rev-parse", "HEAD") });
    const basehead = `${commits[0]}...main`;
    const { data } = await octokit.request("GET /repos/{owner}/{repo}/compare/{basehead}", { ...REPO, basehead });
    const seen = Object.fromEntries(
      (data.files ?? []).map(({ filename, status, patch, previous_filename, changes }) => [
        filename,
        { status, patch, previous_filename, changes },
      ]),
    );
    expect(seen).toEqual({
      "binary.bin": { status: "modified", changes: 0 },
      "end.txt": {
        status: "modified",
        patch: "@@ -1 +1 @@\n-no end\n\\ No newline at end of file\n+no end still\n\\ No newline at end of file",
        changes: 2,
      },
      "gone.txt": { status: "removed", patch: "@@ -1,3 +0,0 @@\n-line 1\n-line 2\n-line 3", changes: 3 },
      "mode.sh": { status: "changed", changes: 0 },
      "typed.txt": { status: "modified", patch: expect.stringContaining("-t"), changes: 2 },
      "was moved.txt": {
        status: "renamed",
        previous_filename: "moved.txt",
        patch: expect.stringMatching(/^@@ -17,7 \+17,7 @@ line 16\n {1}line 17\n.*-line 20\n\+line twenty\n/s),
        changes: 2,
      },
    });
  });

  it("shows 300 files at most, on its first page alone, and commits by page", async () => {
    const { gitHub, octokit, commits } = await stageWith();
    const files = Object.fromEntries(Array.from({ length: 301 }, (_, index) => [`many/${index}.txt`, `${index}\n`]));
    await gitHub.push({ repository: REPOSITORY, files, message: "many" });
    await gitHub.push({ repository: REPOSITORY, files: { "more.txt": "more\n" }, message: "more" });
    const basehead = `${commits[1]}...main`;
    const page = (options: object) =>
      octokit.request("GET /repos/{owner}/{repo}/compare/{basehead}", { ...REPO, basehead, ...options });
    const all = await page({});
    expect([all.data.files?.length, all.data.commits.length, all.data.total_commits]).toEqual([300, 2, 2]);
    const first = await page({ per_page: 1 });
    expect([first.data.files?.length, first.data.commits[0]?.commit.message]).toEqual([300, "many"]);
    expect(first.headers.link).toContain('page=2>; rel="next"');
    const second = await page({ per_page: 1, page: 2 });
    expect([second.data.files, second.data.commits[0]?.commit.message]).toEqual([[], "more"]);
  });
});

describe("an archive", () => {
  it("holds the tree, file by file, under one folder named for owner, repository and commit", async () => {
    const { gitHub, octokit, commits } = await stageWith({
      versions: [
        {
          "README.md": "# x\n",
          "src/ünïcode ☃.ts": "ok\n",
          "empty.txt": "",
          [`${"deep/".repeat(30)}file.ts`]: "deep\n",
          "crlf.txt": "a\r\nb\r\n",
          "bin.bin": Buffer.from([0, 255, 10]),
        },
      ],
    });
    const { data, url, headers } = await octokit.request("GET /repos/{owner}/{repo}/tarball/{ref}", { ...REPO, ref: "main" });
    expect(url.startsWith(`${gitHub.url}/codeload/${REPOSITORY}/legacy.tar.gz/main?token=`)).toBe(true);
    expect(headers["content-type"]).toBe("application/x-gzip");
    expect(headers["content-length"]).toBeUndefined();
    const folder = temporaryFolder();
    const archive = Buffer.from(data as ArrayBuffer);
    expect(gunzipSync(archive).subarray(0, 1024).toString()).toContain(`comment=${commits[0]}`);
    execFileSync("tar", ["-xzf", "-", "-C", folder], { input: archive });
    const top = `ana-mentoria-${(commits[0] ?? "").slice(0, 7)}`;
    const tree = await octokit.request("GET /repos/{owner}/{repo}/git/trees/{tree_sha}", {
      ...REPO,
      tree_sha: "main",
      recursive: "1",
    });
    const blobs = tree.data.tree.filter(({ type }) => type === "blob");
    expect(blobs).toHaveLength(6);
    for (const { path, sha } of blobs) expect(blobSha(join(folder, top, path)), path).toBe(sha);
    const listed = execFileSync("tar", ["-tzf", "-"], { input: archive, encoding: "utf8" }).trim().split("\n");
    expect(listed.filter((each) => !each.endsWith("/"))).toHaveLength(6);
    expect(listed.every((each) => each.startsWith(`${top}/`))).toBe(true);
  });

  it("waits at another address, which is good without a token, for five minutes and for one commit alone", async () => {
    let now = new Date("2026-03-10T15:00:00Z");
    const stage = await stageWith({ now: () => now, isPrivate: false });
    const { gitHub } = stage;
    await gitHub.setVisibility({ repository: REPOSITORY, isPrivate: true });
    expect((await call(gitHub, "GET", `${API}/tarball/main`)).status).toBe(404);
    await gitHub.setVisibility({ repository: REPOSITORY, isPrivate: false });
    const { status, headers } = await call(gitHub, "GET", `${API}/tarball`);
    const location = headers.get("location") ?? "";
    expect(status).toBe(302);
    await gitHub.setVisibility({ repository: REPOSITORY, isPrivate: true });
    expect((await call(gitHub, "GET", location)).status).toBe(200);
    for (const forged of [
      location.replace(/token=\d+/, "token=9999999999999"),
      location.replace("/main?", "/other?"),
      location.replace(/\?.*/, ""),
    ]) {
      const refused = await call(gitHub, "GET", forged);
      expect([refused.status, refused.body]).toEqual([404, "404: Not Found"]);
    }
    now = new Date(now.getTime() + 5 * MINUTE_MS);
    expect((await call(gitHub, "GET", location)).status).toBe(404);
  });

  it("can break off in the middle, with a sign of it or without", async () => {
    const { gitHub } = await stageWith({ isPrivate: false });
    const { headers } = await call(gitHub, "GET", `${API}/tarball/main`);
    const location = headers.get("location") ?? "";
    const whole = await (await fetch(location)).arrayBuffer();
    gitHub.faults.push({ kind: "truncate", path: "/codeload/", bytes: 100, times: 1 });
    const broken = await fetch(location);
    expect(broken.status).toBe(200);
    await expect(broken.arrayBuffer()).rejects.toThrow();
    await gitHub.setLimits({ archiveBytes: 100 });
    const short = await (await fetch(location)).arrayBuffer();
    expect([short.byteLength, whole.byteLength > 100]).toEqual([100, true]);
  });

  it("leaves out what the repository says to leave out of archives", async () => {
    const { folder } = gitRepository({ ".gitattributes": "docs export-ignore\n", "docs/a.md": "a\n", "b.ts": "b\n" });
    const { gitHub } = await stageWith();
    await gitHub.addRepository({ folder, owner: OWNER, name: "livre" });
    const { headers } = await call(gitHub, "GET", "/repos/ana/livre/tarball/main");
    const archive = Buffer.from(await (await fetch(headers.get("location") ?? "")).arrayBuffer());
    const listed = execFileSync("tar", ["-tzf", "-"], { input: archive, encoding: "utf8" });
    expect(listed).toContain("/b.ts");
    expect(listed).not.toContain("docs");
  });
});

function blobSha(path: string): string {
  const content = lstatSync(path).isSymbolicLink() ? Buffer.from(readlinkSync(path)) : readFileSync(path);
  return createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
}
