import { generateKeyPairSync } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  API,
  BIA,
  call,
  client,
  closeAfterEach,
  gitHubWith,
  jwt,
  OWNER,
  REPOSITORY,
  runGit,
  stageWith,
  temporaryFolder,
  tokenOf,
  writeFiles,
} from "./support/github-stage.ts";

closeAfterEach();

const NOW = new Date("2026-03-10T15:00:00Z");
const NOW_SECONDS = NOW.getTime() / 1000;
const HOUR_MS = 3_600_000;

describe("the App's own calls", () => {
  it("are answered to a token that the real client signs", async () => {
    const { gitHub, asApp, installationId } = await stageWith();
    const app = await asApp.request("GET /app");
    expect(app.data).toMatchObject({
      id: Number(gitHub.appId),
      slug: "guilda-local",
      events: ["check_run", "pull_request", "push"],
    });
    const installations = await asApp.request("GET /app/installations");
    expect(installations.data).toMatchObject([
      { id: installationId, account: { login: OWNER, type: "User" }, repository_selection: "all", suspended_at: null },
    ]);
    const one = await asApp.request("GET /app/installations/{installation_id}", { installation_id: installationId });
    expect(one.data).toEqual(installations.data[0]);
    const ofRepository = await asApp.request("GET /repos/{owner}/{repo}/installation", { owner: OWNER, repo: "mentoria" });
    expect(ofRepository.data.id).toBe(installationId);
    expect(gitHub.privateKey).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
  });

  it("are refused to a token that is late, too long, too early, another issuer's or another key's, with GitHub's words", async () => {
    const gitHub = await gitHubWith({ now: () => NOW });
    const good = { iat: NOW_SECONDS - 60, exp: NOW_SECONDS + 540, iss: gitHub.appId };
    const answer = async (token: string) => {
      const { status, body } = await call(gitHub, "GET", "/app", { token });
      return status === 200 ? "ok" : `${status} ${body.message}`;
    };
    const withClaims = (claims: object) => answer(jwt(gitHub.privateKey, { ...good, ...claims }));
    expect(await withClaims({})).toBe("ok");
    expect(await withClaims({ iss: Number(gitHub.appId) })).toBe("ok");
    expect(await withClaims({ exp: NOW_SECONDS + 600 })).toBe("ok");
    expect(await withClaims({ exp: NOW_SECONDS + 601 })).toBe("401 'Expiration time' claim ('exp') is too far in the future");
    expect(await withClaims({ exp: NOW_SECONDS })).toMatch(/^401 'Expiration time' claim \('exp'\) must be a numeric value/);
    expect(await withClaims({ iat: NOW_SECONDS + 1 })).toMatch(/^401 'Issued at' claim \('iat'\) must be an Integer/);
    expect(await withClaims({ iss: "1" })).toMatch(/^401 /);
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const stranger = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
    expect(await answer(jwt(stranger, good))).toBe("401 A JSON web token could not be decoded");
    const [, claims] = jwt(gitHub.privateKey, good).split(".");
    const none = Buffer.from(JSON.stringify({ alg: "none", typ: "JWT" })).toString("base64url");
    expect(await answer(`${none}.${claims}.`)).toBe("401 A JSON web token could not be decoded");
  });

  it("survive a client whose clock is off: the client reads the time from the answer", async () => {
    const gitHub = await gitHubWith({ now: () => new Date(Date.now() - 30 * 60_000) });
    expect((await client(gitHub).request("GET /app")).status).toBe(200);
  });

  it("are refused without a token and with that of an installation", async () => {
    const stage = await stageWith();
    const token = await tokenOf(stage);
    for (const given of [{}, { token }]) {
      const { status, body } = await call(stage.gitHub, "GET", "/app", given);
      expect([status, body]).toEqual([
        401,
        { message: "A JSON web token could not be decoded", documentation_url: "https://docs.github.com/rest", status: "401" },
      ]);
    }
  });
});

