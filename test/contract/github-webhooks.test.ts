import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { verify } from "@octokit/webhooks-methods";
import { describe, expect, it } from "vitest";
import { signDelivery } from "../local/github/webhooks.ts";
import type { GitHub } from "../local/github.ts";
import { SECRET } from "./support/github-secret.ts";
import {
  API,
  BIA,
  call,
  closeAfterEach,
  events,
  gitHubWith,
  gitRepository,
  OWNER,
  open,
  REPOSITORY,
  type Stage,
  stageWith,
  temporaryFolder,
  tokenOf,
  writeFiles,
} from "./support/github-stage.ts";
import { startWebhookReceiver } from "./webhook-receiver.ts";

closeAfterEach();

const DAY_MS = 86_400_000;
const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

async function deliveries({ asApp }: Stage) {
  return (await asApp.request("GET /app/hook/deliveries")).data;
}

describe("a delivery", () => {
  it("is signed as GitHub documents it", () => {
    expect(signDelivery({ secret: "It's a Secret to Everybody", body: "Hello, World!" })).toBe(
      "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
    );
  });

  it("carries GitHub's headers, and the published verifier accepts it as it came and in no other way", async () => {
    const { gitHub, receiver } = await stageWith();
    await gitHub.push({ repository: REPOSITORY, files: { "ação.ts": "é\n" }, message: "Ação ☃" });
    await gitHub.idle();
    const [request] = receiver.received;
    expect(request).toMatchObject({
      method: "POST",
      path: "/webhooks/github",
      headers: {
        accept: "*/*",
        "content-type": "application/json",
        "user-agent": expect.stringMatching(/^GitHub-Hookshot\/\w+$/),
        "x-github-event": "push",
        "x-github-delivery": expect.stringMatching(GUID),
        "x-github-hook-id": expect.stringMatching(/^\d+$/),
        "x-github-hook-installation-target-id": gitHub.appId,
        "x-github-hook-installation-target-type": "integration",
      },
    });
    const body = request?.body.toString() ?? "";
    const signature = request?.headers["x-hub-signature-256"] ?? "";
    expect(await verify(SECRET, body, signature)).toBe(true);
    expect(await verify(SECRET, `${body} `, signature)).toBe(false);
    expect(await verify("another", body, signature)).toBe(false);
  });

  it("is made once, whatever the receiver answers, and its outcome is on record", async () => {
    const stage = await stageWith();
    stage.receiver.answers.push(500);
    await stage.gitHub.ping({});
    await stage.gitHub.idle();
    expect(stage.receiver.received).toHaveLength(1);
    const [item] = await deliveries(stage);
    expect(item).toEqual({
      id: expect.any(Number),
      guid: stage.receiver.received[0]?.headers["x-github-delivery"],
      delivered_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      redelivery: false,
      duration: expect.any(Number),
      status: "Invalid HTTP Response: 500",
      status_code: 500,
      event: "ping",
      action: null,
      installation_id: null,
      repository_id: null,
      throttled_at: null,
    });
    const one = await stage.asApp.request("GET /app/hook/deliveries/{delivery_id}", { delivery_id: Number(item?.id) });
    expect(one.data).toMatchObject({
      ...item,
      request: { headers: { "x-github-event": "ping" }, payload: { zen: expect.any(String) } },
    });
  });

  it("that is lost or finds nobody has failed", async () => {
    const stage = await stageWith();
    stage.gitHub.chaos.drop = 1;
    await stage.gitHub.ping({});
    await stage.gitHub.idle();
    expect(stage.receiver.received).toHaveLength(0);
    expect((await deliveries(stage))[0]).toMatchObject({ status: "failed to connect to host", status_code: 502 });
    stage.gitHub.chaos.drop = 0;
    await stage.receiver.close();
    await stage.gitHub.ping({});
    await stage.gitHub.idle();
    expect((await deliveries(stage))[0]).toMatchObject({ status_code: 502 });
  });

  it("can be asked for again: the same bytes under the same GUID, as a delivery of its own", async () => {
    const stage = await stageWith();
    stage.receiver.answers.push(503);
    await stage.gitHub.push({ repository: REPOSITORY, files: { "x.ts": "x\n" } });
    await stage.gitHub.idle();
    const [failed] = await deliveries(stage);
    const attempt = await stage.asApp.request("POST /app/hook/deliveries/{delivery_id}/attempts", {
      delivery_id: Number(failed?.id),
    });
    expect(attempt.status).toBe(202);
    await stage.gitHub.idle();
    const [first, second] = stage.receiver.received;
    expect(second?.body).toEqual(first?.body);
    expect(second?.headers["x-github-delivery"]).toBe(first?.headers["x-github-delivery"]);
    const [again] = await deliveries(stage);
    expect(again).toMatchObject({ guid: failed?.guid, redelivery: true, status: "OK", status_code: 200 });
    expect(again?.id).not.toBe(failed?.id);
  });

  it("is listed by cursor, newest first, and forgotten after three days", async () => {
    let now = new Date();
    const stage = await stageWith({ now: () => now });
    for (let count = 0; count < 4; count += 1) await stage.gitHub.ping({});
    await stage.gitHub.idle();
    const all = await deliveries(stage);
    expect(all.map(({ event }) => event)).toEqual(["ping", "ping", "ping", "ping", "installation"]);
    const page = await stage.asApp.request("GET /app/hook/deliveries", { per_page: 3 });
    const next = /<([^>]+)>; rel="next"/.exec(page.headers.link ?? "")?.[1] ?? "";
    const rest = await stage.asApp.request(`GET ${next}`);
    expect([...page.data, ...rest.data]).toEqual(all);
    expect(rest.headers.link).toBeUndefined();
    now = new Date(now.getTime() + 3 * DAY_MS + 1);
    expect(await deliveries(stage)).toEqual([]);
  });

  it("can come twice, late, out of order or not at all, as told", async () => {
    const stage = await stageWith();
    const { gitHub, receiver } = stage;
    await call(gitHub, "PUT", "/__chaos", { body: { duplicate: 1 } });
    await gitHub.ping({});
    await gitHub.idle();
    expect(receiver.received).toHaveLength(2);
    expect(new Set(receiver.received.map(({ headers }) => headers["x-github-delivery"])).size).toBe(1);
    await call(gitHub, "PUT", "/__chaos", { body: { duplicate: 0, reorder: 1 } });
    receiver.received.length = 0;
    await Promise.all([gitHub.ping({}), gitHub.ping({})]);
    await gitHub.idle();
    const [newest, older] = await deliveries(stage);
    expect(receiver.received.map(({ headers }) => headers["x-github-delivery"])).toEqual([newest?.guid, older?.guid]);
  });
});

