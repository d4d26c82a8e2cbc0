import { createHmac, randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { folderOf, type Job, openScanHouse, type Repo, removeFolders, type ScanHouse } from "./support/scan-house.ts";

const FILES = { "src/a.ts": "export const a = 1;\n" };

let house: ScanHouse;
beforeEach(async () => {
  house = await openScanHouse({ hasWebhook: true });
});
afterEach(async () => {
  await house?.close();
});
afterAll(removeFolders);

/** Everything that GitHub has to tell is told and worked on. */
async function told(): Promise<void> {
  await house.github.idle();
  await house.work();
}

async function installations() {
  return await house.platform.database.query<{
    installation_id: string;
    account_login: string;
    installed_by: string | null;
    suspended_at: Date | null;
    deleted_at: Date | null;
  }>("select * from github_installations order by installation_id");
}

async function statuses(repo: Repo) {
  return (await house.scansOf(repo)).map(({ status, failure }) => failure ?? status).reverse();
}

async function connectedWith(installation: "private" | "public" = "public") {
  const name = "shop";
  await house.github.addRepository({ folder: folderOf(FILES), owner: "acme", name, isPrivate: installation === "private" });
  const { installationId } = await house.github.install({
    account: "acme",
    repositories: [`acme/${name}`],
    sender: { id: 77, login: "ana" },
  });
  const repo = await house.connect({ name, installationId });
  await house.stageScan(repo);
  await told();
  expect(await statuses(repo)).toEqual(["done"]);
  return { repo, installationId, name: `acme/${name}` };
}

describe("an installation", () => {
  test("is known with the person who made it, whoever acts on it later", async () => {
    const { installationId } = await connectedWith();
    expect(await installations()).toMatchObject([
      {
        installation_id: String(installationId),
        account_login: "acme",
        installed_by: "77",
        suspended_at: null,
        deleted_at: null,
      },
    ]);
    await house.github.suspend({ installationId, sender: { id: 78, login: "bia" } });
    await told();
    expect(await installations()).toMatchObject([{ installed_by: "77", suspended_at: expect.any(Date) }]);
    await house.github.unsuspend({ installationId });
    await told();
    expect(await installations()).toMatchObject([{ installed_by: "77", suspended_at: null }]);
    await house.github.uninstall({ installationId });
    await told();
    expect(await installations()).toMatchObject([{ installed_by: "77", deleted_at: expect.any(Date) }]);
  });

  test("that is suspended, or gone, shows in the scans of its repositories, and so does its return", async () => {
    const { repo, installationId } = await connectedWith("private");
    await house.github.suspend({ installationId });
    await told();
    await house.github.unsuspend({ installationId });
    await told();
    await house.github.uninstall({ installationId });
    await told();
    expect(await statuses(repo)).toEqual(["done", "access_lost", "done", "access_lost"]);
  });

  test("that no longer reaches a repository shows in its scans", async () => {
    const { repo, installationId, name } = await connectedWith("private");
    await house.github.chooseRepositories({ installationId, remove: [name] });
    await told();
    expect(await statuses(repo)).toEqual(["done", "not_found"]);
  });

  test("is what the newest event says, in whatever order events come, and what is deleted stays deleted", async () => {
    const at = (minute: number) => `2026-11-21T10:0${minute}:00Z`;
    const event = (action: string, minute: number, suspended: boolean, login = "acme") => ({
      action,
      installation: {
        id: 9,
        account: { login, type: "Organization" },
        updated_at: at(minute),
        suspended_at: suspended ? at(minute) : null,
      },
      sender: { id: 70 + minute },
    });
    const events = [
      event("created", 1, false),
      event("suspend", 2, true),
      event("new_permissions_accepted", 3, true, "acme-inc"),
      event("deleted", 4, true, "acme-inc"),
    ];
    const orders = [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [2, 0, 3, 1],
      [1, 3, 0, 2, 0, 1],
    ];
    for (const [index, order] of orders.entries()) {
      for (const position of order) await deliver("installation", withId(events[position], 9 + index));
      await house.work();
      expect((await installations()).at(-1), `${order}`).toMatchObject({
        installation_id: String(9 + index),
        account_login: "acme-inc",
        installed_by: "71",
        suspended_at: new Date(at(4)),
        deleted_at: expect.any(Date),
      });
    }
  });

  test("whose first event has not come is nobody's to connect", async () => {
    const installation = { id: 5, account: { login: "acme", type: "User" }, updated_at: 1_790_000_000, suspended_at: null };
    await deliver("installation", { action: "new_permissions_accepted", installation, sender: { id: 1 } });
    await house.work();
    expect(await installations()).toMatchObject([{ installed_by: null }]);
  });
});

function withId(event: { installation: object } | undefined, id: number): object {
  return { ...event, installation: { ...event?.installation, id } };
}

async function deliver(type: string, body: object): Promise<void> {
  const text = JSON.stringify(body);
  const signature = createHmac("sha256", house.env.GITHUB_WEBHOOK_SECRET ?? "")
    .update(text)
    .digest("hex");
  const headers = { "x-github-event": type, "x-github-delivery": randomUUID(), "x-hub-signature-256": `sha256=${signature}` };
  const request = new Request("http://inbox.test/webhooks/github", { method: "POST", body: text, headers });
  expect((await house.receive(request)).status).toBe(200);
}

describe("a push", () => {
  beforeEach(async () => {
    await house.github.install({ account: "acme", repositories: "all" });
    await told();
  });

  test("to the default branch is scanned for each mentorado who has connected the repository, and for nobody else", async () => {
    const repo = await house.connect({ folder: folderOf(FILES), name: "shop" });
    const [other, gone, beside] = [
      await house.connect({ name: "shop" }),
      await house.connect({ name: "shop" }),
      await house.connect({ folder: folderOf(FILES), name: "beside" }),
    ];
    for (const each of [repo, other, gone, beside]) await house.stageScan(each);
    await told();
    await know([repo, other, gone, beside]);
    await house.platform.database.query(
      "update repos set disconnected_at = now() from set_config('app.actor_type', 'system', true) where id = $1",
      [gone.id],
    );
    await house.github.push({ repository: "acme/shop", files: { "src/b.ts": "export const b = 2;\n" } });
    await told();
    await house.github.push({ repository: "acme/shop", branch: "feature", files: { "src/c.ts": "export const c = 3;\n" } });
    await told();
    expect(await Promise.all([repo, other, gone, beside].map(statuses))).toEqual([
      ["done", "done"],
      ["done", "done"],
      ["done"],
      ["done"],
    ]);
    expect((await house.scan(repo)).files_total).toBe(2);
  });

  test("is rung at once", async () => {
    const repo = await house.connect({ folder: folderOf(FILES), name: "shop" });
    await house.stageScan(repo);
    await told();
    await know([repo]);
    await house.github.push({ repository: "acme/shop", files: { "src/b.ts": "export const b = 2;\n" } });
    await house.github.idle();
    await house.work({ until: ({ name }) => name === "ingestion.scan-repo" });
    const [job] = await house.platform.database.query<{ id: string }>(
      "select id from jobs where name = 'ingestion.scan-repo' and status = 'pending'",
    );
    const rung = house.platform.qstash.messages().map(({ bodyBase64 }) => Buffer.from(bodyBase64, "base64").toString());
    expect(rung).toContain(JSON.stringify({ jobId: job?.id }));
  });

  test("that nobody told is found at night, and nothing is scanned where nothing has moved", async () => {
    const [moved, still] = [
      await house.connect({ folder: folderOf(FILES), name: "moved" }),
      await house.connect({ folder: folderOf(FILES), name: "still" }),
    ];
    for (const each of [moved, still]) await house.stageScan(each);
    await told();
    await know([moved, still]);
    house.receive = async () => new Response(null, { status: 503 });
    await house.github.push({ repository: "acme/moved", files: { "src/b.ts": "export const b = 2;\n" } });
    await house.github.idle();
    const slot = new Date().toISOString();
    for (const { mentoradoId } of [moved, still])
      await house.stage({ mentoradoId, name: "ingestion.check-heads", payload: { slot } });
    await house.work();
    expect(await Promise.all([moved, still].map(statuses))).toEqual([["done", "done"], ["done"]]);
    expect(await scanJobs(still)).toBe(1);
  });
});

/** What the patterns' adoption of a scan tells of its repository. */
async function know(repos: readonly Repo[]): Promise<void> {
  await house.platform.database.query(
    `update repos as r set github_id = s.github_id, default_branch = s.default_branch
       from scans as s, set_config('app.actor_type', 'system', true) where s.repo_id = r.id and r.id = any ($1)`,
    [repos.map(({ id }) => id)],
  );
}

async function scanJobs({ mentoradoId }: Repo): Promise<number | undefined> {
  const [row] = await house.platform.database.query<{ count: number }>(
    "select count(*)::integer as count from jobs where mentorado_id = $1 and name = 'ingestion.scan-repo'",
    [mentoradoId],
  );
  return row?.count;
}

describe("at night", () => {
  test("a scan that failed for what may have passed, one that is stuck and a repository that can be read again are scanned", async () => {
    const name = (index: number) => `night-${index}`;
    const repos: Repo[] = [];
    for (const index of [0, 1, 2, 3]) repos.push(await house.connect({ folder: folderOf(FILES), name: name(index) }));
    for (const each of repos) await house.stageScan(each);
    await told();
    await know(repos);
    const [outage, stuck, refused, young] = repos as [Repo, Repo, Repo, Repo];
    const set = (repo: Repo, change: string) =>
      house.platform.database.query(`update scans set ${change} where repo_id = $1`, [repo.id]);
    await set(outage, "status = 'failed', failure = 'unavailable'");
    await set(stuck, "status = 'running', shards_left = 0, started_at = now() - interval '7 hours'");
    await set(refused, "status = 'failed', failure = 'not_found'");
    await set(young, "status = 'running', shards_left = 0");
    for (const { mentoradoId } of repos)
      await house.stage({ mentoradoId, name: "ingestion.check-heads", payload: { slot: new Date().toISOString() } });
    await house.work();
    expect(await Promise.all(repos.map(statuses))).toEqual([
      ["unavailable", "done"],
      ["done"],
      ["not_found", "done"],
      ["running"],
    ]);
  });

  test("what GitHub refuses is told once", async () => {
    const repo = await house.connect({ folder: folderOf(FILES), name: "lost" });
    await house.stageScan(repo);
    await told();
    await know([repo]);
    await house.github.setVisibility({ repository: "acme/lost", isPrivate: true });
    for (const night of [1, 2, 3]) {
      await house.stage({
        mentoradoId: repo.mentoradoId,
        name: "ingestion.check-heads",
        payload: { slot: `2026-11-2${night}T03:30:00.000Z` },
      });
      await house.work();
    }
    expect(await statuses(repo)).toEqual(["done", "not_found"]);
  });

  test("more repositories than one job looks at are looked at by the next,", async () => {
    const { id: mentoradoId } = await house.platform.createMentorado();
    for (let index = 0; index < 21; index += 1) await house.connect({ name: `many-${index}`, mentoradoId });
    await house.stage({ mentoradoId, name: "ingestion.check-heads", payload: { slot: new Date().toISOString() } });
    await house.work({ until: ({ name }) => name === "ingestion.scan-repo" });
    await house.work({
      pick: (jobs) => jobs.find(({ name }) => name === "ingestion.check-heads") ?? (jobs[0] as Job),
      until: ({ name }) => name !== "ingestion.check-heads",
    });
    expect(await scanJobs({ mentoradoId, id: "", fullName: "" })).toBe(21);
  });
});

describe("a delivery that failed", () => {
  async function redeliver(): Promise<void> {
    const id = await house.stage({
      mentoradoId: null,
      name: "ingestion.redeliver-missed",
      payload: { slot: new Date().toISOString() },
    });
    expect((await house.platform.ring(id)).status).toBe(200);
    await house.github.idle();
  }

  test("is sent again within the hour, once it is taken never more, and is one event", async () => {
    const { receive } = house;
    house.receive = async () => new Response(null, { status: 503 });
    await house.github.install({ account: "acme", repositories: "all", sender: { id: 77, login: "ana" } });
    await house.github.idle();
    expect(await installations()).toEqual([]);
    await redeliver();
    house.receive = receive;
    await redeliver();
    await redeliver();
    await house.work();
    expect(await installations()).toMatchObject([{ installed_by: "77" }]);
    expect(await house.platform.database.query("select deliveries from webhook_events")).toEqual([{ deliveries: 1 }]);
  });

  test("is given up after five times, and at once when it is too large", async () => {
    let received = 0;
    let status = 500;
    house.receive = async () => {
      received += 1;
      return new Response(null, { status });
    };
    await house.github.ping({});
    for (let hour = 0; hour < 8; hour += 1) await redeliver();
    expect(received).toBe(5);
    status = 413;
    await house.github.ping({});
    for (let hour = 0; hour < 3; hour += 1) await redeliver();
    expect(received).toBe(6);
  });
});