describe("a token of an installation", () => {
  it("lasts an hour and says what it may do", async () => {
    let now = NOW;
    const stage = await stageWith({ now: () => now });
    const app = jwt(stage.gitHub.privateKey, { iat: NOW_SECONDS, exp: NOW_SECONDS + 60, iss: stage.gitHub.appId });
    const { status, body } = await call(stage.gitHub, "POST", `/app/installations/${stage.installationId}/access_tokens`, {
      token: app,
    });
    expect([status, body]).toEqual([
      201,
      {
        token: expect.stringMatching(/^ghs_[A-Za-z0-9]{36}$/),
        expires_at: "2026-03-10T16:00:00Z",
        permissions: { metadata: "read", contents: "read", checks: "write", pull_requests: "write" },
        repository_selection: "all",
      },
    ]);
    expect((await call(stage.gitHub, "GET", API, { token: body.token })).status).toBe(200);
    now = new Date(NOW.getTime() + HOUR_MS);
    const late = await call(stage.gitHub, "GET", API, { token: body.token });
    expect([late.status, late.body.message]).toEqual([401, "Bad credentials"]);
  });

  it("can be narrowed to repositories and permissions, and never widened", async () => {
    const stage = await stageWith();
    const { gitHub, octokit } = stage;
    const other = temporaryFolder();
    writeFiles(other, { "a.txt": "a\n" });
    await gitHub.addRepository({ folder: other, owner: OWNER, name: "outro", isPrivate: true });
    const { data } = await octokit.request("GET /installation/repositories");
    expect(data.repositories.map((each) => each.full_name)).toEqual([REPOSITORY, "ana/outro"]);
    const token = await tokenOf(stage, { repositories: ["outro"], permissions: { contents: "read" } });
    expect((await call(gitHub, "GET", "/repos/ana/outro", { token })).status).toBe(200);
    expect((await call(gitHub, "GET", API, { token })).status).toBe(404);
    const listed = await call(gitHub, "GET", "/installation/repositories", { token });
    expect(listed.body).toMatchObject({ total_count: 1, repository_selection: "selected" });
    const check = await call(gitHub, "POST", "/repos/ana/outro/check-runs", { token, body: { name: "x", head_sha: "main" } });
    expect([check.status, check.body.message]).toEqual([403, "Resource not accessible by integration"]);
    await expect(tokenOf(stage, { permissions: { contents: "write" } })).rejects.toMatchObject({ status: 422 });
    await expect(tokenOf(stage, { repositories: ["nenhum"] })).rejects.toMatchObject({ status: 422 });
  });

  it("is of no use while the installation is suspended, and gone with it", async () => {
    const stage = await stageWith();
    const { gitHub, installationId, asApp } = stage;
    const token = await tokenOf(stage);
    await gitHub.suspend({ installationId, sender: BIA });
    const refused = await call(gitHub, "GET", API, { token });
    expect([refused.status, refused.body.message]).toEqual([403, "This installation has been suspended"]);
    await expect(tokenOf(stage)).rejects.toMatchObject({ status: 403 });
    const { data } = await asApp.request("GET /app/installations");
    expect(data[0]).toMatchObject({ suspended_by: { login: "bia", id: BIA.id } });
    await gitHub.unsuspend({ installationId });
    expect((await call(gitHub, "GET", API, { token })).status).toBe(200);
    await gitHub.uninstall({ installationId });
    expect((await call(gitHub, "GET", API, { token })).status).toBe(401);
    await expect(tokenOf(stage)).rejects.toMatchObject({ status: 404 });
  });
});

describe("what a caller may not see", () => {
  it("is not there: a private repository is 404 to strangers, to other installations and to those that were not given it", async () => {
    const stage = await stageWith();
    const { gitHub } = stage;
    const folder = temporaryFolder();
    writeFiles(folder, { "a.txt": "a\n" });
    await gitHub.addRepository({ folder, owner: "caio", name: "secreto", isPrivate: true });
    await gitHub.addRepository({ folder, owner: "caio", name: "aberto" });
    await gitHub.install({ account: "caio", repositories: ["caio/aberto"] });
    const missing = { message: "Not Found", documentation_url: "https://docs.github.com/rest", status: "404" };
    const anonymous = await call(gitHub, "GET", API);
    expect([anonymous.status, anonymous.body]).toEqual([404, missing]);
    const token = await tokenOf(stage);
    expect((await call(gitHub, "GET", "/repos/caio/secreto", { token })).body).toEqual(missing);
    expect((await call(gitHub, "GET", "/repos/caio/aberto", { token })).status).toBe(200);
    expect((await call(gitHub, "GET", "/repos/caio/aberto/git/trees/main")).status).toBe(200);
    const review = await call(gitHub, "POST", "/repos/caio/aberto/check-runs", { token, body: {} });
    expect([review.status, review.body.message]).toEqual([403, "Resource not accessible by integration"]);
  });

  it("follows the installation's choice of repositories", async () => {
    const stage = await stageWith();
    const { gitHub, installationId } = stage;
    const token = await tokenOf(stage);
    await gitHub.chooseRepositories({ installationId, remove: [REPOSITORY] });
    expect((await call(gitHub, "GET", API, { token })).status).toBe(404);
    await gitHub.chooseRepositories({ installationId, add: [REPOSITORY] });
    expect((await call(gitHub, "GET", API, { token })).status).toBe(200);
  });
});