describe("what the App hears", () => {
  it("of its installations", async () => {
    const { gitHub, receiver, installationId } = await stageWith();
    const folder = temporaryFolder();
    writeFiles(folder, { "a.txt": "a\n" });
    await gitHub.addRepository({ folder, owner: "guildas", name: "um", ownerType: "Organization" });
    await gitHub.addRepository({ folder, owner: "guildas", name: "dois", ownerType: "Organization", isPrivate: true });
    const heard = async (act: () => Promise<unknown>) => {
      receiver.received.length = 0;
      await act();
      await gitHub.idle();
      return events(receiver);
    };
    const made = await heard(() => gitHub.install({ account: "guildas", repositories: ["guildas/um"], sender: BIA }));
    expect(made).toMatchObject([
      {
        name: "installation.created",
        body: {
          installation: {
            account: { login: "guildas", type: "Organization" },
            repository_selection: "selected",
            app_slug: "guilda-local",
          },
          repositories: [{ name: "um", full_name: "guildas/um", private: false }],
          requester: null,
          sender: { login: "bia", id: BIA.id },
        },
      },
    ]);
    const id = made[0]?.body.installation.id;
    const changed = await heard(() =>
      gitHub.chooseRepositories({ installationId: id, add: ["guildas/dois"], remove: ["guildas/um"] }),
    );
    expect(changed).toMatchObject([
      {
        name: "installation_repositories.added",
        body: { repositories_added: [{ full_name: "guildas/dois" }], repositories_removed: [], repository_selection: "selected" },
      },
      {
        name: "installation_repositories.removed",
        body: { repositories_added: [], repositories_removed: [{ full_name: "guildas/um" }] },
      },
    ]);
    expect(await heard(() => gitHub.suspend({ installationId }))).toMatchObject([
      { name: "installation.suspend", body: { installation: { id: installationId, suspended_at: expect.any(String) } } },
    ]);
    expect(await heard(() => gitHub.push({ repository: REPOSITORY, files: { "b.ts": "b\n" } }))).toEqual([]);
    expect(await heard(() => gitHub.unsuspend({ installationId }))).toMatchObject([{ name: "installation.unsuspend" }]);
    expect(await heard(() => gitHub.uninstall({ installationId }))).toMatchObject([{ name: "installation.deleted" }]);
    expect(await heard(() => gitHub.push({ repository: REPOSITORY, files: { "c.ts": "c\n" } }))).toEqual([]);
  });

  it("of a push: where from, where to, and each commit with its files", async () => {
    const { gitHub, receiver, installationId, commits } = await stageWith();
    const { after } = await gitHub.push({
      repository: REPOSITORY,
      files: { "src/b.ts": "export const b = 2;\n", "README.md": null, "src/c.ts": "c\n" },
      message: "Two",
      sender: BIA,
    });
    await gitHub.idle();
    expect(events(receiver)).toMatchObject([
      {
        name: "push",
        body: {
          ref: "refs/heads/main",
          before: commits[1],
          after,
          created: false,
          deleted: false,
          forced: false,
          commits: [
            { id: after, message: "Two", added: ["src/c.ts"], removed: ["README.md"], modified: ["src/b.ts"], distinct: true },
          ],
          head_commit: { id: after },
          installation: { id: installationId },
          repository: { full_name: REPOSITORY, pushed_at: expect.any(Number) },
          pusher: { name: "bia" },
          sender: { id: BIA.id },
        },
      },
    ]);
    receiver.received.length = 0;
    await gitHub.push({ repository: REPOSITORY, sha: commits[0] ?? "" });
    await gitHub.push({ repository: REPOSITORY, branch: "novo", sha: commits[1] ?? "" });
    await gitHub.deleteBranch({ repository: REPOSITORY, branch: "novo" });
    await gitHub.idle();
    const seen = receiver.received
      .map(({ body }) => JSON.parse(body.toString()))
      .map(({ ref, created, deleted, forced }) => ({ ref, created, deleted, forced }));
    expect(seen).toHaveLength(3);
    expect(seen).toEqual(
      expect.arrayContaining([
        { ref: "refs/heads/main", created: false, deleted: false, forced: true },
        { ref: "refs/heads/novo", created: true, deleted: false, forced: false },
        { ref: "refs/heads/novo", created: false, deleted: true, forced: false },
      ]),
    );
  });

  it("of a new branch: what the default branch has not, and where it stands in any case", async () => {
    const { gitHub, receiver, commits } = await stageWith();
    await gitHub.push({ repository: REPOSITORY, branch: "same", sha: commits[1] ?? "" });
    await gitHub.push({ repository: REPOSITORY, branch: "more", files: { "m.ts": "m\n" }, message: "More" });
    await gitHub.idle();
    const seen = events(receiver).map(({ body }) => [body.ref, body.commits.length, body.head_commit.message]);
    expect(seen).toHaveLength(2);
    expect(seen).toEqual(
      expect.arrayContaining([
        ["refs/heads/same", 0, "Version 2"],
        ["refs/heads/more", 1, "More"],
      ]),
    );
  });

  it("of commits that the folder has and GitHub did not have yet", async () => {
    const { folder, commits } = gitRepository({ "a.ts": "1\n" }, { "a.ts": "2\n" }, { "a.ts": "3\n" });
    const { gitHub } = await stageWith();
    const first = await gitHub.addRepository({ folder, owner: OWNER, name: "livre", at: commits[0] ?? "" });
    expect(first.headSha).toBe(commits[0]);
    expect(await gitHub.push({ repository: "ana/livre", sha: commits[2] ?? "" })).toEqual({
      branch: "main",
      before: commits[0],
      after: commits[2],
    });
  });
});