describe("a request", () => {
  it("needs a User-Agent, a credential that is one, JSON that is some and a version that exists", async () => {
    const stage = await stageWith({ isPrivate: false });
    const { gitHub } = stage;
    const token = await tokenOf(stage);
    expect((await call(gitHub, "GET", API, { headers: { "user-agent": "" } })).status).toBe(403);
    expect((await call(gitHub, "GET", `${API}/commits/%ZZ`)).status).toBe(400);
    expect((await call(gitHub, "GET", API, { headers: { authorization: "Basic YTpi" } })).body.message).toBe("Bad credentials");
    expect((await call(gitHub, "GET", API, { headers: { "x-github-api-version": "2021-01-01" } })).status).toBe(400);
    const broken = await fetch(`${gitHub.url}${API}/check-runs`, {
      method: "POST",
      headers: { "user-agent": "x", authorization: `token ${token}` },
      body: "{",
    });
    expect([broken.status, ((await broken.json()) as { message: string }).message]).toEqual([400, "Problems parsing JSON"]);
  });

  it("is answered with the headers that GitHub sends", async () => {
    const { gitHub } = await stageWith({ isPrivate: false });
    const { headers } = await call(gitHub, "GET", API);
    expect(headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(headers.get("x-github-api-version-selected")).toBe("2022-11-28");
    expect(headers.get("x-github-media-type")).toBe("github.v3; format=json");
    expect(headers.get("x-github-request-id")).toMatch(/^[0-9A-F]{32}$/);
    expect(headers.get("etag")).toMatch(/^W\/"[0-9a-f]{64}"$/);
  });
});

describe("a repository", () => {
  it("is found by name in any case and by id, with GitHub's fields", async () => {
    const { octokit } = await stageWith();
    const { data } = await octokit.request("GET /repos/{owner}/{repo}", { owner: "ANA", repo: "Mentoria" });
    expect(data).toMatchObject({
      id: expect.any(Number),
      name: "mentoria",
      full_name: REPOSITORY,
      private: true,
      visibility: "private",
      default_branch: "main",
      owner: { login: OWNER, type: "User", site_admin: false },
      fork: false,
      archived: false,
      size: expect.any(Number),
    });
    expect(data.size).toBeGreaterThan(0);
    expect(data.pushed_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const byId = await octokit.request("GET /repositories/{repository_id}", { repository_id: data.id });
    expect(byId.data).toEqual(data);
  });

  it("moves with its name: the old one leads on, with its path and query, to readers with 301 and to writers with 307", async () => {
    const stage = await stageWith();
    const { gitHub, octokit } = stage;
    const { data: before } = await octokit.request("GET /repos/{owner}/{repo}", { owner: OWNER, repo: "mentoria" });
    await gitHub.renameRepository({ repository: REPOSITORY, name: "guilda" });
    const token = await tokenOf(stage);
    const moved = await call(gitHub, "GET", `${API}/commits?per_page=1`, { token });
    expect([moved.status, moved.headers.get("location"), moved.body]).toEqual([
      301,
      `${gitHub.url}/repositories/${before.id}/commits?per_page=1`,
      {
        message: "Moved Permanently",
        url: `${gitHub.url}/repositories/${before.id}/commits?per_page=1`,
        documentation_url: expect.any(String),
      },
    ]);
    expect((await call(gitHub, "POST", `${API}/check-runs`, { token, body: {} })).status).toBe(307);
    const { data } = await octokit.request("GET /repos/{owner}/{repo}", { owner: OWNER, repo: "mentoria" });
    expect([data.id, data.full_name]).toEqual([before.id, "ana/guilda"]);
    expect((await call(gitHub, "GET", API)).status).toBe(404);
  });
});

describe("a folder that is served", () => {
  it("is a repository with its branches and tags, also when it is bare, packed or a linked working tree", async () => {
    const { folder, gitHub, commits } = await stageWith({ isPrivate: false });
    runGit(folder, "tag", "--annotate", "v1", "--message", "One", commits[0] ?? "");
    runGit(folder, "branch", "outra/parte", commits[0] ?? "");
    runGit(folder, "pack-refs", "--all");
    const copies = temporaryFolder();
    runGit(folder, "clone", "--quiet", "--bare", folder, join(copies, "bare"));
    runGit(folder, "worktree", "add", "--quiet", join(copies, "tree"), "outra/parte");
    runGit(folder, "clone", "--quiet", "--depth=1", `file://${folder}`, join(copies, "shallow"));
    for (const [name, source, branch, head] of [
      ["plain", folder, "main", commits[1]],
      ["bare", join(copies, "bare"), "main", commits[1]],
      ["tree", join(copies, "tree"), "outra/parte", commits[0]],
      ["shallow", join(copies, "shallow"), "main", commits[1]],
    ] as const) {
      const facts = await gitHub.addRepository({ folder: source, owner: OWNER, name });
      expect(facts).toMatchObject({ defaultBranch: branch, headSha: head });
      const list = await call(gitHub, "GET", `/repos/ana/${name}/commits?sha=${branch}`);
      expect(list.body[0].sha).toBe(head);
    }
    const tagged = await call(gitHub, "GET", "/repos/ana/plain/commits/v1");
    expect(tagged.body.sha).toBe(commits[0]);
    const branch = await call(gitHub, "GET", "/repos/ana/bare/commits/outra/parte");
    expect(branch.body.sha).toBe(commits[0]);
  });

  it("is one commit when it is no repository, the same commit wherever its files are the same", async () => {
    const gitHub = await gitHubWith();
    const files = {
      "package.json": "{}\n",
      "src/ação.ts": "export {};\r\n",
      "node_modules/x/index.js": "x\n",
      'odd "name"\n.txt': "odd\n",
    };
    const shas = [];
    for (const name of ["um", "dois"]) {
      const folder = temporaryFolder();
      writeFiles(folder, files);
      shas.push((await gitHub.addRepository({ folder, owner: OWNER, name })).headSha);
    }
    expect(shas[0]).toBe(shas[1]);
    const { body } = await call(gitHub, "GET", "/repos/ana/um/git/trees/main?recursive=1");
    expect(body.tree.map((each: { path: string }) => each.path)).toEqual([
      'odd "name"\n.txt',
      "package.json",
      "src",
      "src/ação.ts",
    ]);
  });

  it("runs nothing of its own: neither hooks nor filters nor any other command of its configuration", async () => {
    const { folder, gitHub } = await stageWith({
      versions: [{ "a.txt": "a\n", ".gitattributes": "*.txt filter=evil diff=evil\n" }],
      isPrivate: false,
    });
    const trace = join(temporaryFolder(), "ran");
    for (const key of [
      "core.fsmonitor",
      "core.sshCommand",
      "filter.evil.smudge",
      "filter.evil.clean",
      "diff.evil.command",
      "diff.evil.textconv",
      "uploadpack.packObjectsHook",
      "tar.tar.gz.command",
    ]) {
      runGit(folder, "config", key, `touch ${trace}; cat`);
    }
    for (const hook of ["post-checkout", "reference-transaction", "post-index-change", "update", "post-update"]) {
      writeFiles(folder, { [`.git/hooks/${hook}`]: `#!/bin/sh\ntouch ${trace}\n` });
    }
    runGit(folder, "config", "core.hooksPath", ".git/hooks");
    const { headSha } = await gitHub.addRepository({ folder, owner: OWNER, name: "estranho" });
    await gitHub.push({ repository: "ana/estranho", branch: "novo", files: { "a.txt": "b\n" } });
    for (const path of [`commits/${headSha}`, `compare/main...novo`, "git/trees/main?recursive=1", "tarball/main"]) {
      const { status, headers } = await call(gitHub, "GET", `/repos/ana/estranho/${path}`);
      if (status === 302) expect((await fetch(headers.get("location") ?? "")).status).toBe(200);
      else expect(status).toBe(200);
    }
    expect(existsSync(trace)).toBe(false);
    runGit(folder, "status");
    expect(existsSync(trace), "the trap is one").toBe(true);
  });

  it("cannot be reached outside of its objects: a ref is never an option, a range or an expression", async () => {
    const { gitHub } = await stageWith({ isPrivate: false });
    for (const ref of [
      "--output=x",
      "-h",
      "main~1",
      "main^{tree}",
      ":/Version",
      "main..main",
      "main@{0}",
      "HEAD:README.md",
      "a b",
    ]) {
      const { status } = await call(gitHub, "GET", `${API}/commits/${encodeURIComponent(ref)}`);
      expect(status, ref).toBe(422);
    }
  });
});