describe("control over HTTP", () => {
  it("does what the functions do, and names what is wrong", async () => {
    const { gitHub, receiver } = await stageWith();
    const pushed = await call(gitHub, "POST", "/local/push", { body: { repository: REPOSITORY, files: { "a.md": "a\n" } } });
    expect([pushed.status, pushed.body]).toMatchObject([200, { branch: "main", after: expect.stringMatching(/^[0-9a-f]{40}$/) }]);
    expect((await call(gitHub, "POST", "/local/idle")).status).toBe(200);
    expect(events(receiver).map(({ name }) => name)).toEqual(["push"]);
    expect((await call(gitHub, "POST", "/local/nothing")).status).toBe(404);
    expect((await call(gitHub, "POST", "/local/push", { body: {} })).status).toBe(400);
    const missing = await call(gitHub, "POST", "/local/push", { body: { repository: "ana/nenhum" } });
    expect([missing.status, missing.body.message]).toEqual([409, "no repository ana/nenhum"]);
  });
});

describe("a GitHub that is killed", () => {
  it("has everything that it answered when it comes back, and delivers what it had not", async () => {
    const stateDir = join(temporaryFolder(), "state");
    const { folder } = gitRepository({ "a.ts": "1\n" });
    const receiver = await startWebhookReceiver();
    open.push(receiver);
    const program = join(import.meta.dirname, "support/github-process.ts");
    const child = spawn(process.execPath, [program, stateDir, receiver.url], { stdio: ["ignore", "pipe", "inherit"] });
    open.push({ close: () => child.kill("SIGKILL") });
    const [chunk] = (await once(child.stdout, "data")) as [Buffer];
    const killed = JSON.parse(chunk.toString()) as Pick<GitHub, "url" | "appId" | "privateKey">;
    const act = async (name: string, body: object) => (await call(killed, "POST", `/local/${name}`, { body })).body;
    await call(killed, "PUT", "/__chaos", { body: { delayMs: 600_000 } });
    await act("addRepository", { folder, owner: OWNER, name: "mentoria", isPrivate: true });
    const { installationId } = await act("install", { account: OWNER, repositories: "all" });
    await act("push", { repository: REPOSITORY, branch: "feature", files: { "b.ts": "b\n" } });
    const { headSha } = await act("openPull", { repository: REPOSITORY, head: "feature" });
    const token = await tokenOf({ gitHub: killed, installationId });
    const check = { name: "Guilda", head_sha: headSha };
    expect((await call(killed, "POST", `${API}/check-runs`, { token, body: check })).status).toBe(201);
    expect((await call(killed, "POST", `${API}/issues/1/comments`, { token, body: { body: "Oi" } })).status).toBe(201);
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    expect((await ended)[1]).toBe("SIGKILL");
    expect(receiver.received).toHaveLength(0);
    const gitHub = await gitHubWith({ stateDir, webhook: { url: receiver.url, secret: SECRET } });
    expect([gitHub.appId, gitHub.privateKey]).toEqual([killed.appId, killed.privateKey]);
    const pull = await call(gitHub, "GET", `${API}/pulls/1`, { token });
    expect(pull.body).toMatchObject({ head: { sha: headSha }, changed_files: 1, comments: 1 });
    const checks = await call(gitHub, "GET", `${API}/commits/${headSha}/check-runs`, { token });
    expect(checks.body).toMatchObject({ total_count: 1, check_runs: [{ name: "Guilda" }] });
    await gitHub.idle();
    expect(events(receiver).map(({ name }) => name)).toEqual([
      "check_run.created",
      "installation.created",
      "pull_request.opened",
      "push",
    ]);
  });
});
